//! Reads quantities of a known type.

use smol_str::{SmolStr, format_smolstr};

use super::{Quantity, Unit};
use crate::plan::condition::{ConditionError, ConditionErrorKind};
use crate::plan::scan::{Failure, Scan};
use crate::plan::{Decimal, MetricType, NumberFault};

/// The quantity that comes next, for a metric of type `of`.
pub(in crate::plan) fn quantity(scan: &mut Scan<'_>, of: MetricType) -> Result<Quantity, Failure> {
    if !scan.number_follows() {
        return Err(scan.unexpected(example(of)));
    }
    let start = scan.at();
    let number = number(scan)?;
    let number_end = scan.end();
    let unit_start = scan.at();
    let unit = unit(scan);
    let error = |kind, span| Err(Box::new(ConditionError { kind, span }));
    let found = SmolStr::from(scan.since(start));
    let known = Unit::ALL.into_iter().find(|it| it.as_str() == unit);
    match known {
        None if !unit.is_empty() => {
            let kind = ConditionErrorKind::UnknownUnit { number, found: unit.into(), of };
            return error(kind, unit_start..scan.end());
        }
        None if of != MetricType::Number => {
            return error(ConditionErrorKind::UnitMissing { number, of }, start..number_end);
        }
        Some(unit) if unit.of() != of => {
            return error(
                ConditionErrorKind::UnitOfOtherType { found, number, of },
                start..scan.end(),
            );
        }
        _ => {}
    }
    Quantity::new(number, known)
        .or_else(|fault| error(ConditionErrorKind::Amount { found, fault }, start..scan.end()))
}

/// The text of the quantity that comes next, whatever its unit.
pub(in crate::plan) fn token<'t>(scan: &mut Scan<'t>) -> &'t str {
    let start = scan.at();
    scan.skip(number_text(scan).len());
    unit(scan);
    scan.since(start)
}

/// What should stand where a quantity should.
const fn example(of: MetricType) -> &'static str {
    match of {
        MetricType::Ratio => "a percentage such as `1%`",
        MetricType::Duration => "a duration such as `250ms`",
        MetricType::Bytes => "a number of bytes such as `64MiB`",
        MetricType::Rate => "a rate such as `100/s`",
        MetricType::Number | MetricType::Flag => "a number",
    }
}

fn number(scan: &mut Scan<'_>) -> Result<Decimal, Failure> {
    let text = number_text(scan);
    let grouped = |c: char| matches!(c, '_' | ',' | '\'');
    let fault = match text.parse() {
        _ if text.contains(['e', 'E']) => NumberFault::Exponent,
        _ if text.contains(grouped) => NumberFault::Separator,
        Ok(number) => {
            scan.skip(text.len());
            return Ok(number);
        }
        Err(fault) => fault,
    };
    let instead = instead(text, fault);
    let kind = ConditionErrorKind::Number { found: text.into(), fault, instead };
    Err(scan.error(kind, text.len()))
}

/// The text of the number that comes next, with what others write in numbers: groups and exponents.
fn number_text<'t>(scan: &Scan<'t>) -> &'t str {
    let rest = scan.rest();
    let mut before = None;
    let mut characters = rest.char_indices().peekable();
    while let Some((at, c)) = characters.next() {
        let after = characters.peek().map(|(_, after)| *after);
        let digit_before = before.is_some_and(|it: char| it.is_ascii_digit());
        let digit_after = after.is_some_and(|it| it.is_ascii_digit());
        let is_part = match c {
            '0'..='9' | '.' => true,
            '-' => before.is_none() || matches!(before, Some('e' | 'E')),
            '+' => matches!(before, Some('e' | 'E')),
            '_' | ',' | '\'' => digit_before && digit_after,
            'e' | 'E' => digit_before && (digit_after || matches!(after, Some('+' | '-'))),
            _ => false,
        };
        if !is_part {
            return rest.get(..at).unwrap_or_default();
        }
        before = Some(c);
    }
    rest
}

/// How the number is written that was probably meant.
fn instead(text: &str, fault: NumberFault) -> Option<SmolStr> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", text),
    };
    let written = match fault {
        NumberFault::Point if digits.starts_with('.') => format_smolstr!("{sign}0{digits}"),
        NumberFault::Point => format_smolstr!("{sign}{}", digits.trim_end_matches('.')),
        NumberFault::LeadingZero => {
            let trimmed = digits.trim_start_matches('0');
            let zero = if trimmed.starts_with(|c: char| c.is_ascii_digit()) { "" } else { "0" };
            format_smolstr!("{sign}{zero}{trimmed}")
        }
        NumberFault::Separator => text.replace(['_', ',', '\''], "").into(),
        NumberFault::Exponent | NumberFault::TooLong | NumberFault::Digits => return None,
    };
    written.parse::<Decimal>().is_ok().then_some(written)
}

/// Reads the unit that comes next, empty if a word of conditions, after space, or something else comes.
fn unit<'t>(scan: &mut Scan<'t>) -> &'t str {
    const WORDS: [&str; 4] = ["and", "or", "not", "for"];
    let after_space = scan.end() < scan.at();
    if after_space && WORDS.iter().any(|word| scan.word().eq_ignore_ascii_case(word)) {
        return "";
    }
    let unit = scan.leading(|c| c.is_alphanumeric() || matches!(c, '%' | '/' | '_'));
    scan.skip(unit.len());
    unit
}
