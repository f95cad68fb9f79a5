//! What the backends say of the steps of a job, at the places where an author wrote them.

use std::collections::{HashMap, HashSet};

use lorch_compile::Definition;
use lorch_types::SmolStr;
use lorch_types::diagnostic::{Code, Diagnostic, Severity};
use lorch_types::job::{JobDef, JobId, JobInstance, JobStepInstance, Op, StepDef};
use lorch_types::pointer::Pointer;
use lorch_types::template::Expression;

use crate::job_folder::JobFolder;
use crate::policy::{Policy, may_write_files};

/// How many errors, and how many warnings, are reported before the rest is left out.
const MAX_REPORTED: usize = 1000;

/// There are more than that.
const TOO_MANY: Code = Code("L0804");

/// The operation of a step is none.
const UNKNOWN_OP: &str = "L0901";

/// What is wrong with the steps of a compiled job, or looks so.
pub(crate) fn check_instance(
    instance: &JobInstance,
    definition: &Definition,
    folder: &JobFolder,
    policy: &Policy,
) -> Vec<Diagnostic> {
    let mut places = Places::new(definition, folder);
    let mut found = Found::default();
    let mut files_may_come = false;
    for step in instance.steps.iter().filter(|step| !step.compiled_skip) {
        if found.is_full() {
            break;
        }
        let said = policy.check(&step.op, &step.params, Expression::parse_compiled, files_may_come);
        if !said.is_empty() {
            let place = places.of(step);
            for diagnostic in said {
                let named = named(diagnostic, step.step_id.as_str());
                found.add(match &place {
                    Some((file, index)) => placed(named, file.as_ref(), *index),
                    None => named,
                });
            }
        }
        files_may_come |= may_write_files(&step.op);
    }
    found.all
}

/// What is wrong with the steps of a job that does not compile, besides what `compiling` says.
///
/// Of values that are not literals nothing is known, and nothing of steps that may be skipped.
pub(crate) fn check_definition(
    definition: &Definition,
    folder: &JobFolder,
    policy: &Policy,
    compiling: &[Diagnostic],
) -> Vec<Diagnostic> {
    let errors = compiling.iter().filter(|it| it.severity == Severity::Error).count();
    let mut walk = Walk {
        folder,
        policy,
        told: compiling.iter().map(|it| (it.file.clone(), it.pointer.clone())).collect(),
        visited: HashSet::new(),
        files_may_come: false,
        found: Found { errors, ..Found::default() },
    };
    walk.job(&definition.job, None, "");
    walk.found.all
}

/// Diagnostics, no more than people can use.
#[derive(Default)]
struct Found {
    all: Vec<Diagnostic>,
    errors: usize,
    warnings: usize,
}

impl Found {
    fn add(&mut self, diagnostic: Diagnostic) {
        let (count, what) = match diagnostic.severity {
            Severity::Error => (&mut self.errors, "errors"),
            Severity::Warning => (&mut self.warnings, "warnings"),
        };
        *count += 1;
        match (*count).cmp(&(MAX_REPORTED + 1)) {
            std::cmp::Ordering::Less => self.all.push(diagnostic),
            std::cmp::Ordering::Equal => {
                let message = format!("more than {MAX_REPORTED} {what}; the rest is not reported");
                let last = Diagnostic::error(TOO_MANY, Pointer::root(), message);
                self.all.push(Diagnostic { severity: diagnostic.severity, ..last });
            }
            std::cmp::Ordering::Greater => {}
        }
    }

    /// Whether looking for more is of no use.
    fn is_full(&self) -> bool {
        self.errors > MAX_REPORTED
    }
}

/// The steps of a definition and of those it calls.
struct Walk<'a> {
    folder: &'a JobFolder,
    policy: &'a Policy,
    told: HashSet<(Option<SmolStr>, Pointer)>,
    visited: HashSet<JobId>,
    files_may_come: bool,
    found: Found,
}

impl Walk<'_> {
    fn job(&mut self, job: &JobDef, file: Option<&SmolStr>, prefix: &str) {
        for (index, step) in job.steps.iter().enumerate() {
            if self.found.is_full() {
                return;
            }
            let name = format!("{prefix}{}", step.step_id);
            match &step.op {
                Op::Dispatch(op) => {
                    if step.condition.is_none() {
                        let (parse, files) = (Expression::parse, self.files_may_come);
                        for diagnostic in self.policy.check(op, &step.params, parse, files) {
                            self.add(placed(named(diagnostic, &name), file, index));
                        }
                    }
                    self.files_may_come |= may_write_files(op);
                }
                Op::JobRun => {
                    let nested = called(step).filter(|_| step.condition.is_none());
                    let nested = nested.filter(|job_id| self.visited.insert(job_id.clone()));
                    if let Some((file, nested)) = nested.and_then(|it| self.folder.known(&it)) {
                        self.job(&nested.job, Some(&file), &format!("{name}/"));
                    }
                }
            }
        }
    }

    /// Adds an error; of what compiling said already nothing is said twice, and warnings can wait.
    fn add(&mut self, diagnostic: Diagnostic) {
        let place = (diagnostic.file.clone(), diagnostic.pointer.clone());
        if diagnostic.severity == Severity::Error && !self.told.contains(&place) {
            self.found.add(diagnostic);
        }
    }
}

/// Where the steps of an instance are written.
struct Places<'a> {
    folder: &'a JobFolder,
    /// The job that was given, under no name, and those that it calls.
    jobs: HashMap<Option<JobId>, Written>,
}

/// A definition as far as its steps are to be found in it.
struct Written {
    file: Option<SmolStr>,
    /// The index of each step, and the job that it calls.
    steps: HashMap<String, (usize, Option<JobId>)>,
}

impl<'a> Places<'a> {
    fn new(definition: &Definition, folder: &'a JobFolder) -> Self {
        let first = Written::new(None, &definition.job);
        Self { folder, jobs: HashMap::from([(None, first)]) }
    }

    /// The file, unless it is the first, and the index in it of the definition of `step`.
    fn of(&mut self, step: &JobStepInstance) -> Option<(Option<SmolStr>, usize)> {
        let mut names = step.step_id.as_str().split('/').peekable();
        let mut job = None;
        loop {
            let name = names.next()?;
            let written = self.jobs.get(&job)?;
            let (index, called) = written.steps.get(name)?;
            if names.peek().is_none() {
                return Some((written.file.clone(), *index));
            }
            let called = called.clone()?;
            if !self.jobs.contains_key(&Some(called.clone())) {
                let (file, nested) = self.folder.known(&called)?;
                self.jobs.insert(Some(called.clone()), Written::new(Some(file), &nested.job));
            }
            job = Some(called);
        }
    }
}

impl Written {
    fn new(file: Option<SmolStr>, job: &JobDef) -> Self {
        let steps = job.steps.iter().enumerate();
        let steps = steps.map(|(index, step)| (step.step_id.to_string(), (index, called(step))));
        Self { file, steps: steps.collect() }
    }
}

/// The job that a step calls.
fn called(step: &StepDef) -> Option<JobId> {
    let job_id = step.params.get("job_id").filter(|_| step.op == Op::JobRun)?;
    job_id.as_str()?.parse().ok()
}

fn named(mut diagnostic: Diagnostic, step: &str) -> Diagnostic {
    diagnostic.message = format!("step `{step}`: {}", diagnostic.message);
    diagnostic
}

/// A diagnostic about the params of the step `index`, at its place in the definition.
fn placed(mut diagnostic: Diagnostic, file: Option<&SmolStr>, index: usize) -> Diagnostic {
    let mut pointer = Pointer::root().join("steps").join(index);
    if diagnostic.code.0 == UNKNOWN_OP {
        pointer.push("op");
    } else {
        pointer.push("params");
        diagnostic.pointer.tokens().for_each(|token| pointer.push(token));
    }
    diagnostic.pointer = pointer;
    diagnostic.file = file.cloned();
    diagnostic
}
