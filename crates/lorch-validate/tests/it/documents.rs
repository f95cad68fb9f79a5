//! Which violations a document has, and what they say.

use std::fmt::Write as _;

use lorch_types::Kind;
use lorch_types::diagnostic::{Format, Source};
use lorch_types::json::{Limits, Value, read};
use lorch_validate::{Validator, Verdict, validate_document};

fn value(text: &str) -> Value {
    read(text.as_bytes(), Limits::default()).unwrap()
}

/// All violations, one to a line: pointer, keyword, message, help.
fn violations(kind: Kind, text: &str) -> String {
    let mut out = String::new();
    for it in Validator::for_kind(kind).validate(&value(text)) {
        let code = it.family.code();
        let _ = write!(out, "{code} {} {}: {}", it.pointer, it.keyword, it.message);
        if let Some(help) = it.help {
            let _ = write!(out, " ({help})");
        }
        out.push('\n');
    }
    out
}

#[track_caller]
fn check(kind: Kind, text: &str, expected: &[&str]) {
    let found = violations(kind, text);
    assert_eq!(found.lines().collect::<Vec<_>>(), expected, "{text}");
}

const DIGEST: &str = "sha256:4d5472b4fa9410b350106963b3d59d6b8ddbe7e464eb887caac087b801987215";
const KEY: &str = "ik:443b7ee7780e1464dcb8b2bc91f479dabaa0fa905d78c0f45ebb102f7fa9755d";
const RUN: &str = "01KADE3Q6BZ5T8V0X2Y4W6R9SN";

#[test]
fn valid_documents_have_no_violations() {
    let step = r#"{"step_id": "a", "op": "write.upsert", "params": {"any": [null]}"#;
    check(Kind::JobDef, r#"{"job_id": "a.b", "version": "1", "steps": []}"#, &[]);
    for end in ["}", r#", "idempotency": null}"#, r#", "timeout_s": 1.0, "if": "true"}"#] {
        let text = format!(r#"{{"job_id": "a", "version": "1", "steps": [{step}{end}]}}"#);
        check(Kind::JobDef, &text, &[]);
    }
    check(
        Kind::StepManifest,
        &format!(
            r#"{{"run_id": "{RUN}", "step_id": "a/b", "backend": "compute", "op": "compute.llm",
                "resolved_params": {{}}, "prompt_hash": "{DIGEST}", "idempotency_key": "{KEY}"}}"#
        ),
        &[],
    );
}

#[test]
fn all_violations_are_found_at_once() {
    check(
        Kind::JobDef,
        r#"{"job_id": "a..b", "version": "", "setps": [], "payload_schema": null, "steps": [
            {"step_id": "run_id", "op": "write.Upsert", "params": [], "timeout_s": 0},
            {"step_id": "b", "params": {}, "iff": "x", "timeout_s": 1.5, "continue_on_error": "yes"}
        ]}"#,
        &[
            "L1106 /job_id not: `a..b` is no job id: it has 1 to 128 of `A-Z a-z 0-9 _ . -`, \
             begins with none of `. -` and has no `..`",
            "L1102 /payload_schema type: expected an object, found null",
            "L1104 /setps additionalProperties: unknown field `setps`",
            "L1106 /steps/0/op pattern: `write.Upsert` is no operation: it is `job.run`, or \
             `query.`, `write.`, `assert.` or `compute.` and a name of `a-z 0-9 _`, such as \
             `write.upsert`",
            "L1102 /steps/0/params type: expected an object, found an array",
            "L1106 /steps/0/step_id not: `run_id` is no step id: it has 1 to 64 of \
             `A-Z a-z 0-9 _ -`, begins with a letter or `_`, and is none of `envelope`, `run_id`, \
             `started_at`",
            "L1107 /steps/0/timeout_s minimum: `0` is too small: it should be at least `1`",
            "L1103 /steps/1 required: the field `op` is missing",
            "L1102 /steps/1/continue_on_error type: expected a boolean, found a string",
            "L1104 /steps/1/iff additionalProperties: unknown field `iff` (did you mean `if`?)",
            "L1102 /steps/1/timeout_s type: expected an integer, found `1.5`",
            "L1106 /version minLength: an empty text is no version: it has 1 to 64 characters",
        ],
    );
}

/// A definition with one step that has these members besides.
fn step(members: &str) -> String {
    format!(r#"{{"job_id": "a", "version": "1", "steps": [{{"step_id": "a", {members}}}]}}"#)
}

#[test]
fn fields_that_contradict_each_other_are_told_by_their_rule() {
    check(
        Kind::JobDef,
        &step(r#""op": "query.rows", "params": {}, "idempotency": {"scope": "run"}"#),
        &["L1108 /steps/0/idempotency type: `idempotency` belongs to `write.*` only"],
    );
    check(
        Kind::JobDef,
        &step(r#""op": "write.rows", "params": {}, "idempotency": {"scope": "semantic"}"#),
        &["L1108 /steps/0/idempotency required: scope `semantic` needs `semantic_key_ref`"],
    );
    check(
        Kind::StepManifest,
        &format!(
            r#"{{"run_id": "{RUN}", "step_id": "a", "backend": "compute", "op": "assert.rows",
                "resolved_params": {{}}, "idempotency_key": "{KEY}"}}"#
        ),
        &["L1108 /backend not: `query.*`, `write.*` and `assert.*` are performed by the backend \
           `data_plane`"],
    );
}

#[test]
fn a_rule_between_fields_is_silent_where_one_of_them_is_wrong() {
    check(
        Kind::JobDef,
        &step(r#""op": "writ.rows", "params": {}, "idempotency": {"scope": "run"}"#),
        &["L1106 /steps/0/op pattern: `writ.rows` is no operation: it is `job.run`, or `query.`, \
           `write.`, `assert.` or `compute.` and a name of `a-z 0-9 _`, such as `write.upsert`"],
    );
}

#[test]
fn nullable_fields_are_told_as_what_they_should_hold() {
    let outcome = |members: &str| format!(r#"{{"step_id": "a", "status": "failed", {members}}}"#);
    check(
        Kind::StepOutcome,
        &outcome(r#""error": {"code": "io", "massage": "x"}, "output_ref": 7"#),
        &[
            "L1103 /error required: the field `message` is missing",
            "L1104 /error/massage additionalProperties: unknown field `massage` (did you mean \
             `message`?)",
            "L1102 /output_ref type: expected a string or null, found a number",
        ],
    );
    check(
        Kind::StepOutcome,
        &outcome(r#""output_ref": "sha256:abc123...""#),
        &["L1106 /output_ref pattern: `sha256:abc123...` is no digest: it is `sha256:` and 64 \
           lower-case hexadecimal digits"],
    );
    check(
        Kind::StepOutcome,
        r#"{"step_id": "a", "status": "complete", "error": null}"#,
        &["L1105 /status enum: `complete` is not `pending`, `running`, `completed`, `failed` or \
           `skipped` (did you mean `completed`?)"],
    );
}

#[test]
fn one_text_gives_one_violation() {
    let record = |id: &str| {
        format!(
            r#"{{"run_id": {id}, "job_id": "a", "job_def_sha256": "{DIGEST}", "envelope": {{}},
                "started_at": "2026-11-21T08:00:00Z"}}"#
        )
    };
    check(Kind::RunRecord, &record(&format!("\"{RUN}\"")), &[]);
    check(
        Kind::RunRecord,
        &record(&format!("\"{RUN}\\n\"")),
        &[
            "L1106 /run_id maxLength: `01KADE3Q6BZ5T8V0X2Y4W6R9SN\\n` is no run id: it is a ULID: 26 \
           of `0-9 A-Z` without `I L O U`, in upper case, the first `0`-`7`",
        ],
    );
}

#[test]
fn what_is_not_even_an_object_is_told_so() {
    check(Kind::JobDef, "[]", &["L1102  type: expected an object, found an array"]);
    // serde would read a struct from an array of its fields, and a variant from `{"run": null}`.
    check(Kind::JobDef, r#"["a", "1", []]"#, &["L1102  type: expected an object, found an array"]);
    check(
        Kind::JobDef,
        &step(r#""op": "write.rows", "params": {}, "idempotency": {"scope": {"run": null}}"#),
        &["L1102 /steps/0/idempotency/scope type: expected a string, found an object"],
    );
}

fn verdict(text: &str) -> Verdict {
    let source = Source {
        name: "job.json".to_owned(),
        text: text.as_bytes().to_vec(),
        format: Format::Json,
    };
    validate_document(&source, None, Limits::default())
}

#[test]
fn a_document_is_judged_with_places_in_the_order_of_its_text() {
    let Verdict { kind, findings, .. } = verdict(
        "{\n  \"version\": 7,\n  \"steps\": [{\"step_id\": 1}],\n  \"job_id\": \"a\",\n  \"x\": 2\n}",
    );
    assert_eq!(kind, Some(Kind::JobDef));
    let said: Vec<_> = findings
        .iter()
        .map(|it| format!("{} {} {:?}", it.place, it.diagnostic, it.keyword.as_deref()))
        .collect();
    assert_eq!(
        said,
        [
            "2:14 L1102 /version: expected a string, found a number Some(\"type\")",
            "3:13 L1103 /steps/0: the field `op` is missing Some(\"required\")",
            "3:13 L1103 /steps/0: the field `params` is missing Some(\"required\")",
            "3:25 L1102 /steps/0/step_id: expected a string, found a number Some(\"type\")",
            "5:3 L1104 /x: unknown field `x` Some(\"additionalProperties\")",
        ]
    );
}

#[test]
fn a_text_that_cannot_be_read_is_one_finding() {
    let Verdict { kind, findings, .. } = verdict("{\"a\": 1, \"a\": 2}");
    assert_eq!(kind, None);
    let said: Vec<_> =
        findings.iter().map(|it| format!("{} {}", it.place, it.diagnostic)).collect();
    assert_eq!(said, ["1:10 L0003 : the key `a` occurs twice in this object"]);
}
