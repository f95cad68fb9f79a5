//! What an agent that is checked is asked, and how it is put to it.

use std::thread;
use std::time::Duration;

use lorch_types::agent::{
    Action, AgentType, Command, CommandKind, ExpectedOutput, Recipient, Retry, WorkspacePath,
    WorkspaceVersion,
};
use lorch_types::json::{Object, Value, canonical, to_value};
use lorch_types::{NaturalInteger, PositiveInteger, Priority, Timestamp};

use super::lab::Lab;
use super::session::Session;
use crate::clock::{now, word};

/// How long it is waited between two pieces of a line, so that they are read one after the other.
const PAUSE: Duration = Duration::from_millis(100);

/// What an agent is asked.
pub(super) struct Task<'a> {
    /// Who is asked.
    pub(super) agent: AgentType,
    /// What it is to do.
    pub(super) goal: &'a str,
    /// What it is to write.
    pub(super) expected: &'a [WorkspacePath],
    /// How long an answer may take.
    pub(super) timeout: Duration,
}

impl Task<'_> {
    /// The command of a round.
    pub(super) fn command(&self, lab: &Lab, round: i64) -> Result<Command, String> {
        let action = match self.agent {
            AgentType::Reviewer => Action::Review,
            AgentType::SpecMaintainer => Action::UpdateSpec,
            AgentType::Orchestration => Action::Intake,
            AgentType::Builder | AgentType::System => Action::Implement,
        };
        let inputs =
            Object::from_iter([("goal", Value::from(self.goal)), ("round", Value::from(round))]);
        let output = |path: &WorkspacePath| ExpectedOutput {
            path: path.clone(),
            required: true,
            description: None,
        };
        let expected_outputs: Vec<_> = self.expected.iter().map(output).collect();
        let (snapshot_id, task_id) = (lab.snapshot()?, "T-0001".parse().map_err(text)?);
        let key = Command::key(action, &task_id, &snapshot_id, &inputs, &expected_outputs);
        Ok(Command {
            kind: CommandKind::Command,
            message_id: random("cmd-").parse().map_err(text)?,
            correlation_id: random("check-").parse().map_err(text)?,
            task_id,
            idempotency_key: key.map_err(text)?,
            to: Recipient { agent_type: self.agent, agent_id: None },
            action,
            inputs,
            expected_outputs,
            version: WorkspaceVersion { snapshot_id, specs_hash: None, code_hash: None },
            deadline: self.deadline(),
            retry: Retry {
                attempt: NaturalInteger::MIN,
                max_attempts: PositiveInteger::MIN.next().unwrap_or(PositiveInteger::MIN),
            },
            priority: Priority::MIN,
        })
    }

    fn deadline(&self) -> Timestamp {
        now().saturating_add(self.timeout)
    }
}

/// The same command in another message.
pub(super) fn again(command: &Command) -> Result<Command, String> {
    let mut command = command.clone();
    command.message_id = random("cmd-").parse().map_err(text)?;
    command.retry.attempt = command.retry.attempt.next().unwrap_or(command.retry.attempt);
    Ok(command)
}

/// Sends a command.
pub(super) fn send(session: &mut Session, command: &Command) -> Result<(), String> {
    session.write(line(command)?.as_bytes())
}

/// Sends a command in pieces that end within a character.
pub(super) fn send_split(session: &mut Session, command: &Command) -> Result<(), String> {
    let line = line(command)?;
    let bytes = line.as_bytes();
    let within =
        bytes.iter().position(|byte| !byte.is_ascii()).map_or(bytes.len() / 2, |at| at + 1);
    let (first, rest) = bytes.split_at_checked(within).unwrap_or_default();
    session.write(first)?;
    thread::sleep(PAUSE);
    session.write(rest)
}

/// Writes what an agent has to pass over.
pub(super) fn junk(session: &mut Session) -> Result<(), String> {
    session.write(b"this is no JSON\n\n{}\n\xff\xfe\n[1]\n{\"kind\":\"command\"}\n")?;
    session.write(b"{\"kind\":\"log\",\"level\":\"warn\",\"message\":\"m\",\"timestamp\":\"2025-10-20T14:08:20Z\"}\n")?;
    let mut long = vec![b'x'; 300_000];
    long.push(b'\n');
    session.write(&long)
}

fn line(command: &Command) -> Result<String, String> {
    Ok(canonical(&to_value(command).map_err(text)?) + "\n")
}

/// An id that no other has.
fn random(prefix: &str) -> String {
    format!("{prefix}{:08x}", word() & 0xffff_ffff)
}

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}
