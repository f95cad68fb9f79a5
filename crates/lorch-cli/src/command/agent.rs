//! `lorch agent`: programs that are agents, and whether a program is one.

mod acp;
mod check;
mod look;
mod prompt;
mod role;
mod script;
mod verdict;
mod wrap;

use clap::{Args, Subcommand};

use crate::cli::Global;
use crate::exit::Outcome;

/// Be an agent that plays recorded answers or asks another program, or test one.
///
/// An agent is a program that reads commands from its standard input and writes events, heartbeats and
/// log messages to its standard output, one JSON document a line; docs/agents-protocol.md has it all.
#[derive(Debug, Args)]
pub(crate) struct Agent {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    Script(script::Script),
    Wrap(wrap::Wrap),
    Acp(acp::Acp),
    Check(check::Check),
}

/// Does what the action says.
pub(crate) fn agent(arguments: &Agent, global: &Global) -> Outcome {
    match &arguments.action {
        Action::Script(arguments) => script::script(arguments, global),
        Action::Wrap(arguments) => wrap::wrap(arguments, global),
        Action::Acp(arguments) => acp::acp(arguments, global),
        Action::Check(arguments) => check::check(arguments, global),
    }
}
