//! What is said in a run of a task, as people read it: a line for each message.

use lorch_agents::{Fault, GaveUp, Heard, Observation, What};
use lorch_types::agent::{
    Action, Artifact, Command, Event, EventType, ReviewStatus, WorkspacePath,
};
use lorch_types::diagnostic::{Color, visible};
use lorch_types::json::{Object, Value};

use crate::amount::{counted, duration, size};

/// How many characters of what an agent says are shown.
const SHOWN: usize = 100;
/// How many files of one piece of work are shown.
const SHOWN_FILES: usize = 12;
/// How wide the name of an agent is.
const NAME: usize = 16;

/// Writes the lines of a transcript.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Transcript {
    /// Whether lines are coloured.
    pub(crate) color: Color,
}

/// What a line is about, for its colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tone {
    Asked,
    Remark,
    Good,
    Bad,
    Doubtful,
}

impl Transcript {
    /// A command that is sent.
    pub(crate) fn command(self, command: &Command) -> String {
        let round = command.inputs.get("round").and_then(Value::as_u64);
        let round = round.filter(|round| *round > 1);
        let round = round.map_or_else(String::new, |round| format!(", round {round}"));
        let attempt = match command.retry.attempt.get() {
            0 => String::new(),
            attempt => format!(", attempt {}", attempt.saturating_add(1)),
        };
        let action = in_words(command.action);
        let agent = command.to.agent_type.as_str();
        self.line(agent, Tone::Asked, &format!("{action}{round}{attempt}"), "")
    }

    /// An event, why it is refused if it is, and how many milliseconds after its command it came.
    pub(crate) fn event(self, event: &Event, refused: Option<&str>, took: Option<u64>) -> String {
        let agent = event.from.agent_type.as_str();
        if let Some(reason) = refused {
            let words = format!("{} is not heeded: {reason}", event.event.as_str());
            return self.line(agent, Tone::Doubtful, &words, "");
        }
        let took = took.map(duration).unwrap_or_default();
        let (tone, what) = what(event);
        // Whoever asks for changes says which.
        let first = if tone == Tone::Doubtful { "findings" } else { "summary" };
        let said = said(&event.payload, first);
        let words = if said.is_empty() { what.to_owned() } else { format!("{what}: {said}") };
        self.line(agent, tone, &words, &took)
    }

    /// What work did to the workspace: a line for each file.
    pub(crate) fn observed(self, found: &Observation) -> String {
        let mut lines: Vec<(Tone, String)> = Vec::new();
        let is_undeclared = |path: &WorkspacePath| found.undeclared.contains(path);
        for Artifact { path, size: bytes, .. } in &found.artifacts {
            let (tone, more) = match is_undeclared(path) {
                true => (Tone::Doubtful, ", which it does not say"),
                false => (Tone::Remark, ""),
            };
            lines.push((tone, format!("{path}  {}{more}", size(bytes.get()))));
        }
        let with = |paths: &[WorkspacePath], tone, words: &str| {
            let lines = paths.iter().map(|path| (tone, format!("{path}  {words}")));
            lines.collect::<Vec<_>>()
        };
        lines.extend(with(&found.removed, Tone::Remark, "removed"));
        lines.extend(with(&found.untrue, Tone::Bad, "is not what it says of it"));
        lines.extend(with(&found.missing, Tone::Bad, "is required, and is not there"));
        let more = lines.len().saturating_sub(SHOWN_FILES);
        let mut text: String = lines
            .iter()
            .take(SHOWN_FILES)
            .map(|(tone, words)| self.indented(*tone, words))
            .collect();
        if more > 0 {
            let more = format!("and {} more", counted(more as u64, "file"));
            text.push_str(&self.indented(Tone::Remark, &more));
        }
        text
    }

    /// A file that work left behind.
    pub(crate) fn file(self, path: &WorkspacePath, bytes: u64) -> String {
        self.indented(Tone::Remark, &format!("{path}  {}", size(bytes)))
    }

    /// What else is heard of an agent; nothing where it is of no interest to people.
    pub(crate) fn agent(self, heard: &Heard) -> Option<String> {
        let (tone, words) = match &heard.what {
            What::Started { .. } | What::Ready | What::Event { .. } => return None,
            What::Stalled { since } => {
                let since = duration(u64::try_from(since.as_millis()).unwrap_or(u64::MAX));
                (Tone::Doubtful, format!("lives, and has not got on for {since}"))
            }
            What::Recovered => (Tone::Remark, "gets on again".to_owned()),
            What::Unhealthy { fault } => (Tone::Bad, stopped(fault)),
            What::Quarantined { reason, excerpt } => {
                (Tone::Doubtful, format!("a line is put aside: {reason}: {excerpt}"))
            }
            What::Oversize { bytes, excerpt } => {
                let bytes = size(*bytes);
                (Tone::Doubtful, format!("a line of {bytes} is dropped: {excerpt}"))
            }
            What::SeqBack { from, to } => {
                (Tone::Doubtful, format!("has started itself again: heartbeat {to} after {from}"))
            }
            What::Exited { status, last_words } => {
                let status = status.map_or_else(|| "ended".to_owned(), |it| it.to_string());
                let last_words =
                    last_words.as_ref().map(|words| format!(": {words}")).unwrap_or_default();
                (Tone::Remark, format!("{status}{last_words}"))
            }
            What::Restarting { after, restart } => {
                let after = duration(u64::try_from(after.as_millis()).unwrap_or(u64::MAX));
                (Tone::Doubtful, format!("is started again in {after} (restart {restart})"))
            }
            What::GaveUp { reason } => (Tone::Bad, gave_up(reason)),
        };
        Some(self.line(heard.agent.as_str(), tone, &words, ""))
    }

    /// Something that lorch itself says.
    pub(crate) fn remark(self, words: &str) -> String {
        self.line("lorch", Tone::Remark, words, "")
    }

    fn line(self, agent: &str, tone: Tone, words: &str, took: &str) -> String {
        let (agent, words) = (format!("{agent:<NAME$}"), visible(words));
        let agent = self.paint("1", &agent);
        let glyph = self.paint(tone.style(), tone.glyph());
        let took =
            if took.is_empty() { String::new() } else { self.paint("2", &format!("  {took}")) };
        format!("{agent} {glyph} {words}{took}\n")
    }

    fn indented(self, tone: Tone, words: &str) -> String {
        let words = visible(words);
        let style = if tone == Tone::Remark { "2" } else { tone.style() };
        format!("{:NAME$}   {}\n", "", self.paint(style, &words))
    }

    fn paint(self, style: &str, text: &str) -> String {
        match self.color {
            Color::Always => format!("\x1b[{style}m{text}\x1b[0m"),
            Color::Never => text.to_owned(),
        }
    }
}

impl Tone {
    const fn glyph(self) -> &'static str {
        match self {
            Self::Asked => "▸",
            Self::Remark => "·",
            Self::Good => "✔",
            Self::Bad => "✘",
            Self::Doubtful => "!",
        }
    }

    const fn style(self) -> &'static str {
        match self {
            Self::Asked => "34",
            Self::Remark => "2",
            Self::Good => "32",
            Self::Bad => "31",
            Self::Doubtful => "33",
        }
    }
}

/// An action as it is told.
fn in_words(action: Action) -> &'static str {
    match action {
        Action::Implement => "implement",
        Action::ImplementChanges => "implement changes",
        Action::Review => "review",
        Action::UpdateSpec => "update the specification",
        Action::Intake => "make tasks of it",
        Action::TaskDiscovery => "find tasks",
    }
}

/// What has happened, in words.
fn what(event: &Event) -> (Tone, &'static str) {
    match event.event {
        EventType::BuilderProgress => (Tone::Remark, "is getting on"),
        EventType::BuilderCompleted => (Tone::Good, "done"),
        EventType::ReviewCompleted => match event.status {
            Some(ReviewStatus::Approved) => (Tone::Good, "approved"),
            _ => (Tone::Doubtful, "changes requested"),
        },
        EventType::SpecUpdated => (Tone::Good, "specification updated"),
        EventType::SpecNoChangesNeeded => (Tone::Good, "the specification needs no changes"),
        EventType::SpecChangesRequested => {
            (Tone::Doubtful, "changes requested by the specification")
        }
        EventType::ProposedTasks => (Tone::Good, "proposes tasks"),
        EventType::NeedsClarification => (Tone::Doubtful, "asks"),
        EventType::PlanConflict => (Tone::Doubtful, "finds a conflict"),
        EventType::ArtifactProduced => (Tone::Remark, "wrote a file"),
        EventType::Error => (Tone::Bad, "error"),
        EventType::UserDecision => (Tone::Remark, "decided"),
    }
}

/// What a payload says to people: the field `first`, or the first of the others that is there.
fn said(payload: &Object, first: &str) -> String {
    const FIELDS: [&str; 6] = ["summary", "note", "message", "findings", "text", "decision"];
    let fields = std::iter::once(first).chain(FIELDS);
    let said = fields.into_iter().find_map(|field| payload.get(field));
    let text = match said {
        None => return String::new(),
        Some(Value::Array(items)) => {
            let texts = items.iter().map(|item| match item.as_str() {
                Some(text) => text.to_owned(),
                None => item.to_string(),
            });
            texts.collect::<Vec<_>>().join("; ")
        }
        Some(value) => value.as_str().map_or_else(|| value.to_string(), str::to_owned),
    };
    let text = match payload.get("code").and_then(Value::as_str) {
        Some(code) => format!("{code}: {text}"),
        None => text,
    };
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text,
    }
}

fn stopped(fault: &Fault) -> String {
    format!("is stopped: {fault}")
}

fn gave_up(reason: &GaveUp) -> String {
    format!("is not started again: {reason}")
}
