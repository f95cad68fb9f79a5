//! The values that `@run` references name: outputs of earlier steps, and the run's own.

use std::borrow::Cow;
use std::cell::OnceCell;

use lorch_types::job::{JobInstance, JobStepInstance, RunId, RunRecord, StepPath};
use lorch_types::json::Value;
use lorch_types::reference::{Reference, Root, Segment};

use crate::error::ManifestErrorKind;
use crate::manifest::Outputs;

/// What one step may refer to.
pub(crate) struct RunValues<'a> {
    instance: &'a JobInstance,
    step: &'a JobStepInstance,
    record: &'a RunRecord,
    outputs: &'a Outputs,
    envelope: OnceCell<Value>,
}

impl<'a> RunValues<'a> {
    pub(crate) fn new(
        instance: &'a JobInstance,
        step: &'a JobStepInstance,
        record: &'a RunRecord,
        outputs: &'a Outputs,
    ) -> Self {
        Self { instance, step, record, outputs, envelope: OnceCell::new() }
    }

    /// The run.
    pub(crate) fn run_id(&self) -> &'a RunId {
        &self.record.run_id
    }

    /// The value that a `@run` reference names.
    pub(crate) fn find(&self, reference: &Reference) -> Result<Cow<'_, Value>, ManifestErrorKind> {
        debug_assert_eq!(reference.root(), Root::Run);
        let own = match reference.path().first().and_then(Segment::as_key) {
            Some("envelope") => {
                let envelope = || Value::Object(self.record.envelope.clone());
                return follow(reference, self.envelope.get_or_init(envelope)).map(Cow::Borrowed);
            }
            Some("run_id") => Value::from(self.record.run_id.as_str()),
            Some("started_at") => Value::from(self.record.started_at.to_string()),
            Some(step) => return self.output(reference, step).map(Cow::Borrowed),
            None => return Err(ManifestErrorKind::NotAStep { reference: reference.clone() }),
        };
        follow(reference, &own).cloned().map(Cow::Owned)
    }

    fn output(&self, reference: &Reference, step: &str) -> Result<&'a Value, ManifestErrorKind> {
        let not_a_step = |_| ManifestErrorKind::NotAStep { reference: reference.clone() };
        let step: StepPath = step.parse().map_err(not_a_step)?;
        match self.outputs.get(&step) {
            Some(output) => follow(reference, output),
            None => Err(self.why_absent(reference.clone(), step)),
        }
    }

    /// Why there is no output of the step that `reference` names.
    fn why_absent(&self, reference: Reference, name: StepPath) -> ManifestErrorKind {
        let steps = &self.instance.steps;
        let mut earlier = steps.iter().take_while(|step| step.step_id != self.step.step_id);
        match earlier.find(|step| step.step_id == name) {
            Some(step) if step.compiled_skip => {
                ManifestErrorKind::SkippedStep { reference, step: name }
            }
            Some(_) => ManifestErrorKind::NoOutput { reference, step: name },
            None if steps.iter().any(|step| step.step_id == name) => {
                ManifestErrorKind::LaterStep { reference, step: name }
            }
            None => ManifestErrorKind::UnknownStep { reference, step: name },
        }
    }
}

/// Follows a reference whose first segment has led to `value`.
fn follow<'v>(reference: &Reference, value: &'v Value) -> Result<&'v Value, ManifestErrorKind> {
    reference
        .follow(1, value)
        .map_err(|lost| ManifestErrorKind::Follow { reference: reference.clone(), lost })
}
