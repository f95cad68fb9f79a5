//! What may come from an agent: every line is read strictly, and refused with a reason otherwise.

use std::borrow::Cow;

use lorch_types::agent::{Event, Heartbeat, Log, Message};
use lorch_types::diagnostic::visible;
use lorch_types::json::{Limits, Value, canonical, read, to_value};
use lorch_types::{Kind, Redactor, SmolStr};
use lorch_validate::QuickMatcher;

use crate::lines::MAX_LINE_BYTES;
use crate::protocol::refusal;

/// How many characters are shown of a line that is refused.
const SHOWN: usize = 120;
/// How many bytes are looked at for that.
const LOOKED_AT: usize = 4096;

/// A message from an agent, without secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Inbound<'l> {
    /// Something has happened.
    Event {
        /// What.
        event: Box<Event>,
        /// The line as it was received; where a secret stood in it, canonical JSON without it.
        line: Cow<'l, [u8]>,
    },
    /// The agent lives.
    Heartbeat(Box<Heartbeat>),
    /// The agent says something about its work; [`InboundReader::log_line`] has it.
    Log,
}

/// Reads what comes from an agent.
#[derive(Debug)]
pub struct InboundReader {
    logs: Option<QuickMatcher>,
    redactor: Redactor,
}

/// A line that says nothing which an agent may say; the text is the reason, without secrets.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Refused(pub String);

impl InboundReader {
    /// One that takes out of messages what `redactor` finds.
    pub fn new(redactor: Redactor) -> Self {
        Self { logs: QuickMatcher::of(Kind::Log), redactor }
    }

    /// The message that a line holds, which has no line feed.
    ///
    /// # Errors
    /// When it is no event, heartbeat or log message, or one that the protocol does not have.
    pub fn read<'l>(&mut self, line: &'l [u8]) -> Result<Inbound<'l>, Refused> {
        if self.is_plain_log(line) {
            return Ok(Inbound::Log);
        }
        match self.message(line)? {
            Message::Event(event) => self.event(event, line),
            Message::Heartbeat(heartbeat) => self.heartbeat(heartbeat),
            Message::Log(_) => Ok(Inbound::Log),
            Message::Command(_) => Err(Refused("a command is for agents, not from them".into())),
        }
    }

    /// A line that holds a log message, without secrets.
    pub fn log_line<'l>(&self, line: &'l [u8]) -> Cow<'l, [u8]> {
        if self.redactor.is_empty() {
            return Cow::Borrowed(line);
        }
        match self.message(line) {
            Ok(Message::Log(log)) => {
                self.redacted_log(*log).map_or(Cow::Borrowed(line), Cow::Owned)
            }
            _ => Cow::Borrowed(b""),
        }
    }

    /// The beginning of a line that was refused, fit to be shown: without secrets and with control
    /// characters escaped.
    pub fn excerpt(&self, line: &[u8]) -> String {
        let start = line.get(..LOOKED_AT.min(line.len())).unwrap_or_default();
        visible(&self.redactor.excerpt(&String::from_utf8_lossy(start), SHOWN))
    }

    /// What takes the secrets out.
    pub(crate) fn redactor(&self) -> &Redactor {
        &self.redactor
    }

    fn is_plain_log(&mut self, line: &[u8]) -> bool {
        let text = str::from_utf8(line).ok().filter(|text| text.len() <= MAX_LINE_BYTES);
        text.zip(self.logs.as_mut()).is_some_and(|(text, logs)| logs.accepts(text))
    }

    fn message(&self, line: &[u8]) -> Result<Message, Refused> {
        // A reason may name what stands in the line.
        let refused = |reason: String| Refused(visible(&self.redactor.excerpt(&reason, 4 * SHOWN)));
        let document = read(line, Limits { max_bytes: MAX_LINE_BYTES })
            .map_err(|error| refused(error.to_string()))?;
        Message::from_value(&document).map_err(|error| refused(error.to_string()))
    }

    fn event<'l>(&self, mut event: Box<Event>, line: &'l [u8]) -> Result<Inbound<'l>, Refused> {
        if let Some(reason) = refusal(&event) {
            return Err(Refused(reason.to_owned()));
        }
        if self.redactor.is_empty() {
            return Ok(Inbound::Event { event, line: Cow::Borrowed(line) });
        }
        let paths = event.artifacts.iter().flatten().map(|artifact| artifact.path.as_str());
        let id = event.from.agent_id.as_ref().map(|id| id.as_str());
        self.without_secrets(paths.chain(id).chain([event.correlation_id.as_str()]))?;
        let payload = self.redactor.object(event.payload.clone());
        if payload == event.payload {
            return Ok(Inbound::Event { event, line: Cow::Borrowed(line) });
        }
        event.payload = payload;
        let line = to_value(&*event).map_err(|error| Refused(error.to_string()))?;
        Ok(Inbound::Event { event, line: Cow::Owned(canonical(&line).into_bytes()) })
    }

    fn heartbeat(&self, heartbeat: Box<Heartbeat>) -> Result<Inbound<'static>, Refused> {
        self.without_secrets(heartbeat.agent.agent_id.as_ref().map(|id| id.as_str()))?;
        Ok(Inbound::Heartbeat(heartbeat))
    }

    /// Refuses a message with a secret in what identifies something: there nothing can stand instead.
    fn without_secrets<'t>(&self, names: impl IntoIterator<Item = &'t str>) -> Result<(), Refused> {
        match names.into_iter().any(|name| self.redactor.replaced(name).is_some()) {
            true => Err(Refused("a secret stands in a path or an id".into())),
            false => Ok(()),
        }
    }

    /// A log message without secrets, as a line; `None` when there is none in it.
    fn redacted_log(&self, mut log: Log) -> Option<Vec<u8>> {
        let message = self.redactor.replaced(&log.message).map(SmolStr::from);
        let fields = log.fields.clone().map(|fields| self.redactor.object(fields));
        if message.is_none() && fields == log.fields {
            return None;
        }
        log.message = message.unwrap_or(log.message);
        log.fields = fields;
        Some(log_text(&log))
    }
}

/// A log message as a line, without its line feed.
pub(crate) fn log_text(log: &Log) -> Vec<u8> {
    // Plain data always has a value.
    let value = to_value(log).unwrap_or(Value::Null);
    canonical(&value).into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROGRESS: &str = r#"{"kind":"event","message_id":"evt-00000001","correlation_id":"c","task_id":"T-0042","from":{"agent_type":"builder"},"event":"builder.progress","payload":{"note":"NOTE"},"occurred_at":"2025-10-20T14:30:00Z"}"#;
    const LOG: &str =
        r#"{"kind":"log","level":"info","message":"NOTE","timestamp":"2025-10-20T14:08:20Z"}"#;

    fn reader() -> InboundReader {
        let mut redactor = Redactor::default();
        redactor.add("KEY", "hunter2!");
        InboundReader::new(redactor)
    }

    #[track_caller]
    fn refused(line: &str, words: &str) {
        let Refused(reason) = reader().read(line.as_bytes()).unwrap_err();
        assert!(reason.contains(words), "{reason}");
        assert!(!reason.contains("hunter2"), "{reason}");
    }

    #[test]
    fn what_is_no_message_of_an_agent_is_refused() {
        refused("Welcome to the agent!", "a value should stand");
        refused("", "end");
        refused("{\"kind\":\"log\"}{}", "end of the text");
        refused(r#"{"kind":"log","kind":"log"}"#, "kind");
        refused(&LOG.replace("info", "hunter2!"), "[secret KEY]");
        refused(&PROGRESS.replace("builder.progress", "review.completed"), "status");
        refused(&PROGRESS.replace("\"c\"", "\"hunter2!\""), "secret");
    }

    #[test]
    fn a_line_without_secrets_stays_as_it_was_received() {
        let spaced = PROGRESS.replace(',', ", ");
        let Ok(Inbound::Event { line, .. }) = reader().read(spaced.as_bytes()) else {
            panic!("an event")
        };
        assert_eq!(&*line, spaced.as_bytes());
        assert_eq!(reader().read(LOG.as_bytes()), Ok(Inbound::Log));
        assert_eq!(&*reader().log_line(LOG.as_bytes()), LOG.as_bytes());
    }

    #[test]
    fn secrets_are_taken_out_however_they_are_spelt() {
        for spelt in ["hunter2!", r"\u0068unter2!", "aHVudGVyMiE="] {
            let event = PROGRESS.replace("NOTE", spelt);
            let Ok(Inbound::Event { event, line }) = reader().read(event.as_bytes()) else {
                panic!("an event")
            };
            let line = String::from_utf8(line.into_owned()).unwrap();
            assert!(line.contains("[secret KEY]"), "{line}");
            assert!(event.payload.get("note").unwrap().as_str().unwrap().contains("[secret KEY]"));
            let log = LOG.replace("NOTE", spelt);
            let log = reader().log_line(log.as_bytes()).into_owned();
            assert!(String::from_utf8(log).unwrap().contains("[secret KEY]"));
        }
    }

    #[test]
    fn an_excerpt_is_short_and_harmless() {
        let line = format!("\x1b[31mhunter2!\u{9b}1m{}", "x".repeat(1000));
        let excerpt = reader().excerpt(line.as_bytes());
        assert!(excerpt.starts_with(r"\u{1b}[31m[secret KEY]\u{9b}1mxxx"), "{excerpt}");
        assert!(excerpt.chars().count() < 150 && !excerpt.chars().any(char::is_control));
    }
}
