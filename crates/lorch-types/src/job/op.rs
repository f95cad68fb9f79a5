//! The taxonomy of operations, and which backend performs which.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

use crate::id::{self, InvalidId, Rule, through_text};

/// What a step of a definition does: an operation of a backend, or another job.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Op {
    /// `job.run`: the steps of another definition take this step's place.
    JobRun,
    /// An operation that a backend performs.
    Dispatch(DispatchOp),
}

/// An operation that a backend performs: `write.upsert`.
///
/// The taxonomy is open below its prefix: a backend refuses the names that it does not have.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DispatchOp {
    /// The prefix.
    pub family: OpFamily,
    /// What follows the dot.
    pub name: OpName,
}

/// The name of an operation below its family: `upsert` of `write.upsert`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OpName(SmolStr);

/// The families of operations, the part of an op before the dot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OpFamily {
    /// Reads data and changes nothing.
    Query,
    /// Changes data; the only family with idempotency options.
    Write,
    /// Fails the step unless something holds of the data.
    Assert,
    /// Works outside the data plane: HTTP, language models, programs, transforms, files.
    Compute,
}

/// The backend that performs a family of operations.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Backend {
    /// Queries, writes and assertions over tables.
    DataPlane,
    /// Everything else.
    Compute,
}

/// The rule of an op of an instance.
pub(crate) const DISPATCH_OP_RULE: Rule = Rule {
    what: "operation",
    words: "it is `query.`, `write.`, `assert.` or `compute.` and a name of `a-z 0-9 _`, such as \
            `write.upsert`",
    schema: || id::varying("^(?:query|write|assert|compute)\\.[a-z][a-z0-9_]{0,63}$"),
    holds: |text| text.parse::<DispatchOp>().is_ok(),
};

/// The rule of an op of a definition.
pub(crate) const OP_RULE: Rule = Rule {
    what: "operation",
    words: "it is `job.run`, or `query.`, `write.`, `assert.` or `compute.` and a name of \
            `a-z 0-9 _`, such as `write.upsert`",
    schema: || id::varying("^(?:(?:query|write|assert|compute)\\.[a-z][a-z0-9_]{0,63}|job\\.run)$"),
    holds: |text| text.parse::<Op>().is_ok(),
};

impl OpFamily {
    /// All families.
    pub const ALL: [Self; 4] = [Self::Query, Self::Write, Self::Assert, Self::Compute];

    /// The prefix as it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Query => "query",
            Self::Write => "write",
            Self::Assert => "assert",
            Self::Compute => "compute",
        }
    }

    /// The backend that performs operations of this family.
    pub const fn backend(self) -> Backend {
        match self {
            Self::Query | Self::Write | Self::Assert => Backend::DataPlane,
            Self::Compute => Backend::Compute,
        }
    }
}

impl OpName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl DispatchOp {
    /// The backend that performs this operation.
    pub const fn backend(&self) -> Backend {
        self.family.backend()
    }

    /// Whether it belongs to `write.*`.
    pub fn is_write(&self) -> bool {
        self.family == OpFamily::Write
    }
}

impl Op {
    /// Whether it belongs to `write.*`.
    pub fn is_write(&self) -> bool {
        matches!(self, Self::Dispatch(op) if op.is_write())
    }
}

impl fmt::Display for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::DataPlane => "data_plane",
            Self::Compute => "compute",
        })
    }
}

impl fmt::Display for DispatchOp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.family.as_str(), self.name.0)
    }
}

impl fmt::Display for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::JobRun => f.write_str("job.run"),
            Self::Dispatch(op) => op.fmt(f),
        }
    }
}

impl FromStr for OpName {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let tail = |b: u8| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'_');
        let valid = text.len() <= 64
            && text.starts_with(|c: char| c.is_ascii_lowercase())
            && text.bytes().all(tail);
        if valid {
            Ok(Self(text.into()))
        } else {
            const RULE: &str = "it has 1 to 64 of `a-z 0-9 _` and begins with a letter";
            Err(InvalidId::new(text, "operation name", RULE))
        }
    }
}

impl FromStr for DispatchOp {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parsed = text.split_once('.').and_then(|(prefix, name)| {
            let family = OpFamily::ALL.into_iter().find(|family| family.as_str() == prefix)?;
            Some(Self { family, name: name.parse().ok()? })
        });
        parsed.ok_or_else(|| InvalidId::new(text, DISPATCH_OP_RULE.what, DISPATCH_OP_RULE.words))
    }
}

impl FromStr for Op {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "job.run" => Ok(Self::JobRun),
            _ => match text.parse() {
                Ok(op) => Ok(Self::Dispatch(op)),
                Err(_) => Err(InvalidId::new(text, OP_RULE.what, OP_RULE.words)),
            },
        }
    }
}

through_text!(DispatchOp);
through_text!(Op);

impl JsonSchema for DispatchOp {
    fn schema_name() -> Cow<'static, str> {
        "DispatchOp".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        id::in_words((DISPATCH_OP_RULE.schema)(), DISPATCH_OP_RULE.what, DISPATCH_OP_RULE.words)
    }
}

impl JsonSchema for Op {
    fn schema_name() -> Cow<'static, str> {
        "Op".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        id::in_words((OP_RULE.schema)(), OP_RULE.what, OP_RULE.words)
    }
}
