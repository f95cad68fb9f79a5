//! Goes through the steps of a definition and makes those of an instance.

use std::cell::RefCell;
use std::collections::HashMap;

use lorch_types::SmolStr;
use lorch_types::condition::Condition;
use lorch_types::diagnostic::Diagnostic;
use lorch_types::job::{DispatchOp, JobId, JobStepInstance, Op, PhaseId, StepPath};
use lorch_types::json::{ArrayView, Object, ObjectView, Value, View, Writer};

use crate::bindings::{Bindings, Miss};
use crate::code;
use crate::compile::Compiler;
use crate::condition;
use crate::definition::{Names, Step, read_step};
use crate::idempotency::EXPLICIT_KEY;
use crate::known::{Known, State};
use crate::limits::{MAX_STEPS, PARAMS_DEPTH};
use crate::report::{Path, Problem};

/// One job being compiled, in one place.
pub(crate) struct Frame<'a> {
    pub(crate) job_id: &'a JobId,
    /// The name of its definition's file; `None` for the definition given.
    pub(crate) file: Option<&'a SmolStr>,
    /// Where its steps stand in the document, when some of that could not be read.
    pub(crate) places: &'a [usize],
    /// The step in whose place it stands.
    pub(crate) prefix: Option<&'a StepPath>,
    pub(crate) bindings: Bindings<'a>,
    /// Whether the step in whose place it stands is skipped.
    pub(crate) skipped: bool,
    pub(crate) continue_on_error: Option<bool>,
    pub(crate) phase_id: Option<&'a PhaseId>,
    /// The job that it is nested in.
    pub(crate) around: Option<&'a Frame<'a>>,
    /// How many jobs it is nested in.
    pub(crate) depth: usize,
    /// What conditions were decided to be: steps often have the same.
    pub(crate) decided: Decided,
}

/// What conditions of one job were decided to be, by their text.
#[derive(Default)]
pub(crate) struct Decided(RefCell<HashMap<SmolStr, bool>>);

impl Decided {
    /// How many conditions are remembered.
    const MAX: usize = 256;

    fn get(&self, text: &str) -> Option<bool> {
        self.0.borrow().get(text).copied()
    }

    fn remember(&self, text: &str, holds: bool) {
        let mut decided = self.0.borrow_mut();
        if decided.len() < Self::MAX {
            decided.insert(text.into(), holds);
        }
    }
}

/// One step being compiled.
pub(crate) struct Site<'a> {
    pub(crate) frame: &'a Frame<'a>,
    pub(crate) known: &'a Known,
    /// Its position in the definition.
    pub(crate) index: usize,
    pub(crate) name: &'a StepPath,
    pub(crate) skipped: bool,
}

impl Compiler<'_> {
    /// Compiles the steps of one job, and returns what is known of them.
    pub(crate) fn steps(&mut self, steps: Vec<Step<'_>>, names: Names, frame: &Frame<'_>) -> Known {
        for index in &names.duplicates {
            self.duplicate(&steps, *index, frame);
        }
        let mut known = Known::new(names);
        for (index, step) in steps.into_iter().enumerate() {
            if self.stopped || self.report.is_full() {
                break;
            }
            let place = frame.places.get(index).copied().unwrap_or(index);
            let state = self.step(step, place, frame, &known);
            known.push(state);
        }
        known
    }

    /// Reads and compiles one step after the other, until something is wrong; returns whether nothing
    /// was.
    ///
    /// Names of later steps are not known then: whatever is said of a reference to one is of no use.
    pub(crate) fn steps_as_read(&mut self, items: ArrayView<'_>, frame: &Frame<'_>) -> bool {
        let mut names = Names::default();
        names.positions.reserve(items.len());
        let mut known = Known::new(names);
        let list = Path::Key(&Path::Root, "steps");
        for (index, item) in items.iter().enumerate() {
            let name = item.get("step_id").and_then(View::as_str);
            let path = Path::Index(&list, index);
            let step = read_step(item, name, index, known.names_mut(), path, &mut self.report);
            let Some(step) = step.filter(|_| !self.report.has_errors()) else { return false };
            let state = self.step(step, index, frame, &known);
            known.push(state);
        }
        !self.report.has_errors()
    }

    fn duplicate(&mut self, steps: &[Step<'_>], index: usize, frame: &Frame<'_>) {
        let Some(step) = steps.get(index) else { return };
        let message = format!("another step has the name `{}`", step.step_id);
        let steps = Path::Key(&Path::Root, "steps");
        let step = Path::Index(&steps, index);
        let problem = Problem::new(code::DUPLICATE_STEP, message);
        let mut diagnostic = problem.into_error(Path::Key(&step, "step_id").pointer());
        diagnostic.file = frame.file.cloned();
        self.report.add("", diagnostic);
    }

    fn step(
        &mut self,
        mut step: Step<'_>,
        index: usize,
        frame: &Frame<'_>,
        known: &Known,
    ) -> State {
        let name = match frame.prefix {
            Some(prefix) => prefix.child(&step.step_id),
            None => step.step_id.clone().into(),
        };
        let mut site = Site { frame, known, index, name: &name, skipped: frame.skipped };
        if let Some(condition) = step.condition.take() {
            site.skipped = self.is_skipped(condition, &site);
        }
        match std::mem::replace(&mut step.op, Op::JobRun) {
            Op::JobRun => self.job_run(step, &site),
            Op::Dispatch(op) => {
                let skipped = site.skipped;
                self.dispatch(step, op, &site);
                State::Step { skipped }
            }
        }
    }

    /// Whether the condition skips the step; one that is wrong does not.
    fn is_skipped(&mut self, text: &str, site: &Site<'_>) -> bool {
        if let Some(holds) = site.frame.decided.get(text) {
            return site.skipped || !holds;
        }
        let steps = Path::Key(&Path::Root, "steps");
        let step = Path::Index(&steps, site.index);
        let path = Path::Key(&step, "if");
        let condition = match Condition::parse(text) {
            Ok(condition) => condition,
            Err(error) => {
                let mut problem = Problem::new(error.code(), error.to_string());
                problem.help = error.help();
                self.fail(site, &path, problem.within(error.span));
                return site.skipped;
            }
        };
        let bindings = &site.frame.bindings;
        let misplaced = condition::misplaced_references(&condition, bindings);
        if !misplaced.is_empty() {
            for problem in misplaced {
                self.fail(site, &path, problem);
            }
            return site.skipped;
        }
        let constant = condition::constant(&condition);
        if let Some(value) = constant {
            let message = format!("the condition is always {value}");
            let help = if value { "leave `if` out" } else { "leave the step out" };
            let warning = Diagnostic::warning(code::CONSTANT_CONDITION, path.pointer(), message)
                .with_help(help);
            self.say(site, warning);
        }
        if site.skipped {
            return true;
        }
        match condition::decide(&condition, bindings) {
            Ok(holds) => {
                // Each step with a constant condition is warned of.
                if constant.is_none() {
                    site.frame.decided.remember(text, holds);
                }
                !holds
            }
            Err(Miss::Problem(problem)) => {
                self.fail(site, &path, *problem);
                false
            }
            Err(Miss::Reported) => false,
        }
    }

    /// Compiles a step that a backend performs.
    fn dispatch(&mut self, mut step: Step<'_>, op: DispatchOp, site: &Site<'_>) {
        let steps = Path::Key(&Path::Root, "steps");
        let path = Path::Index(&steps, site.index);
        if self.output.steps() >= MAX_STEPS {
            let message = format!("the instance has more than {MAX_STEPS} steps");
            return self.stop(site, &path, Problem::new(code::TOO_MANY_STEPS, message));
        }
        let phase_id = step.phase_id.take().or_else(|| site.frame.phase_id.cloned());
        let labels = site.name.as_str().len() + phase_id.as_ref().map_or(0, |it| it.as_str().len());
        if let Err(problem) = self.budget.spend(labels) {
            return self.stop(site, &path, problem);
        }
        let mut params = self.output.begin_step(site.name, &op);
        let explicit_key = self.params(step.params, site, &path, &mut params);
        let idempotency = self.idempotency(step.idempotency, &op, explicit_key.as_ref(), site);
        let rest = JobStepInstance {
            step_id: site.name.clone(),
            op,
            params: Object::new(),
            phase_id,
            timeout_s: step.timeout_s,
            continue_on_error: site.frame.continue_on_error.or(step.continue_on_error),
            compiled_skip: site.skipped,
            idempotency,
        };
        self.output.end_step(params, rest);
    }

    /// Writes the params of a step, and returns the compiled one that may be its idempotency key.
    fn params(
        &mut self,
        params: ObjectView<'_>,
        site: &Site<'_>,
        step: &Path<'_>,
        out: &mut Writer,
    ) -> Option<Value> {
        let around = Path::Key(step, "params");
        let mut explicit_key = None;
        out.begin_object();
        for (key, value) in params.iter() {
            self.spend(key.len(), site, &around);
            out.key(key);
            let path = Path::Key(&around, &key);
            if key.as_str() == EXPLICIT_KEY {
                let value = self.substituted(value, site, &path, PARAMS_DEPTH + 1);
                out.value((&value).into());
                explicit_key = Some(value);
            } else {
                self.substitute(value, site, &path, PARAMS_DEPTH + 1, out);
            }
        }
        out.end_object();
        explicit_key
    }

    /// Reports an error at a value of a step.
    pub(crate) fn fail(&mut self, site: &Site<'_>, path: &Path<'_>, problem: Problem) {
        self.say(site, problem.into_error(path.pointer()));
    }

    /// Reports something about a step.
    pub(crate) fn say(&mut self, site: &Site<'_>, mut diagnostic: Diagnostic) {
        diagnostic.file = site.frame.file.cloned();
        self.report.add(&format!("step `{}`", site.name), diagnostic);
    }

    /// Reports that a limit is exceeded; only the first such error is of use.
    pub(crate) fn stop(&mut self, site: &Site<'_>, path: &Path<'_>, problem: Problem) {
        if !self.stopped {
            self.stopped = true;
            self.fail(site, path, problem);
        }
    }
}
