//! The documents of the agent family: what is read is what is written, and what ids derive from.

use lorch_types::agent::{
    Action, AgentType, Command, Event, EventType, ExpectedOutput, Heartbeat, Log, Message, Receipt,
    RunState, SnapshotFile, SnapshotManifest,
};
use lorch_types::json::{self, Limits, Object, Value};
use lorch_types::{Digest, Kind};

use crate::documents::check;

fn read(text: &str) -> Value {
    json::read(text.as_bytes(), Limits::default()).unwrap()
}

const COMMAND: &str = r#"{"kind":"command","message_id":"cmd-a1b2c3d4","correlation_id":"corr-001",
    "task_id":"T-0042","idempotency_key":"ik:HEX","to":{"agent_type":"builder","agent_id":"b1"},
    "action":"implement","inputs":{"goal":"Add user authentication"},
    "expected_outputs":[{"path":"src/auth.go","required":true,"description":"the module"}],
    "version":{"snapshot_id":"snap-d0ab7e60b764","specs_hash":"sha256:HEX"},
    "deadline":"2025-10-20T15:00:00Z","retry":{"attempt":0,"max_attempts":3},"priority":5}"#;

const EVENT: &str = r#"{"kind":"event","message_id":"evt-e5f60708","correlation_id":"corr-001",
    "task_id":"T-0042","from":{"agent_type":"reviewer"},"event":"review.completed",
    "status":"changes_requested","payload":{"summary":"no tests"},
    "artifacts":[{"path":"src/auth.go","sha256":"sha256:HEX","size":2048}],
    "observed_version":{"snapshot_id":"snap-d0ab7e60b764"},"occurred_at":"2025-10-20T14:30:00Z"}"#;

const HEARTBEAT: &str = r#"{"kind":"heartbeat","agent":{"agent_type":"builder"},"seq":42,
    "status":"busy","pid":12345,"ppid":0,"uptime_s":120.5,
    "last_activity_at":"2025-10-20T14:32:00Z","stats":{"cpu_pct":45.2,"rss_bytes":52428800},
    "task_id":"T-0042"}"#;

const LOG: &str = r#"{"kind":"log","level":"info","message":"Starting",
    "fields":{"task_id":"T-0042"},"timestamp":"2025-10-20T14:08:20Z"}"#;

#[test]
fn documents_are_written_as_they_were_read() {
    check::<Command>(Kind::Command, COMMAND, COMMAND);
    check::<Event>(Kind::Event, EVENT, EVENT);
    check::<Heartbeat>(Kind::Heartbeat, HEARTBEAT, HEARTBEAT);
    check::<Log>(Kind::Log, LOG, LOG);
    let snapshot = r#"{"snapshot_id":"snap-d0ab7e60b764","created_at":"2025-10-20T14:08:18Z",
        "workspace_root":"./","files":[{"path":"src/main.go","sha256":"sha256:HEX","size":1024,
        "mtime":"2025-10-20T14:00:00Z"}]}"#;
    check::<SnapshotManifest>(Kind::SnapshotManifest, snapshot, snapshot);
    let receipt = r#"{"task_id":"T-0042","step":1,"action":"implement","idempotency_key":"ik:HEX",
        "snapshot_id":"snap-d0ab7e60b764","command_message_id":"cmd-a1b2c3d4",
        "correlation_id":"corr-001","artifacts":[],"events":["evt-e5f60708"],
        "created_at":"2025-10-20T14:30:00Z"}"#;
    check::<Receipt>(Kind::Receipt, receipt, receipt);
    let state = r#"{"run_id":"run-20251020-140818-4f9f29a1","status":"running","task_id":"T-0042",
        "snapshot_id":"snap-d0ab7e60b764","current_stage":"review",
        "started_at":"2025-10-20T14:08:18Z","last_command_id":"cmd-a1b2c3d4",
        "last_event_id":"evt-e5f60708","terminal_events":{"builder":"builder.completed"}}"#;
    check::<RunState>(Kind::RunState, state, state);
}

#[test]
fn a_required_output_is_written_as_such() {
    let text = COMMAND.replace(r#""required":true,"#, "");
    check::<Command>(Kind::Command, &text, COMMAND);
}

#[test]
fn a_message_is_what_its_kind_says() {
    for text in [COMMAND, EVENT, HEARTBEAT, LOG] {
        let value = crate::documents::read(text);
        let message = Message::from_value(&value).unwrap();
        assert_eq!(Some(message.kind().as_str()), value.get("kind").and_then(Value::as_str));
        assert_eq!(json::to_value(&message).unwrap(), value);
        assert_eq!(serde_json::from_str::<Message>(&value.to_string()).unwrap(), message);
    }
    let error = Message::from_value(&read(r#"{"kind":"comand"}"#)).unwrap_err();
    assert!(error.to_string().contains("`command`, `event`, `heartbeat` or `log`"), "{error}");
}

/// The vectors of the design, and what makes keys differ.
#[test]
fn a_command_s_key_derives_from_what_it_asks_for() {
    let (task, snapshot) = ("T-0042".parse().unwrap(), "snap-d0ab7e60b764".parse().unwrap());
    let inputs: Object = [("goal", "Add user authentication")].into_iter().collect();
    let output = |path: &str| ExpectedOutput {
        path: path.parse().unwrap(),
        required: true,
        description: None,
    };
    let key = |action, inputs: &Object, outputs: &[ExpectedOutput]| {
        Command::key(action, &task, &snapshot, inputs, outputs).unwrap().to_string()
    };
    let implement = key(Action::Implement, &inputs, &[output("src/auth.go")]);
    assert_eq!(implement, "ik:036791e819a416e5f33362286cc019761095b353161212a73b982aac6896cc9b");
    assert_eq!(
        key(Action::Review, &Object::new(), &[]),
        "ik:f0d7e37515799a153efdf34afe1e2bd432ccbfcac0ba49ea6acd3c83806ee1ea"
    );
    assert_ne!(key(Action::ImplementChanges, &inputs, &[output("src/auth.go")]), implement);
    assert_ne!(key(Action::Implement, &inputs, &[output("src/auth.rs")]), implement);
}

/// The vector of the design: `specs/SPEC.md` and `src/main.rs`, in whatever order, whenever.
#[test]
fn a_snapshot_s_id_derives_from_its_content() {
    let file = |path: &str, content: &str, mtime: &str| SnapshotFile {
        path: path.parse().unwrap(),
        sha256: Digest::of_bytes(content.as_bytes()),
        size: lorch_types::NaturalInteger::new(content.len() as u64).unwrap(),
        mtime: mtime.parse().unwrap(),
    };
    let spec = file("specs/SPEC.md", "# Spec\n", "2025-10-20T14:00:00Z");
    let main = file("src/main.rs", "fn main() {}\n", "2025-10-20T13:00:00Z");
    let later = file("src/main.rs", "fn main() {}\n", "2026-01-01T00:00:00Z");
    for files in [[&spec, &main], [&main, &spec], [&later, &spec]] {
        let files: Vec<_> = files.into_iter().cloned().collect();
        assert_eq!(SnapshotManifest::id_of(&files).as_str(), "snap-6f8d55a83919");
    }
    let other = file("src/main.rs", "fn main() {}", "2025-10-20T13:00:00Z");
    assert_ne!(SnapshotManifest::id_of(&[spec, other]).as_str(), "snap-6f8d55a83919");
}

#[test]
fn every_word_is_spelt_as_it_is_written() {
    let spelt = |value: Value| value.as_str().map(str::to_owned);
    for action in Action::ALL {
        assert_eq!(spelt(json::to_value(&action).unwrap()).as_deref(), Some(action.as_str()));
        assert!(action.terminal_events().contains(&EventType::Error));
    }
    for agent in AgentType::ALL {
        assert_eq!(spelt(json::to_value(&agent).unwrap()).as_deref(), Some(agent.as_str()));
    }
    for event in EventType::ALL {
        assert_eq!(spelt(json::to_value(&event).unwrap()).as_deref(), Some(event.as_str()));
    }
}
