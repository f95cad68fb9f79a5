//! `lorch agent script`: an agent that plays recorded answers.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use clap::Args;
use lorch_agents::sdk::{Answer, Desk, Options, serve};
use lorch_types::agent::{Action, AgentType, Command, EventType, ReviewStatus, WorkspacePath};
use lorch_types::json::{Object, Value, from_value};
use serde::Deserialize;

use super::role::Role;
use crate::cli::Global;
use crate::exit::{Failure, Outcome};
use crate::input::read_value;
use crate::site::Site;
use crate::terminal::Stream;

/// Be an agent that plays the answers of a file, for demos and tests.
///
/// The file, in YAML or JSON, has a list of answers for each action. Each key gets the next one of its
/// action, and the same one when it comes again, also after the agent was killed:
///
///     implement:
///       - write: { src/hello.rs: "fn main() {}\n" }
///     review:
///       - status: changes_requested
///         payload: { findings: ["say hello"] }
///       - status: approved
///     update_spec:
///       - event: spec.no_changes_needed
///
/// An answer may have `write` and `remove` (files), `log` (lines), `delay_ms`, `event`, `status`,
/// `payload`, and `fault`: `crash` or `hang` the first time that it is asked for, `junk` before it, or
/// `unwilling`, which ends the agent for good.
#[derive(Debug, Args)]
#[command(
    verbatim_doc_comment,
    after_help = "\
Examples:
  lorch agent script agents/builder.yaml
  lorch agent script --role reviewer agents/demo.yaml

Exit status: 0 standard input has ended; 1 it could not go on; 2 the file cannot be read."
)]
pub(crate) struct Script {
    /// What the agent is for; otherwise what lorch says in LORCH_AGENT_TYPE, or a builder.
    #[arg(long, value_enum, value_name = "ROLE")]
    role: Option<Role>,
    /// The file of answers.
    file: PathBuf,
}

/// The answers of an agent, in the order in which they are given.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Answers {
    implement: Vec<Recorded>,
    implement_changes: Vec<Recorded>,
    review: Vec<Recorded>,
    update_spec: Vec<Recorded>,
    intake: Vec<Recorded>,
    task_discovery: Vec<Recorded>,
}

/// An answer, and what is done before it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Recorded {
    log: Vec<String>,
    delay_ms: u64,
    write: BTreeMap<WorkspacePath, String>,
    remove: Vec<WorkspacePath>,
    fault: Option<ScriptFault>,
    event: Option<EventType>,
    status: Option<ReviewStatus>,
    payload: Object,
}

/// What goes wrong with an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum ScriptFault {
    /// The agent ends before it, once.
    Crash,
    /// The agent never gives it, once.
    Hang,
    /// Lines that are no messages stand before it.
    Junk,
    /// The agent ends and asks not to be started again.
    Unwilling,
}

/// Plays the answers.
pub(crate) fn script(arguments: &Script, global: &Global) -> Outcome {
    let site = Site::find(global)?;
    let color = global.color.on(Stream::Error);
    let (source, value) = read_value(&arguments.file, site.limits(), color)?;
    let answers: Answers = from_value(&value)
        .map_err(|error| Failure::usage(format!("`{}`: {error}", source.name)))?;
    let agent = arguments.role.map_or_else(agent_of_environment, Role::agent_type);
    let options = options(agent, &site.root);
    let root = site.root;
    serve(&options, |command, desk| play(&answers, command, desk, &root))
        .map_err(|error| Failure::Work(error.into()))
}

/// The agent that lorch says this process is.
pub(super) fn agent_of_environment() -> AgentType {
    let named = std::env::var("LORCH_AGENT_TYPE").ok();
    let agent = |name: String| AgentType::ALL.into_iter().find(|agent| agent.as_str() == name);
    named.and_then(agent).unwrap_or(AgentType::Builder)
}

/// Those of an agent in the workspace at `root`.
pub(super) fn options(agent: AgentType, root: &Path) -> Options {
    let options = Options::from_environment(agent);
    Options { memory: root.join(&options.memory), workspace: root.to_owned(), ..options }
}

fn play(answers: &Answers, command: &Command, desk: &Desk<'_>, root: &Path) -> Answer {
    let Some(recorded) = answers.of(command.action).get(desk.answered()) else {
        let action = command.action.as_str();
        let text = format!("the script has {} answers to {action}", desk.answered());
        return Answer::error("command_failed", &text);
    };
    recorded.log.iter().for_each(|line| desk.log(line));
    thread::sleep(Duration::from_millis(recorded.delay_ms));
    match recorded.fault {
        Some(ScriptFault::Crash) if !desk.was_begun() => std::process::exit(1),
        Some(ScriptFault::Hang) if !desk.was_begun() => loop {
            thread::park();
        },
        Some(ScriptFault::Unwilling) => std::process::exit(125),
        Some(ScriptFault::Junk) => junk(),
        Some(ScriptFault::Crash | ScriptFault::Hang) | None => {}
    }
    match recorded.write_files(root) {
        Ok(()) => recorded.answer(command.action),
        Err(error) => Answer::error("artifact_write_failed", &error.to_string()),
    }
}

fn junk() {
    let mut stdout = io::stdout().lock();
    // Nobody needs it.
    let _ = stdout.write_all(b"Thinking...\n{\"kind\":\"nothing\"}\n\n");
}

impl Answers {
    fn of(&self, action: Action) -> &[Recorded] {
        match action {
            Action::Implement => &self.implement,
            Action::ImplementChanges => &self.implement_changes,
            Action::Review => &self.review,
            Action::UpdateSpec => &self.update_spec,
            Action::Intake => &self.intake,
            Action::TaskDiscovery => &self.task_discovery,
        }
    }
}

impl Recorded {
    fn write_files(&self, root: &Path) -> io::Result<()> {
        for (path, text) in &self.write {
            let path = root.join(path.as_str());
            path.parent().map_or(Ok(()), fs::create_dir_all)?;
            fs::write(path, text)?;
        }
        for path in &self.remove {
            match fs::remove_file(root.join(path.as_str())) {
                // The work may have been begun before.
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }

    /// The answer; what is not recorded is what ends such a command well.
    fn answer(&self, action: Action) -> Answer {
        let usual = action.terminal_events().first().copied().unwrap_or(EventType::Error);
        let mut answer = Answer::new(self.event.unwrap_or(usual));
        answer.status = self.status;
        answer.payload = self.payload.clone();
        answer.artifacts = self.write.keys().cloned().collect();
        if answer.event == EventType::ReviewCompleted && answer.status.is_none() {
            answer.status = Some(ReviewStatus::Approved);
        }
        if answer.event == EventType::BuilderCompleted && !answer.payload.contains_key("tests") {
            let passed = Object::from_iter([("status", Value::from("pass"))]);
            answer.payload.insert("tests", passed);
        }
        answer
    }
}
