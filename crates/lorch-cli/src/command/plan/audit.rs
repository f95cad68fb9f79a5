//! `lorch plan audit`: what happened in a run, for those who ask afterwards.

use clap::{Args, ValueEnum};
use lorch_plans::{Timeline, first_broken, run_document};
use lorch_types::json::{Object, Value, from_value, to_value};
use lorch_types::plan::{AuditEntry, RunId};

use crate::cli::Global;
use crate::exit::{Failure, Outcome};
use crate::planning::Planning;
use crate::terminal::{print, print_line, tell};
use crate::verdict::count;

/// Show what happened in a run, and whether that is what was written.
///
/// Each entry of the log is chained to the one before it, so that one which was edited, cut out or put in
/// shows. An exported run cannot prove itself: the hashes stand in the store.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  lorch plan audit 6f0b4c0e-0e3c-4a83-9b34-6c2d60b5b2f1 --verify
  lorch plan audit 6f0b4c0e-0e3c-4a83-9b34-6c2d60b5b2f1 --format markdown > report.md

Exit status: 0 the log is whole; 1 it was changed; 2 there is no such run.")]
pub(crate) struct Audit {
    /// The run.
    #[arg(value_name = "RUN_ID")]
    run: RunId,
    /// Only say whether the log is what was written.
    #[arg(long)]
    verify: bool,
    /// The form: a document that is valid against `run.schema.json`, a line for each entry, or a report.
    #[arg(long, value_enum, default_value_t = Format::Json, conflicts_with = "verify")]
    format: Format,
    /// With `--verify`, one JSON object for programs; without it, the same as `--format json`.
    #[arg(long, conflicts_with = "format")]
    json: bool,
}

/// What a run is written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    Json,
    Csv,
    Markdown,
}

/// Shows the run.
pub(crate) fn audit(arguments: &Audit, global: &Global) -> Outcome {
    let planning = Planning::find(global)?;
    let store = planning.store_with_plans()?;
    let run = store.plan_run(&arguments.run)?;
    let log = store.plan_run_audit(&arguments.run, 0)?;
    let broken = first_broken(&log);
    if arguments.verify && arguments.json {
        print_line(Value::Object(verified(log.len(), broken)))?;
    } else if arguments.verify {
        match broken {
            Some(_) => {}
            None => print(&format!("{} entries, all as they were written\n", log.len()))?,
        }
    } else {
        let entries = log.iter().map(|record| from_value::<AuditEntry>(&record.entry));
        let entries: Vec<_> = entries.collect::<Result<_, _>>().map_err(Failure::work)?;
        let timeline = Timeline { run: &run, entries: &entries };
        match arguments.format {
            Format::Json => {
                let document = run_document(&run, &entries);
                print_line(to_value(&document).map_err(Failure::work)?)?;
            }
            Format::Csv => print(&timeline.csv())?,
            Format::Markdown => print(&timeline.markdown())?,
        }
    }
    match broken {
        None => Ok(()),
        Some(sequence) => {
            tell(&format!("the audit log was changed: entry {sequence} does not follow\n"));
            Err(Failure::Reported)
        }
    }
}

/// Whether the log is what was written, for programs.
fn verified(entries: usize, broken: Option<u64>) -> Object {
    let mut object = Object::new();
    object.insert("entries", count(entries));
    object.insert("whole", broken.is_none());
    if let Some(sequence) = broken {
        object.insert("first_broken", sequence);
    }
    object
}
