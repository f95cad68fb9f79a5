//! What an agent says: whole lines, from the thread that works and from the one that shows that it
//! lives.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::io::{self, Write as _};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use lorch_types::agent::{
    AgentType, Artifact, Command, Event, EventId, EventKind, EventType, Heartbeat, HeartbeatKind,
    HeartbeatStatus, Level, Log, LogKind, Sender, TaskId,
};
use lorch_types::json::{Number, Object, canonical, to_value};
use lorch_types::{Amount, NaturalInteger, PositiveInteger, SmolStr, Timestamp};
use serde::Serialize;

use super::{Answer, SdkError};
use crate::time::now;

/// The way to say something.
#[derive(Clone, Debug)]
pub(super) struct Voice {
    agent: AgentType,
    started: Instant,
    state: Arc<Mutex<State>>,
}

/// What heartbeats tell.
#[derive(Debug)]
struct State {
    seq: u64,
    task: Option<TaskId>,
    activity: Timestamp,
}

impl Voice {
    /// Begins to show that the agent lives, and is ready.
    pub(super) fn start(agent: AgentType, every: Duration) -> io::Result<Self> {
        let state = Arc::new(Mutex::new(State { seq: 0, task: None, activity: now() }));
        let voice = Self { agent, started: Instant::now(), state };
        voice.beat()?;
        let beating = voice.clone();
        // It ends with the process.
        thread::Builder::new().name("heartbeat".to_owned()).spawn(move || {
            loop {
                thread::sleep(every);
                if beating.beat().is_err() {
                    return;
                }
            }
        })?;
        Ok(voice)
    }

    pub(super) fn agent(&self) -> AgentType {
        self.agent
    }

    /// Says that the work on a command begins.
    pub(super) fn begin(&self, command: &Command) {
        self.state().task = Some(command.task_id.clone());
        self.active();
        // Whether anybody listens shows when it is answered.
        let _ = self.beat();
    }

    /// Says how the work on a command ended.
    pub(super) fn end(&self, event: &Event) -> Result<(), SdkError> {
        self.say(event).map_err(SdkError::Streams)?;
        self.state().task = None;
        self.active();
        self.beat().map_err(SdkError::Streams)
    }

    /// Answers without work.
    pub(super) fn answer(
        &self,
        command: &Command,
        answer: &Answer,
        artifacts: Vec<Artifact>,
    ) -> Result<(), SdkError> {
        self.say(&self.event(command, answer, artifacts)).map_err(SdkError::Streams)
    }

    /// Gives an answer again: the same in a new message.
    pub(super) fn repeat(&self, command: &Command, event: Event) -> Result<(), SdkError> {
        let correlation_id = command.correlation_id.clone();
        let event = Event { message_id: new_id(), correlation_id, ..event };
        self.say(&event).map_err(SdkError::Streams)
    }

    /// The event that an answer is.
    pub(super) fn event(
        &self,
        command: &Command,
        answer: &Answer,
        artifacts: Vec<Artifact>,
    ) -> Event {
        Event {
            kind: EventKind::Event,
            message_id: new_id(),
            correlation_id: command.correlation_id.clone(),
            task_id: command.task_id.clone(),
            from: self.sender(),
            event: answer.event,
            payload: answer.payload.clone(),
            occurred_at: now(),
            status: answer.status,
            artifacts: (!artifacts.is_empty()).then_some(artifacts),
            observed_version: Some(command.version.clone()),
        }
    }

    /// Says that the agent gets on.
    pub(super) fn progress(&self, command: &Command, payload: Object) {
        self.active();
        let answer = Answer { payload, ..Answer::new(EventType::BuilderProgress) };
        let _ = match self.agent {
            AgentType::Builder => self.say(&self.event(command, &answer, Vec::new())),
            _ => self.beat(),
        };
    }

    /// Says something about the work.
    pub(super) fn log(&self, level: Level, message: &str) {
        self.active();
        let message = SmolStr::from(message);
        let log = Log { kind: LogKind::Log, level, message, timestamp: now(), fields: None };
        let _ = self.say(&log);
    }

    /// Shows that the agent lives.
    fn beat(&self) -> io::Result<()> {
        let uptime = i64::try_from(self.started.elapsed().as_secs()).unwrap_or(i64::MAX);
        let mut state = self.state();
        let status = match state.task {
            Some(_) => HeartbeatStatus::Busy,
            None => HeartbeatStatus::Ready,
        };
        let heartbeat = Heartbeat {
            kind: HeartbeatKind::Heartbeat,
            agent: self.sender(),
            seq: NaturalInteger::new(state.seq).unwrap_or(NaturalInteger::MAX),
            status,
            pid: PositiveInteger::new(u64::from(std::process::id()))
                .unwrap_or(PositiveInteger::MIN),
            uptime_s: Amount::new(Number::from(uptime)).ok_or(io::ErrorKind::InvalidData)?,
            last_activity_at: state.activity,
            ppid: None,
            stats: None,
            task_id: state.task.clone(),
        };
        state.seq += 1;
        // It is said under the lock, so that numbers grow in the order in which they are said.
        self.say(&heartbeat)
    }

    fn sender(&self) -> Sender {
        Sender { agent_type: self.agent, agent_id: None }
    }

    fn active(&self) {
        self.state().activity = now();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes a document as one line.
    fn say(&self, document: &impl Serialize) -> io::Result<()> {
        let value = to_value(document).map_err(io::Error::other)?;
        let mut stdout = io::stdout().lock();
        stdout.write_all((canonical(&value) + "\n").as_bytes())?;
        stdout.flush()
    }
}

/// A new id for an event.
fn new_id() -> EventId {
    // Each `RandomState` has fresh keys, the first of a thread from the system's randomness.
    let [a, b, c, d, ..] = RandomState::new().build_hasher().finish().to_be_bytes();
    EventId::of_number(u32::from_be_bytes([a, b, c, d]))
}

#[cfg(test)]
mod tests {
    use lorch_types::json::Value;

    use super::*;

    #[test]
    fn ids_differ() {
        assert_ne!(new_id(), new_id());
    }

    #[test]
    fn a_value_of_a_document_is_an_object() {
        let answer = Answer::completed(Vec::new());
        assert_eq!(
            answer.payload.get("tests").and_then(|it| it.get("status")),
            Some(&Value::from("pass"))
        );
    }
}
