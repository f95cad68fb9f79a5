//! The documents of the job family.
//!
//! [`JobDef`] is what a person writes; compiling it gives a [`JobInstance`]; a run of that has a
//! [`RunRecord`], dispatches a [`StepManifest`] per step and leaves [`AttemptRecord`]s with a
//! [`StepOutcome`] per step.

mod attempt;
mod definition;
mod error;
mod id;
mod idempotency;
mod instance;
mod manifest;
mod op;
mod run;
mod transition;

pub use attempt::{AttemptRecord, AttemptStatus, StepOutcome, StepStatus};
pub use definition::{JobDef, StepDef};
pub use error::{ErrorCode, ErrorInfo};
pub use id::{JobId, PhaseId, RunId, StepId, StepPath, Version};
pub use idempotency::{CompiledIdempotency, Idempotency, Scope};
pub use instance::{InstanceHead, InstanceWriter, JobInstance, JobStepInstance, StepRest};
pub use manifest::StepManifest;
pub use op::{Backend, DispatchOp, Op, OpFamily, OpName};
pub(crate) use op::{DISPATCH_OP_RULE, OP_RULE};
pub use run::RunRecord;
pub use transition::{AttemptEvent, StepEvent};
