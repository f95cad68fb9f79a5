//! What happens while a run goes on, for whoever watches.

use std::sync::Arc;
use std::time::Duration;

use lorch_types::Digest;
use lorch_types::PositiveInteger;
use lorch_types::job::{
    AttemptStatus, DispatchOp, ErrorInfo, JobId, JobStepInstance, RunId, StepPath,
};
use lorch_types::json::Value;

/// Something that happened, told once it is durable.
#[derive(Clone, Debug)]
pub enum Event<'a> {
    /// An attempt began.
    RunStarted {
        /// The run.
        run_id: &'a RunId,
        /// Its job.
        job_id: &'a JobId,
        /// The number of the attempt, from 1.
        attempt_n: PositiveInteger,
        /// How many steps the instance has.
        steps: usize,
    },
    /// A step completed in an earlier attempt and is not dispatched again.
    StepKept {
        /// The step.
        step: &'a JobStepInstance,
        /// The digest of its output.
        output_ref: Digest,
    },
    /// A step is about to be dispatched.
    StepStarted {
        /// The step.
        step: &'a JobStepInstance,
    },
    /// A step gave its output.
    StepCompleted {
        /// The step.
        step: &'a JobStepInstance,
        /// How long the dispatch took.
        duration: Duration,
        /// False when the effect was there already.
        applied: bool,
        /// The digest of the output.
        output_ref: Digest,
        /// The size of the output's text in bytes.
        output_bytes: usize,
        /// The output.
        output: Arc<Value>,
    },
    /// A step failed.
    StepFailed {
        /// The step.
        step: &'a JobStepInstance,
        /// How long the dispatch took; zero when there was none.
        duration: Duration,
        /// Why.
        error: ErrorInfo,
        /// Whether the attempt goes on, as the step has `continue_on_error`.
        continues: bool,
    },
    /// A step was skipped, since its condition was false.
    StepSkipped {
        /// The step.
        step: &'a JobStepInstance,
    },
    /// The attempt ended.
    RunEnded {
        /// The run.
        run_id: &'a RunId,
        /// `completed` or `failed`.
        status: AttemptStatus,
        /// How long the attempt took.
        duration: Duration,
    },
}

impl<'a> Event<'a> {
    /// The step that it is about, if it is about one.
    pub fn step(&self) -> Option<&'a JobStepInstance> {
        match self {
            Self::StepKept { step, .. }
            | Self::StepStarted { step }
            | Self::StepCompleted { step, .. }
            | Self::StepFailed { step, .. }
            | Self::StepSkipped { step } => Some(step),
            Self::RunStarted { .. } | Self::RunEnded { .. } => None,
        }
    }

    /// The name of the step and what it does, if it is about one.
    pub fn step_id_and_op(&self) -> Option<(&'a StepPath, &'a DispatchOp)> {
        self.step().map(|step| (&step.step_id, &step.op))
    }
}

/// Something that watches a run.
pub trait Observer {
    /// Is told what happened, in order.
    fn observe(&mut self, event: &Event<'_>);
}

impl<F: FnMut(&Event<'_>)> Observer for F {
    fn observe(&mut self, event: &Event<'_>) {
        self(event);
    }
}
