//! Why a run cannot go on.

use lorch_store::StoreError;
use lorch_types::job::{JobId, StepPath};

/// Why a run could not be started, resumed or recorded.
///
/// A step that fails is none of these: it is recorded, and the attempt ends with it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EngineError {
    /// The store refused or failed; what it recorded before stays.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The record names another job, or another definition of it, than the instance.
    #[error(
        "the record is of job `{record}` and the instance of `{instance}`, or their definitions differ"
    )]
    OtherJob {
        /// The job of the record.
        record: JobId,
        /// The job of the instance.
        instance: JobId,
    },
    /// Two steps of the instance have one name, so that nobody can tell whose output is whose.
    #[error("two steps of the instance have the name `{step_id}`")]
    RepeatedStep {
        /// The name.
        step_id: StepPath,
    },
    /// The system gave no thread to renew the lease.
    #[error("the lease cannot be renewed: the system gave no thread")]
    Thread(#[source] std::io::Error),
    /// A manifest has no JSON form, which its type rules out.
    #[error("a manifest cannot be written")]
    Manifest(#[from] lorch_types::json::ToValueError),
}
