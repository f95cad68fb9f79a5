//! What compiling is given beside the definition.

use lorch_types::diagnostic::Diagnostic;
use lorch_types::job::JobId;
use lorch_types::json::{Limits, Value};
use lorch_types::{SmolStr, Timestamp};

use crate::Definition;

/// The file that a [`Diagnostic`] about the payload names; whoever has its real name puts it there.
pub const PAYLOAD_FILE: &str = "payload";
/// The file that a [`Diagnostic`] about the ctx names.
pub const CTX_FILE: &str = "ctx";

/// What a definition is compiled with.
pub struct Inputs<'a> {
    /// What `@ctx` refers to.
    pub ctx: &'a Value,
    /// What `@payload` refers to.
    pub payload: &'a Value,
    /// The jobs that `job.run` may name.
    pub definitions: &'a dyn Definitions,
    /// What the instance says of when it was compiled.
    pub compiled_at: Timestamp,
    /// What the instance must fit into, so that it can be read back.
    pub limits: Limits,
}

/// Other definitions, by name.
pub trait Definitions {
    /// The definition of the job `job_id`.
    ///
    /// # Errors
    /// When there is none, or it cannot be read.
    fn find(&self, job_id: &JobId) -> Result<Found, FindError>;
}

/// A definition that was found.
#[derive(Clone, Debug)]
pub struct Found {
    /// The name of its file, for diagnostics.
    pub name: SmolStr,
    /// The definition.
    pub definition: Definition,
}

/// Why there is no definition.
#[derive(Clone, Debug, thiserror::Error)]
pub enum FindError {
    /// No definition has this name.
    #[error("there is no such job")]
    NotFound {
        /// The jobs that there are, for a suggestion.
        candidates: Vec<JobId>,
    },
    /// The definition is there, but cannot be read.
    #[error("the definition in `{name}` cannot be read")]
    Invalid {
        /// The name of its file.
        name: SmolStr,
        /// What is wrong with it.
        diagnostics: Vec<Diagnostic>,
    },
}

/// No other definitions.
impl Definitions for () {
    fn find(&self, _: &JobId) -> Result<Found, FindError> {
        Err(FindError::NotFound { candidates: Vec::new() })
    }
}
