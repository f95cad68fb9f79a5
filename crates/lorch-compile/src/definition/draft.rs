//! A definition as far as it can be read, borrowing from the document what compiling only looks at.

use std::collections::{HashMap, HashSet};

use lorch_types::job::{Idempotency, JobDef, JobId, Op, PhaseId, StepDef, StepId, Version};
use lorch_types::json::ObjectView;
use lorch_types::{PositiveInteger, SmolStr};

/// What can be read of a definition.
pub(crate) struct Draft<'d> {
    /// All but the steps.
    pub(crate) head: Head<'d>,
    /// The steps that can be read.
    pub(crate) steps: Vec<Step<'d>>,
    /// Where those stand in the document; empty when all of them can be read.
    pub(crate) places: Vec<usize>,
    /// What the steps are called.
    pub(crate) names: Names,
}

/// What the steps of a job are called.
#[derive(Default)]
pub(crate) struct Names {
    /// Where the step of each name stands among those that can be read: the first, if there are more.
    pub(crate) positions: HashMap<SmolStr, usize>,
    /// Where steps stand that have the name of an earlier one.
    pub(crate) duplicates: Vec<usize>,
    /// The steps that cannot be read.
    pub(crate) unread: Unread,
}

/// A [`JobDef`] that borrows, without its steps.
pub(crate) struct Head<'d> {
    pub(crate) job_id: JobId,
    pub(crate) version: Version,
    pub(crate) payload_schema: Option<ObjectView<'d>>,
    pub(crate) ctx_schema: Option<ObjectView<'d>>,
}

/// A [`StepDef`] that borrows.
pub(crate) struct Step<'d> {
    pub(crate) step_id: StepId,
    pub(crate) op: Op,
    pub(crate) params: ObjectView<'d>,
    pub(crate) phase_id: Option<PhaseId>,
    pub(crate) timeout_s: Option<PositiveInteger>,
    pub(crate) continue_on_error: Option<bool>,
    pub(crate) condition: Option<&'d str>,
    pub(crate) idempotency: Option<Idempotency>,
}

/// The steps of a definition that cannot be read: whatever is said of their outputs is passed over.
#[derive(Default)]
pub(crate) struct Unread {
    names: HashSet<SmolStr>,
    /// Whether one of them has no name that can be read.
    is_nameless: bool,
}

impl Unread {
    /// Notes a step by its name.
    pub(super) fn add(&mut self, name: &str) {
        self.names.insert(name.into());
    }

    /// Notes a step whose name cannot be read.
    pub(super) fn add_nameless(&mut self) {
        self.is_nameless = true;
    }

    /// Whether `name` may be the name of such a step.
    pub(crate) fn may_be(&self, name: &str) -> bool {
        self.is_nameless || self.names.contains(name)
    }
}

impl Names {
    /// What `steps` are called.
    pub(crate) fn of(steps: &[Step<'_>]) -> Self {
        let mut names = Self::default();
        names.positions.reserve(steps.len());
        for (index, step) in steps.iter().enumerate() {
            if names.note(SmolStr::new(step.step_id.as_str()), index) != index {
                names.duplicates.push(index);
            }
        }
        names
    }

    /// Notes a name; returns where the first step of that name stands.
    pub(super) fn note(&mut self, name: SmolStr, index: usize) -> usize {
        *self.positions.entry(name).or_insert(index)
    }
}

impl<'d> From<&'d JobDef> for Draft<'d> {
    fn from(job: &'d JobDef) -> Self {
        let steps: Vec<Step<'d>> = job.steps.iter().map(Step::from).collect();
        let names = Names::of(&steps);
        Self { head: job.into(), steps, places: Vec::new(), names }
    }
}

impl<'d> From<&'d JobDef> for Head<'d> {
    fn from(job: &'d JobDef) -> Self {
        Self {
            job_id: job.job_id.clone(),
            version: job.version.clone(),
            payload_schema: job.payload_schema.as_ref().map(ObjectView::from),
            ctx_schema: job.ctx_schema.as_ref().map(ObjectView::from),
        }
    }
}

impl<'d> From<&'d StepDef> for Step<'d> {
    fn from(step: &'d StepDef) -> Self {
        Self {
            step_id: step.step_id.clone(),
            op: step.op.clone(),
            params: (&step.params).into(),
            phase_id: step.phase_id.clone(),
            timeout_s: step.timeout_s,
            continue_on_error: step.continue_on_error,
            condition: step.condition.as_deref(),
            idempotency: step.idempotency.clone(),
        }
    }
}

impl From<Draft<'_>> for JobDef {
    fn from(Draft { head, steps, .. }: Draft<'_>) -> Self {
        Self {
            job_id: head.job_id,
            version: head.version,
            steps: steps.into_iter().map(StepDef::from).collect(),
            payload_schema: head.payload_schema.map(ObjectView::to_object),
            ctx_schema: head.ctx_schema.map(ObjectView::to_object),
        }
    }
}

impl From<Step<'_>> for StepDef {
    fn from(step: Step<'_>) -> Self {
        Self {
            step_id: step.step_id,
            op: step.op,
            params: step.params.to_object(),
            phase_id: step.phase_id,
            timeout_s: step.timeout_s,
            continue_on_error: step.continue_on_error,
            condition: step.condition.map(SmolStr::new),
            idempotency: step.idempotency,
        }
    }
}
