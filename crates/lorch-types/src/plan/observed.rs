//! What was observed of a metric, and how it compares with an amount.

use std::cmp::Ordering;
use std::time::Duration;

use super::{Amount, Decimal, MetricType};

/// What one look at a metric gave, exactly as it was counted or measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Observed {
    /// Whether it was so.
    Flag(bool),
    /// So many of so many; of none there is no ratio.
    Ratio {
        /// How many were counted, such as those that failed.
        part: u64,
        /// Of how many.
        whole: u64,
    },
    /// A length of time.
    Duration(Duration),
    /// A number of bytes.
    Bytes(u64),
    /// So many events in so long; in no time there is no rate.
    Rate {
        /// How many events.
        count: u64,
        /// In how long.
        over: Duration,
    },
    /// A number.
    Number(Decimal),
}

impl Observed {
    /// The type of metric that this was seen of.
    pub const fn of(self) -> MetricType {
        match self {
            Self::Flag(_) => MetricType::Flag,
            Self::Ratio { .. } => MetricType::Ratio,
            Self::Duration(_) => MetricType::Duration,
            Self::Bytes(_) => MetricType::Bytes,
            Self::Rate { .. } => MetricType::Rate,
            Self::Number(_) => MetricType::Number,
        }
    }

    /// How it compares with `amount`, by exact integers; `None` where it does not: the types differ, or
    /// there is no ratio or rate.
    pub fn compare(self, amount: Amount) -> Option<Ordering> {
        match (self, amount) {
            (Self::Ratio { part, whole }, Amount::Ratio(billionths)) => {
                compare_fractions(part, 1_000_000_000, billionths, whole.into())
            }
            (Self::Duration(length), Amount::Duration(nanos)) => {
                Some(length.as_nanos().cmp(&nanos.into()))
            }
            (Self::Bytes(bytes), Amount::Bytes(limit)) => Some(bytes.cmp(&limit)),
            (Self::Rate { count, over }, Amount::Rate(billionths)) => {
                compare_fractions(count, 1_000_000_000_000_000_000, billionths, over.as_nanos())
            }
            (Self::Number(number), Amount::Number(limit)) => Some(number.cmp(&limit)),
            (Self::Flag(_), _)
            | (Self::Ratio { .. }, _)
            | (Self::Duration(_), _)
            | (Self::Bytes(_), _)
            | (Self::Rate { .. }, _)
            | (Self::Number(_), _) => None,
        }
    }
}

/// How `count` × `scale` / `whole` compares with `limit`: the cross products, which fit 128 bits unless
/// `whole` is so large (a time of centuries) that the product exceeds every possible count.
fn compare_fractions(count: u64, scale: u64, limit: u64, whole: u128) -> Option<Ordering> {
    if whole == 0 {
        return None;
    }
    let counted = u128::from(count) * u128::from(scale);
    Some(match u128::from(limit).checked_mul(whole) {
        Some(allowed) => counted.cmp(&allowed),
        None => Ordering::Less,
    })
}
