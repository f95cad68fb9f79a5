//! The number that a decimal text stands for, exactly.

use super::{Number, ReadErrorKind};

/// The number that a decimal text in JSON's number grammar stands for, exactly where it is integral.
pub(crate) fn decimal(text: &str) -> Result<Number, ReadErrorKind> {
    let error = |reason| ReadErrorKind::Number { text: shortened(text), reason };
    if !text.contains(['.', 'e', 'E']) {
        let natural = text.parse::<u64>().map(Number::from);
        return natural
            .or_else(|_| text.parse::<i64>().map(Number::from))
            .map_err(|_| error("is an integer beyond 64 bits"));
    }
    if let Some(integer) = exact_integer(text) {
        return Ok(integer);
    }
    let float: f64 = text.parse().map_err(|_| error("is no number"))?;
    if float == 0.0 {
        return Err(error("is too small for a 64-bit float and would become 0"));
    }
    Number::from_f64(float).ok_or_else(|| error("is too large for a 64-bit float"))
}

/// The integer that a decimal with a fraction or an exponent is equal to, if 64 bits hold it.
fn exact_integer(text: &str) -> Option<Number> {
    let (negative, magnitude) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (mantissa, exponent) = match magnitude.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (magnitude, None),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    if exponent.is_none() && fraction.ends_with(|digit| digit != '0') {
        return None;
    }
    let digits = [whole, fraction].concat();
    let significant = digits.trim_end_matches('0');
    if significant.trim_start_matches('0').is_empty() {
        return Some(Number::from(0_u64));
    }
    let exponent: i64 = match exponent {
        // An exponent too long for an i64 is far outside the range of integers either way.
        Some(exponent) => exponent.parse().ok()?,
        None => 0,
    };
    let dropped = i64::try_from(digits.len() - significant.len()).ok()?;
    let scale = exponent.checked_sub(i64::try_from(fraction.len()).ok()?)?.checked_add(dropped)?;
    let scale = u32::try_from(scale).ok()?;
    let value = significant.parse::<u64>().ok()?.checked_mul(10_u64.checked_pow(scale)?)?;
    if negative {
        0_i64.checked_sub_unsigned(value).map(Number::from)
    } else {
        Some(Number::from(value))
    }
}

fn shortened(text: &str) -> String {
    const SHOWN: usize = 40;
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}
