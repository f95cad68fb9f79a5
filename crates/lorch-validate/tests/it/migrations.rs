//! Drafts become `v1` where nothing has to be guessed, and the rest is said.

use std::path::Path;

use lorch_types::json::{Limits, read};
use lorch_validate::migrate::{MIGRATIONS, migrate};

const HEX: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
const KEY: &str = "ik:036791e819a416e5f33362286cc019761095b353161212a73b982aac6896cc9b";

/// A command whose key is that of its content.
fn command() -> String {
    format!(
        r#"{{ "kind": "command", "message_id": "cmd-a1b2c3d4", "correlation_id": "c",
  "task_id": "T-0042", "idempotency_key": "{KEY}", "to": {{"agent_type": "builder"}},
  "action": "implement", "inputs": {{"goal": "Add user authentication"}},
  "expected_outputs": [{{"path": "src/auth.go", "required": true}}],
  "version": {{"snapshot_id": "snap-d0ab7e60b764"}}, "deadline": "2025-10-20T15:00:00Z",
  "retry": {{"attempt": 0, "max_attempts": 3}}, "priority": 5 }}"#
    )
}

/// What is said about `draft`, a line for each change and each thing to be changed by hand, and the
/// text it becomes.
fn migrated(draft: &str) -> (Vec<String>, String) {
    let migrated = migrate("x.json", draft.as_bytes(), Limits::default()).unwrap();
    let changes = migrated.changes.iter().map(|change| {
        format!(
            "{} {} -> {}",
            change.pointer,
            change.before.as_deref().unwrap_or("+"),
            change.after
        )
    });
    let by_hand = migrated.by_hand.iter().map(|finding| {
        let diagnostic = &finding.diagnostic;
        let help = diagnostic.help.as_deref().unwrap_or_default();
        format!("{} {} | {help}", diagnostic.code, diagnostic.pointer)
    });
    let said = changes.chain(by_hand).collect();
    (said, String::from_utf8(migrated.text).unwrap())
}

/// `draft` becomes `expected` by these changes, and nothing is left; doing it again changes nothing.
#[track_caller]
fn check(draft: &str, changes: &[&str], expected: &str) {
    let (said, text) = migrated(draft);
    assert_eq!(said, changes);
    assert_eq!(text, expected);
    assert_eq!(migrated(&text), (Vec::new(), text));
}

#[test]
fn what_can_be_nothing_else_is_respelled_in_place() {
    let upper = KEY.replace("36791e", "36791E");
    check(
        &command().replace(KEY, &upper),
        &[&format!("/idempotency_key {upper} -> {KEY}")],
        &command(),
    );
    check(
        &command().replace("cmd-a1b2c3d4", "cmd-A1B2C3D4"),
        &["/message_id cmd-A1B2C3D4 -> cmd-a1b2c3d4"],
        &command(),
    );
    for deadline in ["2025-10-20 15:00:00Z", "2025-10-20t15:00:00z"] {
        check(
            &command().replace("2025-10-20T15:00:00Z", deadline),
            &[&format!("/deadline {deadline} -> 2025-10-20T15:00:00Z")],
            &command(),
        );
    }
    let event = |digest: &str| {
        format!(
            r#"{{"message_id":"evt-0a1b2c3d","correlation_id":"c","task_id":"T-0042",
            "from":{{"agent_type":"builder"}},"event":"builder.completed","payload":{{}},"artifacts":[
            {{"path":"src/auth.go","sha256":"{digest}","size":2048}}],
            "occurred_at":"2025-10-20T14:30:00Z"}}"#
        )
    };
    check(
        &event(&HEX.to_uppercase()),
        &[
            "/kind + -> event",
            &format!("/artifacts/0/sha256 {} -> sha256:{HEX}", HEX.to_uppercase()),
        ],
        &event(&format!("sha256:{HEX}")).replacen('{', r#"{"kind": "event", "#, 1),
    );
}

#[test]
fn what_would_be_a_guess_is_left_to_a_person() {
    let by_hand = |draft: &str, expected: &str| {
        let (said, text) = migrated(draft);
        assert_eq!(said, [expected]);
        assert_eq!(text, draft);
    };
    by_hand(
        &command().replace(KEY, &format!("{KEY}0c")),
        &format!(
            "L1106 /idempotency_key | the key of this content is `{KEY}`; write it here, and in the \
             receipt of this command"
        ),
    );
    by_hand(
        &command().replace("snap-d0ab7e60b764", "snap-xyz"),
        "L1106 /version/snapshot_id | take the snapshot again: its id is derived from the digests of \
         its files",
    );
    by_hand(&command().replace("\"priority\": 5", "\"priority\": 50"), "L1107 /priority | ");
    // Other texts that are wrong say so themselves.
    by_hand(&command().replace("T-0042", "T-42"), "L1106 /task_id | ");
    // Nothing is known of what is no document.
    let (said, _) = migrated(r#"{"a":1}"#);
    assert!(said[0].starts_with("L1101  | "), "{said:?}");
}

/// The project's first examples, as they were printed: what is broken in them can only be mended by
/// hand, and each breach says how.
#[test]
fn the_first_examples_need_a_person() {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/cases/seeds");
    let said = |name: &str| {
        let text = std::fs::read_to_string(cases.join(name).join("document.json")).unwrap();
        let (said, new) = migrated(&text);
        assert_eq!(new, text, "{name}");
        said
    };
    let id = "give it a new id of the same form, and the same one in every document that names it";
    let digest =
        |path: &str| format!("compute it again: `sha256:` and what `sha256sum {path}` prints");
    assert_eq!(
        said("event"),
        [
            format!("L1106 /message_id | {id}"),
            format!("L1106 /artifacts/0/sha256 | {}", digest("src/auth.go")),
        ]
    );
    assert_eq!(
        said("receipt"),
        [
            "L1106 /idempotency_key | take over the key of the command that it answers".to_owned(),
            format!("L1106 /artifacts/0/sha256 | {}", digest("src/auth.go")),
            format!("L1106 /events/0 | {id}"),
        ]
    );
    assert!(said("command")[0].contains(&format!("the key of this content is `{KEY}`")));
    assert_eq!(said("snapshot-manifest").len(), 2);
    for valid in ["heartbeat", "log", "task", "plan"] {
        assert_eq!(said(valid), Vec::<String>::new(), "{valid}");
    }
}

#[test]
fn texts_that_are_no_json_are_refused_with_their_place() {
    let error = migrate("x.json", b"{\"a\":1,}", Limits::default()).unwrap_err();
    assert_eq!((error.place.line, error.place.column), (1, 8));
    assert!(read(b"{}", Limits::default()).is_ok());
    assert_eq!(MIGRATIONS.last().map(|it| it.to), Some("v1"));
}
