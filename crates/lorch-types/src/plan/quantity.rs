//! Quantities: a decimal number with its unit, and the exact amount that it is.

mod parse;

use std::fmt;

use super::{Decimal, MetricType};

pub(super) use parse::{quantity, token};

/// What a metric is compared with: `1%`, `250ms`, `2GiB`, `100/s`, `3`.
///
/// Equal to another that is written the same, but for zeros that say nothing; [`Quantity::amount`]
/// compares what they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Quantity {
    number: Decimal,
    unit: Option<Unit>,
    /// Invariant: what `number` and `unit` say.
    amount: Amount,
}

/// A unit of a quantity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Unit {
    /// `%`, of a ratio.
    Percent,
    /// `ms`
    Milliseconds,
    /// `s`
    Seconds,
    /// `m`, which is always minutes.
    Minutes,
    /// `h`
    Hours,
    /// `KiB`, 2^10 bytes.
    Kibibytes,
    /// `MiB`, 2^20 bytes.
    Mebibytes,
    /// `GiB`, 2^30 bytes.
    Gibibytes,
    /// `/s`, events per second.
    PerSecond,
}

/// How much a quantity is, as an integer of the smallest part that is told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Amount {
    /// Parts per billion of the whole.
    Ratio(u64),
    /// Nanoseconds.
    Duration(u64),
    /// Bytes.
    Bytes(u64),
    /// Events in a billion seconds.
    Rate(u64),
    /// The number itself.
    Number(Decimal),
}

/// Why a number with a unit is no amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AmountFault {
    /// It is less than nothing.
    #[error("it is negative")]
    Negative,
    /// It is no whole number of the smallest parts.
    #[error("it is no whole number of {}", smallest_part(*.0))]
    TooFine(MetricType),
    /// It is 2^64 of the smallest parts or more.
    #[error("it is 2^64 {} or more", smallest_part(*.0))]
    TooLarge(MetricType),
}

impl Quantity {
    /// So many of a unit.
    ///
    /// # Errors
    /// When that cannot be held exactly; a number without a unit always can.
    pub fn new(number: Decimal, unit: Option<Unit>) -> Result<Self, AmountFault> {
        let amount = match unit {
            None => Amount::Number(number),
            Some(unit) => unit.amount(number)?,
        };
        Ok(Self { number, unit, amount })
    }

    /// The number that is written.
    pub const fn number(self) -> Decimal {
        self.number
    }

    /// The unit that is written.
    pub const fn unit(self) -> Option<Unit> {
        self.unit
    }

    /// How much it is, exactly.
    pub const fn amount(self) -> Amount {
        self.amount
    }
}

impl Unit {
    /// All units.
    pub const ALL: [Self; 9] = [
        Self::Percent,
        Self::Milliseconds,
        Self::Seconds,
        Self::Minutes,
        Self::Hours,
        Self::Kibibytes,
        Self::Mebibytes,
        Self::Gibibytes,
        Self::PerSecond,
    ];

    /// The unit as it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Percent => "%",
            Self::Milliseconds => "ms",
            Self::Seconds => "s",
            Self::Minutes => "m",
            Self::Hours => "h",
            Self::Kibibytes => "KiB",
            Self::Mebibytes => "MiB",
            Self::Gibibytes => "GiB",
            Self::PerSecond => "/s",
        }
    }

    /// The type of metric that is given in it.
    pub const fn of(self) -> MetricType {
        match self {
            Self::Percent => MetricType::Ratio,
            Self::Milliseconds | Self::Seconds | Self::Minutes | Self::Hours => {
                MetricType::Duration
            }
            Self::Kibibytes | Self::Mebibytes | Self::Gibibytes => MetricType::Bytes,
            Self::PerSecond => MetricType::Rate,
        }
    }

    /// How many of the smallest parts it is.
    const fn parts(self) -> u64 {
        match self {
            Self::Percent => 10_000_000,
            Self::Milliseconds => 1_000_000,
            Self::Seconds | Self::PerSecond => 1_000_000_000,
            Self::Minutes => 60_000_000_000,
            Self::Hours => 3_600_000_000_000,
            Self::Kibibytes => 1 << 10,
            Self::Mebibytes => 1 << 20,
            Self::Gibibytes => 1 << 30,
        }
    }

    fn amount(self, number: Decimal) -> Result<Amount, AmountFault> {
        let mantissa = u64::try_from(number.mantissa()).map_err(|_| AmountFault::Negative)?;
        let total = u128::from(mantissa) * u128::from(self.parts());
        let scale = 10_u128.pow(u32::from(number.scale()));
        if total % scale != 0 {
            return Err(AmountFault::TooFine(self.of()));
        }
        let parts = total / scale;
        let parts = u64::try_from(parts).map_err(|_| AmountFault::TooLarge(self.of()))?;
        Ok(match self {
            Self::Percent => Amount::Ratio(parts),
            Self::Milliseconds | Self::Seconds | Self::Minutes | Self::Hours => {
                Amount::Duration(parts)
            }
            Self::Kibibytes | Self::Mebibytes | Self::Gibibytes => Amount::Bytes(parts),
            Self::PerSecond => Amount::Rate(parts),
        })
    }
}

impl Amount {
    /// The type of metric that has such amounts.
    pub const fn of(self) -> MetricType {
        match self {
            Self::Ratio(_) => MetricType::Ratio,
            Self::Duration(_) => MetricType::Duration,
            Self::Bytes(_) => MetricType::Bytes,
            Self::Rate(_) => MetricType::Rate,
            Self::Number(_) => MetricType::Number,
        }
    }
}

fn smallest_part(of: MetricType) -> &'static str {
    match of {
        MetricType::Ratio => "billionths",
        MetricType::Duration => "nanoseconds",
        MetricType::Bytes => "bytes",
        MetricType::Rate => "events in a billion seconds",
        MetricType::Flag | MetricType::Number => "parts",
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.number, self.unit.map_or("", Unit::as_str))
    }
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
