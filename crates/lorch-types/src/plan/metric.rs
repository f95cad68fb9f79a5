//! Metrics: their names, their types, and which there are.

use std::borrow::Borrow;
use std::collections::{BTreeMap, BTreeSet};

use schemars::{JsonSchema, json_schema};
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

use super::near::nearest;
use crate::id::{Rule, identifier};

identifier! {
    /// The name of a metric, such as `error_rate`.
    pub struct Metric = Rule {
        what: "metric name",
        words: "it has 1 to 64 letters, digits, `_` and single `.` inside, does not begin with a \
                digit, and is not `and`, `or`, `not` or `for`",
        schema: || json_schema!({
            "type": "string",
            "pattern": "^[A-Za-z_][A-Za-z0-9_]*(?:\\.[A-Za-z0-9_]+)*$",
            "maxLength": 64,
            "not": { "pattern": "\\n|^(?:[Aa][Nn][Dd]|[Oo][Rr]|[Nn][Oo][Tt]|[Ff][Oo][Rr])$" },
        }),
        holds: is_metric_name,
    }
}

fn is_metric_name(text: &str) -> bool {
    const WORDS: [&str; 4] = ["and", "or", "not", "for"];
    text.len() <= 64
        && text.split('.').all(|part| !part.is_empty() && part.bytes().all(is_name_byte))
        && !text.starts_with(|first: char| first.is_ascii_digit())
        && !WORDS.iter().any(|word| text.eq_ignore_ascii_case(word))
}

/// Whether a name may have this byte beside dots.
pub(super) fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// What a metric measures, and so what it can be compared with.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum MetricType {
    /// Whether something is so; it is compared with nothing.
    Flag,
    /// A part of a whole, compared with a percentage.
    Ratio,
    /// A length of time.
    Duration,
    /// A number of bytes.
    Bytes,
    /// How often something happens, in events per second.
    Rate,
    /// A number without a unit.
    Number,
}

/// The metrics that a condition may name, with their types.
///
/// `error_rate` (a ratio), `latency_p99` (a duration) and `http_200` (a flag) are always there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Metrics {
    types: BTreeMap<Metric, MetricType>,
    unmeasured: BTreeSet<Metric>,
}

/// A metric that is there already.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the metric `{metric}` is there already, of type `{}`", known.as_str())]
pub struct AlreadyDeclared {
    /// Its name.
    pub metric: Metric,
    /// Its type.
    pub known: MetricType,
}

impl Metric {
    /// The part of requests or actions that failed.
    pub const ERROR_RATE: Self = Self(SmolStr::new_static("error_rate"));
    /// How long 99 of 100 requests take at most.
    pub const LATENCY_P99: Self = Self(SmolStr::new_static("latency_p99"));
    /// Whether a request was answered with status 200.
    pub const HTTP_200: Self = Self(SmolStr::new_static("http_200"));
}

impl Borrow<str> for Metric {
    fn borrow(&self) -> &str {
        self.as_str()
    }
}

impl MetricType {
    /// All types.
    pub const ALL: [Self; 6] =
        [Self::Flag, Self::Ratio, Self::Duration, Self::Bytes, Self::Rate, Self::Number];

    /// The type as it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Flag => "flag",
            Self::Ratio => "ratio",
            Self::Duration => "duration",
            Self::Bytes => "bytes",
            Self::Rate => "rate",
            Self::Number => "number",
        }
    }
}

impl Metrics {
    /// The metrics that are always there.
    pub fn built_in() -> Self {
        let types = BTreeMap::from([
            (Metric::ERROR_RATE, MetricType::Ratio),
            (Metric::LATENCY_P99, MetricType::Duration),
            (Metric::HTTP_200, MetricType::Flag),
        ]);
        Self { types, unmeasured: BTreeSet::new() }
    }

    /// Adds a custom metric.
    ///
    /// # Errors
    /// When a metric of that name is there already.
    pub fn declare(&mut self, metric: Metric, of: MetricType) -> Result<(), AlreadyDeclared> {
        if let Some(known) = self.get(metric.as_str()) {
            return Err(AlreadyDeclared { metric, known });
        }
        self.types.insert(metric, of);
        Ok(())
    }

    /// Notes that nothing measures a metric: whatever is compared with it stays unknown.
    pub fn leave_unmeasured(&mut self, metric: Metric) {
        self.unmeasured.insert(metric);
    }

    /// Whether anything measures a metric, as far as that is known.
    pub fn is_measured(&self, metric: &Metric) -> bool {
        !self.unmeasured.contains(metric)
    }

    /// The type of the metric `name`; `None` if there is no such metric.
    pub fn get(&self, name: &str) -> Option<MetricType> {
        self.types.get(name).copied()
    }

    /// The metrics in order of their names.
    pub fn iter(&self) -> impl Iterator<Item = (&Metric, MetricType)> {
        self.types.iter().map(|(metric, of)| (metric, *of))
    }

    /// The metric that was probably meant by `name`.
    pub fn nearest(&self, name: &str) -> Option<&Metric> {
        let meant = nearest(name, self.types.keys().map(Metric::as_str))?;
        self.types.get_key_value(meant).map(|(metric, _)| metric)
    }
}
