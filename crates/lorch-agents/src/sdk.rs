//! For programs that are agents: [`serve`] reads commands, has the work done, and answers.
//!
//! What was answered to a key is remembered in a file before the answer is sent. The same key gets the
//! same answer, also when the agent was killed in between, and the work is not done again. Work that was
//! begun and never answered is asked for again; [`Desk::was_begun`] says so.
//!
//! ```no_run
//! use lorch_agents::sdk::{Answer, Options, serve};
//! use lorch_types::agent::{AgentType, EventType};
//!
//! # fn main() -> Result<(), lorch_agents::sdk::SdkError> {
//! serve(&Options::from_environment(AgentType::Reviewer), |command, desk| {
//!     desk.log(&format!("looking at {}", command.task_id));
//!     Answer::approval()
//! })
//! # }
//! ```

mod memory;
mod voice;

use std::ffi::OsString;
use std::io::{self, Read};
use std::path::PathBuf;
use std::time::Duration;

use cap_std::fs::Dir;
use lorch_types::agent::{
    AgentType, Artifact, Command, CommandId, EventType, Level, Message, ReviewStatus, WorkspacePath,
};
use lorch_types::json::{Limits, Object, Value, from_value, read};
use lorch_types::{Hasher, NaturalInteger};

use self::memory::{Memory, Recalled};
use self::voice::Voice;
use crate::file::{open_to_read, open_workspace};
use crate::frame::{Frame, Framer};
use crate::lines::MAX_LINE_BYTES;

/// What an agent is, and where it keeps what it must not forget.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// What the agent is for.
    pub agent: AgentType,
    /// The folder of its answers; it is made if it is not there.
    pub memory: PathBuf,
    /// The workspace.
    pub workspace: PathBuf,
    /// How often it gives a sign of life.
    pub heartbeat: Duration,
}

/// What ends a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// What has happened.
    pub event: EventType,
    /// The verdict of a review.
    pub status: Option<ReviewStatus>,
    /// More about it.
    pub payload: Object,
    /// The files that were written. Their digests are taken when the answer is sent.
    pub artifacts: Vec<WorkspacePath>,
}

/// An agent that cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum SdkError {
    /// What it has answered cannot be read or kept.
    #[error("{path}", path = path.display())]
    Memory {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// What it is asked cannot be read, or what it says not be written.
    #[error("standard input or output")]
    Streams(#[source] io::Error),
    /// The workspace cannot be opened.
    #[error("the workspace")]
    Workspace(#[source] io::Error),
}

/// What an agent has while it works on a command.
pub struct Desk<'a> {
    voice: &'a Voice,
    command: &'a Command,
    was_begun: bool,
    answered: usize,
}

/// Reads commands from standard input until it ends, and has `work` answer each key once.
///
/// # Errors
/// When the agent cannot go on: what it would answer then could be forgotten.
pub fn serve(
    options: &Options,
    mut work: impl FnMut(&Command, &Desk<'_>) -> Answer,
) -> Result<(), SdkError> {
    let root = open_workspace(&options.workspace).map_err(SdkError::Workspace)?;
    let mut memory = Memory::open(options)?;
    let voice = Voice::start(options.agent, options.heartbeat).map_err(SdkError::Streams)?;
    let mut serving = |line: &[u8]| answer(line, &root, &mut memory, &voice, &mut work);
    let mut framer = Framer::default();
    let mut stdin = io::stdin().lock();
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let count = match stdin.read(&mut buffer) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            outcome => outcome.map_err(SdkError::Streams)?,
        };
        if count == 0 {
            return Ok(());
        }
        let mut outcome = Ok(());
        framer.feed(buffer.get(..count).unwrap_or_default(), |frame| match frame {
            Frame::Line(line) if outcome.is_ok() => outcome = serving(line),
            Frame::Line(_) | Frame::Torn(_) => {}
            Frame::Oversize { bytes, .. } => {
                voice.log(Level::Warn, &format!("a line of {bytes} bytes is too long"));
            }
        });
        outcome?;
    }
}

/// Answers a line, if it is a command.
fn answer(
    line: &[u8],
    root: &Dir,
    memory: &mut Memory,
    voice: &Voice,
    work: &mut impl FnMut(&Command, &Desk<'_>) -> Answer,
) -> Result<(), SdkError> {
    let command = match command(line) {
        Ok(Some(command)) => command,
        Ok(None) => return Ok(()),
        Err(reason) => {
            voice.log(Level::Warn, &format!("a line is no command: {reason}"));
            return Ok(());
        }
    };
    if command.action.agent_type() != voice.agent() {
        let text = format!("{} is not for a {}", command.action.as_str(), voice.agent().as_str());
        return voice.answer(&command, &Answer::error("invalid_inputs", &text), Vec::new());
    }
    match memory.recall(&command) {
        Recalled::Answered(event) => return voice.repeat(&command, *event),
        Recalled::Conflict => {
            let answer = Answer::error("ik_conflict", "the key was used for something else");
            return voice.answer(&command, &answer, Vec::new());
        }
        Recalled::Begun | Recalled::Nothing => {}
    }
    let was_begun = memory.begin(&command)?;
    voice.begin(&command);
    let answered = memory.answered(command.action);
    let mut answer = work(&command, &Desk { voice, command: &command, was_begun, answered });
    let artifacts = match artifacts(root, &answer.artifacts) {
        Ok(artifacts) => artifacts,
        Err(reason) => {
            answer = Answer::error("artifact_write_failed", &reason);
            Vec::new()
        }
    };
    let event = voice.event(&command, &answer, artifacts);
    if !answer.is_retriable() {
        memory.keep(&command, &event)?;
    }
    voice.end(&event)
}

/// The command that a line holds; `None` for other messages, which are passed over.
fn command(line: &[u8]) -> Result<Option<Command>, String> {
    let document =
        read(line, Limits { max_bytes: MAX_LINE_BYTES }).map_err(|error| error.to_string())?;
    match from_value(&document).map_err(|error| error.to_string())? {
        Message::Command(command) => Ok(Some(*command)),
        Message::Event(_) | Message::Heartbeat(_) | Message::Log(_) => Ok(None),
    }
}

/// The files with what they hold.
fn artifacts(root: &Dir, paths: &[WorkspacePath]) -> Result<Vec<Artifact>, String> {
    let artifact = |path: &WorkspacePath| {
        let unread = |reason: String| format!("{path}: {reason}");
        let file = open_to_read(root, path.as_str()).map_err(|error| unread(error.to_string()))?;
        let mut file = file.ok_or_else(|| unread("it is not there".to_owned()))?;
        let (mut hasher, mut size, mut piece) = (Hasher::default(), 0, vec![0; 64 * 1024]);
        loop {
            let count = file.read(&mut piece).map_err(|error| unread(error.to_string()))?;
            if count == 0 {
                break;
            }
            hasher.update(piece.get(..count).unwrap_or_default());
            size += u64::try_from(count).unwrap_or(0);
        }
        let size = NaturalInteger::new(size).unwrap_or(NaturalInteger::MAX);
        Ok(Artifact { path: path.clone(), sha256: hasher.finish(), size })
    };
    paths.iter().map(artifact).collect()
}

impl Options {
    /// Those of an agent in the working directory, whose memory is `.lorch/agents/RUN_ID`: the run's id
    /// is what lorch says in `LORCH_RUN_ID`.
    pub fn from_environment(agent: AgentType) -> Self {
        let run = std::env::var_os("LORCH_RUN_ID").unwrap_or_else(|| OsString::from("no-run"));
        Self {
            agent,
            memory: PathBuf::from(".lorch/agents").join(run),
            workspace: PathBuf::from("."),
            heartbeat: Duration::from_secs(5),
        }
    }
}

impl Answer {
    /// One that says no more than what has happened.
    pub fn new(event: EventType) -> Self {
        Self { event, status: None, payload: Object::new(), artifacts: Vec::new() }
    }

    /// A builder's, whose tests have passed.
    pub fn completed(artifacts: Vec<WorkspacePath>) -> Self {
        let tests = Object::from_iter([("status", Value::from("pass"))]);
        Self { artifacts, ..Self::new(EventType::BuilderCompleted) }.with("tests", tests)
    }

    /// A reviewer's, who has nothing to say against it.
    pub fn approval() -> Self {
        let status = Some(ReviewStatus::Approved);
        Self { status, ..Self::new(EventType::ReviewCompleted) }
    }

    /// A reviewer's, who wants changes.
    pub fn changes_requested(findings: Vec<Value>) -> Self {
        let status = Some(ReviewStatus::ChangesRequested);
        Self { status, ..Self::new(EventType::ReviewCompleted) }.with("findings", findings)
    }

    /// That the command failed, and would fail again.
    pub fn error(code: &str, message: &str) -> Self {
        Self::failure(code, message, false)
    }

    /// That the command failed, and may not fail again. It is not remembered: the same key is worked on
    /// again.
    pub fn retriable_error(code: &str, message: &str) -> Self {
        Self::failure(code, message, true)
    }

    fn failure(code: &str, message: &str, retriable: bool) -> Self {
        Self::new(EventType::Error)
            .with("code", code)
            .with("message", message)
            .with("retriable", retriable)
    }

    /// The same with something more in its payload.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.payload.insert(key, value);
        self
    }

    fn is_retriable(&self) -> bool {
        let retriable = self.payload.get("retriable").and_then(Value::as_bool);
        self.event == EventType::Error && retriable == Some(true)
    }
}

impl Desk<'_> {
    /// Whether the work on this key was begun before and never answered: the agent was stopped in the
    /// middle of it, or had failed in a way that may not happen again.
    pub fn was_begun(&self) -> bool {
        self.was_begun
    }

    /// How many keys with this action have been answered.
    pub fn answered(&self) -> usize {
        self.answered
    }

    /// The id of the message that asks for this.
    pub fn message_id(&self) -> &CommandId {
        &self.command.message_id
    }

    /// Says that the agent gets on; a builder says so to everyone.
    pub fn progress(&self, payload: Object) {
        self.voice.progress(self.command, payload);
    }

    /// Says something about the work.
    pub fn log(&self, message: &str) {
        self.voice.log(Level::Info, message);
    }
}
