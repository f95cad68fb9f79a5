//! Goes through the steps of a definition and makes those of an instance.

use std::cell::RefCell;
use std::collections::HashMap;

use lorch_types::condition::Condition;
use lorch_types::diagnostic::{Code, Diagnostic, Part};
use lorch_types::job::{
    DispatchOp, JobDef, JobId, JobInstance, JobStepInstance, Op, PhaseId, StepDef, StepPath,
};
use lorch_types::json::Value;
use lorch_types::pointer::Pointer;
use lorch_types::{Digest, SmolStr};

use crate::bindings::{Bindings, Miss, Payload};
use crate::code;
use crate::condition;
use crate::definition::{Definition, Draft, Unread, read_draft};
use crate::inputs::{CTX_FILE, Inputs, PAYLOAD_FILE};
use crate::job_run::Library;
use crate::known::{Known, State};
use crate::limits::{Budget, MAX_STEPS, PARAMS_DEPTH};
use crate::report::{Path, Problem, Report};
use crate::schema::{Extent, Schema, Violation};

/// What compiling gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compiled {
    /// The compiled job.
    pub instance: JobInstance,
    /// What is right, but probably not what was meant.
    pub warnings: Vec<Diagnostic>,
}

/// Compiles `definition` to the fixed list of its steps.
///
/// A diagnostic without a file is about the definition; others name [`PAYLOAD_FILE`], [`CTX_FILE`] or
/// the file of a nested job.
///
/// # Errors
/// Everything that is wrong, with the warnings.
pub fn compile(definition: Definition, inputs: &Inputs<'_>) -> Result<Compiled, Vec<Diagnostic>> {
    let Definition { job, sha256 } = definition;
    compile_draft(job.into(), sha256, inputs, Report::default())
}

/// Reads and compiles the definition that `document` is.
///
/// Where its structure is wrong, the steps that can be read are compiled all the same, so that the
/// mistakes in their references and conditions are said at once too. It is [`compile`] for a whole
/// definition.
///
/// # Errors
/// Everything that is wrong, with the warnings.
pub fn compile_document(document: Value, inputs: &Inputs<'_>) -> Result<Compiled, Vec<Diagnostic>> {
    let sha256 = Digest::of(&document);
    let mut report = Report::default();
    match read_draft(document, &mut report) {
        Some(draft) => compile_draft(draft, sha256, inputs, report),
        None => Err(report.finish().err().unwrap_or_default()),
    }
}

/// Compiles a draft; `report` has what is wrong with the rest of it.
fn compile_draft(
    draft: Draft,
    sha256: Digest,
    inputs: &Inputs<'_>,
    report: Report,
) -> Result<Compiled, Vec<Diagnostic>> {
    let Draft { job, places, unread } = draft;
    let mut compiler = Compiler {
        report,
        budget: Budget::new(inputs.limits),
        library: Library::new(inputs.definitions),
        steps: Vec::with_capacity(job.steps.len()),
        filled: String::new(),
        inlined: 0,
        stopped: false,
    };
    let ctx_schema = compiler.schema(&job, SchemaOf::Ctx, None);
    let payload_schema = compiler.schema(&job, SchemaOf::Payload, None);
    let ctx = ctx_schema.as_ref().map(|schema| schema.with_defaults(inputs.ctx));
    let payload = payload_schema.as_ref().map(|schema| schema.with_defaults(inputs.payload));
    let ctx = ctx.as_deref().unwrap_or(inputs.ctx);
    let payload = payload.as_deref().unwrap_or(inputs.payload);
    compiler.check(ctx_schema.as_ref(), ctx, inputs.ctx, SchemaOf::Ctx, None);
    compiler.check(payload_schema.as_ref(), payload, inputs.payload, SchemaOf::Payload, None);

    let JobDef { job_id, version, steps, .. } = job;
    let frame = Frame {
        job_id: &job_id,
        file: None,
        places: &places,
        prefix: None,
        bindings: Bindings { ctx, payload: Payload::given(payload) },
        skipped: false,
        continue_on_error: None,
        phase_id: None,
        around: None,
        depth: 0,
        decided: Decided::default(),
    };
    compiler.steps(steps, unread, &frame);
    compiler.warn_of_unused(&frame, inputs.payload);
    let instance = JobInstance {
        job_id: job_id.clone(),
        job_version: version,
        job_def_sha256: sha256,
        compiled_at: inputs.compiled_at,
        steps: compiler.steps,
    };
    if !compiler.report.has_errors()
        && let Err(problem) = compiler.budget.check(&instance)
    {
        compiler.report.add("the job", problem.into_error(Pointer::root()));
    }
    let warnings = compiler.report.finish()?;
    Ok(Compiled { instance, warnings })
}

/// What is threaded through compiling one definition and the jobs nested in it.
pub(crate) struct Compiler<'a> {
    pub(crate) report: Report,
    pub(crate) budget: Budget,
    pub(crate) library: Library<'a>,
    steps: Vec<JobStepInstance>,
    /// Where a template is filled in; kept, so that its memory is.
    pub(crate) filled: String,
    /// How many `job.run` steps have been put to their jobs.
    pub(crate) inlined: usize,
    /// Whether going on is of no use: a limit is exceeded.
    stopped: bool,
}

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

    fn remember(&self, text: &SmolStr, holds: bool) {
        let mut decided = self.0.borrow_mut();
        if decided.len() < Self::MAX {
            decided.insert(text.clone(), holds);
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

/// Which of the two schemas of a definition.
#[derive(Clone, Copy)]
pub(crate) enum SchemaOf {
    Ctx,
    Payload,
}

impl SchemaOf {
    pub(crate) const fn field(self) -> &'static str {
        match self {
            Self::Ctx => "ctx_schema",
            Self::Payload => "payload_schema",
        }
    }

    pub(crate) const fn subject(self) -> &'static str {
        match self {
            Self::Ctx => CTX_FILE,
            Self::Payload => PAYLOAD_FILE,
        }
    }

    pub(crate) const fn violated(self) -> Code {
        match self {
            Self::Ctx => code::CTX_SCHEMA,
            Self::Payload => code::PAYLOAD_SCHEMA,
        }
    }
}

impl Compiler<'_> {
    /// Compiles the steps of one job, and returns what is known of them.
    pub(crate) fn steps(
        &mut self,
        steps: Vec<StepDef>,
        unread: Unread,
        frame: &Frame<'_>,
    ) -> Known {
        let (mut known, duplicates) = Known::new(&steps, unread);
        for index in duplicates {
            self.duplicate(&steps, index, frame);
        }
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

    fn duplicate(&mut self, steps: &[StepDef], index: usize, frame: &Frame<'_>) {
        let Some(step) = steps.get(index) else { return };
        let message = format!("another step has the name `{}`", step.step_id);
        let steps = Path::Key(&Path::Root, "steps");
        let step = Path::Index(&steps, index);
        let problem = Problem::new(code::DUPLICATE_STEP, message);
        let mut diagnostic = problem.into_error(Path::Key(&step, "step_id").pointer());
        diagnostic.file = frame.file.cloned();
        self.report.add("", diagnostic);
    }

    fn step(&mut self, mut step: StepDef, index: usize, frame: &Frame<'_>, known: &Known) -> State {
        let name = match frame.prefix {
            Some(prefix) => prefix.child(&step.step_id),
            None => step.step_id.clone().into(),
        };
        let mut site = Site { frame, known, index, name: &name, skipped: frame.skipped };
        if let Some(condition) = step.condition.take() {
            site.skipped = self.is_skipped(&condition, &site);
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
    fn is_skipped(&mut self, text: &SmolStr, site: &Site<'_>) -> bool {
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
    fn dispatch(&mut self, mut step: StepDef, op: DispatchOp, site: &Site<'_>) {
        let steps = Path::Key(&Path::Root, "steps");
        let path = Path::Index(&steps, site.index);
        if self.steps.len() >= MAX_STEPS {
            let message = format!("the instance has more than {MAX_STEPS} steps");
            return self.stop(site, &path, Problem::new(code::TOO_MANY_STEPS, message));
        }
        let phase_id = step.phase_id.take().or_else(|| site.frame.phase_id.cloned());
        let labels = site.name.as_str().len() + phase_id.as_ref().map_or(0, |it| it.as_str().len());
        if let Err(problem) = self.budget.spend(labels) {
            return self.stop(site, &path, problem);
        }
        let params = Path::Key(&path, "params");
        self.substitute_members(&mut step.params, site, &params, PARAMS_DEPTH);
        let idempotency = self.idempotency(step.idempotency, &op, &step.params, site);
        self.steps.push(JobStepInstance {
            step_id: site.name.clone(),
            op,
            params: step.params,
            phase_id,
            timeout_s: step.timeout_s,
            continue_on_error: site.frame.continue_on_error.or(step.continue_on_error),
            compiled_skip: site.skipped,
            idempotency,
        });
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

    /// The schema that the definition has, if it has one that can be read.
    pub(crate) fn schema(
        &mut self,
        job: &JobDef,
        of: SchemaOf,
        file: Option<&SmolStr>,
    ) -> Option<Schema> {
        let schema = match of {
            SchemaOf::Ctx => job.ctx_schema.as_ref(),
            SchemaOf::Payload => job.payload_schema.as_ref(),
        };
        match Schema::read(schema?) {
            Ok(schema) => Some(schema),
            Err(violation) => {
                let mut pointer = Pointer::root().join(of.field());
                violation.pointer.tokens().for_each(|token| pointer.push(token));
                let message = format!("it is no Draft-07 schema: {}", violation.message);
                let problem = Problem::new(code::BAD_SCHEMA, message).with_help(violation.help);
                let mut diagnostic = problem.into_error(pointer);
                diagnostic.file = file.cloned();
                self.report.add(&format!("`{}`", of.field()), diagnostic);
                None
            }
        }
    }

    /// Reports what of the ctx or payload `value` does not satisfy its schema; what was not `given` is
    /// a default, and its schema, in the definition in `file`, is at fault.
    pub(crate) fn check(
        &mut self,
        schema: Option<&Schema>,
        value: &Value,
        given: &Value,
        of: SchemaOf,
        file: Option<&SmolStr>,
    ) {
        let Some(schema) = schema else { return };
        for violation in schema.violations(value, Extent::Whole) {
            let Violation { pointer, part, message, help } = violation;
            let default = pointer.tokens().next().filter(|key| given.get(key).is_none());
            if let Some(key) = default.filter(|key| value.get(key).is_some()) {
                let place = Pointer::root().join(of.field()).join("properties").join(key);
                let problem = Problem::new(of.violated(), message).with_help(help);
                let subject =
                    format!("the default of `{}` in `{}`", key.escape_debug(), of.field());
                let mut diagnostic = problem.into_error(place.join("default"));
                diagnostic.file = file.cloned();
                self.report.add(&subject, diagnostic);
                continue;
            }
            let subject = if pointer.is_root() || part == Part::Key {
                format!("the {}", of.subject())
            } else {
                format!("the {} at `{pointer}`", of.subject())
            };
            let problem = Problem::new(of.violated(), message).with_help(help);
            let diagnostic = problem.into_error(pointer).about(part).in_file(of.subject());
            self.report.add(&subject, diagnostic);
        }
    }

    fn warn_of_unused(&mut self, frame: &Frame<'_>, given: &Value) {
        if self.report.has_errors() {
            return;
        }
        for key in frame.bindings.payload.unused() {
            if given.get(key).is_none() {
                continue;
            }
            let message = format!("nothing refers to `{}`", key.escape_debug());
            let pointer = Pointer::root().join(key);
            let warning = Diagnostic::warning(code::UNUSED_PAYLOAD, pointer, message)
                .about(Part::Key)
                .in_file(PAYLOAD_FILE);
            self.report.add("the payload", warning);
        }
    }
}
