//! A job file on its way to an instance that can run: read, compiled, checked.

use std::path::Path;

use lorch_compile::{
    CTX_FILE, Compiled, Definition, Inputs, PAYLOAD_FILE, compile, compile_document,
    compile_to_text, read_definition,
};
use lorch_types::diagnostic::{Code, Color, Diagnostic, Severity, Source, render};
use lorch_types::job::JobInstance;
use lorch_types::json::Limits;
use lorch_types::pointer::Pointer;
use lorch_types::{Kind, Timestamp};
use lorch_validate::detect;

use crate::exit::Failure;
use crate::input::read_job;
use crate::job_folder::JobFolder;
use crate::job_inputs::Input;
use crate::policy::Policy;
use crate::step_check::{check_definition, check_instance};
use crate::terminal::tell;

/// A value has another type than it should.
const WRONG_TYPE: Code = Code("L0301");

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

/// What came of preparing a job: its instance, or the text of it.
#[derive(Debug)]
pub(crate) struct Prepared<I> {
    /// The instance, unless anything is wrong.
    pub(crate) instance: Option<I>,
    /// What is wrong, or looks so.
    pub(crate) diagnostics: Vec<Diagnostic>,
    /// The texts in which the diagnostics stand, the job file first.
    pub(crate) sources: Vec<Source>,
}

/// Reads, compiles and checks the job in `file`.
pub(crate) fn prepare(
    file: &Path,
    with: &Preparation<'_>,
) -> Result<Prepared<JobInstance>, Failure> {
    prepared(file, with, instance)
}

/// Reads and compiles the job in `file` to the text of its instance; nothing is checked beyond that.
pub(crate) fn prepare_text(
    file: &Path,
    with: &Preparation<'_>,
) -> Result<Prepared<String>, Failure> {
    prepared(file, with, instance_text)
}

/// An instance with what looks wrong, or what is wrong.
type Said<I> = Result<(I, Vec<Diagnostic>), Vec<Diagnostic>>;

fn prepared<I>(
    file: &Path,
    with: &Preparation<'_>,
    instance: fn(&Source, &JobFolder, &Preparation<'_>) -> Said<I>,
) -> Result<Prepared<I>, Failure> {
    let source = read_job(file, with.limits)?;
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

impl<I> Prepared<I> {
    /// The instance; tells people what is wrong or looks so.
    pub(crate) fn told(self, color: Color) -> Result<I, Failure> {
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

fn inputs<'a>(folder: &'a JobFolder, with: &'a Preparation<'_>) -> Inputs<'a> {
    Inputs {
        ctx: &with.ctx.value,
        payload: &with.payload.value,
        definitions: folder,
        compiled_at: with.at,
        limits: with.limits,
    }
}

fn instance_text(source: &Source, folder: &JobFolder, with: &Preparation<'_>) -> Said<String> {
    let document = source.document(with.limits).map_err(|error| vec![error.diagnostic()])?;
    match compile_to_text(document.view(), &inputs(folder, with)) {
        Ok(compiled) => Ok((compiled.text, compiled.warnings)),
        // What is wrong is said as it is of a job that is to run.
        Err(_) => instance(source, folder, with).map(|(instance, warnings)| {
            let mut text = String::new();
            instance.write_json(&mut text);
            (text, warnings)
        }),
    }
}

fn instance(source: &Source, folder: &JobFolder, with: &Preparation<'_>) -> Said<JobInstance> {
    let inputs = inputs(folder, with);
    let definition = definition(source, with.limits)
        .map_err(|structure| with_the_rest(structure, source, &inputs))?;
    let Compiled { instance, mut warnings } = match (compile(&definition, &inputs), with.policy) {
        (Ok(compiled), _) => compiled,
        (Err(mut errors), Some(policy)) => {
            let more = check_definition(&definition, folder, policy, &errors);
            errors.extend(more);
            return Err(errors);
        }
        (Err(errors), None) => return Err(errors),
    };
    if let Some(policy) = with.policy {
        let found = check_instance(&instance, &definition, folder, policy);
        let refused = found.iter().any(|it| it.severity == Severity::Error);
        warnings.extend(found);
        if refused {
            return Err(warnings);
        }
    }
    Ok((instance, warnings))
}

/// Reads the definition in `source`; what is wrong with it is said in terms of its text.
pub(crate) fn definition(source: &Source, limits: Limits) -> Result<Definition, Vec<Diagnostic>> {
    let document = source.document(limits).map_err(|error| vec![error.diagnostic()])?;
    read_definition(document.view()).map_err(|diagnostics| match other_kind(source, limits) {
        Some(kind) => vec![
            Diagnostic::error(
                WRONG_TYPE,
                Pointer::root(),
                format!("this is of the kind {kind}, not a definition of a job"),
            )
            .with_help(
                "run the definition that it came from; `lorch validate` says whether it is valid",
            ),
        ],
        None => as_written(diagnostics, source),
    })
}

/// What is wrong with the structure of the definition in `source`, and with the rest of it.
fn with_the_rest(
    structure: Vec<Diagnostic>,
    source: &Source,
    inputs: &Inputs<'_>,
) -> Vec<Diagnostic> {
    let is_definition = other_kind(source, inputs.limits).is_none();
    match source.document(inputs.limits) {
        Ok(document) if is_definition => match compile_document(document.view(), inputs) {
            Err(all) => as_written(all, source),
            Ok(_) => structure,
        },
        _ => structure,
    }
}

/// The kind of the document in `source`, if it is certainly no definition.
fn other_kind(source: &Source, limits: Limits) -> Option<Kind> {
    let document = source.read(limits).ok()?;
    detect(&document).ok().filter(|kind| *kind != Kind::JobDef)
}

/// Advice to put a value in quotes, with the value as it is written: that of `1.10` is 1.1.
fn as_written(mut diagnostics: Vec<Diagnostic>, source: &Source) -> Vec<Diagnostic> {
    const ADVICE: &str = "put it in quotes";
    let outline = source.outline();
    let mistyped = |it: &&mut Diagnostic| it.code == WRONG_TYPE && it.file.is_none();
    for diagnostic in diagnostics.iter_mut().filter(mistyped) {
        let advised = diagnostic.help.as_ref().is_some_and(|help| help.starts_with(ADVICE));
        if let Some(text) = source.written(&outline, &diagnostic.pointer).filter(|_| advised) {
            diagnostic.help = Some(format!("{ADVICE}: `\"{text}\"`"));
        }
    }
    diagnostics
}
