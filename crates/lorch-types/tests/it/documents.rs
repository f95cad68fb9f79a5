//! The documents of the job family as types: what is read is what is written.

use lorch_types::Kind;
use lorch_types::job::{AttemptRecord, JobDef, JobInstance, RunRecord, StepManifest, StepOutcome};
use lorch_types::json::{self, Limits, Value};
use serde::Serialize;
use serde::de::DeserializeOwned;

const HEX: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

pub(crate) fn read(text: &str) -> Value {
    json::read(text.replace("HEX", HEX).as_bytes(), Limits::default()).unwrap()
}

/// The document is of this kind, is read as `T`, and is written as `written`.
#[track_caller]
pub(crate) fn check<T: DeserializeOwned + Serialize + PartialEq + std::fmt::Debug>(
    kind: Kind,
    text: &str,
    written: &str,
) {
    let value = read(text);
    assert_eq!(Kind::detect(&value), Some(kind));
    let document: T = json::from_value(&value).unwrap();
    assert_eq!(json::to_value(&document).unwrap(), read(written));
    // The same through serde_json, both ways.
    let foreign = serde_json::to_string(&document).unwrap();
    assert_eq!(serde_json::from_str::<T>(&foreign).unwrap(), document);
    assert_eq!(read(&foreign), read(written));
}

#[test]
fn documents_are_written_as_they_were_read() {
    for text in [
        r#"{"job_id":"daily","version":"1","steps":[]}"#,
        r#"{"job_id":"daily","version":"1.10","ctx_schema":{},"payload_schema":{"type":"object"},
            "steps":[
              {"step_id":"read","op":"query.rows","params":{"table":"@ctx.table"},"phase_id":"load",
               "timeout_s":30,"continue_on_error":true,"if":"@ctx.on"},
              {"step_id":"nested","op":"job.run","params":{"job_id":"other"}},
              {"step_id":"write","op":"write.upsert","params":{},
               "idempotency":{"scope":"semantic","semantic_key_ref":"@payload.id",
                              "include_payload_hash":true}}]}"#,
    ] {
        check::<JobDef>(Kind::JobDef, text, text);
    }
    let instance = r#"{"job_id":"daily","job_version":"1","job_def_sha256":"sha256:HEX",
        "compiled_at":"2025-10-20T14:08:18.123Z","steps":[
          {"step_id":"nightly/read","op":"query.rows","params":{},"compiled_skip":true},
          {"step_id":"write","op":"write.insert","params":{"rows":"@run.read.rows"},
           "compiled_skip":false,
           "idempotency":{"scope":"semantic","semantic_key":{"day":1},
                          "include_payload_hash":false}}]}"#;
    check::<JobInstance>(Kind::JobInstance, instance, instance);
    let record = r#"{"run_id":"01KADE3Q6BZ5T8V0X2Y4W6R9SN","job_id":"daily",
        "job_def_sha256":"sha256:HEX","envelope":{"who":"me"},"started_at":"2025-10-20T14:08:18Z"}"#;
    check::<RunRecord>(Kind::RunRecord, record, record);
    let manifest = r#"{"run_id":"01KADE3Q6BZ5T8V0X2Y4W6R9SN","step_id":"ask","backend":"compute",
        "op":"compute.llm","resolved_params":{"key":null},"prompt_hash":"sha256:HEX",
        "idempotency_key":"ik:HEX","secrets":{"/key":"@secret.TOKEN"}}"#;
    check::<StepManifest>(Kind::StepManifest, manifest, manifest);
    let attempt = r#"{"run_id":"01KADE3Q6BZ5T8V0X2Y4W6R9SN","attempt_n":2,
        "started_at":"2025-10-20T14:08:18Z","completed_at":null,"status":"running",
        "step_outcomes":[{"step_id":"a","status":"pending","started_at":null,"completed_at":null,
                          "manifest_ref":null,"output_ref":null,"error":null}]}"#;
    check::<AttemptRecord>(Kind::AttemptRecord, attempt, attempt);
    let outcome = r#"{"step_id":"a/b","status":"failed","started_at":"2025-10-20T14:08:18Z",
        "completed_at":"2025-10-20T14:08:19.5Z","manifest_ref":"sha256:HEX","output_ref":null,
        "error":{"code":"timeout","message":"too slow","details":{"after_s":300}}}"#;
    check::<StepOutcome>(Kind::StepOutcome, outcome, &outcome.replace("19.5Z", "19.500Z"));
}

#[test]
fn what_may_be_null_may_be_absent_and_what_is_left_out_is_not_written() {
    check::<JobDef>(
        Kind::JobDef,
        r#"{"job_id":"a","version":"1","steps":[
            {"step_id":"x","op":"query.rows","params":{},"idempotency":null}]}"#,
        r#"{"job_id":"a","version":"1","steps":[{"step_id":"x","op":"query.rows","params":{}}]}"#,
    );
    check::<StepOutcome>(
        Kind::StepOutcome,
        r#"{"step_id":"a","status":"pending"}"#,
        r#"{"step_id":"a","status":"pending","started_at":null,"completed_at":null,
            "manifest_ref":null,"output_ref":null,"error":null}"#,
    );
    check::<StepManifest>(
        Kind::StepManifest,
        r#"{"run_id":"01KADE3Q6BZ5T8V0X2Y4W6R9SN","step_id":"a","backend":"data_plane",
            "op":"query.rows","resolved_params":{},"idempotency_key":"ik:HEX"}"#,
        r#"{"run_id":"01KADE3Q6BZ5T8V0X2Y4W6R9SN","step_id":"a","backend":"data_plane",
            "op":"query.rows","resolved_params":{},"prompt_hash":null,"idempotency_key":"ik:HEX"}"#,
    );
}

#[test]
fn documents_that_break_a_rule_are_refused_in_words() {
    let step = |members: &str| {
        format!(
            r#"{{"job_id":"a","version":"1","steps":[{{"step_id":"x","params":{{}},{members}}}]}}"#
        )
    };
    for (text, word) in [
        (r#"{"job_id":"a","version":"1"}"#.to_owned(), "steps"),
        (r#"{"job_id":"a","version":"1","steps":[],"more":1}"#.to_owned(), "more"),
        (r#"{"job_id":"a","version":1.1,"steps":[]}"#.to_owned(), "string"),
        (r#"{"job_id":"../a","version":"1","steps":[]}"#.to_owned(), "job id"),
        (step(r#""op":"query.rows","timeout_s":0"#), "9007199254740991"),
        (step(r#""op":"query.rows","timeout_s":null"#), "integer"),
        (step(r#""op":"query.rows","if":null"#), "string"),
        (step(r#""op":"query.rows","if":true"#), "string"),
        (step(r#""op":"delete.rows""#), "operation"),
        (step(r#""op":"query.rows","idempotency":{"scope":"run"}"#), "write.*"),
        (step(r#""op":"job.run","idempotency":{"scope":"run"}"#), "write.*"),
        (step(r#""op":"write.a","idempotency":{"scope":"semantic"}"#), "semantic_key_ref"),
        (step(r#""op":"write.a","idempotency":{"scope":"always"}"#), "always"),
        (step(r#""op":"write.a","idempotency":{}"#), "scope"),
    ] {
        let error = json::from_value::<JobDef>(&read(&text)).unwrap_err().to_string();
        assert!(error.contains(word), "{text}: {error}");
    }
}

#[test]
fn every_kind_has_one_name() {
    for kind in Kind::ALL {
        assert_eq!(kind.name().parse(), Ok(kind));
    }
    assert!("job".parse::<Kind>().unwrap_err().to_string().contains("`job`"));
}
