//! `lorch plan`: plans are drafted, judged, put before people, approved and refused.

mod approve;
mod diff;
mod draft;
mod list;
mod reject;
mod show;
mod simulate;
mod submit;
mod validate;

use clap::{Args, Subcommand};

use crate::cli::Global;
use crate::exit::Outcome;

/// Draft and judge plans, put them before people, and approve or reject them.
#[derive(Debug, Args)]
pub(crate) struct Plan {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    Draft(draft::Draft),
    Validate(validate::Validate),
    Submit(submit::Submit),
    List(list::List),
    Show(show::Show),
    Diff(diff::Diff),
    Simulate(simulate::Simulate),
    Approve(approve::Approve),
    Reject(reject::Reject),
}

/// Does what the action says.
pub(crate) fn plan(arguments: &Plan, global: &Global) -> Outcome {
    match &arguments.action {
        Action::Draft(arguments) => draft::draft(arguments, global),
        Action::Validate(arguments) => validate::validate(arguments, global),
        Action::Submit(arguments) => submit::submit(arguments, global),
        Action::List(arguments) => list::list(arguments, global),
        Action::Show(arguments) => show::show(arguments, global),
        Action::Diff(arguments) => diff::diff(arguments, global),
        Action::Simulate(arguments) => simulate::simulate(arguments, global),
        Action::Approve(arguments) => approve::approve(arguments, global),
        Action::Reject(arguments) => reject::reject(arguments, global),
    }
}
