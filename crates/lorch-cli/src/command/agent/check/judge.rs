//! Whether an answer is one.

use std::fs;
use std::path::Path;

use lorch_types::Digest;
use lorch_types::agent::{Command, Event, EventType, WorkspacePath};
use lorch_types::json::{Value, canonical, to_value};

/// Whether an event is an answer to a command.
pub(super) fn fits(command: &Command, event: &Event) -> Result<(), String> {
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

/// Compares what was answered to a key with what was answered to it before.
pub(super) fn is_same(first: &Event, second: &Event) -> Result<(), String> {
    let answer =
        |event: &Event| (event.event, event.status, event.payload.clone(), event.artifacts.clone());
    if answer(first) == answer(second) {
        return Ok(());
    }
    let shown = |event: &Event| {
        to_value(event).map_or_else(|error| error.to_string(), |value| canonical(&value))
    };
    Err(format!("first {}, then {}", shown(first), shown(second)))
}

/// Compares artifacts with the files, and looks for those that are expected.
pub(super) fn artifacts(
    root: &Path,
    expected: &[WorkspacePath],
    event: &Event,
) -> Result<(), String> {
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
    match expected.iter().find(|path| !is_there(path)) {
        Some(missing) => Err(format!("{missing} is expected and missing")),
        None => Ok(()),
    }
}
