//! What an agent has answered, durable before anybody hears it: a file of one record a line.

use std::collections::BTreeMap;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::PathBuf;

use lorch_types::agent::{Action, Command, Event};
use lorch_types::json::{Limits, Object, Value, canonical, from_value, read, to_value};
use lorch_types::{Digest, IdempotencyKey};
use serde::{Deserialize, Serialize};

use super::{Options, SdkError};

/// What an agent has answered.
#[derive(Debug)]
pub(super) struct Memory {
    path: PathBuf,
    file: File,
    known: BTreeMap<IdempotencyKey, Record>,
}

/// What is known of a key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Record {
    key: IdempotencyKey,
    action: Action,
    /// The digest of what the key asks for.
    asked: Digest,
    /// The answer, once there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    event: Option<Event>,
}

/// What a memory says about a command.
pub(super) enum Recalled {
    /// Its key was answered with this.
    Answered(Box<Event>),
    /// Its key was used for something else.
    Conflict,
    /// The work was begun.
    Begun,
    /// It is new.
    Nothing,
}

impl Memory {
    /// The memory in the folder that the options name, without a record that a crash cut off.
    pub(super) fn open(options: &Options) -> Result<Self, SdkError> {
        let path = options.memory.join(format!("{}.ndjson", options.agent.as_str()));
        let opened = || {
            DirBuilder::new().recursive(true).mode(0o700).create(&options.memory)?;
            let mut file = OpenOptions::new();
            let mut file = file.read(true).append(true).create(true).mode(0o600).open(&path)?;
            let mut text = Vec::new();
            file.read_to_end(&mut text)?;
            let whole = memchr::memrchr(b'\n', &text).map_or(0, |end| end + 1);
            if whole < text.len() {
                file.set_len(u64::try_from(whole).unwrap_or(u64::MAX))?;
            }
            let known = records(text.get(..whole).unwrap_or_default())?;
            file.sync_all()?;
            // The file itself must still be there, too.
            File::open(&options.memory)?.sync_all()?;
            Ok((file, known))
        };
        match opened() {
            Ok((file, known)) => Ok(Self { path, file, known }),
            Err(source) => Err(SdkError::Memory { path, source }),
        }
    }

    /// What is known of a command.
    pub(super) fn recall(&self, command: &Command) -> Recalled {
        match self.known.get(&command.idempotency_key) {
            None => Recalled::Nothing,
            Some(record) if record.asked != asked(command) => Recalled::Conflict,
            Some(Record { event: Some(event), .. }) => Recalled::Answered(Box::new(event.clone())),
            Some(_) => Recalled::Begun,
        }
    }

    /// How many keys with this action were answered.
    pub(super) fn answered(&self, action: Action) -> usize {
        let of_action = |record: &&Record| record.action == action && record.event.is_some();
        self.known.values().filter(of_action).count()
    }

    /// Remembers that the work on a command begins, and returns whether it was begun before.
    pub(super) fn begin(&mut self, command: &Command) -> Result<bool, SdkError> {
        if self.known.contains_key(&command.idempotency_key) {
            return Ok(true);
        }
        self.write(command, None)?;
        Ok(false)
    }

    /// Remembers the answer to a command.
    pub(super) fn keep(&mut self, command: &Command, event: &Event) -> Result<(), SdkError> {
        self.write(command, Some(event.clone()))
    }

    fn write(&mut self, command: &Command, event: Option<Event>) -> Result<(), SdkError> {
        let key = command.idempotency_key.clone();
        let record = Record { key, action: command.action, asked: asked(command), event };
        let written = to_value(&record).map_err(io::Error::other).and_then(|value| {
            let line = canonical(&value) + "\n";
            self.file.write_all(line.as_bytes())?;
            self.file.sync_data()
        });
        written.map_err(|source| SdkError::Memory { path: self.path.clone(), source })?;
        self.known.insert(record.key.clone(), record);
        Ok(())
    }
}

/// The last record of each key.
fn records(text: &[u8]) -> io::Result<BTreeMap<IdempotencyKey, Record>> {
    let lines = text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    lines
        .map(|line| {
            let invalid = |reason: String| io::Error::new(io::ErrorKind::InvalidData, reason);
            let value =
                read(line, Limits::default()).map_err(|error| invalid(error.to_string()))?;
            let record: Record = from_value(&value).map_err(|error| invalid(error.to_string()))?;
            Ok((record.key.clone(), record))
        })
        .collect()
}

/// The digest of what a command asks for, whoever asks and how often.
fn asked(command: &Command) -> Digest {
    let outputs = to_value(&command.expected_outputs).unwrap_or(Value::Null);
    let mut asked = Object::new();
    asked.insert("action", command.action.as_str());
    asked.insert("task_id", command.task_id.as_str());
    asked.insert("snapshot_id", command.version.snapshot_id.as_str());
    asked.insert("inputs", command.inputs.clone());
    asked.insert("expected_outputs", outputs);
    Digest::of(&asked.into())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use lorch_types::agent::AgentType;

    use super::*;

    const COMMAND: &str = r#"{"kind":"command","message_id":"cmd-00000001","correlation_id":"c","task_id":"T-0042","idempotency_key":"ik:0000000000000000000000000000000000000000000000000000000000000001","to":{"agent_type":"builder"},"action":"implement","inputs":{},"expected_outputs":[],"version":{"snapshot_id":"snap-d0ab7e60b764"},"deadline":"2025-10-20T14:18:20Z","retry":{"attempt":0,"max_attempts":3},"priority":5}"#;
    const EVENT: &str = r#"{"kind":"event","message_id":"evt-00000001","correlation_id":"c","task_id":"T-0042","from":{"agent_type":"builder"},"event":"builder.completed","payload":{},"occurred_at":"2025-10-20T14:30:00Z"}"#;

    fn options(folder: &tempfile::TempDir) -> Options {
        Options {
            agent: AgentType::Builder,
            memory: folder.path().join("a/b"),
            workspace: folder.path().to_owned(),
            heartbeat: Duration::from_secs(5),
        }
    }

    fn parse<T: serde::de::DeserializeOwned>(text: &str) -> T {
        from_value(&read(text.as_bytes(), Limits::default()).unwrap()).unwrap()
    }

    fn recalled(memory: &Memory, command: &Command) -> &'static str {
        match memory.recall(command) {
            Recalled::Answered(_) => "answered",
            Recalled::Conflict => "conflict",
            Recalled::Begun => "begun",
            Recalled::Nothing => "nothing",
        }
    }

    /// Whatever byte a crash stops at, what was whole before it is remembered, and goes on.
    #[test]
    fn a_crash_forgets_nothing_that_was_answered() {
        let folder = tempfile::tempdir().unwrap();
        let options = options(&folder);
        let (command, event): (Command, Event) = (parse(COMMAND), parse(EVENT));
        let mut other = command.clone();
        other.idempotency_key = IdempotencyKey::of_bytes(b"other");
        let mut memory = Memory::open(&options).unwrap();
        assert_eq!(recalled(&memory, &command), "nothing");
        assert!(!memory.begin(&command).unwrap() && memory.begin(&command).unwrap());
        memory.keep(&command, &event).unwrap();
        let answered = std::fs::metadata(&memory.path).unwrap().len();
        memory.begin(&other).unwrap();
        let begun = std::fs::metadata(&memory.path).unwrap().len();
        memory.keep(&other, &event).unwrap();
        let (path, whole) = (memory.path.clone(), std::fs::read(&memory.path).unwrap());
        let end = u64::try_from(whole.len()).unwrap();
        for cut in answered..=end {
            std::fs::write(&path, &whole[..usize::try_from(cut).unwrap()]).unwrap();
            let mut memory = Memory::open(&options).unwrap();
            assert_eq!(recalled(&memory, &command), "answered", "{cut}");
            let expected = match cut {
                _ if cut == end => "answered",
                _ if cut >= begun => "begun",
                _ => "nothing",
            };
            assert_eq!(recalled(&memory, &other), expected, "{cut}");
            memory.keep(&other, &event).unwrap();
            assert_eq!(recalled(&Memory::open(&options).unwrap(), &other), "answered", "{cut}");
            assert_eq!(memory.answered(Action::Implement), 2);
        }
    }

    #[test]
    fn a_key_that_was_used_for_something_else_is_a_conflict() {
        let folder = tempfile::tempdir().unwrap();
        let mut command: Command = parse(COMMAND);
        let mut memory = Memory::open(&options(&folder)).unwrap();
        memory.begin(&command).unwrap();
        command.retry.attempt = command.retry.attempt.next().unwrap();
        assert_eq!(recalled(&memory, &command), "begun");
        command.inputs.insert("goal", "another");
        assert_eq!(recalled(&memory, &command), "conflict");
    }

    #[test]
    fn a_memory_that_is_none_is_not_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let options = options(&folder);
        std::fs::create_dir_all(&options.memory).unwrap();
        let path = options.memory.join("builder.ndjson");
        std::fs::write(&path, "{\"key\":1}\n").unwrap();
        assert!(matches!(Memory::open(&options), Err(SdkError::Memory { .. })));
        assert_eq!(std::fs::read_to_string(path).unwrap(), "{\"key\":1}\n");
    }
}
