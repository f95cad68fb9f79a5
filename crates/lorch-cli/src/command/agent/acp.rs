//! `lorch agent acp`: an agent that asks an agent of the Agent Client Protocol.

mod client;
mod message;

use std::ffi::OsString;

use clap::{Args, ValueEnum};
use lorch_agents::sdk::{Answer, Desk, serve};
use lorch_types::agent::Command;

use self::client::{Client, Policy};
use super::look::Look;
use super::prompt::prompt;
use super::role::Role;
use super::script::options;
use super::verdict::answer;
use crate::cli::Global;
use crate::exit::{Failure, Outcome};
use crate::site::Site;

/// Be an agent that asks an agent of the Agent Client Protocol (ACP), as editors do.
///
/// For each command the program is started in the workspace, gets a session of its own, and a prompt made
/// of the goal, the feedback and the files that are expected. What it asks permission for is allowed or
/// rejected by kind. Files that it changes become artifacts; how its turn stops, and the last line of
/// what it says, become the answer, as with `lorch agent wrap`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  lorch agent acp --role builder -- my-acp-agent
  lorch agent acp --role builder --allow read,search,edit,execute -- my-acp-agent --acp

In lorch.toml:
  [agents.builder]
  cmd = [\"lorch\", \"agent\", \"acp\", \"--role\", \"builder\", \"--allow\", \"read,edit\", \"--\", \"my-acp-agent\"]

Exit status: 0 standard input has ended; 1 it could not go on.")]
pub(crate) struct Acp {
    /// What the agent is for.
    #[arg(long, value_enum, value_name = "ROLE")]
    role: Role,
    /// The kinds of tool calls that are allowed when the program asks; all others are rejected. Without
    /// it read, search, think and, but for reviewers, edit.
    #[arg(long, value_enum, value_delimiter = ',', value_name = "KIND,...")]
    allow: Vec<ToolKind>,
    /// The program and its arguments.
    #[arg(last = true, required = true, value_name = "CMD")]
    program: Vec<OsString>,
}

/// What a tool call does, as the protocol has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum ToolKind {
    Read,
    Edit,
    Delete,
    Move,
    Search,
    Execute,
    Think,
    Fetch,
    #[value(name = "switch_mode")]
    SwitchMode,
    Other,
}

/// Serves as the agent.
pub(crate) fn acp(arguments: &Acp, global: &Global) -> Outcome {
    arguments.role.does_work()?;
    let site = Site::find(global)?;
    let options = options(arguments.role.agent_type(), &site.root);
    let look = Look::at(&site);
    serve(&options, |command, desk| work(arguments, command, desk, &look))
        .map_err(|error| Failure::Work(error.into()))
}

fn work(arguments: &Acp, command: &Command, desk: &Desk<'_>, look: &Look) -> Answer {
    let policy = arguments.policy();
    let done = look.around(command, || {
        let mut client = Client::start(&arguments.program, &look.root, &policy, desk)?;
        let turn = client.turn(&look.root, &prompt(command));
        Ok((turn, client.end()))
    });
    match done {
        Ok(done) => answer(command.action, &done),
        Err(error) => Answer::error("command_failed", &format!("{error:#}")),
    }
}

impl Acp {
    fn policy(&self) -> Policy {
        let usual = [ToolKind::Read, ToolKind::Search, ToolKind::Think];
        let edits = (self.role != Role::Reviewer).then_some(ToolKind::Edit);
        match self.allow.is_empty() {
            true => Policy(usual.into_iter().chain(edits).collect()),
            false => Policy(self.allow.clone()),
        }
    }
}

impl ToolKind {
    /// The kind that a tool call says; what is not known is other.
    pub(super) fn of(text: Option<&str>) -> Self {
        let known = |text: &str| <Self as ValueEnum>::from_str(text, false).ok();
        text.and_then(known).unwrap_or(Self::Other)
    }
}
