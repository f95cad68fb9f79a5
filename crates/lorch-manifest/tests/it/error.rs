//! Why a step has no manifest: code, place, and a sentence.

use lorch_manifest::{ManifestErrorKind, manifest};
use lorch_types::job::ErrorInfo;
use lorch_types::json::Value;

use crate::{Run, value};

#[track_caller]
fn fails(run: &Run, code: &str, pointer: &str, message: &str) -> ErrorInfo {
    let error = run.manifest().expect_err(message);
    assert_eq!(error.pointer.to_string(), pointer, "{error}");
    let info = ErrorInfo::from(error);
    assert_eq!(info.code, code, "{info}");
    assert!(info.message.contains(message), "{info}");
    assert!(info.message.starts_with("step `persist`"), "{info}");
    info
}

#[track_caller]
fn params(text: &str, code: &str, pointer: &str, message: &str) -> ErrorInfo {
    fails(&Run::at("compute.render", text, "null"), code, pointer, message)
}

#[track_caller]
fn key(text: &str, idempotency: &str, code: &str, pointer: &str, message: &str) {
    fails(&Run::at("write.insert", text, idempotency), code, pointer, message);
}

#[test]
fn upstream() {
    let info = params(
        r#"{"a":[1,{"b":"@run.failed.rows"}]}"#,
        "upstream_failed",
        "/params/a/1/b",
        "`@run.failed.rows` needs the output of step `failed`, which failed or has not run",
    );
    let details = info.details.map(Value::Object);
    let expected =
        r#"{"pointer":"/params/a/1/b","reference":"@run.failed.rows","upstream":"failed"}"#;
    assert_eq!(details, Some(value(expected)));
    params(r#"{"a":"${@run.failed}"}"#, "upstream_failed", "/params/a", "step `failed`");
    params(r#"{"a":"@run.off.x"}"#, "resolution", "/params/a", "step `off`, which is skipped");
    params(r#"{"a":"@run.later.x"}"#, "resolution", "/params/a", "does not come before");
    params(r#"{"a":"@run.persist.x"}"#, "resolution", "/params/a", "does not come before");
    params(r#"{"a":"@run.none.x"}"#, "resolution", "/params/a", "no such step");
    params(r#"{"a":"@run[0]"}"#, "resolution", "/params/a", "the name of a step");
    params(r#"{"a":"@run[\"a b\"].c"}"#, "resolution", "/params/a", "the name of a step");
}

#[test]
fn paths() {
    params(
        r#"{"a":"@run[\"nightly/read\"].paths"}"#,
        "resolution",
        "/params/a",
        "`@run[\"nightly/read\"].paths` leads to no value: `@run[\"nightly/read\"]` has no `paths` \
         (it has `path`)",
    );
    params(r#"{"a":"@run.read.rows[1]"}"#, "resolution", "/params/a", "has 1 item");
    params(
        r#"{"a":"@run.read.rows.id"}"#,
        "resolution",
        "/params/a",
        "`@run.read.rows` is an array",
    );
    params(r#"{"a":"@run.read.none.x"}"#, "resolution", "/params/a", "`@run.read.none` is null");
    params(r#"{"a":"@run.envelope.x"}"#, "resolution", "/params/a", "`@run.envelope` has no `x`");
    params(r#"{"a":"@run.run_id.x"}"#, "resolution", "/params/a", "`@run.run_id` is a string");
}

#[test]
fn texts() {
    params(r#"{"a":"x ${@run.read.none}"}"#, "resolution", "/params/a", "`@run.read.none` is null");
    params(r#"{"a":"${@run.read.rows}"}"#, "resolution", "/params/a", "is an array");
    params(r#"{"a":"${@run.read}"}"#, "resolution", "/params/a", "is an object");
    params(r#"{"a/b":"@ctx.x"}"#, "resolution", "/params/a~1b", "`@ctx.x` stands in an instance");
    params(
        r#"{"a":"${@payload.x}"}"#,
        "resolution",
        "/params/a",
        "`@payload.x` stands in an instance",
    );
    params(r#"{"a":"@runs.x"}"#, "resolution", "/params/a", "`@runs`");
    params(r#"{"a":"@secret.x.y"}"#, "resolution", "/params/a", "`@secret.NAME`");
    params(r#"{"a":"${@secret[0]}"}"#, "resolution", "/params/a", "`@secret.NAME`");
}

#[test]
fn keys() {
    let semantic = |key: &str| {
        format!(r#"{{"scope":"semantic","semantic_key":{key},"include_payload_hash":false}}"#)
    };
    let at = "/idempotency/semantic_key";
    key("{}", &semantic(r#""@run.read.none""#), "resolution", at, "the semantic key is null");
    key("{}", &semantic(r#""@run.read.day""#), "resolution", at, "has no `day`");
    key("{}", &semantic(r#""@run.failed.day""#), "upstream_failed", at, "step `failed`");
    key("{}", &semantic(r#""@secret.T""#), "invalid_params", at, "secrets");
    key("{}", &semantic(r#"{"a":["x ${@secret.T}"]}"#), "invalid_params", at, "secrets");

    let explicit = r#"{"scope":"explicit","include_payload_hash":false}"#;
    let at = "/params/idempotency_key";
    key("{}", explicit, "invalid_params", at, "which is absent");
    key(r#"{"idempotency_key":7}"#, explicit, "invalid_params", at, "not a number");
    key(r#"{"idempotency_key":"@run.read.none"}"#, explicit, "invalid_params", at, "not null");
    key(r#"{"idempotency_key":"@secret.T"}"#, explicit, "invalid_params", at, "secrets");
    key(r#"{"idempotency_key":"a${@secret.T}"}"#, "null", "invalid_params", at, "secrets");
    key(r#"{"idempotency_key":{"a":"@secret.T"}}"#, "null", "invalid_params", at, "secrets");

    let mut run = Run::at("write.insert", "{}", &semantic("1"));
    for step in &mut run.instance.steps {
        step.idempotency.iter_mut().for_each(|idempotency| idempotency.semantic_key = None);
    }
    fails(&run, "invalid_params", "", "needs a `semantic_key`");
}

#[test]
fn a_key_beside_the_secret_is_fine() {
    let explicit = r#"{"scope":"explicit","include_payload_hash":false}"#;
    let text = r#"{"idempotency_key":"k","idempotency_key2":"@secret.T"}"#;
    assert!(Run::at("write.insert", text, explicit).manifest().is_ok());
}

#[test]
fn skipped_steps_have_none() {
    let run = Run::at("query.rows", "{}", "null");
    let skipped = run.instance.steps.iter().find(|step| step.compiled_skip).expect("one is");
    let error = manifest(&run.instance, skipped, &run.record, &run.outputs).expect_err("skipped");
    assert_eq!(*error.kind, ManifestErrorKind::Skipped);
    assert_eq!(
        error.to_string(),
        "step `off`: it is skipped, and a skipped step is never dispatched"
    );
}

#[test]
fn what_is_written_can_be_read_back() {
    let nested = |levels: usize| (0..levels).fold(Value::Null, |inner, _| vec![inner].into());
    let mut run = Run::at("compute.render", r#"{"a":["@run.read"]}"#, "null");
    let read = "read".parse::<lorch_types::job::StepPath>().expect("a step");
    run.outputs.insert(read.clone(), nested(125).into());
    let manifest = run.manifest().expect("128 levels in all");
    let text = lorch_types::json::canonical(&lorch_types::json::to_value(&manifest).expect("JSON"));
    assert!(lorch_types::json::read(text.as_bytes(), Default::default()).is_ok());
    run.outputs.insert(read, nested(126).into());
    fails(&run, "invalid_params", "", "128 levels");
}
