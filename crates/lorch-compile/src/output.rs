//! Where compiled steps go: into an instance that is kept, or at once into its text.

use lorch_types::job::{DispatchOp, InstanceWriter, JobInstance, JobStepInstance, StepPath};
use lorch_types::json::{Value, Writer};

/// What takes the steps of an instance, in their order.
pub(crate) enum Output<'o> {
    /// Keeps them.
    Instance(&'o mut JobInstance),
    /// Writes their text.
    Text(&'o mut InstanceWriter),
}

impl Output<'_> {
    /// Begins the next step; what is returned takes its params.
    pub(crate) fn begin_step(&mut self, step_id: &StepPath, op: &DispatchOp) -> Writer {
        match self {
            Self::Instance(_) => Writer::of_value(),
            Self::Text(writer) => writer.begin_step(step_id, op),
        }
    }

    /// Ends the step begun last: `params` has taken its params, `step` has the rest.
    pub(crate) fn end_step(&mut self, params: Writer, mut step: JobStepInstance) {
        match self {
            Self::Instance(instance) => {
                if let Value::Object(params) = params.into_value() {
                    step.params = params;
                }
                instance.steps.push(step);
            }
            Self::Text(writer) => writer.end_step(params, &(&step).into()),
        }
    }

    /// How many steps there are so far.
    pub(crate) fn steps(&self) -> usize {
        match self {
            Self::Instance(instance) => instance.steps.len(),
            Self::Text(writer) => writer.steps(),
        }
    }

    /// How many bytes the text of the instance has.
    pub(crate) fn text_length(&self) -> usize {
        match self {
            Self::Instance(instance) => {
                let mut text = String::new();
                instance.write_json(&mut text);
                text.len()
            }
            Self::Text(writer) => writer.text_length(),
        }
    }
}
