//! Finds out where texts and numbers end, and whether the strict reader would read them.

use lorch_types::json::plain_prefix;

/// The length of a string's content up to its closing quote, if it is well-formed.
pub(super) fn string_length(bytes: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        at += plain_prefix(bytes.get(at..)?);
        match bytes.get(at)? {
            b'"' => return Some(at),
            b'\\' => at += escape_length(bytes.get(at..)?)?,
            _ => return None,
        }
    }
}

/// The length of the escape that begins `bytes`; both halves of a pair are one.
fn escape_length(bytes: &[u8]) -> Option<usize> {
    match bytes.get(1)? {
        b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => Some(2),
        b'u' => match hex4(bytes.get(2..6)?)? {
            0xD800..0xDC00 => {
                let low = bytes.get(6..8)? == b"\\u" && is_low_half(hex4(bytes.get(8..12)?)?);
                low.then_some(12)
            }
            unit => (!is_low_half(unit)).then_some(6),
        },
        _ => None,
    }
}

fn is_low_half(unit: u32) -> bool {
    (0xDC00..0xE000).contains(&unit)
}

fn hex4(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0, |unit, digit| Some(unit * 16 + char::from(*digit).to_digit(16)?))
}

/// A number that 64 bits surely hold.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Number {
    /// An integer.
    Integer(i64),
    /// One with a fraction, even if that is nothing.
    Fraction,
}

/// The number that begins `bytes` and its length, if it is short and has no exponent: such a number
/// is neither too large nor too small for anything.
#[inline]
pub(super) fn number(bytes: &[u8]) -> Option<(Number, usize)> {
    let sign = usize::from(bytes.first() == Some(&b'-'));
    let digits = bytes.get(sign..)?;
    let mut value: i64 = 0;
    let mut count = 0;
    while let Some(digit @ b'0'..=b'9') = digits.get(count) {
        if count == 18 {
            return None;
        }
        value = value * 10 + i64::from(digit - b'0');
        count += 1;
    }
    if count == 0 || (count > 1 && digits.first() == Some(&b'0')) {
        return None;
    }
    let value = if sign == 1 { -value } else { value };
    match digits.get(count) {
        Some(b'.') => {
            let fraction = digits.get(count + 1..)?.iter().take(40);
            let places = fraction.take_while(|byte| byte.is_ascii_digit()).count();
            let end = count + 1 + places;
            let goes_on = matches!(digits.get(end), Some(b'e' | b'E' | b'0'..=b'9'));
            (places > 0 && !goes_on).then_some((Number::Fraction, sign + end))
        }
        Some(b'e' | b'E') => None,
        _ => Some((Number::Integer(value), sign + count)),
    }
}
