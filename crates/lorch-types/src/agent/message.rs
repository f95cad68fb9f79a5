//! Any message between lorch and an agent.

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};

use super::{Command, Event, Heartbeat, Log};
use crate::json::{FromValueError, Value, from_value};

/// Any message between lorch and an agent; the field `kind` tells which.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Message {
    /// To the agent.
    Command(Box<Command>),
    /// From the agent.
    Event(Box<Event>),
    /// From the agent.
    Heartbeat(Box<Heartbeat>),
    /// From the agent.
    Log(Box<Log>),
}

/// The kinds of messages, by the value of their field `kind`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MessageKind {
    /// A [`Command`].
    Command,
    /// An [`Event`].
    Event,
    /// A [`Heartbeat`].
    Heartbeat,
    /// A [`Log`].
    Log,
}

impl MessageKind {
    /// All kinds.
    pub const ALL: [Self; 4] = [Self::Command, Self::Event, Self::Heartbeat, Self::Log];

    /// The kind as the field `kind` says it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Command => "command",
            Self::Event => "event",
            Self::Heartbeat => "heartbeat",
            Self::Log => "log",
        }
    }

    /// The kind that the field `kind` says.
    pub fn from_field(kind: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.as_str() == kind)
    }

    /// The kind of the message that `document` is meant to be.
    pub fn of(document: &Value) -> Option<Self> {
        Self::from_field(document.get("kind")?.as_str()?)
    }
}

impl Message {
    /// The message that `document` holds.
    ///
    /// # Errors
    /// When its field `kind` is none of the four, or the first rule of that kind which it breaks.
    pub fn from_value(document: &Value) -> Result<Self, FromValueError> {
        match MessageKind::of(document) {
            Some(MessageKind::Command) => from_value(document).map(Self::Command),
            Some(MessageKind::Event) => from_value(document).map(Self::Event),
            Some(MessageKind::Heartbeat) => from_value(document).map(Self::Heartbeat),
            Some(MessageKind::Log) => from_value(document).map(Self::Log),
            None => Err(FromValueError::custom(
                "the field `kind` of a message is `command`, `event`, `heartbeat` or `log`",
            )),
        }
    }

    /// Which kind it is.
    pub const fn kind(&self) -> MessageKind {
        match self {
            Self::Command(_) => MessageKind::Command,
            Self::Event(_) => MessageKind::Event,
            Self::Heartbeat(_) => MessageKind::Heartbeat,
            Self::Log(_) => MessageKind::Log,
        }
    }
}

impl<'de> Deserialize<'de> for Message {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::from_value(&Value::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}
