//! `lorch run`: compile jobs and run them.

use std::path::{Path, PathBuf};

use clap::Args;
use lorch_types::diagnostic::{Format, Source, render};
use lorch_types::job::{JobInstance, RunRecord};
use lorch_types::json::{self, Limits, Object};

use crate::cli::Global;
use crate::clock::{compile_time, new_run_id, now};
use crate::dry_run::dry_run;
use crate::exit::{Failure, Outcome};
use crate::input::read_lines;
use crate::job::{Preparation, prepare};
use crate::job_inputs::{Input, JobInputs, Reading};
use crate::machinery::engine;
use crate::policy::Policy;
use crate::runner::{Planned, Runner};
use crate::site::Site;
use crate::terminal::{Stream, tell};

/// Compile jobs and run them, showing each step as it goes.
///
/// Everything that can be wrong is said before anything runs. A run that fails or is interrupted can
/// be resumed: what was done is not done again.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  lorch run examples/orders/daily.yaml --payload examples/orders/payload.json
  lorch run jobs/hello.yaml --set payload.name=Ada --dry-run
  lorch run jobs/hello.yaml --each names.ndjson --jobs 8
  lorch run jobs/hello.yaml --json | jq -r .event

Ctrl-C records the step at work and stops; `lorch resume RUN_ID` goes on.
Exit status: 0 every run completed; 1 a job or a run failed; 2 wrong usage; 130 interrupted.")]
pub(crate) struct Run {
    /// The job files; `-` is standard input.
    #[arg(value_name = "JOB", required = true)]
    jobs: Vec<PathBuf>,
    #[command(flatten)]
    inputs: JobInputs,
    /// What `@run.envelope` names, as JSON or YAML; `{}` when absent.
    #[arg(long, value_name = "FILE")]
    envelope: Option<PathBuf>,
    /// One run for each line of this file, which is its payload.
    #[arg(long, value_name = "FILE.ndjson", conflicts_with = "payload")]
    each: Option<PathBuf>,
    /// How many runs go on at once.
    #[arg(short = 'j', long = "jobs", value_name = "N", default_value = "1",
        value_parser = clap::value_parser!(u16).range(1..=1024))]
    parallel: u16,
    /// Show the manifests that would be dispatched, as far as they are known, and run nothing.
    #[arg(long)]
    dry_run: bool,
    /// Write what happens to standard output, one JSON object a line.
    #[arg(long)]
    json: bool,
}

/// Prepares every run, and then runs them.
pub(crate) fn run(arguments: &Run, global: &Global) -> Outcome {
    let site = Site::find(global)?;
    let planned = plan(arguments, &site, global)?;
    if arguments.dry_run {
        return planned.iter().try_for_each(|run| dry_run(run, arguments.json));
    }
    let engine = engine(&site)?;
    let runner = Runner { engine: &engine, site: &site, global, json: arguments.json };
    match planned.as_slice() {
        [only] => runner.one(only),
        several => runner.all(several, usize::from(arguments.parallel)),
    }
}

/// A run for each job and payload; all of what is wrong with any of them is told.
fn plan(arguments: &Run, site: &Site, global: &Global) -> Result<Vec<Planned>, Failure> {
    let color = global.color.on(Stream::Error);
    let others = arguments.jobs.iter().chain(&arguments.envelope).chain(&arguments.each);
    arguments.inputs.vet(others, color)?;
    let reading = Reading { limits: site.limits(), color };
    let ctx = arguments.inputs.ctx(reading)?;
    let envelope = arguments.inputs.envelope(arguments.envelope.as_deref(), reading)?;
    let payloads = payloads(arguments, site, reading)?;
    let policy = Policy::of(site)?;
    let at = compile_time()?;
    let mut planned = Vec::new();
    let mut refused = false;
    for job in &arguments.jobs {
        let job_dir = arguments.inputs.job_dir(job);
        for payload in &payloads {
            let with = Preparation {
                ctx: &ctx,
                payload,
                job_dir: &job_dir,
                at,
                limits: site.limits(),
                policy: Some(&policy),
            };
            let prepared = prepare(job, &with)?;
            if !prepared.diagnostics.is_empty() {
                tell(&render(&prepared.diagnostics, &prepared.sources, color));
            }
            match prepared.instance {
                Some(instance) => {
                    let label = label(job, payload, arguments.each.is_some());
                    planned.push(planned_run(instance, &envelope, label, payload.line));
                }
                None => refused = true,
            }
        }
    }
    if refused { Err(Failure::Reported) } else { Ok(planned) }
}

fn payloads(arguments: &Run, site: &Site, reading: Reading) -> Result<Vec<Input>, Failure> {
    let Some(file) = &arguments.each else {
        return Ok(vec![arguments.inputs.payload(reading)?]);
    };
    let limits = Limits { max_bytes: site.config.limits.max_line_bytes.get() };
    let payloads = read_lines(file, limits)?.into_iter().map(|(number, line)| {
        let value = json::read(&line, limits).map_err(|mut error| {
            // The text before the line is empty lines: only its place in the file matters.
            error.offset += number - 1;
            let text = [vec![b'\n'; number - 1], line].concat();
            let source = Source { name: file.display().to_string(), text, format: Format::Json };
            tell(&render(&[error.diagnostic()], &[source], reading.color));
            Failure::Reported
        })?;
        arguments.inputs.payload_of(value, file, number)
    });
    payloads.collect()
}

fn label(job: &Path, payload: &Input, each: bool) -> String {
    if each { payload.source.name.clone() } else { job.display().to_string() }
}

fn planned_run(
    instance: JobInstance,
    envelope: &Object,
    label: String,
    line: Option<usize>,
) -> Planned {
    let started_at = now();
    let record = RunRecord {
        run_id: new_run_id(started_at),
        job_id: instance.job_id.clone(),
        job_def_sha256: instance.job_def_sha256.clone(),
        envelope: envelope.clone(),
        started_at,
    };
    Planned { record, instance, label, line }
}
