//! The messages of lorch itself.

use lorch_types::agent::{
    AgentType, Artifact, Command, CommandId, CommandKind, CorrelationId, Event, EventId, EventKind,
    EventType, Recipient, Retry, Sender, SnapshotManifest, WorkspaceVersion,
};
use lorch_types::json::Object;
use lorch_types::{NaturalInteger, PositiveInteger, Priority};
use serde::Serialize;

use super::{Run, RunError};
use crate::chain::Direction;
use crate::lines::MAX_LINE_BYTES;
use crate::machine::{Order, Part, Question};

/// How urgent the commands of a task are.
const PRIORITY: u64 = 5;

impl Run {
    /// The command that an order becomes, about a workspace that holds this.
    pub(super) fn command(
        &mut self,
        order: &Order,
        before: &SnapshotManifest,
    ) -> Result<Command, RunError> {
        let Order { action, inputs, expected_outputs } = order.clone();
        let snapshot_id = before.snapshot_id.clone();
        let key = Command::key(action, &self.task, &snapshot_id, &inputs, &expected_outputs);
        let idempotency_key =
            key.map_err(|error| RunError::NoMessage { reason: error.to_string() })?;
        let message_id = CommandId::of_number(self.chance.word());
        let max_attempts = PositiveInteger::new(self.settings.rules.max_attempts);
        Ok(Command {
            kind: CommandKind::Command,
            message_id,
            correlation_id: self.correlation(),
            task_id: self.task.clone(),
            idempotency_key,
            to: Recipient { agent_type: action.agent_type(), agent_id: None },
            action,
            inputs,
            expected_outputs,
            version: WorkspaceVersion { snapshot_id, specs_hash: None, code_hash: None },
            deadline: self.now().saturating_add(self.settings.timeout(action)),
            retry: Retry {
                attempt: NaturalInteger::MIN,
                max_attempts: max_attempts.unwrap_or(PositiveInteger::ONE),
            },
            priority: Priority::new(PRIORITY).unwrap_or(Priority::MIN),
        })
    }

    /// The same command once more: only the message, its deadline and the attempt are new.
    pub(super) fn again(&mut self, before: &Command) -> Command {
        let mut command = before.clone();
        command.message_id = CommandId::of_number(self.chance.word());
        command.deadline = self.now().saturating_add(self.settings.timeout(command.action));
        command.retry.attempt = command.retry.attempt.next().unwrap_or(NaturalInteger::MAX);
        command
    }

    /// The event that records a part of what work on a command did.
    pub(super) fn observation_event(&mut self, command: &Command, part: Part) -> Event {
        let payload = part.payload();
        let mut event = self.own_event(EventType::ArtifactProduced, payload);
        event.correlation_id = command.correlation_id.clone();
        let snapshot_id = part.observation.snapshot_id;
        event.observed_version =
            Some(WorkspaceVersion { snapshot_id, specs_hash: None, code_hash: None });
        let artifacts = part.observation.artifacts;
        event.artifacts = Some(artifacts).filter(|artifacts: &Vec<Artifact>| !artifacts.is_empty());
        event
    }

    /// The event that records a question.
    pub(super) fn question_event(&mut self, question: &Question) -> Event {
        self.own_event(EventType::NeedsClarification, question.payload())
    }

    /// An event of lorch itself, about the last command.
    pub(super) fn own_event(&mut self, event: EventType, payload: Object) -> Event {
        let correlation_id = match self.fold.correlation() {
            Some(correlation) => correlation.clone(),
            None => self.correlation(),
        };
        Event {
            kind: EventKind::Event,
            message_id: self.event_id(),
            correlation_id,
            task_id: self.task.clone(),
            from: Sender { agent_type: AgentType::System, agent_id: None },
            event,
            payload,
            occurred_at: self.now(),
            status: None,
            artifacts: None,
            observed_version: None,
        }
    }

    /// Takes an event of lorch itself; it becomes durable with what comes next.
    pub(super) fn note(&mut self, event: &Event) -> Result<(), RunError> {
        let line = line(event)?;
        // What cannot stand there must not: the ledger could not be read again.
        self.fold.event(event)?;
        Ok(self.ledger.note(&line, Direction::In, self.now())?)
    }

    /// Why an event cannot be one of this agent; `None` when it may be.
    pub(super) fn forgery(&mut self, agent: AgentType, event: &Event) -> Option<String> {
        let from = event.from.agent_type;
        if from != agent {
            return Some(format!("it says to be from the {}", from.as_str()));
        }
        if event.task_id != self.task {
            return Some(format!("it is about the task {}", event.task_id));
        }
        let is_new = self.seen.insert(number(&event.message_id));
        (!is_new).then(|| format!("the id {} was used before", event.message_id))
    }

    fn event_id(&mut self) -> EventId {
        loop {
            let number = self.chance.word();
            if self.seen.insert(number) {
                return EventId::of_number(number);
            }
        }
    }

    fn correlation(&mut self) -> CorrelationId {
        CorrelationId::of_number(self.chance.number())
    }
}

/// The number that an event's id says.
pub(super) fn number(id: &EventId) -> u32 {
    let digits = id.as_str().trim_start_matches("evt-");
    u32::from_str_radix(digits, 16).unwrap_or_default()
}

/// The line of a message, without its line feed.
pub(super) fn line(message: &impl Serialize) -> Result<Vec<u8>, RunError> {
    let no_message = |reason: String| RunError::NoMessage { reason };
    let line = serde_json::to_vec(message).map_err(|error| no_message(error.to_string()))?;
    match line.len() {
        0..=MAX_LINE_BYTES => Ok(line),
        bytes => Err(no_message(format!("it has {bytes} bytes"))),
    }
}
