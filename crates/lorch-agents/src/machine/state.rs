//! Where the loop of a task stands.

use lorch_types::agent::{Action, Artifact, Command, Event, EventId, EventType, Stage};

use super::question::Question;
use super::remark::Remark;
use super::{End, Heed};
use crate::receipt::Work;

/// How many events of one command its receipt names.
const MAX_EVENTS: usize = 1000;

/// Where the loop of a task stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// This is to be asked for.
    Due(Action),
    /// A command waits for its end.
    Sent(Pending),
    /// A command is to be sent again.
    Lost(Pending),
    /// An event ended a command, and what the work did is to be observed.
    Answered(Pending, Box<Event>),
    /// A question is to be recorded.
    Asking(Asked),
    /// A question waits for a person.
    Asked(Asked),
    /// It is over.
    Ended(End),
}

/// A question, and what comes after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Asked {
    pub(super) question: Question,
    /// When the answer is to go on.
    pub(super) then: Box<State>,
    /// When the work is accepted as it stands.
    pub(super) accepted: Box<State>,
}

/// A command, over all its attempts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pending {
    /// The last attempt.
    pub(super) command: Box<Command>,
    /// How many errors ended an attempt.
    pub(super) errors: u64,
    /// What a receipt names: the events about files, and the one that ends it.
    pub(super) events: Vec<EventId>,
}

impl State {
    /// A question that was met before this could go on.
    pub(super) fn asking(question: Question, then: Self) -> Self {
        let accepted = then.clone();
        Self::asking_or(question, then, accepted)
    }

    /// The same where accepting the work leads elsewhere.
    pub(super) fn asking_or(question: Question, then: Self, accepted: Self) -> Self {
        Self::Asking(Asked { question, then: Box::new(then), accepted: Box::new(accepted) })
    }

    /// The same with the question recorded.
    pub(super) fn asked(self, question: Question) -> Self {
        match self {
            Self::Asking(asked) if asked.question.kind == question.kind => {
                Self::Asked(Asked { question, ..asked })
            }
            other => {
                let (then, accepted) = (Box::new(other.clone()), Box::new(other));
                Self::Asked(Asked { question, then, accepted })
            }
        }
    }

    pub(super) fn stage(&self) -> Stage {
        match self {
            Self::Due(action) => stage(*action),
            Self::Sent(pending) | Self::Lost(pending) | Self::Answered(pending, _) => {
                stage(pending.command.action)
            }
            Self::Asking(asked) | Self::Asked(asked) => asked.then.stage(),
            Self::Ended(_) => Stage::Complete,
        }
    }
}

impl Pending {
    pub(super) fn new(command: &Command) -> Self {
        Self { command: Box::new(command.clone()), errors: 0, events: Vec::new() }
    }

    /// Whether a command is this one once more.
    pub(super) fn is_again(&self, command: &Command) -> bool {
        self.command.idempotency_key == command.idempotency_key
            && self.command.correlation_id == command.correlation_id
    }

    /// Takes an event that does not end it.
    pub(super) fn remark(&mut self, remark: &Remark<'_>) -> Heed {
        let Remark { message_id, correlation_id, from, event } = *remark;
        let asked = self.command.action.agent_type();
        if correlation_id != self.command.correlation_id.as_str() {
            let pending = &self.command.correlation_id;
            return Heed::Refused(format!("it is about `{correlation_id}`, and `{pending}` waits"));
        }
        if from != asked {
            let (from, asked) = (from.as_str(), asked.as_str());
            return Heed::Refused(format!("it is from the {from}, and the {asked} was asked"));
        }
        match event {
            EventType::BuilderProgress => Heed::Taken,
            EventType::ArtifactProduced => {
                if let Ok(id) = message_id.parse()
                    && self.events.len() < MAX_EVENTS
                {
                    self.events.push(id);
                }
                Heed::Taken
            }
            other => {
                let (action, event) = (self.command.action.as_str(), other.as_str());
                Heed::Refused(format!("`{event}` does not end `{action}`"))
            }
        }
    }

    /// What a receipt says of the work.
    pub(super) fn work(&self, artifacts: Vec<Artifact>) -> Work {
        let command = &self.command;
        Work {
            action: command.action,
            idempotency_key: command.idempotency_key.clone(),
            snapshot_id: command.version.snapshot_id.clone(),
            command_message_id: command.message_id.clone(),
            correlation_id: command.correlation_id.clone(),
            artifacts,
            events: self.events.clone(),
        }
    }
}

fn stage(action: Action) -> Stage {
    match action {
        Action::Implement | Action::ImplementChanges => Stage::Implement,
        Action::Review => Stage::Review,
        Action::UpdateSpec => Stage::SpecMaintain,
        Action::Intake | Action::TaskDiscovery => Stage::Implement,
    }
}
