//! Strings and numbers as CEL writes them.

use smol_str::SmolStr;

use super::parse::Failure;
use super::{ConditionError, ConditionErrorKind};
use crate::json::{Number, Value};

/// The string whose opening quote is the byte `start` of `text`, and where it ends.
///
/// The escapes are CEL's; a line break stands in a string only as an escape.
pub(super) fn string(text: &str, start: usize) -> Result<(SmolStr, usize), Failure> {
    let quote = text.get(start..).and_then(|rest| rest.chars().next()).unwrap_or('"');
    let inner = start + quote.len_utf8();
    let error = |kind, span| Box::new(ConditionError { kind, span });
    let mut decoded = String::new();
    let mut at = inner;
    loop {
        let rest = text.get(at..).unwrap_or_default();
        let plain = rest.find([quote, '\\', '\n', '\r']).unwrap_or(rest.len());
        let (before, special) = rest.split_at(plain);
        if special.starts_with(quote) {
            let end = at + plain + quote.len_utf8();
            if decoded.is_empty() {
                return Ok((before.into(), end));
            }
            decoded.push_str(before);
            return Ok((decoded.into(), end));
        }
        decoded.push_str(before);
        at += plain;
        let Some(found) = special.chars().next() else {
            return Err(error(ConditionErrorKind::UnterminatedString, start..text.len()));
        };
        match escape(special) {
            Some((character, length)) => {
                decoded.push(character);
                at += length;
            }
            None => {
                let length = if found == '\\' {
                    special.chars().take(2).map(char::len_utf8).sum()
                } else {
                    found.len_utf8()
                };
                let shown = special.get(..length).unwrap_or_default().escape_debug().to_string();
                let shown = if found == '\\' { shown.replacen("\\\\", "\\", 1) } else { shown };
                let kind = ConditionErrorKind::Escape { found: shown.into() };
                return Err(error(kind, at..at + length));
            }
        }
    }
}

/// The character that the escape at the start of `text` stands for, and how many bytes it takes.
fn escape(text: &str) -> Option<(char, usize)> {
    let mut characters = text.strip_prefix('\\')?.chars();
    let character = match characters.next()? {
        'a' => '\u{7}',
        'b' => '\u{8}',
        'f' => '\u{c}',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'v' => '\u{b}',
        same @ ('\\' | '?' | '"' | '\'' | '`') => same,
        'x' | 'X' => return code_point(text, 2, 2, 16),
        'u' => return code_point(text, 2, 4, 16),
        'U' => return code_point(text, 2, 8, 16),
        '0'..='3' => return code_point(text, 1, 3, 8),
        _ => return None,
    };
    Some((character, 2))
}

/// The character whose number stands in `count` digits from the byte `start` on.
fn code_point(text: &str, start: usize, count: usize, radix: u32) -> Option<(char, usize)> {
    let digits = text.get(start..start + count)?;
    if !digits.chars().all(|digit| digit.is_digit(radix)) {
        return None;
    }
    let character = char::from_u32(u32::from_str_radix(digits, radix).ok()?)?;
    Some((character, start + count))
}

/// The number that begins at the byte `start` of `text`, and where it ends.
///
/// Digits alone are an integer of at most 63 bits, as in CEL; with a fraction or an exponent they
/// are a 64-bit float.
pub(super) fn number(text: &str, start: usize) -> Result<(Value, usize), Failure> {
    let rest = text.get(start..).unwrap_or_default();
    let mut previous = ' ';
    let length = rest.find(|c: char| {
        let sign = matches!(c, '+' | '-') && matches!(previous, 'e' | 'E' | ' ');
        previous = c;
        !(c.is_ascii_alphanumeric() || matches!(c, '.' | '_') || sign)
    });
    let written = rest.get(..length.unwrap_or(rest.len())).unwrap_or_default();
    let end = start + written.len();
    match parsed(written) {
        Ok(number) => Ok((Value::Number(number), end)),
        Err(reason) => {
            let kind = ConditionErrorKind::Number { found: written.into(), reason };
            Err(Box::new(ConditionError { kind, span: start..end }))
        }
    }
}

fn parsed(written: &str) -> Result<Number, &'static str> {
    let digits = written.strip_prefix('-').unwrap_or(written);
    let whole = digits.bytes().take_while(u8::is_ascii_digit).count();
    let tail = digits.get(whole..).unwrap_or_default();
    if whole > 1 && digits.starts_with('0') {
        return Err("it has a leading `0`");
    }
    if tail.is_empty() {
        let integer = written.parse::<i64>();
        return integer.map(Number::from).map_err(|_| "an integer has at most 63 bits");
    }
    if !is_fraction_and_exponent(tail) {
        return Err("it is written in decimal, as in JSON");
    }
    let float: f64 = written.parse().map_err(|_| "it is written in decimal, as in JSON")?;
    let has_digit =
        digits.split(['e', 'E']).next().is_some_and(|it| it.contains(|c| matches!(c, '1'..='9')));
    if float == 0.0 && has_digit {
        return Err("it is too small for a 64-bit float");
    }
    Number::from_f64(float).ok_or("it is too large for a 64-bit float")
}

/// Whether `tail` is what may follow a number's digits: `.5`, `e3`, `.5e-3`.
fn is_fraction_and_exponent(tail: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let (fraction, exponent) = match tail.split_once(['e', 'E']) {
        Some((fraction, exponent)) => (fraction, Some(exponent)),
        None => (tail, None),
    };
    fraction.strip_prefix('.').map_or(fraction.is_empty(), digits)
        && exponent.is_none_or(|it| digits(it.strip_prefix(['+', '-']).unwrap_or(it)))
}
