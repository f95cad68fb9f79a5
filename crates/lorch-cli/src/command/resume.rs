//! `lorch resume`: go on with a run that failed or was interrupted.

use clap::Args;
use lorch_types::job::{AttemptStatus, RunId};

use crate::cli::Global;
use crate::events::EventLines;
use crate::exit::Outcome;
use crate::machinery::engine;
use crate::runner::Runner;
use crate::site::Site;
use crate::terminal::print;

/// Go on with a run that failed or was interrupted.
///
/// Steps that completed keep their outputs and are not dispatched again; the others are dispatched
/// with the same keys. The definition may have changed since: the run keeps the one it began with.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  lorch resume 01KADE3Q6BZ5T8V0X2Y4W6R9SN

Exit status: 0 the run completed, now or before; 1 it failed, or another process holds it; 2 there
is no such run; 130 interrupted.")]
pub(crate) struct Resume {
    /// The run.
    #[arg(value_name = "RUN_ID")]
    run_id: RunId,
    /// Write what happens to standard output, one JSON object a line.
    #[arg(long)]
    json: bool,
}

/// Makes the next attempt at the run.
pub(crate) fn resume(arguments: &Resume, global: &Global) -> Outcome {
    let site = Site::find(global)?;
    let store = site.store_with_runs()?;
    let run_id = &arguments.run_id;
    let (record, instance) = (store.run(run_id)?, store.instance(run_id)?);
    let last = store.attempts(run_id)?.pop();
    if last.is_some_and(|last| last.status == AttemptStatus::Completed) && !arguments.json {
        return print(&format!("run {run_id} has completed; there is nothing to do\n"));
    }
    drop(store);
    let engine = engine(&site)?;
    let runner = Runner { engine: &engine, site: &site, global, json: arguments.json };
    let events = EventLines::new(run_id.clone(), None);
    runner.show(&record, &instance, events, |observer| engine.resume(run_id, observer))
}
