//! `lorch compile`: a definition to its instance.

use std::io::{self, IsTerminal};
use std::path::PathBuf;

use clap::Args;

use crate::cli::Global;
use crate::clock::compile_time;
use crate::exit::Outcome;
use crate::job::{Preparation, prepare, prepare_text};
use crate::job_inputs::{JobInputs, Reading};
use crate::site::Site;
use crate::terminal::{Stream, print, print_document};

/// Compile a job definition to its instance, on standard output.
///
/// Nested jobs are inlined, conditions decided, `@ctx` and `@payload` filled in. The instance is one
/// line of JSON, indented when a person looks at it on a terminal. `SOURCE_DATE_EPOCH` sets
/// `compiled_at`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  lorch compile examples/orders/daily.yaml --payload examples/orders/payload.json
  lorch compile job.json --set ctx.region=eu --job-dir jobs > instance.json")]
pub(crate) struct Compile {
    /// The job file; `-` is standard input.
    #[arg(value_name = "JOB")]
    job: PathBuf,
    #[command(flatten)]
    inputs: JobInputs,
}

/// Writes the instance.
pub(crate) fn compile(arguments: &Compile, global: &Global) -> Outcome {
    let site = Site::find(global)?;
    let limits = site.limits();
    let color = global.color.on(Stream::Error);
    arguments.inputs.vet([&arguments.job], color)?;
    let reading = Reading { limits, color };
    let (ctx, payload) = (arguments.inputs.ctx(reading)?, arguments.inputs.payload(reading)?);
    let with = Preparation {
        ctx: &ctx,
        payload: &payload,
        job_dir: &arguments.inputs.job_dir(&arguments.job),
        at: compile_time()?,
        limits,
        policy: None,
    };
    if io::stdout().is_terminal() {
        return print_document(&prepare(&arguments.job, &with)?.told(color)?);
    }
    let mut text = prepare_text(&arguments.job, &with)?.told(color)?;
    text.push('\n');
    print(&text)
}
