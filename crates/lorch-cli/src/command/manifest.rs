//! `lorch manifest`: a step of an instance to its manifest.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use lorch_manifest::{Outputs, manifest as derive};
use lorch_types::Timestamp;
use lorch_types::job::{JobInstance, RunId, RunRecord, StepPath};
use lorch_types::json::{Limits, Object, Value, from_value};

use crate::cli::Global;
use crate::exit::{Failure, Outcome};
use crate::input::read_value;
use crate::site::Site;
use crate::terminal::print_document;
use lorch_types::diagnostic::visible;

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

/// Writes the manifest.
pub(crate) fn manifest(arguments: &Manifest, global: &Global) -> Outcome {
    let site = Site::find(global)?;
    let (source, document) = read_value(&arguments.instance, site.limits())?;
    let instance: JobInstance = from_value(&document).map_err(|error| {
        Failure::work(format!(
            "`{}` is no instance: {error}\n  = help: `lorch validate --schema job-instance {}` \
             says everything that is wrong",
            visible(&source.name),
            arguments.instance.display(),
        ))
    })?;
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
        envelope: object(arguments.envelope.as_ref(), "the envelope", site.limits())?,
        started_at,
    };
    // Each output may be larger than a document; there is no limit to their number.
    let unlimited = Limits { max_bytes: usize::MAX };
    let outputs = object(arguments.outputs.as_ref(), "the file of outputs", unlimited)?;
    let outputs = by_step(outputs)?;
    print_document(&derive(&instance, step, &record, &outputs).map_err(Failure::work)?)
}

fn object(file: Option<&PathBuf>, what: &str, limits: Limits) -> Result<Object, Failure> {
    match file.map(|file| read_value(file, limits)).transpose()? {
        None => Ok(Object::new()),
        Some((_, Value::Object(object))) => Ok(object),
        Some((_, other)) => {
            let found = other.value_type().with_article();
            Err(Failure::usage(format!("{what} is {found}; it has to be an object")))
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
