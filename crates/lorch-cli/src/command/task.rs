//! `lorch task`: the runs of agents' tasks.

pub(crate) mod snapshot;
mod verify;

use clap::{Args, Subcommand};

use crate::cli::Global;
use crate::exit::Outcome;

/// Look into the runs of agents' tasks, and take snapshots of what they work on.
#[derive(Debug, Args)]
pub(crate) struct Task {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    Snapshot(snapshot::Snapshot),
    Verify(verify::Verify),
}

/// Does what the action says.
pub(crate) fn task(arguments: &Task, global: &Global) -> Outcome {
    match &arguments.action {
        Action::Snapshot(arguments) => snapshot::snapshot(arguments, global),
        Action::Verify(arguments) => verify::verify(arguments, global),
    }
}
