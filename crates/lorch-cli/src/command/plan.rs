//! `lorch plan`: plans are drafted, judged, put before people, approved or refused, and carried out.

mod approve;
mod audit;
mod command;
mod diff;
mod draft;
mod list;
mod live;
mod reject;
mod run;
mod show;
mod simulate;
mod submit;
mod validate;
mod watch;

use clap::{Args, Subcommand};
use lorch_store::CommandKind;

use crate::cli::Global;
use crate::exit::Outcome;

/// Draft and judge plans, put them before people, approve or reject them, and carry them out.
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
    Run(run::Run),
    /// Pause a run at its next asset.
    #[command(after_help = command::help!("pause"))]
    Pause(command::Command),
    /// Let a paused run go on.
    #[command(after_help = command::help!("resume"))]
    Resume(command::Command),
    /// Undo what a run changed, the newest first.
    #[command(after_help = command::help!("rollback"))]
    Rollback(command::Command),
    /// End a run as it is: what it changed stays changed.
    #[command(after_help = command::help!("cancel"))]
    Cancel(command::Command),
    Watch(watch::Watch),
    Audit(audit::Audit),
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
        Action::Run(arguments) => run::run(arguments, global),
        Action::Pause(arguments) => command::command(CommandKind::Pause, arguments, global),
        Action::Resume(arguments) => command::command(CommandKind::Resume, arguments, global),
        Action::Rollback(arguments) => command::command(CommandKind::Rollback, arguments, global),
        Action::Cancel(arguments) => command::command(CommandKind::Cancel, arguments, global),
        Action::Watch(arguments) => watch::watch(arguments, global),
        Action::Audit(arguments) => audit::audit(arguments, global),
    }
}
