//! `lorch task`: the runs of agents' tasks.

mod decide;
mod log;
mod resume;
mod run;
mod snapshot;
mod status;
mod verify;

use clap::{Args, Subcommand};

use crate::cli::Global;
use crate::exit::Outcome;

/// Run tasks that agents do, and look into their runs.
#[derive(Debug, Args)]
pub(crate) struct Task {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    Run(run::Run),
    Resume(resume::Resume),
    Status(status::Status),
    Log(log::Log),
    Decide(decide::Decide),
    Snapshot(snapshot::Snapshot),
    Verify(verify::Verify),
}

/// Does what the action says.
pub(crate) fn task(arguments: &Task, global: &Global) -> Outcome {
    match &arguments.action {
        Action::Run(arguments) => run::run(arguments, global),
        Action::Resume(arguments) => resume::resume(arguments, global),
        Action::Status(arguments) => status::status(arguments, global),
        Action::Log(arguments) => log::log(arguments, global),
        Action::Decide(arguments) => decide::decide(arguments, global),
        Action::Snapshot(arguments) => snapshot::snapshot(arguments, global),
        Action::Verify(arguments) => verify::verify(arguments, global),
    }
}
