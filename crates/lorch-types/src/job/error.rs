//! Why a step failed, as data.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

use crate::json::Object;
use crate::optional::not_null;

/// Why a step failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ErrorInfo {
    /// A stable code, such as `timeout`.
    #[schemars(with = "String")]
    pub code: SmolStr,
    /// One sentence for people.
    pub message: String,
    /// What programs may want to know.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "not_null")]
    #[schemars(with = "Object")]
    pub details: Option<Object>,
}

/// The codes of errors that lorch itself and its backends give.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorCode {
    /// The parameters are not those of the operation.
    InvalidParams,
    /// A reference names something that is not there, or of the wrong type.
    Resolution,
    /// The step took longer than its `timeout_s`.
    Timeout,
    /// A person stopped it.
    Cancelled,
    /// The configuration does not allow it.
    Denied,
    /// A table, file or address is not there.
    NotFound,
    /// It contradicts what is there already.
    Conflict,
    /// The idempotency key was used before with other parameters.
    IdempotencyConflict,
    /// What was asserted does not hold.
    AssertionFailed,
    /// A step whose output is needed failed.
    UpstreamFailed,
    /// The output is larger than the limit.
    OutputTooLarge,
    /// Reading or writing failed.
    Io,
    /// The backend failed for a reason of its own.
    Backend,
}

impl ErrorCode {
    /// All codes.
    pub const ALL: [Self; 13] = [
        Self::InvalidParams,
        Self::Resolution,
        Self::Timeout,
        Self::Cancelled,
        Self::Denied,
        Self::NotFound,
        Self::Conflict,
        Self::IdempotencyConflict,
        Self::AssertionFailed,
        Self::UpstreamFailed,
        Self::OutputTooLarge,
        Self::Io,
        Self::Backend,
    ];

    /// The code as it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InvalidParams => "invalid_params",
            Self::Resolution => "resolution",
            Self::Timeout => "timeout",
            Self::Cancelled => "cancelled",
            Self::Denied => "denied",
            Self::NotFound => "not_found",
            Self::Conflict => "conflict",
            Self::IdempotencyConflict => "idempotency_conflict",
            Self::AssertionFailed => "assertion_failed",
            Self::UpstreamFailed => "upstream_failed",
            Self::OutputTooLarge => "output_too_large",
            Self::Io => "io",
            Self::Backend => "backend",
        }
    }

    /// An error of this code.
    pub fn error(self, message: impl Into<String>) -> ErrorInfo {
        ErrorInfo { code: self.as_str().into(), message: message.into(), details: None }
    }
}

impl ErrorInfo {
    /// The same error with details for programs.
    #[must_use]
    pub fn with_details<K: Into<SmolStr>, V: Into<crate::json::Value>>(
        mut self,
        details: impl IntoIterator<Item = (K, V)>,
    ) -> Self {
        self.details = Some(details.into_iter().collect());
        self
    }

    /// Whether the error has this code.
    pub fn is(&self, code: ErrorCode) -> bool {
        self.code == code.as_str()
    }
}

impl std::fmt::Display for ErrorInfo {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.code, self.message)
    }
}

impl std::error::Error for ErrorInfo {}
