//! `lorch plan pause`, `resume`, `rollback` and `cancel`: what a person wants of a run, recorded for
//! whoever carries it out.

use clap::Args;
use lorch_store::{CommandKind, PlanRun};
use lorch_types::json::{Object, Value};
use lorch_types::plan::{RunId, UserId};

use crate::cli::Global;
use crate::clock::now;
use crate::exit::Outcome;
use crate::planning::{Planning, who};
use crate::terminal::{print, print_line};

/// What the help of a command ends with.
macro_rules! help {
    ($command:literal) => {
        concat!(
            "Examples:\n  lorch plan ",
            $command,
            " 6f0b4c0e-0e3c-4a83-9b34-6c2d60b5b2f1 --as dora\n\n\
             Exit status: 0 it is recorded; 1 the run has ended; 2 there is no such run."
        )
    };
}

pub(super) use help;

/// The run that something is wanted of.
#[derive(Debug, Args)]
pub(crate) struct Command {
    /// The run.
    #[arg(value_name = "RUN_ID")]
    run: RunId,
    /// Who wants it; otherwise the user of this terminal.
    #[arg(long = "as", value_name = "NAME")]
    by: Option<UserId>,
    /// One JSON object, for programs.
    #[arg(long)]
    json: bool,
}

/// Records what is wanted.
pub(crate) fn command(kind: CommandKind, arguments: &Command, global: &Global) -> Outcome {
    let planning = Planning::find(global)?;
    let store = planning.store_with_plans()?;
    let by = who(arguments.by.as_ref())?;
    let run = store.command_plan_run(&arguments.run, kind, &by, now())?;
    let holder = store.plan_run_holder(&arguments.run)?.filter(|it| !it.is_gone(now()));
    if arguments.json {
        return print_line(Value::Object(document(kind, &run, holder.is_some())));
    }
    let (kind, plan) = (kind.as_str(), &run.plan.plan.id);
    match holder {
        Some(holder) => {
            print(&format!("{kind} is recorded: {} heeds it at the next asset\n", holder.owner))
        }
        None => print(&format!(
            "{kind} is recorded; nobody carries the run out now: `lorch plan run {plan}` heeds it\n"
        )),
    }
}

fn document(kind: CommandKind, run: &PlanRun, is_under_way: bool) -> Object {
    [
        ("run_id", Value::from(run.entry.run_id.as_str())),
        ("plan_id", run.plan.plan.id.as_str().into()),
        ("command", kind.as_str().into()),
        ("state", run.entry.state.as_str().into()),
        ("is_carried_out", is_under_way.into()),
    ]
    .into_iter()
    .collect()
}
