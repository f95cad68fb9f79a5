//! `lorch plan watch`: what happens in a run, as it happens.

use std::thread;
use std::time::Duration;

use clap::Args;
use lorch_types::diagnostic::visible;
use lorch_types::json::{from_value, to_value};
use lorch_types::plan::{AuditEntry, RunId, RunState};

use super::live::Live;
use crate::cli::Global;
use crate::exit::{Failure, Outcome};
use crate::planning::Planning;
use crate::terminal::print_line;

/// Watch a run until it ends, from its beginning on.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  lorch plan watch 6f0b4c0e-0e3c-4a83-9b34-6c2d60b5b2f1
  lorch plan watch 6f0b4c0e-0e3c-4a83-9b34-6c2d60b5b2f1 --once --json

Exit status: 0 it is completed; 1 it failed or was rolled back; 2 there is no such run; with
--once, 3 it waits for a person.")]
pub(crate) struct Watch {
    /// The run.
    #[arg(value_name = "RUN_ID")]
    run: RunId,
    /// Say what has happened until now, and do not wait for more.
    #[arg(long)]
    once: bool,
    /// One JSON object a line: the entries of the audit log.
    #[arg(long)]
    json: bool,
}

/// Watches the run.
pub(crate) fn watch(arguments: &Watch, global: &Global) -> Outcome {
    const LOOK_EVERY: Duration = Duration::from_millis(200);
    let planning = Planning::find(global)?;
    let store = planning.store_with_plans()?;
    let mut live = Live::new(&store.plan_run(&arguments.run)?.plan.plan);
    let mut after = 0;
    loop {
        // The state first: what led to it is in the log by then.
        let state = store.plan_run(&arguments.run)?.entry.state;
        for record in store.plan_run_audit(&arguments.run, after)? {
            after = record.sequence;
            let entry: AuditEntry = from_value(&record.entry).map_err(Failure::work)?;
            match arguments.json {
                true => print_line(to_value(&entry).map_err(Failure::work)?)?,
                false => live.say(&entry)?,
            }
        }
        match state {
            RunState::Completed => return Ok(()),
            RunState::RolledBack | RunState::Failed => return Err(Failure::Reported),
            RunState::Paused if arguments.once => return Err(Failure::Waiting),
            RunState::Queued | RunState::Executing | RunState::Paused if arguments.once => {
                return Ok(());
            }
            RunState::Queued | RunState::Executing | RunState::Paused => thread::sleep(LOOK_EVERY),
        }
    }
}

/// One line of what happens: time, event, phase, asset, more.
pub(super) fn line(entry: &AuditEntry) -> String {
    let time = entry.timestamp.to_string();
    let time = time.get(11..19).unwrap_or(&time);
    let mut words = vec![format!("{time}  {:<20}", entry.event.as_str())];
    words.extend(entry.phase.as_ref().map(|it| format!("{:<8}", visible(it.as_str()))));
    words.extend(entry.asset_id.as_ref().map(|it| visible(it.as_str()).to_string()));
    let more = lorch_plans::said_of(entry);
    words.extend((!more.is_empty()).then(|| visible(&more).to_string()));
    format!("{}\n", words.join("  ").trim_end())
}
