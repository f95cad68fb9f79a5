//! What a run came to, and where to look.

use std::fmt::Write as _;

use lorch_engine::Conclusion;
use lorch_types::diagnostic::{Color, visible};
use lorch_types::job::{ErrorCode, JobId, RunId};

use crate::amount::{counted, duration};
use crate::exit::{Failure, Outcome};
use crate::progress::Tally;
use crate::site::{Site, shown};

/// The end of a run, for people.
#[derive(Debug)]
pub(crate) struct Summary<'a> {
    /// The job.
    pub(crate) job_id: &'a JobId,
    /// The run.
    pub(crate) run_id: &'a RunId,
    /// How the attempt ended.
    pub(crate) conclusion: &'a Conclusion,
    /// What its steps came to.
    pub(crate) tally: &'a Tally,
    /// How long it took.
    pub(crate) millis: u64,
}

impl Summary<'_> {
    /// A few lines: the verdict, where the outputs are, and what to type next.
    pub(crate) fn text(&self, site: &Site, color: Color) -> String {
        let Self { job_id, run_id, conclusion, tally, millis } = self;
        let paint = |style: &str, text: &str| match color {
            Color::Always => format!("\x1b[{style}m{text}\x1b[0m"),
            Color::Never => text.to_owned(),
        };
        let verdict = match conclusion {
            Conclusion::Completed { .. } | Conclusion::AlreadyCompleted => {
                paint("1;32", "completed")
            }
            Conclusion::Failed { error, .. } if error.is(ErrorCode::Cancelled) => {
                paint("1;33", "stopped")
            }
            Conclusion::Failed { .. } => paint("1;31", "failed"),
        };
        let place = match conclusion {
            Conclusion::Failed { step_id, .. } => format!(" at step {step_id}"),
            Conclusion::Completed { .. } | Conclusion::AlreadyCompleted => String::new(),
        };
        let mut out = String::new();
        let (took, words) = (duration(*millis), words(tally));
        let _ = writeln!(out, "{verdict} {job_id}{place} in {took}: {words}");
        if tally.uses_tables {
            let _ = writeln!(out, "  tables  {}", shown(&site.data_path()));
        }
        for file in &tally.files {
            let _ = writeln!(out, "  file    {}", visible(&shown(&site.root.join(file))));
        }
        let _ = writeln!(out, "  run     {run_id}");
        if matches!(conclusion, Conclusion::Failed { .. }) {
            let _ = writeln!(out, "  resume  lorch resume {run_id}");
        }
        let _ = writeln!(out, "  look    lorch show {run_id}");
        out
    }
}

fn words(tally: &Tally) -> String {
    let mut parts = vec![format!("{} done", counted(tally.completed as u64, "step"))];
    let rest = [
        (tally.kept, "kept from earlier attempts"),
        (tally.skipped, "skipped"),
        (tally.failed, "failed"),
    ];
    parts.extend(rest.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{n} {what}")));
    if tally.already_there > 0 {
        let effects = counted(tally.already_there as u64, "effect");
        let were = if tally.already_there == 1 { "was" } else { "were" };
        parts.push(format!("{effects} {were} already there"));
    }
    parts.join(", ")
}

/// What a run's end means for the command.
pub(crate) fn outcome(conclusion: &Conclusion) -> Outcome {
    match conclusion {
        Conclusion::Completed { .. } | Conclusion::AlreadyCompleted => Ok(()),
        Conclusion::Failed { error, .. } if error.is(ErrorCode::Cancelled) => {
            Err(Failure::Interrupted)
        }
        Conclusion::Failed { .. } => Err(Failure::Reported),
    }
}
