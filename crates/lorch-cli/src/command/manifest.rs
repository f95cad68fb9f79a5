//! `lorch manifest`: a step of an instance to its manifest.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use lorch_manifest::{Outputs, manifest as derive};
use lorch_types::diagnostic::{Color, Diagnostic, Source, render, visible};
use lorch_types::job::{JobInstance, RunId, RunRecord, StepPath};
use lorch_types::json::{Limits, Object, Value, from_value};
use lorch_types::{Kind, Timestamp};
use lorch_validate::{Validator, Violation, detect};

use crate::cli::Global;
use crate::exit::{Failure, Outcome};
use crate::input::{read_stdin_once, read_value};
use crate::site::Site;
use crate::terminal::{Stream, print_document, tell};

/// Derive the manifest of a step, on standard output: what a backend would be given.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  lorch manifest instance.json --step extract --run-id 01KADE3Q6BZ5T8V0X2Y4W6R9SN
  lorch manifest instance.json --step load --run-id 01KADE3Q6BZ5T8V0X2Y4W6R9SN --outputs outputs.json

The file of `--outputs` holds one object: the outputs so far, by the names of their steps.")]
pub(crate) struct Manifest {
    /// The instance; `-` is standard input.
    #[arg(value_name = "INSTANCE")]
    instance: PathBuf,
    /// The step.
    #[arg(long, value_name = "ID")]
    step: StepPath,
    /// The run.
    #[arg(long, value_name = "ULID")]
    run_id: RunId,
    /// The outputs of earlier steps; none when absent.
    #[arg(long, value_name = "FILE")]
    outputs: Option<PathBuf>,
    /// What `@run.envelope` names; `{}` when absent.
    #[arg(long, value_name = "FILE")]
    envelope: Option<PathBuf>,
    /// When the run began; the time of its id when absent.
    #[arg(long, value_name = "TIME")]
    started_at: Option<Timestamp>,
}

/// How large the file of outputs may be.
const OUTPUTS_BYTES: usize = 1 << 30;

/// Writes the manifest.
pub(crate) fn manifest(arguments: &Manifest, global: &Global) -> Outcome {
    let site = Site::find(global)?;
    let color = global.color.on(Stream::Error);
    let files = [&arguments.instance].into_iter().chain(&arguments.outputs);
    read_stdin_once(files.chain(&arguments.envelope).map(PathBuf::as_path))?;
    let (source, document) = read_value(&arguments.instance, site.limits(), color)?;
    let instance: JobInstance = from_value(&document)
        .map_err(|error| no_instance(&source, &document, &error.to_string(), color))?;
    if let Some(step_id) = instance.repeated_step() {
        let name = visible(&source.name);
        return Err(Failure::work(format!("two steps of `{name}` have the name `{step_id}`")));
    }
    let step = instance.steps.iter().find(|step| step.step_id == arguments.step);
    let step = step.ok_or_else(|| {
        let steps: Vec<&str> = instance.steps.iter().map(|step| step.step_id.as_str()).collect();
        let steps = steps.join(", ");
        Failure::usage(format!("there is no step `{}`; there are: {steps}", arguments.step))
    })?;
    let started_at = arguments.started_at.or_else(|| arguments.run_id.timestamp());
    let started_at = started_at.ok_or_else(|| {
        Failure::usage(
            "the id of the run has no time that can be written; `--started-at` gives one",
        )
    })?;
    let record = RunRecord {
        run_id: arguments.run_id.clone(),
        job_id: instance.job_id.clone(),
        job_def_sha256: instance.job_def_sha256.clone(),
        envelope: object(arguments.envelope.as_ref(), "the envelope", site.limits(), color)?,
        started_at,
    };
    // Each output may be larger than a document, and there may be many.
    let limits = Limits { max_bytes: OUTPUTS_BYTES };
    let outputs = object(arguments.outputs.as_ref(), "the file of outputs", limits, color)?;
    let outputs = by_step(outputs)?;
    print_document(&derive(&instance, step, &record, &outputs).map_err(Failure::work)?)
}

/// Tells everything that is wrong with the document that should be an instance.
fn no_instance(source: &Source, document: &Value, error: &str, color: Color) -> Failure {
    let violations = Validator::for_kind(Kind::JobInstance).validate(document);
    let diagnostics: Vec<Diagnostic> = violations.iter().map(Violation::diagnostic).collect();
    tell(&render(&diagnostics, std::slice::from_ref(source), color));
    let help = match detect(document) {
        Ok(Kind::JobDef) => "\n  = help: `lorch compile` makes the instance of a definition",
        _ => "",
    };
    Failure::work(format!("`{}` is no instance: {error}{help}", visible(&source.name)))
}

fn object(
    file: Option<&PathBuf>,
    what: &str,
    limits: Limits,
    color: Color,
) -> Result<Object, Failure> {
    match file.map(|file| read_value(file, limits, color)).transpose()? {
        None => Ok(Object::new()),
        Some((_, Value::Object(object))) => Ok(object),
        Some((_, other)) => {
            let found = other.value_type().with_article();
            Err(Failure::work(format!("{what} is {found}; it has to be an object")))
        }
    }
}

fn by_step(object: Object) -> Result<Outputs, Failure> {
    let parsed = object.into_iter().map(|(step, output)| {
        let step: StepPath = step.parse().map_err(Failure::usage)?;
        Ok((step, Arc::new(output)))
    });
    parsed.collect()
}
