//! Thresholds: what a health check holds its metric to, such as `< 1%`.

use std::cmp::Ordering;
use std::fmt;

use super::condition::{ConditionError, ConditionErrorKind};
use super::scan::Scan;
use super::{MetricType, Observed, Quantity, Truth, quantity};

/// A comparison with a quantity; what is compared is the metric of the health check.
///
/// `Display` writes it with one space; parsing that gives an equal threshold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Threshold {
    /// How it is compared.
    pub comparison: Comparison,
    /// With what.
    pub quantity: Quantity,
}

/// A comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Comparison {
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
}

impl Threshold {
    /// The threshold that `text` writes for a metric of type `of`.
    ///
    /// # Errors
    /// The first thing that is no threshold, with the bytes at fault.
    pub fn parse(text: &str, of: MetricType) -> Result<Self, ConditionError> {
        parse(text, of).map_err(|error| *error)
    }

    /// Whether `observed` keeps it; unknown when nothing was observed, or nothing that compares.
    pub fn judge(self, observed: Option<Observed>) -> Truth {
        match observed.and_then(|observed| observed.compare(self.quantity.amount())) {
            Some(ordering) => self.comparison.holds(ordering).into(),
            None => Truth::Unknown,
        }
    }
}

fn parse(text: &str, of: MetricType) -> Result<Threshold, Box<ConditionError>> {
    let mut scan = Scan::new(text)?;
    if of == MetricType::Flag {
        return Err(scan.error(ConditionErrorKind::FlagThreshold, scan.rest().len()));
    }
    if scan.rest().is_empty() {
        return Err(scan.error(ConditionErrorKind::EmptyThreshold { of }, 0));
    }
    let Some(comparison) = scan.comparison()? else {
        return Err(scan.unexpected("a comparison such as `<`"));
    };
    let quantity = quantity::quantity(&mut scan, of)?;
    if scan.rest().is_empty() {
        Ok(Threshold { comparison, quantity })
    } else {
        Err(scan.unexpected("the end"))
    }
}

impl Comparison {
    /// All comparisons.
    pub const ALL: [Self; 6] = [
        Self::Less,
        Self::LessOrEqual,
        Self::Greater,
        Self::GreaterOrEqual,
        Self::Equal,
        Self::NotEqual,
    ];

    /// The comparison as it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
            Self::Equal => "==",
            Self::NotEqual => "!=",
        }
    }

    /// Whether it holds of two values of which the left compares so with the right.
    pub const fn holds(self, ordering: Ordering) -> bool {
        match self {
            Self::Less => ordering.is_lt(),
            Self::LessOrEqual => ordering.is_le(),
            Self::Greater => ordering.is_gt(),
            Self::GreaterOrEqual => ordering.is_ge(),
            Self::Equal => ordering.is_eq(),
            Self::NotEqual => ordering.is_ne(),
        }
    }

    /// The comparison that says the same with its sides exchanged.
    pub(super) const fn mirrored(self) -> Self {
        match self {
            Self::Less => Self::Greater,
            Self::LessOrEqual => Self::GreaterOrEqual,
            Self::Greater => Self::Less,
            Self::GreaterOrEqual => Self::LessOrEqual,
            Self::Equal => Self::Equal,
            Self::NotEqual => Self::NotEqual,
        }
    }
}

impl fmt::Display for Threshold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.comparison, self.quantity)
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
