//! Why a ledger, or a document of the workspace, cannot be used.

use std::io;

use lorch_types::agent::AgentRunId;

use crate::finding::Finding;
use crate::lines::MAX_LINE_BYTES;

/// A ledger that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// A file cannot be read or written.
    #[error("{path}")]
    File {
        /// Its path in the workspace.
        path: String,
        /// Why.
        source: io::Error,
    },
    /// The ledger and its chain contradict each other in a way that no crash explains; nothing was
    /// changed.
    #[error("{path}: {}", findings.first().map(ToString::to_string).unwrap_or_default())]
    Unsound {
        /// The path of the ledger.
        path: String,
        /// What does not fit; never empty.
        findings: Vec<Finding>,
    },
    /// There is a ledger of this run already.
    #[error("there is a ledger of {run} already")]
    Exists {
        /// The run.
        run: AgentRunId,
    },
    /// A line holds no command and no event.
    #[error("a line of a ledger is a command or an event: {reason}")]
    NoMessage {
        /// Why it is none.
        reason: String,
    },
    /// A line is too long, or holds a line feed.
    #[error("a line of a ledger has at most {MAX_LINE_BYTES} bytes and no line feed")]
    NoLine,
    /// Something failed to become durable before.
    #[error(
        "an earlier write to the ledger failed; it is known only after reopening what it holds"
    )]
    Poisoned,
}

/// What becomes of an error in reading or writing the file at `path`.
pub(crate) fn at(path: &str) -> impl FnOnce(io::Error) -> LedgerError + use<> {
    let path = path.to_owned();
    move |source| LedgerError::File { path, source }
}

/// A document of the workspace that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum WorkspaceError {
    /// A file cannot be read or written.
    #[error("{path}")]
    File {
        /// Its path in the workspace.
        path: String,
        /// Why.
        source: io::Error,
    },
    /// A file holds no document of its kind.
    #[error("{path}: {reason}")]
    NoDocument {
        /// Its path in the workspace.
        path: String,
        /// Why it is none.
        reason: String,
    },
    /// A document is not the one that its place says, or stands in two places.
    #[error("{path}: {reason}")]
    Misplaced {
        /// Its path in the workspace.
        path: String,
        /// What it is instead.
        reason: String,
    },
}

impl WorkspaceError {
    /// What is wrong, without the path.
    pub(crate) fn reason(&self) -> String {
        match self {
            Self::File { source, .. } => source.to_string(),
            Self::NoDocument { reason, .. } | Self::Misplaced { reason, .. } => reason.clone(),
        }
    }

    /// What becomes of an error in reading or writing the file at `path`.
    pub(crate) fn at(path: &str) -> impl FnOnce(io::Error) -> Self + use<> {
        let path = path.to_owned();
        move |source| Self::File { path, source }
    }
}
