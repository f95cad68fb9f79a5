//! Decimal numbers, exactly as they are written.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

/// A decimal number of at most 18 digits, at most 18 of them behind the point.
///
/// Written without separators, exponent, leading zeros and trailing zeros behind the point.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Decimal {
    /// Invariant: smaller in magnitude than 10^18; no multiple of ten unless `scale` is 0.
    mantissa: i64,
    /// How many digits stand behind the point. Invariant: at most 18.
    scale: u8,
}

/// What is wrong with the text of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NumberFault {
    /// There is no digit, or something that is none.
    #[error("it is written in decimal digits")]
    Digits,
    /// The point comes first, or last, or twice.
    #[error("a point has digits on both sides")]
    Point,
    /// A zero stands before another digit.
    #[error("it has a leading `0`")]
    LeadingZero,
    /// It has a power of ten.
    #[error("it has an exponent")]
    Exponent,
    /// Digits are grouped.
    #[error("its digits are grouped")]
    Separator,
    /// It has more than 18 digits.
    #[error("it has more than 18 digits")]
    TooLong,
}

impl Decimal {
    const MAX_DIGITS: u8 = 18;

    /// The number `mantissa` / 10^`scale`; `None` beyond 18 digits.
    pub fn new(mantissa: i64, scale: u8) -> Option<Self> {
        let (mut mantissa, mut scale) = (mantissa, scale);
        while scale > 0 && mantissa % 10 == 0 {
            mantissa /= 10;
            scale -= 1;
        }
        let fits = mantissa.unsigned_abs() < 10_u64.pow(u32::from(Self::MAX_DIGITS));
        (fits && scale <= Self::MAX_DIGITS).then_some(Self { mantissa, scale })
    }

    /// The digits without the point, with the sign.
    pub const fn mantissa(self) -> i64 {
        self.mantissa
    }

    /// How many of the digits stand behind the point.
    pub const fn scale(self) -> u8 {
        self.scale
    }

    /// The mantissa over `scale` digits behind the point: no overflow, since 10^36 < 2^127.
    fn scaled_to(self, scale: u8) -> i128 {
        let more = u32::from(scale.saturating_sub(self.scale));
        i128::from(self.mantissa) * 10_i128.pow(more)
    }
}

impl From<i32> for Decimal {
    fn from(whole: i32) -> Self {
        Self { mantissa: whole.into(), scale: 0 }
    }
}

impl FromStr for Decimal {
    type Err = NumberFault;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits = text.strip_prefix('-').unwrap_or(text);
        let (whole, fraction) = match digits.split_once('.') {
            Some((whole, fraction)) if whole.is_empty() || fraction.is_empty() => {
                return Err(NumberFault::Point);
            }
            Some((_, fraction)) if fraction.contains('.') => return Err(NumberFault::Point),
            Some((whole, fraction)) => (whole, fraction.trim_end_matches('0')),
            None => (digits, ""),
        };
        if whole.is_empty() || !digits.bytes().all(|it| it.is_ascii_digit() || it == b'.') {
            return Err(NumberFault::Digits);
        }
        if whole.len() > 1 && whole.starts_with('0') {
            return Err(NumberFault::LeadingZero);
        }
        let scale = u8::try_from(fraction.len()).map_err(|_| NumberFault::TooLong)?;
        let magnitude: i64 =
            format!("{whole}{fraction}").parse().map_err(|_| NumberFault::TooLong)?;
        let mantissa = if digits.len() < text.len() { -magnitude } else { magnitude };
        Self::new(mantissa, scale).ok_or(NumberFault::TooLong)
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.mantissa < 0 { "-" } else { "" };
        let width = usize::from(self.scale) + 1;
        let digits = format!("{:0width$}", self.mantissa.unsigned_abs());
        match digits.split_at_checked(digits.len().saturating_sub(width - 1)) {
            Some((whole, fraction)) if !fraction.is_empty() => {
                write!(f, "{sign}{whole}.{fraction}")
            }
            _ => write!(f, "{sign}{digits}"),
        }
    }
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> Ordering {
        let scale = self.scale.max(other.scale);
        self.scaled_to(scale).cmp(&other.scaled_to(scale))
    }
}
