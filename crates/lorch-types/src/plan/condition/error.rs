//! Why a text is no condition or threshold.

use smol_str::SmolStr;

use super::RollbackCondition;
use crate::place::Span;
use crate::plan::{
    AmountFault, Decimal, DurationError, DurationErrorKind, Metric, MetricType, NumberFault,
};

/// Why a text is no condition or threshold, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{kind}")]
pub struct ConditionError {
    /// What is wrong.
    pub kind: ConditionErrorKind,
    /// The bytes of the text at fault.
    pub span: Span,
}

/// What can be wrong with the text of a condition or a threshold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConditionErrorKind {
    /// There is nothing but space.
    #[error("the condition is empty")]
    Empty,
    /// The text has more than 512 characters.
    #[error("the text has {length} characters, the limit is {}", RollbackCondition::MAX_LENGTH)]
    TooLong {
        /// How many it has.
        length: usize,
    },
    /// Parentheses and `not` nest too deep.
    #[error("the condition nests deeper than {} levels", RollbackCondition::MAX_DEPTH)]
    TooDeep,
    /// Something stands where something else should.
    #[error("found {found} where {expected} should stand")]
    Unexpected {
        /// What was found, in backquotes, or "the end".
        found: SmolStr,
        /// What was expected.
        expected: &'static str,
    },
    /// Another language's way to say something that conditions can say.
    #[error("`{found}` is no part of a condition")]
    Foreign {
        /// What was written.
        found: SmolStr,
        /// How a condition says it.
        instead: &'static str,
    },
    /// There is no such metric.
    #[error("there is no metric `{found}`")]
    UnknownMetric {
        /// The name as written.
        found: SmolStr,
        /// The metric that was probably meant.
        meant: Option<Metric>,
        /// All metrics that there are.
        known: Vec<Metric>,
    },
    /// A metric that is no flag stands alone.
    #[error("`{metric}` is not compared with anything")]
    NoComparison {
        /// The metric.
        metric: Metric,
        /// Its type.
        of: MetricType,
    },
    /// A flag is compared.
    #[error("`{metric}` is a flag, which is compared with nothing")]
    FlagCompared {
        /// The metric.
        metric: Metric,
    },
    /// The quantity stands on the left.
    #[error("the metric stands on the left of a comparison")]
    Reversed {
        /// The same comparison the other way round.
        instead: SmolStr,
    },
    /// A number that is written wrongly.
    #[error("`{found}` is no number: {fault}")]
    Number {
        /// The number as written.
        found: SmolStr,
        /// What is wrong with it.
        fault: NumberFault,
        /// How it is written, where that is clear.
        instead: Option<SmolStr>,
    },
    /// What follows a number is no unit.
    #[error("`{found}` is no unit")]
    UnknownUnit {
        /// The number before it.
        number: Decimal,
        /// What was written.
        found: SmolStr,
        /// The type of the metric.
        of: MetricType,
    },
    /// A number has no unit, and needs one.
    #[error("{} has a unit, and `{number}` has none", noun(*of))]
    UnitMissing {
        /// The number.
        number: Decimal,
        /// The type of the metric.
        of: MetricType,
    },
    /// A quantity has the unit of another type of metric.
    #[error("`{found}` is not {}", noun(*of))]
    UnitOfOtherType {
        /// The quantity as written.
        found: SmolStr,
        /// Its number.
        number: Decimal,
        /// The type of the metric.
        of: MetricType,
    },
    /// A quantity that cannot be held exactly.
    #[error("`{found}` is no amount: {fault}")]
    Amount {
        /// The quantity as written.
        found: SmolStr,
        /// Why not.
        fault: AmountFault,
    },
    /// What follows `for` is no duration.
    #[error("{0}")]
    Duration(DurationErrorKind),
    /// `for` follows something else than a comparison.
    #[error("`for` follows a comparison only")]
    StrayFor,
    /// A threshold has nothing but space.
    #[error("the threshold is empty")]
    EmptyThreshold {
        /// The type of the metric.
        of: MetricType,
    },
    /// A health check of a flag has a threshold.
    #[error("a flag has no threshold")]
    FlagThreshold,
}

impl ConditionError {
    /// The error of a duration whose text begins at the byte `start`.
    pub(super) fn duration(error: DurationError, start: usize) -> Box<Self> {
        let span = start + error.span.start..start + error.span.end;
        Box::new(Self { kind: ConditionErrorKind::Duration(error.kind), span })
    }
}

/// The type with its article.
pub(super) fn noun(of: MetricType) -> &'static str {
    match of {
        MetricType::Flag => "a flag",
        MetricType::Ratio => "a ratio",
        MetricType::Duration => "a duration",
        MetricType::Bytes => "a number of bytes",
        MetricType::Rate => "a rate",
        MetricType::Number => "a plain number",
    }
}
