//! The kinds of documents, and how to tell which one a value is.

use std::fmt;
use std::str::FromStr;

use crate::json::Value;

/// A kind of document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// [`crate::job::JobDef`].
    JobDef,
    /// [`crate::job::JobInstance`].
    JobInstance,
    /// [`crate::job::RunRecord`].
    RunRecord,
    /// [`crate::job::StepManifest`].
    StepManifest,
    /// [`crate::job::AttemptRecord`].
    AttemptRecord,
    /// [`crate::job::StepOutcome`].
    StepOutcome,
}

/// A name that no kind of document has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no document kind `{}`", name.escape_debug())]
pub struct UnknownKind {
    name: String,
}

impl Kind {
    /// All kinds, in the order in which they are listed and detected.
    pub const ALL: [Self; 6] = [
        Self::JobDef,
        Self::JobInstance,
        Self::RunRecord,
        Self::StepManifest,
        Self::AttemptRecord,
        Self::StepOutcome,
    ];

    /// The name, as in `lorch validate --schema NAME`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::JobDef => "job-def",
            Self::JobInstance => "job-instance",
            Self::RunRecord => "run-record",
            Self::StepManifest => "step-manifest",
            Self::AttemptRecord => "attempt-record",
            Self::StepOutcome => "step-outcome",
        }
    }

    /// Where the schema stands beneath `schemas/`.
    pub const fn schema_path(self) -> &'static str {
        match self {
            Self::JobDef => "job/job_def.schema.json",
            Self::JobInstance => "job/job_instance.schema.json",
            Self::RunRecord => "job/run_record.schema.json",
            Self::StepManifest => "job/step_manifest.schema.json",
            Self::AttemptRecord => "job/attempt.schema.json",
            Self::StepOutcome => "job/step_outcome.schema.json",
        }
    }

    /// The fields that tell documents of this kind from those of the kinds listed after it.
    pub const fn distinguishing_fields(self) -> &'static [&'static str] {
        match self {
            Self::JobDef => &["job_id", "version", "steps"],
            Self::JobInstance => &["job_def_sha256", "compiled_at"],
            Self::RunRecord => &["job_def_sha256", "envelope"],
            Self::StepManifest => &["resolved_params"],
            Self::AttemptRecord => &["attempt_n"],
            Self::StepOutcome => &["step_id", "status"],
        }
    }

    /// The kind that `document` is meant to be, judged by the fields that only it has.
    pub fn detect(document: &Value) -> Option<Self> {
        let object = document.as_object()?;
        let has = |field: &&str| object.contains_key(field);
        Self::ALL.into_iter().find(|kind| kind.distinguishing_fields().iter().all(has))
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Kind {
    type Err = UnknownKind;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.name() == name)
            .ok_or_else(|| UnknownKind { name: name.to_owned() })
    }
}
