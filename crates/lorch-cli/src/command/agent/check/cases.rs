//! The checks, in the order in which they build on each other.

use std::collections::BTreeMap;
use std::fs;
use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::thread;
use std::time::{Duration, Instant};

use lorch_types::agent::{
    Action, AgentType, Command, CommandKind, Event, EventType, ExpectedOutput, Heartbeat,
    HeartbeatStatus, Recipient, Retry, WorkspacePath, WorkspaceVersion,
};
use lorch_types::json::{Object, Value, canonical, to_value};
use lorch_types::{Digest, NaturalInteger, PositiveInteger, Priority, Timestamp};

use super::Checked;
use super::lab::Lab;
use super::session::{Said, Session};
use crate::clock::now;

/// How long an agent may take until it is ready.
const READY: Duration = Duration::from_secs(30);
/// How long there may be between two heartbeats, with some room.
const HEARTBEAT: Duration = Duration::from_secs(12);
/// How long an agent may take to end.
const GRACE: Duration = Duration::from_secs(5);
/// What a launcher ends with when it had to kill the agent: 128 + SIGKILL.
const KILLED: i32 = 137;
/// How long it is waited between two pieces of a line, so that they are read one after the other.
const PAUSE: Duration = Duration::from_millis(100);

type Outcome = Result<(), String>;

/// An agent under test.
pub(super) struct Bench<'a> {
    lab: &'a Lab,
    agent: AgentType,
    goal: &'a str,
    expected: &'a [WorkspacePath],
    timeout: Duration,
    /// The lines that were refused so far.
    refused: Vec<String>,
    /// The last heartbeat's number in this life.
    seq: Option<u64>,
    heartbeats: Outcome,
}

/// The names of the checks.
const HANDSHAKE: &str = "it is ready in time";
const ANSWER: &str = "its answer fits the command";
const ARTIFACTS: &str = "its artifacts are what it says";
const DUPLICATE: &str = "the same key gets the same answer";
const JUNK: &str = "it survives junk and long lines";
const SPLIT: &str = "it puts split characters together";
const RESTART: &str = "it remembers its answers when it is killed";
const MIDDLE: &str = "it answers when it was killed in the middle";
const HEARTBEATS: &str = "its heartbeats come in time and in order";
const LINES: &str = "every line is a message of an agent";
const TERM: &str = "it ends within 5 s when it is asked to";

impl<'a> Bench<'a> {
    pub(super) fn new(
        lab: &'a Lab,
        agent: AgentType,
        goal: &'a str,
        expected: &'a [WorkspacePath],
    ) -> Self {
        let timeout = Duration::ZERO;
        let (refused, seq, heartbeats) = (Vec::new(), None, Ok(()));
        Self { lab, agent, goal, expected, timeout, refused, seq, heartbeats }
    }

    /// The results of all checks.
    pub(super) fn run(mut self, timeout: Duration) -> Vec<Checked> {
        self.timeout = timeout;
        let mut results = BTreeMap::new();
        self.check_all(&mut results);
        // Of an agent that was never heard there is nothing to say.
        if results.get(HANDSHAKE).is_some_and(Result::is_ok) || !self.refused.is_empty() {
            results.insert(LINES, self.lines());
        }
        let names = [
            HANDSHAKE, ANSWER, ARTIFACTS, DUPLICATE, JUNK, SPLIT, RESTART, MIDDLE, HEARTBEATS,
            LINES, TERM,
        ];
        let checked = |name: &'static str| match results.remove(name) {
            Some(outcome) => Checked::new(name, outcome),
            None => Checked::skipped(name),
        };
        names.map(checked).into()
    }

    /// Whether every line was a message.
    fn lines(&self) -> Outcome {
        match self.refused.first() {
            Some(first) => Err(format!("{} are none; the first: {first}", self.refused.len())),
            None => Ok(()),
        }
    }

    /// Checks in order; what needs something that failed is not tried.
    fn check_all(&mut self, results: &mut BTreeMap<&'static str, Outcome>) {
        let mut session = match self.start(GRACE) {
            Ok(session) => session,
            Err(reason) => {
                results.insert(HANDSHAKE, Err(reason));
                return;
            }
        };
        results.insert(HANDSHAKE, Ok(()));
        let beats = self.beats(&session);
        let Some(answered) = self.ask_first(&mut session, results) else { return };
        let again = self.same(&mut session, &answered, Bench::send);
        results.insert(DUPLICATE, again);
        let junk =
            junk(&mut session).and_then(|()| self.same(&mut session, &answered, Bench::send));
        results.insert(JUNK, junk);
        let split = self.same(&mut session, &answered, Bench::send_split);
        results.insert(SPLIT, split);
        results.insert(TERM, ends(session));
        let restarted = self.restarted(&answered);
        results.insert(RESTART, restarted);
        let middle = self.killed_in_the_middle();
        results.insert(MIDDLE, middle);
        let order = std::mem::replace(&mut self.heartbeats, Ok(()));
        results.insert(HEARTBEATS, beats.and(order));
    }

    /// Starts the agent and waits until it is ready.
    fn start(&mut self, grace: Duration) -> Result<Session, String> {
        self.seq = None;
        let session = self.lab.start(grace)?;
        let until = Instant::now() + READY;
        loop {
            match session.next(until) {
                Ok(Said::Heartbeat(heartbeat)) => {
                    self.beat(&heartbeat)?;
                    if matches!(heartbeat.status, HeartbeatStatus::Ready | HeartbeatStatus::Busy) {
                        return Ok(session);
                    }
                }
                Ok(said) => self.note(said),
                Err(reason) => return Err(format!("no heartbeat says `ready`: {reason}")),
            }
        }
    }

    /// Takes a heartbeat.
    fn beat(&mut self, heartbeat: &Heartbeat) -> Outcome {
        let (agent, seq) = (heartbeat.agent.agent_type, heartbeat.seq.get());
        if let Some(before) = self.seq.replace(seq).filter(|before| seq <= *before) {
            self.heartbeats = Err(format!("the number after {before} is {seq}"));
        }
        match agent == self.agent {
            true => Ok(()),
            false => Err(format!("its heartbeat is a {}'s", agent.as_str())),
        }
    }

    fn note(&mut self, said: Said) {
        match said {
            Said::Refused(reason) => self.refused.push(reason),
            Said::Heartbeat(heartbeat) => {
                if let Err(reason) = self.beat(&heartbeat) {
                    self.heartbeats = Err(reason);
                }
            }
            Said::Event(_) => {}
        }
    }

    /// Waits for another heartbeat.
    fn beats(&mut self, session: &Session) -> Outcome {
        let until = Instant::now() + HEARTBEAT;
        loop {
            let said = session.next(until).map_err(|_| "none came within 10 s".to_owned())?;
            let is_heartbeat = matches!(said, Said::Heartbeat(_));
            self.note(said);
            if is_heartbeat {
                return Ok(());
            }
        }
    }

    /// Has the agent do something for the first time, and checks what it says of it.
    fn ask_first(
        &mut self,
        session: &mut Session,
        results: &mut BTreeMap<&'static str, Outcome>,
    ) -> Option<(Command, Event)> {
        let asked = self.command(1).and_then(|command| {
            Bench::send(session, &command)?;
            let event = self.answer(session, &command)?;
            Ok((command, event))
        });
        let (command, event) = match asked {
            Ok(answered) => answered,
            Err(reason) => {
                results.insert(ANSWER, Err(reason));
                return None;
            }
        };
        results.insert(ANSWER, fits(&command, &event));
        results.insert(ARTIFACTS, self.artifacts(&event));
        Some((command, event))
    }

    /// The command of a round.
    fn command(&self, round: i64) -> Result<Command, String> {
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
        let (snapshot_id, task_id) = (self.lab.snapshot()?, "T-0001".parse().map_err(text)?);
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
        let millis = u64::try_from(self.timeout.as_millis()).unwrap_or(u64::MAX);
        let now = now();
        let at = u64::try_from(now.unix_millis()).unwrap_or_default().saturating_add(millis);
        Timestamp::from_unix_millis(at).unwrap_or(now)
    }

    fn send(session: &mut Session, command: &Command) -> Outcome {
        session.write(line(command)?.as_bytes())
    }

    /// Sends a command in pieces that end within a character.
    fn send_split(session: &mut Session, command: &Command) -> Outcome {
        let line = line(command)?;
        let bytes = line.as_bytes();
        let within =
            bytes.iter().position(|byte| !byte.is_ascii()).map_or(bytes.len() / 2, |at| at + 1);
        let (first, rest) = bytes.split_at_checked(within).unwrap_or_default();
        session.write(first)?;
        thread::sleep(PAUSE);
        session.write(rest)
    }

    /// Waits for the terminal event of a command.
    fn answer(&mut self, session: &Session, command: &Command) -> Result<Event, String> {
        let until = Instant::now() + self.timeout;
        loop {
            let said = session.next(until).map_err(|reason| format!("no answer: {reason}"))?;
            match said {
                Said::Event(event) if command.action.terminal_events().contains(&event.event) => {
                    return Ok(*event);
                }
                said => self.note(said),
            }
        }
    }

    /// Sends a command that was answered, once more, and compares the answers.
    fn same(
        &mut self,
        session: &mut Session,
        (command, event): &(Command, Event),
        send: fn(&mut Session, &Command) -> Outcome,
    ) -> Outcome {
        let before = self.lab.snapshot()?;
        let mut command = command.clone();
        command.message_id = random("cmd-").parse().map_err(text)?;
        command.retry.attempt = command.retry.attempt.next().unwrap_or(command.retry.attempt);
        send(session, &command)?;
        let again = self.answer(session, &command)?;
        if (again.event, again.status, &again.payload, &again.artifacts)
            != (event.event, event.status, &event.payload, &event.artifacts)
        {
            let shown = |event: &Event| to_value(event).map(|value| canonical(&value));
            let (first, second) = (shown(event).map_err(text)?, shown(&again).map_err(text)?);
            return Err(format!("first {first}, then {second}"));
        }
        match self.lab.snapshot()? == before {
            true => Ok(()),
            false => Err("it did the work again".to_owned()),
        }
    }

    /// Kills the agent that has answered, and asks it again.
    fn restarted(&mut self, answered: &(Command, Event)) -> Outcome {
        // Without grace it is killed at once.
        let mut session = self.start(Duration::ZERO)?;
        self.same(&mut session, answered, Bench::send)?;
        session.end().map_err(text)?;
        let mut session = self.start(Duration::ZERO)?;
        let same = self.same(&mut session, answered, Bench::send);
        session.end().map_err(text)?;
        same
    }

    /// Kills the agent while it works, and asks it again.
    fn killed_in_the_middle(&mut self) -> Outcome {
        let mut session = self.start(Duration::ZERO)?;
        let command = self.command(2)?;
        Bench::send(&mut session, &command)?;
        session.end().map_err(text)?;
        let mut session = self.start(Duration::ZERO)?;
        Bench::send(&mut session, &command)?;
        let event = self.answer(&session, &command)?;
        let outcome = fits(&command, &event)
            .and_then(|()| self.artifacts(&event))
            .and_then(|()| self.same(&mut session, &(command, event), Bench::send));
        session.end().map_err(text)?;
        outcome
    }

    /// Compares artifacts with the files, and looks for those that are expected.
    fn artifacts(&self, event: &Event) -> Outcome {
        let root = self.lab.path();
        let artifacts = event.artifacts.as_deref().unwrap_or_default();
        for artifact in artifacts {
            let path = &artifact.path;
            let bytes =
                fs::read(root.join(path.as_str())).map_err(|error| format!("{path}: {error}"))?;
            let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
            if artifact.size.get() != size {
                return Err(format!("{path} has {size} bytes, not {}", artifact.size));
            }
            if artifact.sha256 != Digest::of_bytes(&bytes) {
                return Err(format!("{path} has another digest"));
            }
        }
        let is_there = |path: &WorkspacePath| artifacts.iter().any(|it| it.path == *path);
        match self.expected.iter().find(|path| !is_there(path)) {
            Some(missing) => Err(format!("{missing} is expected and missing")),
            None => Ok(()),
        }
    }
}

/// Whether an event is an answer to a command.
fn fits(command: &Command, event: &Event) -> Outcome {
    let from = event.from.agent_type;
    if event.correlation_id != command.correlation_id {
        return Err(format!("its correlation is `{}`, not the command's", event.correlation_id));
    }
    if event.task_id != command.task_id {
        return Err(format!("it is about {}, not {}", event.task_id, command.task_id));
    }
    if from != command.to.agent_type {
        return Err(format!("it is from a {}", from.as_str()));
    }
    let status = event.payload.get("tests").and_then(|tests| tests.get("status"));
    match event.event {
        EventType::Error => {
            let code = event.payload.get("code").and_then(Value::as_str);
            let message = event.payload.get("message").and_then(Value::as_str);
            let (code, message) = (code.unwrap_or("without a code"), message.unwrap_or_default());
            Err(format!("it is an error: {code}: {message}"))
        }
        EventType::BuilderCompleted if status.and_then(Value::as_str).is_none() => {
            Err("its payload has no `tests.status`".to_owned())
        }
        _ => Ok(()),
    }
}

/// Writes what an agent has to pass over.
fn junk(session: &mut Session) -> Outcome {
    session.write(b"this is no JSON\n\n{}\n\xff\xfe\n[1]\n{\"kind\":\"command\"}\n")?;
    session.write(b"{\"kind\":\"log\",\"level\":\"warn\",\"message\":\"m\",\"timestamp\":\"2025-10-20T14:08:20Z\"}\n")?;
    let mut long = vec![b'x'; 300_000];
    long.push(b'\n');
    session.write(&long)
}

/// Ends the agent, which has to end by itself.
fn ends(session: Session) -> Outcome {
    let (status, took) = session.end().map_err(text)?;
    match status.code() {
        Some(KILLED) => Err(format!("it was killed after {} s", took.as_secs())),
        _ => Ok(()),
    }
}

fn line(command: &Command) -> Result<String, String> {
    Ok(canonical(&to_value(command).map_err(text)?) + "\n")
}

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}

/// An id that no other has.
fn random(prefix: &str) -> String {
    // Each `RandomState` has fresh keys, the first of a thread from the system's randomness.
    let word = RandomState::new().build_hasher().finish();
    format!("{prefix}{:08x}", word & 0xffff_ffff)
}
