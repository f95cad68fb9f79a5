//! A job file on its way to an instance that can run: read, compiled, checked.

use std::path::Path;

use lorch_compile::{
    CTX_FILE, Compiled, Definition, Inputs, PAYLOAD_FILE, compile, read_definition,
};
use lorch_types::Timestamp;
use lorch_types::diagnostic::{Color, Diagnostic, Severity, Source, render};
use lorch_types::job::{JobInstance, JobStepInstance, Op, StepDef};
use lorch_types::json::{Limits, Value};
use lorch_types::pointer::Pointer;

use crate::exit::Failure;
use crate::input::read_source;
use crate::job_folder::JobFolder;
use crate::job_inputs::Input;
use crate::policy::Policy;
use crate::terminal::tell;

/// What a job is prepared with.
pub(crate) struct Preparation<'a> {
    /// What `@ctx` names.
    pub(crate) ctx: &'a Input,
    /// What `@payload` names.
    pub(crate) payload: &'a Input,
    /// The folder of nested jobs.
    pub(crate) job_dir: &'a Path,
    /// When it is compiled.
    pub(crate) at: Timestamp,
    /// How large documents may be.
    pub(crate) limits: Limits,
    /// What the backends have and allow; `None` compiles only.
    pub(crate) policy: Option<&'a Policy>,
}

/// What came of preparing a job.
#[derive(Debug)]
pub(crate) struct Prepared {
    /// The instance, unless anything is wrong.
    pub(crate) instance: Option<JobInstance>,
    /// What is wrong, or looks so.
    pub(crate) diagnostics: Vec<Diagnostic>,
    /// The texts in which the diagnostics stand, the job file first.
    pub(crate) sources: Vec<Source>,
}

/// Reads, compiles and checks the job in `file`.
pub(crate) fn prepare(file: &Path, with: &Preparation<'_>) -> Result<Prepared, Failure> {
    let source = read_source(file, with.limits)?;
    let folder = JobFolder::new(with.job_dir.to_path_buf(), with.limits);
    let outcome = instance(&source, &folder, with);
    let mut sources = vec![source];
    sources.extend(folder.into_sources());
    sources.extend([with.ctx.source.clone(), with.payload.source.clone()]);
    let (instance, mut diagnostics) = match outcome {
        Ok((instance, warnings)) => (Some(instance), warnings),
        Err(diagnostics) => (None, diagnostics),
    };
    for diagnostic in &mut diagnostics {
        match diagnostic.file.as_deref() {
            Some(CTX_FILE) => diagnostic.file = Some(with.ctx.source.name.as_str().into()),
            Some(PAYLOAD_FILE) => diagnostic.file = Some(with.payload.source.name.as_str().into()),
            _ => {}
        }
    }
    Ok(Prepared { instance, diagnostics, sources })
}

impl Prepared {
    /// The instance; tells people what is wrong or looks so.
    pub(crate) fn told(self, color: Color) -> Result<JobInstance, Failure> {
        if !self.diagnostics.is_empty() {
            tell(&render(&self.diagnostics, &self.sources, color));
        }
        self.instance.ok_or(Failure::Reported)
    }

    /// How many errors there are.
    pub(crate) fn errors(&self) -> usize {
        self.diagnostics.iter().filter(|it| it.severity == Severity::Error).count()
    }
}

fn instance(
    source: &Source,
    folder: &JobFolder,
    with: &Preparation<'_>,
) -> Result<(JobInstance, Vec<Diagnostic>), Vec<Diagnostic>> {
    let document = source.read(with.limits).map_err(|error| vec![error.diagnostic()])?;
    let definition = read_definition(document)?;
    let inputs = Inputs {
        ctx: &with.ctx.value,
        payload: &with.payload.value,
        definitions: folder,
        compiled_at: with.at,
        limits: with.limits,
    };
    let written = with.policy.map(|policy| (policy, definition.clone()));
    let Compiled { instance, mut warnings } = compile(definition, &inputs)?;
    if let Some((policy, definition)) = written {
        let mut found = Vec::new();
        for (index, step) in instance.steps.iter().enumerate() {
            if step.compiled_skip {
                continue;
            }
            let before = instance.steps.get(..index).unwrap_or_default();
            let problems = policy.check(step, before);
            found.extend(problems.into_iter().map(|it| placed(it, step, &definition, folder)));
        }
        let refused = found.iter().any(|it| it.severity == Severity::Error);
        warnings.extend(found);
        if refused {
            return Err(warnings);
        }
    }
    Ok((instance, warnings))
}

/// A diagnostic about the params of a step, at the place where an author wrote them.
fn placed(
    mut diagnostic: Diagnostic,
    step: &JobStepInstance,
    definition: &Definition,
    folder: &JobFolder,
) -> Diagnostic {
    let is_op = diagnostic.code.0 == "L0901";
    diagnostic.message = format!("step `{}`: {}", step.step_id, diagnostic.message);
    let Some((file, index)) = written_at(step, definition, folder) else { return diagnostic };
    let mut pointer = Pointer::root().join("steps").join(index);
    if is_op {
        pointer.push("op");
    } else {
        pointer.push("params");
        diagnostic.pointer.tokens().for_each(|token| pointer.push(token));
    }
    diagnostic.pointer = pointer;
    diagnostic.file = file;
    diagnostic
}

/// The file, unless it is the first, and the place in it of the definition of a step.
fn written_at(
    step: &JobStepInstance,
    definition: &Definition,
    folder: &JobFolder,
) -> Option<(Option<lorch_types::SmolStr>, usize)> {
    let mut names = step.step_id.as_str().split('/').peekable();
    let (mut file, mut definition) = (None, definition.clone());
    loop {
        let name = names.next()?;
        let is_named = |step: &StepDef| step.step_id.as_str() == name;
        let index = definition.job.steps.iter().position(is_named)?;
        if names.peek().is_none() {
            return Some((file, index));
        }
        let call = definition.job.steps.get(index).filter(|step| step.op == Op::JobRun)?;
        let job_id = call.params.get("job_id").and_then(Value::as_str)?.parse().ok()?;
        let (name, nested) = folder.known(&job_id)?;
        (file, definition) = (Some(name), nested);
    }
}
