//! Which value a scalar stands for: the core schema of YAML 1.2 (section 10.3.2) and nothing else.

use granit_parser::ScalarStyle;
use smol_str::SmolStr;

use crate::json::{Number, ReadErrorKind, Value, decimal};

/// Advice for a number that cannot be kept.
pub(super) const NUMBER_HELP: &str = "put it in quotes if it is meant as text";

/// Whether the scalar is written without quotes and not as a block.
pub(super) fn is_plain(style: ScalarStyle) -> bool {
    style == ScalarStyle::Plain
}

/// The value of a scalar without a tag; only plain ones are anything else than strings.
///
/// # Errors
/// For a number that JSON cannot hold.
pub(super) fn resolve(text: SmolStr, style: ScalarStyle) -> Result<Value, ReadErrorKind> {
    if !is_plain(style) {
        return Ok(Value::String(text));
    }
    Ok(match text.as_str() {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" => Value::Bool(true),
        "false" | "False" | "FALSE" => Value::Bool(false),
        plain => match number(plain)? {
            Some(number) => Value::Number(number),
            None => Value::String(text),
        },
    })
}

fn number(text: &str) -> Result<Option<Number>, ReadErrorKind> {
    if let Some(digits) = text.strip_prefix("0o").filter(|it| is_run_of(it, |c| c.is_digit(8))) {
        return radix(text, digits, 8).map(Some);
    }
    if let Some(digits) =
        text.strip_prefix("0x").filter(|it| is_run_of(it, |c| c.is_ascii_hexdigit()))
    {
        return radix(text, digits, 16).map(Some);
    }
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    if matches!(unsigned, ".inf" | ".Inf" | ".INF") || matches!(text, ".nan" | ".NaN" | ".NAN") {
        let reason = "has no form in JSON, which knows finite numbers only";
        return Err(ReadErrorKind::Number { text: text.to_owned(), reason });
    }
    if is_decimal(unsigned) {
        return decimal(text.strip_prefix('+').unwrap_or(text)).map(Some);
    }
    Ok(None)
}

fn radix(text: &str, digits: &str, radix: u32) -> Result<Number, ReadErrorKind> {
    u64::from_str_radix(digits, radix).map(Number::from).map_err(|_| ReadErrorKind::Number {
        text: text.chars().take(40).collect(),
        reason: "is an integer beyond 64 bits",
    })
}

/// Whether `text` is `[0-9]+` or `(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`.
fn is_decimal(text: &str) -> bool {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (text, None),
    };
    let digits = |text: &str| is_run_of(text, |c| c.is_ascii_digit());
    let mantissa = match mantissa.split_once('.') {
        None => digits(mantissa),
        Some(("", fraction)) => digits(fraction),
        Some((whole, fraction)) => digits(whole) && (fraction.is_empty() || digits(fraction)),
    };
    mantissa && exponent.is_none_or(|it| digits(it.strip_prefix(['+', '-']).unwrap_or(it)))
}

fn is_run_of(text: &str, is_digit: impl Fn(char) -> bool) -> bool {
    !text.is_empty() && text.chars().all(is_digit)
}
