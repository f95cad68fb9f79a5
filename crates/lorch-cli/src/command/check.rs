//! `lorch check`: everything that can be said about a job before it runs.

use std::path::PathBuf;

use clap::Args;
use lorch_types::diagnostic::{Severity, render, visible};
use lorch_types::job::JobInstance;
use lorch_validate::report::{self, Finding, Format};

use crate::amount::counted;
use crate::cli::Global;
use crate::clock::compile_time;
use crate::exit::{Failure, Outcome};
use crate::job::{Preparation, Prepared, prepare};
use crate::job_inputs::{JobInputs, Reading};
use crate::policy::Policy;
use crate::site::Site;
use crate::terminal::{Stream, print};

/// Say everything that can be said about jobs before they run.
///
/// Compiles each job with the ctx and payload given, and checks its steps against the operations
/// that there are and what `lorch.toml` allows. Nothing is run and nothing is written.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  lorch check examples/orders/daily.yaml --payload examples/orders/payload.json
  lorch check jobs/*.yaml --format sarif > lorch.sarif

Exit status: 0 nothing is wrong (there may be warnings); 1 something is; 2 a file cannot be read.")]
pub(crate) struct Check {
    /// The job files; `-` is standard input.
    #[arg(value_name = "JOB", required = true)]
    jobs: Vec<PathBuf>,
    #[command(flatten)]
    inputs: JobInputs,
    /// How to write what is found: `human`, `json` (one object a line), `sarif` or `github`.
    #[arg(long, value_name = "FORMAT", default_value_t)]
    format: Format,
}

/// Checks every job, and reports what is wrong with each.
pub(crate) fn check(arguments: &Check, global: &Global) -> Outcome {
    let site = Site::find(global)?;
    let policy = Policy::of(&site)?;
    let limits = site.limits();
    let color = global.color.on(Stream::Error);
    arguments.inputs.vet(&arguments.jobs, color)?;
    let reading = Reading { limits, color };
    let (ctx, payload) = (arguments.inputs.ctx(reading)?, arguments.inputs.payload(reading)?);
    let mut findings = Vec::new();
    let mut valid = true;
    for job in &arguments.jobs {
        let prepared = prepare(
            job,
            &Preparation {
                ctx: &ctx,
                payload: &payload,
                job_dir: &arguments.inputs.job_dir(job),
                at: compile_time()?,
                limits,
                policy: Some(&policy),
            },
        )?;
        valid &= prepared.errors() == 0;
        if arguments.format == Format::Human {
            say(&prepared, global)?;
        } else {
            findings.extend(Finding::all(&prepared.diagnostics, &prepared.sources));
        }
    }
    if arguments.format != Format::Human {
        let mut text = Vec::new();
        report::write(arguments.format, &findings, &mut text).map_err(Failure::output)?;
        print(&String::from_utf8_lossy(&text))?;
    }
    if valid { Ok(()) } else { Err(Failure::Reported) }
}

fn say(prepared: &Prepared<JobInstance>, global: &Global) -> Outcome {
    if !prepared.diagnostics.is_empty() {
        let color = global.color.on(Stream::Output);
        print(&render(&prepared.diagnostics, &prepared.sources, color))?;
    }
    let name = prepared.sources.first().map_or("", |source| source.name.as_str());
    let warnings =
        prepared.diagnostics.iter().filter(|it| it.severity == Severity::Warning).count();
    let mut parts = Vec::new();
    match prepared.errors() {
        0 => parts.push(match &prepared.instance {
            Some(instance) => format!("fine, {}", counted(instance.steps.len() as u64, "step")),
            None => "fine".to_owned(),
        }),
        errors => parts.push(counted(errors as u64, "error")),
    }
    if warnings > 0 {
        parts.push(counted(warnings as u64, "warning"));
    }
    print(&format!("{}: {}\n", visible(name), parts.join(", ")))
}
