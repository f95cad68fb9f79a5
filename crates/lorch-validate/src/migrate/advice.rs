//! What a person has to do about what no migration can.

use lorch_types::Kind;
use lorch_types::agent::{Action, Command, ExpectedOutput};
use lorch_types::json::{Value, from_value};
use lorch_types::pointer::Pointer;

use crate::violation::{Family, Violation};

/// What to do about an id that no spelling of today can be, beyond what the violation says itself.
pub(super) fn advice(
    violation: &Violation,
    document: &Value,
    kind: Option<Kind>,
) -> Option<String> {
    if violation.family != Family::Text {
        return None;
    }
    let tokens: Vec<&str> = violation.pointer.tokens().collect();
    match *tokens.as_slice() {
        ["idempotency_key"] if kind == Some(Kind::Command) => Some(key_of(document)),
        ["idempotency_key"] => Some("take over the key of the command that it answers".to_owned()),
        [.., "sha256"] => Some(digest_of(document, &violation.pointer)),
        ["message_id" | "last_event_id" | "last_command_id" | "command_message_id"]
        | ["events", _] => Some(
            "give it a new id of the same form, and the same one in every document that names it"
                .to_owned(),
        ),
        ["snapshot_id"] | [_, "snapshot_id"] => Some(
            "take the snapshot again: its id is derived from the digests of its files".to_owned(),
        ),
        _ => None,
    }
}

/// The key that the content of a command has, if all of it can be read.
fn key_of(command: &Value) -> String {
    let key = (|| {
        let action: Action = from_value(command.get("action")?).ok()?;
        let task = from_value(command.get("task_id")?).ok()?;
        let snapshot = from_value(command.get("version")?.get("snapshot_id")?).ok()?;
        let inputs = command.get("inputs")?.as_object()?;
        let outputs: Vec<ExpectedOutput> = from_value(command.get("expected_outputs")?).ok()?;
        Command::key(action, &task, &snapshot, inputs, &outputs).ok()
    })();
    match key {
        Some(key) => format!(
            "the key of this content is `{key}`; write it here, and in the receipt of this command"
        ),
        None => "the key is derived from action, task, snapshot, inputs and expected outputs: \
                 mend those first"
            .to_owned(),
    }
}

/// How the digest beside a path is found again.
fn digest_of(document: &Value, pointer: &Pointer) -> String {
    let mut around = pointer.clone();
    around.pop();
    let path = around.find(document).and_then(|file| file.get("path")).and_then(Value::as_str);
    match path {
        Some(path) => format!(
            "compute it again: `sha256:` and what `sha256sum {}` prints",
            path.escape_debug()
        ),
        None => "compute it again from the content".to_owned(),
    }
}
