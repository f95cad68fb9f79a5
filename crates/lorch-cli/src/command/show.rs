//! `lorch show`: what came of a run.

use std::fmt::Write as _;

use clap::Args;
use lorch_store::Store;
use lorch_types::Digest;
use lorch_types::diagnostic::{Color, visible};
use lorch_types::job::{
    AttemptRecord, JobInstance, JobStepInstance, RunId, RunRecord, StepOutcome, StepPath,
};
use lorch_types::json::Value;
use serde::Serialize;

use crate::amount::{counted, duration};
use crate::cli::Global;
use crate::effect::effect;
use crate::exit::{Failure, Outcome};
use crate::glyph::Glyph;
use crate::site::Site;
use crate::terminal::{Stream, print, print_document};

/// Show what came of a run: its steps, attempts, durations and documents.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  lorch show 01KADE3Q6BZ5T8V0X2Y4W6R9SN
  lorch show 01KADE3Q6BZ5T8V0X2Y4W6R9SN --json | jq .attempts
  lorch show 01KADE3Q6BZ5T8V0X2Y4W6R9SN --output day/summary")]
pub(crate) struct Show {
    /// The run.
    #[arg(value_name = "RUN_ID")]
    run_id: RunId,
    /// JSON: `run_record`, `job_instance` and `attempts`, or the one document asked for.
    #[arg(long)]
    json: bool,
    /// The manifest with which a step was last dispatched.
    #[arg(long, value_name = "STEP", conflicts_with = "output")]
    manifest: Option<StepPath>,
    /// The output of a step.
    #[arg(long, value_name = "STEP")]
    output: Option<StepPath>,
}

/// All that is recorded of one run.
#[derive(Serialize)]
struct Recorded {
    run_record: RunRecord,
    job_instance: JobInstance,
    attempts: Vec<AttemptRecord>,
}

/// Shows the run, or one document of it.
pub(crate) fn show(arguments: &Show, global: &Global) -> Outcome {
    let store = Site::find(global)?.store_with_runs()?;
    let run_id = &arguments.run_id;
    let recorded = Recorded {
        run_record: store.run(run_id)?,
        job_instance: store.instance(run_id)?,
        attempts: store.attempts(run_id)?,
    };
    if let Some(step) = &arguments.manifest {
        let found = recorded.outcome(step)?.manifest_ref.as_ref();
        let digest =
            found.ok_or_else(|| Failure::work(format!("step `{step}` was not dispatched")))?;
        return print_document(&store.value(digest)?);
    }
    if let Some(step) = &arguments.output {
        let found = recorded.outcome(step)?.output_ref.as_ref();
        let digest = found.ok_or_else(|| Failure::work(format!("step `{step}` has no output")))?;
        return print_document(&store.value(digest)?);
    }
    if arguments.json {
        return print_document(&recorded);
    }
    print(&recorded.draw(&store, global.color.on(Stream::Output)))
}

impl Recorded {
    /// The last outcome of a step.
    fn outcome(&self, step: &StepPath) -> Result<&StepOutcome, Failure> {
        let outcomes = self.attempts.last().map_or(&[][..], |last| &last.step_outcomes);
        outcomes.iter().find(|outcome| outcome.step_id == *step).ok_or_else(|| {
            let steps: Vec<&str> =
                self.job_instance.steps.iter().map(|step| step.step_id.as_str()).collect();
            let steps = steps.join(", ");
            Failure::usage(format!("the run has no step `{step}`; its steps are: {steps}"))
        })
    }

    fn draw(&self, store: &Store, color: Color) -> String {
        let mut out = String::new();
        let job = &self.job_instance;
        let status = self.attempts.last().map_or("created", |last| last.status.as_str());
        let _ = writeln!(out, "run        {}", self.run_record.run_id);
        let _ = writeln!(out, "job        {} {}", job.job_id, visible(job.job_version.as_str()));
        let _ = writeln!(out, "definition {}", job.job_def_sha256);
        let _ = writeln!(out, "started    {}", self.run_record.started_at);
        let _ = writeln!(out, "status     {status}");
        for attempt in &self.attempts {
            let took = attempt.completed_at.map_or_else(String::new, |end| {
                format!(" after {}", duration(end.millis_since(attempt.started_at)))
            });
            let status = attempt.status.as_str();
            let _ = writeln!(out, "attempt {}  {status}{took}", attempt.attempt_n);
        }
        out.push('\n');
        let outcomes = self.attempts.last().map_or(&[][..], |last| &last.step_outcomes);
        let width = job.steps.iter().map(|step| step.step_id.as_str().len()).max().unwrap_or(0);
        for (step, outcome) in job.steps.iter().zip(outcomes) {
            self.draw_step(&mut out, step, outcome, width, store, color);
        }
        let _ = writeln!(out, "\n{}", counted(job.steps.len() as u64, "step"));
        out
    }

    fn draw_step(
        &self,
        out: &mut String,
        step: &JobStepInstance,
        outcome: &StepOutcome,
        width: usize,
        store: &Store,
        color: Color,
    ) {
        let glyph = Glyph::of(outcome.status).draw(color);
        let op = step.op.to_string();
        let took = match (outcome.started_at, outcome.completed_at) {
            (Some(start), Some(end)) => duration(end.millis_since(start)),
            _ => outcome.status.as_str().to_owned(),
        };
        let words = outcome.output_ref.as_ref().and_then(|output| {
            store.value(output).ok().map(|output| effect(&step.op, &output, true))
        });
        let words = words.unwrap_or_default();
        let _ = write!(out, "{glyph} {:<width$}  {op:<20}  {took:>9}", step.step_id.as_str());
        let _ = writeln!(out, "{}{words}", if words.is_empty() { "" } else { "  " });
        if let Some(error) = &outcome.error {
            let _ = writeln!(out, "    {}", visible(&error.to_string()));
        }
        let Some(manifest_ref) = &outcome.manifest_ref else { return };
        let key = store.value(manifest_ref).ok().and_then(|manifest| {
            manifest.get("idempotency_key").and_then(Value::as_str).map(short)
        });
        let mut references = vec![
            format!("attempt {}", self.attempt_of(outcome)),
            format!("key {}", key.unwrap_or_default()),
            format!("manifest {}", short(manifest_ref.as_str())),
        ];
        references.extend(
            outcome
                .output_ref
                .as_ref()
                .map(Digest::as_str)
                .map(|output| format!("output {}", short(output))),
        );
        let references = references.join("  ");
        let _ = match color {
            Color::Always => writeln!(out, "    \x1b[2m{references}\x1b[0m"),
            Color::Never => writeln!(out, "    {references}"),
        };
    }

    /// The number of the attempt that the outcome comes from.
    fn attempt_of(&self, outcome: &StepOutcome) -> u64 {
        let first = self.attempts.iter().find(|attempt| attempt.step_outcomes.contains(outcome));
        first.map_or(1, |attempt| attempt.attempt_n.get())
    }
}

/// A digest or key, cut to what tells it from others at a glance.
fn short(digest: &str) -> String {
    const HEX_SHOWN: usize = 12;
    match digest.split_once(':') {
        Some((prefix, hex)) => format!("{prefix}:{}", hex.get(..HEX_SHOWN).unwrap_or(hex)),
        None => digest.to_owned(),
    }
}
