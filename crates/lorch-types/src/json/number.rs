//! Numbers: exact integers of 64 bits, and finite floats for everything else.

use std::cmp::Ordering;
use std::fmt;

/// A JSON number.
///
/// Invariant: an integral value that an `i64` or `u64` holds is stored as that integer, never as a
/// float, so that equality of representation is equality of value.
#[derive(Clone, Copy, PartialEq)]
pub struct Number(Repr);

#[derive(Clone, Copy, PartialEq)]
enum Repr {
    /// Any integer from 0 up.
    Natural(u64),
    /// Below zero only.
    Negative(i64),
    /// Finite, and not an integer within the range of the two above.
    Float(f64),
}

// A float is never NaN here, so `PartialEq` is an equivalence.
impl Eq for Number {}

/// 2^64 as a float: the least that is no `u64`.
const TWO_POW_64: f64 = 18_446_744_073_709_551_616.0;
/// −2^63 as a float: the least that is an `i64`.
const MINUS_TWO_POW_63: f64 = -9_223_372_036_854_775_808.0;

impl Number {
    /// The number with this value; `None` for NaN and the infinities, which JSON does not have.
    pub fn from_f64(value: f64) -> Option<Self> {
        if !value.is_finite() {
            return None;
        }
        let integral = value.trunc() == value;
        Some(Self(if integral && (0.0..TWO_POW_64).contains(&value) {
            Repr::Natural(float_to_u64(value))
        } else if integral && (MINUS_TWO_POW_63..0.0).contains(&value) {
            Repr::Negative(float_to_i64(value))
        } else {
            Repr::Float(value)
        }))
    }

    /// The integer, if it is one that an `i64` holds.
    pub fn as_i64(self) -> Option<i64> {
        match self.0 {
            Repr::Natural(value) => i64::try_from(value).ok(),
            Repr::Negative(value) => Some(value),
            Repr::Float(_) => None,
        }
    }

    /// The integer, if it is one that a `u64` holds.
    pub fn as_u64(self) -> Option<u64> {
        match self.0 {
            Repr::Natural(value) => Some(value),
            Repr::Negative(_) | Repr::Float(_) => None,
        }
    }

    /// The nearest float; integers beyond 2^53 may be rounded.
    #[expect(clippy::cast_precision_loss, reason = "rounding is what the name promises")]
    pub fn as_f64(self) -> f64 {
        match self.0 {
            Repr::Natural(value) => value as f64,
            Repr::Negative(value) => value as f64,
            Repr::Float(value) => value,
        }
    }

    /// Whether it is an integer that 64 bits hold.
    pub fn is_integer(self) -> bool {
        !matches!(self.0, Repr::Float(_))
    }

    /// Appends the canonical form: integers in full, floats as ECMAScript writes them, except that
    /// integral ones always carry an exponent (`1e+20`): they are beyond 64 bits, and in full they
    /// would read as such.
    pub fn write_canonical(self, out: &mut String) {
        self.with_canonical(|text| out.push_str(text));
    }

    /// Calls `take` with the canonical form.
    #[inline]
    pub(super) fn with_canonical(self, take: impl FnOnce(&str)) {
        match self.0 {
            Repr::Natural(value) => with_digits(value, "", take),
            Repr::Negative(value) => with_digits(value.unsigned_abs(), "-", take),
            Repr::Float(value) if value.abs() < 1e21 && value.trunc() == value => {
                take(&format!("{value:e}").replacen('e', "e+", 1));
            }
            Repr::Float(value) => take(ryu_js::Buffer::new().format_finite(value)),
        }
    }
}

/// Calls `take` with `sign` and `value` in decimal.
#[inline]
fn with_digits(value: u64, sign: &str, take: impl FnOnce(&str)) {
    // The longest are `18446744073709551615` and `-9223372036854775808`, of 20 bytes.
    let mut digits = [b'0'; 20];
    let mut rest = value;
    let mut at = digits.len();
    for pair in digits.rchunks_exact_mut(2) {
        let [tens, ones] = DIGIT_PAIRS[usize::try_from(rest % 100).unwrap_or_default()];
        pair.copy_from_slice(&[tens, ones]);
        rest /= 100;
        at -= 2;
        if rest == 0 {
            at += usize::from(tens == b'0');
            break;
        }
    }
    at -= sign.len();
    if let Some(start) = digits.get_mut(at..at + sign.len()) {
        start.copy_from_slice(sign.as_bytes());
    }
    take(digits.get(at..).and_then(|it| str::from_utf8(it).ok()).unwrap_or_default());
}

/// `00` to `99`.
const DIGIT_PAIRS: [[u8; 2]; 100] = {
    let mut pairs = [[b'0'; 2]; 100];
    let mut value = 0_u8;
    while value < 100 {
        pairs[value as usize] = [b'0' + value / 10, b'0' + value % 10];
        value += 1;
    }
    pairs
};

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the caller has checked that the float is integral and in range"
)]
fn float_to_u64(value: f64) -> u64 {
    value as u64
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "the caller has checked that the float is integral and in range"
)]
fn float_to_i64(value: f64) -> i64 {
    value as i64
}

impl From<u64> for Number {
    fn from(value: u64) -> Self {
        Self(Repr::Natural(value))
    }
}

impl From<i64> for Number {
    fn from(value: i64) -> Self {
        Self(u64::try_from(value).map_or(Repr::Negative(value), Repr::Natural))
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Number {
    /// Compares by value, exactly: integers are never rounded to floats.
    fn cmp(&self, other: &Self) -> Ordering {
        match (self.0, other.0) {
            (Repr::Natural(a), Repr::Natural(b)) => a.cmp(&b),
            (Repr::Negative(a), Repr::Negative(b)) => a.cmp(&b),
            (Repr::Negative(_), Repr::Natural(_)) => Ordering::Less,
            (Repr::Natural(_), Repr::Negative(_)) => Ordering::Greater,
            (Repr::Float(a), Repr::Float(b)) => a.total_cmp(&b),
            (Repr::Natural(a), Repr::Float(b)) => compare_integer(i128::from(a), b),
            (Repr::Negative(a), Repr::Float(b)) => compare_integer(i128::from(a), b),
            (Repr::Float(a), Repr::Natural(b)) => compare_integer(i128::from(b), a).reverse(),
            (Repr::Float(a), Repr::Negative(b)) => compare_integer(i128::from(b), a).reverse(),
        }
    }
}

/// Compares an integer of 64 bits with a float that is not one.
fn compare_integer(integer: i128, float: f64) -> Ordering {
    if float >= TWO_POW_64 {
        return Ordering::Less;
    }
    if float < MINUS_TWO_POW_63 {
        return Ordering::Greater;
    }
    #[expect(clippy::cast_possible_truncation, reason = "within ±2^64, which an i128 holds")]
    let floor = float.floor() as i128;
    // The float is not integral here, so it lies strictly between its floor and the next integer.
    if integer <= floor { Ordering::Less } else { Ordering::Greater }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::new();
        self.write_canonical(&mut text);
        f.write_str(&text)
    }
}

impl fmt::Debug for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
