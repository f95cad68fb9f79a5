//! What a message of a ledger says as far as the ledger is concerned, found without making the whole
//! message of it.

use std::borrow::Cow;

use lorch_types::Kind;
use lorch_types::agent::{Action, AgentType, Command, Event, EventType, Message};
use lorch_types::json::{Limits, read};
use lorch_validate::QuickMatcher;
use memchr::memchr2;

use crate::lines::MAX_LINE_BYTES;

/// What a command or an event says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Brief<'l> {
    pub(crate) message_id: Cow<'l, str>,
    pub(crate) correlation_id: Cow<'l, str>,
    pub(crate) task_id: Cow<'l, str>,
    pub(crate) about: About,
}

/// What a message is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum About {
    /// A command asks for this.
    Command(Action),
    /// This has happened, as this agent says.
    Event(EventType, AgentType),
}

/// Reads the messages of a ledger.
#[derive(Debug)]
pub(crate) struct Briefs {
    commands: Option<QuickMatcher>,
    events: Option<QuickMatcher>,
}

impl Briefs {
    pub(crate) fn new() -> Self {
        Self { commands: QuickMatcher::of(Kind::Command), events: QuickMatcher::of(Kind::Event) }
    }

    /// What the message says that a line holds, or why it holds none; `line` may end with a line feed.
    pub(crate) fn read<'l>(&mut self, line: &'l [u8]) -> Result<Brief<'l>, String> {
        match self.quick(line.strip_suffix(b"\n").unwrap_or(line)) {
            Some(brief) => Ok(brief),
            None => Spoken::read(line).map(Brief::from),
        }
    }

    /// The same where it is surely a message and written plainly.
    fn quick<'l>(&mut self, line: &'l [u8]) -> Option<Brief<'l>> {
        let text = str::from_utf8(line).ok().filter(|text| text.len() <= MAX_LINE_BYTES)?;
        let brief = Brief::find(text)?;
        let matcher = match brief.about {
            About::Command(_) => self.commands.as_mut()?,
            About::Event(..) => self.events.as_mut()?,
        };
        matcher.accepts(text).then_some(brief)
    }
}

/// A message that stands in a ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Spoken {
    Command(Box<Command>),
    Event(Box<Event>),
}

impl Spoken {
    /// The message that a line holds, or why it holds none that stands in a ledger.
    pub(crate) fn read(line: &[u8]) -> Result<Self, String> {
        let document = read(line, Limits { max_bytes: MAX_LINE_BYTES + 1 });
        let document = document.map_err(|error| error.kind.to_string())?;
        match Message::from_value(&document) {
            Ok(Message::Command(command)) => Ok(Self::Command(command)),
            Ok(Message::Event(event)) => Ok(Self::Event(event)),
            Ok(message) => Err(format!("a {} stands in no ledger", message.kind().as_str())),
            Err(error) => Err(error.to_string()),
        }
    }
}

impl From<Spoken> for Brief<'_> {
    fn from(message: Spoken) -> Self {
        let owned = |text: &str| Cow::Owned(text.to_owned());
        match message {
            Spoken::Command(it) => Self {
                message_id: owned(it.message_id.as_str()),
                correlation_id: owned(it.correlation_id.as_str()),
                task_id: owned(it.task_id.as_str()),
                about: About::Command(it.action),
            },
            Spoken::Event(it) => Self {
                message_id: owned(it.message_id.as_str()),
                correlation_id: owned(it.correlation_id.as_str()),
                task_id: owned(it.task_id.as_str()),
                about: About::Event(it.event, it.from.agent_type),
            },
        }
    }
}

impl<'l> Brief<'l> {
    /// What a text says of itself that is a message, if it is one at all; `None` where it says it with
    /// escapes.
    fn find(text: &'l str) -> Option<Self> {
        let names = ["kind", "message_id", "correlation_id", "task_id", "action", "event", "from"];
        let [kind, message_id, correlation_id, task_id, action, event, from] =
            members(text, names)?;
        let about = match kind? {
            "command" => About::Command(named(&Action::ALL, Action::as_str, action?)?),
            "event" => {
                let [agent] = members(from?, ["agent_type"])?;
                let agent = named(&AgentType::ALL, AgentType::as_str, agent?)?;
                About::Event(named(&EventType::ALL, EventType::as_str, event?)?, agent)
            }
            _ => return None,
        };
        Some(Self {
            message_id: Cow::Borrowed(message_id?),
            correlation_id: Cow::Borrowed(correlation_id?),
            task_id: Cow::Borrowed(task_id?),
            about,
        })
    }
}

/// The members of an object that have these names: the content of strings, the text of objects.
/// `None` where a name or one of the strings has escapes, or there are spaces around names.
fn members<'l, const N: usize>(text: &'l str, names: [&str; N]) -> Option<[Option<&'l str>; N]> {
    let mut members = [None; N];
    let mut rest = text.strip_prefix('{')?;
    while !rest.is_empty() {
        let (key, after) = plain_string(rest)?;
        let value = after.strip_prefix(':')?;
        let (found, after) = match plain_string(value) {
            Some((string, after)) => (Some(string), after),
            None => {
                let after = after_value(value)?;
                let text = value.get(..value.len() - after.len())?;
                (Some(text).filter(|text| text.starts_with('{')), after)
            }
        };
        if let Some(at) = names.iter().position(|name| *name == key) {
            *members.get_mut(at)? = found;
        }
        rest = after.strip_prefix(',').or_else(|| after.strip_prefix('}'))?;
    }
    Some(members)
}

fn named<T: Copy>(all: &[T], name: impl Fn(T) -> &'static str, wanted: &str) -> Option<T> {
    all.iter().copied().find(|it| name(*it) == wanted)
}

/// The string that begins `text`, without its quotes, and what follows it; `None` where it has
/// escapes, or something else stands there.
fn plain_string(text: &str) -> Option<(&str, &str)> {
    let text = text.strip_prefix('"')?;
    let end = memchr2(b'"', b'\\', text.as_bytes())?;
    let (string, rest) = text.split_at_checked(end)?;
    Some((string, rest.strip_prefix('"')?))
}

/// What follows the value that begins `text`.
fn after_value(text: &str) -> Option<&str> {
    let bytes = text.as_bytes();
    let (mut at, mut depth) = (0, 0_u32);
    loop {
        match bytes.get(at)? {
            b'"' => at = after_string(bytes, at + 1)?,
            b'{' | b'[' => (at, depth) = (at + 1, depth + 1),
            // The end of what the value stands in.
            b',' | b'}' | b']' if depth == 0 => return text.get(at..),
            b'}' | b']' => (at, depth) = (at + 1, depth - 1),
            _ => at += 1,
        }
    }
}

/// Where the string ends whose content begins at `at`: behind its quote.
fn after_string(bytes: &[u8], mut at: usize) -> Option<usize> {
    loop {
        let rest = bytes.get(at..)?;
        at += memchr2(b'"', b'\\', rest)?;
        match bytes.get(at)? {
            b'"' => return Some(at + 1),
            _ => at += 2,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVENT: &str = r#"{"kind":"event","message_id":"evt-00000001","correlation_id":"c\u00e9","task_id":"T-0042","from":{"agent_type":"builder"},"event":"builder.progress","payload":{"note":"a \"quoted\" } text, {[","kind":"command","list":[1,{"task_id":"x"}],"no":null},"occurred_at":"2025-10-20T14:30:00Z"}"#;

    /// Both ways say the same of whatever becomes of a line when bytes of it are changed or cut off.
    #[test]
    fn the_quick_way_says_what_the_thorough_way_says() {
        let plain = EVENT.replace(r"\u00e9", "1");
        let spaced = plain.replace(':', ": ").replace(',', " ,");
        let mut briefs = Briefs::new();
        assert!(briefs.quick(plain.as_bytes()).is_some());
        let mut quick = 0;
        for line in [EVENT, &plain, &spaced] {
            let mut check = |line: &[u8]| {
                let thorough = Spoken::read(line).map(Brief::from);
                quick += u32::from(briefs.quick(line).is_some());
                assert_eq!(briefs.read(line), thorough, "{}", String::from_utf8_lossy(line));
            };
            check(line.as_bytes());
            for at in 0..line.len() {
                check(&line.as_bytes()[..at]);
                for byte in [b'"', b'\\', b'}', b',', b'0', b'\n', 0xff] {
                    let mut changed = line.as_bytes().to_vec();
                    changed[at] = byte;
                    check(&changed);
                    changed.insert(at, b' ');
                    check(&changed);
                }
            }
        }
        // Otherwise nothing was compared.
        assert!(quick > 100, "{quick}");
    }
}
