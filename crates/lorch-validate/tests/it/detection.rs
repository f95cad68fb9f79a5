//! Which kind of document a value is, and what is said where it is none.

use lorch_types::Kind;
use lorch_types::json::{Limits, Value, read};
use lorch_validate::detect;

fn value(text: &str) -> Value {
    read(text.as_bytes(), Limits::default()).unwrap()
}

#[track_caller]
fn check(text: &str, expected: Result<Kind, &[&str]>) {
    match (detect(&value(text)), expected) {
        (Ok(found), Ok(expected)) => assert_eq!(found, expected, "{text}"),
        (Err(error), Err(words)) => {
            let said = format!("{error}; {}", error.help());
            for word in words {
                assert!(said.contains(word), "{text}: {said}");
            }
            assert_eq!(error.violation().family.code().0, "L1101");
        }
        (found, expected) => panic!("{text}: {found:?} instead of {expected:?}"),
    }
}

#[test]
fn kinds_are_told_apart_by_their_fields() {
    let kinds = [
        (r#"{"job_id": 1, "version": 2, "steps": 3}"#, Kind::JobDef),
        (r#"{"job_def_sha256": 1, "compiled_at": 2}"#, Kind::JobInstance),
        (r#"{"job_def_sha256": 1, "envelope": 2}"#, Kind::RunRecord),
        (r#"{"resolved_params": 1}"#, Kind::StepManifest),
        (r#"{"attempt_n": 1, "status": 2}"#, Kind::AttemptRecord),
        (r#"{"step_id": 1, "status": 2}"#, Kind::StepOutcome),
    ];
    for (text, kind) in kinds {
        check(text, Ok(kind));
    }
}

#[test]
fn what_is_no_document_is_told_what_it_is_nearest_to() {
    check("[1]", Err(&["an array", "--schema NAME", "job-def, job-instance"]));
    check("{}", Err(&["no kind", "--schema NAME"]));
    check(r#"{"colour": 1}"#, Err(&["no kind"]));
    check(
        r#"{"job_id": "a", "version": "1", "setps": []}"#,
        Err(&["a job-def also has `steps`", "`setps`: did you mean `steps`?"]),
    );
    check(
        r#"{"job_id": "a", "job_def_sha256": "b", "started_at": "c"}"#,
        Err(&["a run-record also has `envelope`", "--schema run-record"]),
    );
}

#[test]
fn messages_are_told_by_their_kind() {
    for (kind, name) in [
        (Kind::Command, "command"),
        (Kind::Event, "event"),
        (Kind::Heartbeat, "heartbeat"),
        (Kind::Log, "log"),
    ] {
        check(&format!(r#"{{"kind": "{name}"}}"#), Ok(kind));
        // No other field counts, be they those of another kind.
        check(&format!(r#"{{"kind": "{name}", "step_id": "a", "status": 1}}"#), Ok(kind));
    }
}

#[test]
fn a_misspelt_kind_is_told_what_it_should_be() {
    for (said, meant) in [
        ("comand", "command"),
        ("Command", "command"),
        ("events", "event"),
        ("heart_beat", "heartbeat"),
    ] {
        check(
            &format!(r#"{{"kind": "{said}", "message_id": "m", "seq": 1}}"#),
            Err(&[&format!("`{said}` is no kind of message"), &format!("did you mean `{meant}`?")]),
        );
    }
    // What is said is about the field.
    let error = detect(&value(r#"{"kind": "comand", "task_id": "T-0042"}"#)).unwrap_err();
    let violation = error.violation();
    assert_eq!((violation.pointer.to_string().as_str(), &*violation.keyword), ("/kind", "enum"));
    assert_eq!(violation.found.as_deref(), Some("`comand`"));
    assert_eq!(violation.expected.as_deref(), Some("`command`, `event`, `heartbeat` or `log`"));
}

#[test]
fn a_message_without_its_kind_is_told_by_its_other_fields() {
    let log = |kind: &str| {
        format!(
            r#"{{{kind} "level": "info", "message": "a", "timestamp": "2025-10-20T14:08:20Z"}}"#
        )
    };
    check(&log(r#""kind": "message","#), Err(&["`message` is no kind", "those of a log"]));
    check(&log(r#""kind": 7,"#), Err(&["`7` is no kind of message", "those of a log"]));
    check(&log(r#""knd": "log","#), Err(&["a log also has `kind`", "`knd`: did you mean `kind`?"]));
    check(&log(""), Err(&["a log also has `kind`", r#"add `"kind": "log"`"#]));
}

/// What may be passed over where it is merely found, and what may not.
#[test]
fn only_what_nothing_suggests_to_be_a_document_is_foreign() {
    for (text, is_foreign) in [
        ("[1]", true),
        ("{}", true),
        (r#"{"name": "site", "version": "1", "private": true}"#, true),
        (r#"{"kind": "Pod", "metadata": {}, "spec": {}}"#, true),
        // One field of three that are required.
        (r#"{"job_id": "a"}"#, true),
        // Two of three, but most fields are those of something else.
        (r#"{"job_id": "a", "version": "1", "a": 1, "b": 2, "c": 3}"#, true),
        (r#"{"job_id": "a", "version": "1"}"#, false),
        (r#"{"job_id": "a", "version": "1", "step": []}"#, false),
        (r#"{"kind": "comand", "message_id": "m"}"#, false),
    ] {
        assert_eq!(detect(&value(text)).unwrap_err().is_foreign(), is_foreign, "{text}");
    }
}
