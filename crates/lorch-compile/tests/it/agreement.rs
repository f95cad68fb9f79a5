//! The ways to compile agree: from a text or from a value, by way of a definition or at once, to an
//! instance or to its text; in what comes out and in everything that is said.

use lorch_compile::{
    Compiled, Definitions, FindError, Found, Inputs, compile, compile_document, compile_to_text,
    read_definition,
};
use lorch_types::diagnostic::{Diagnostic, Severity};
use lorch_types::job::JobId;
use lorch_types::json::{Limits, Object, Tree, Value, read};
use proptest::prelude::*;

use crate::job::{any_value, hostile_text, json};

/// One job that can be nested, and one that is wrong.
struct Jobs;

impl Definitions for Jobs {
    fn find(&self, job_id: &JobId) -> Result<Found, FindError> {
        let text = match job_id.as_str() {
            "child" => {
                r#"{"job_id": "child", "version": "1", "steps": [
                    {"step_id": "first", "op": "query.rows", "params": {"x": "@payload.x", "t": "${@payload.x}"}},
                    {"step_id": "second", "op": "write.insert", "params": {"rows": "@run.first.rows"},
                     "if": "has(@payload.x)", "idempotency": {"scope": "semantic", "semantic_key_ref": "@payload.x"}}],
                    "payload_schema": {"properties": {"x": {"default": "@d"}}}}"#
            }
            "wrong" => r#"{"job_id": "wrong", "steps": 1}"#,
            _ => return Err(FindError::NotFound { candidates: vec!["child".parse().unwrap()] }),
        };
        let name = job_id.as_str().into();
        match read_definition(&json(text)) {
            Ok(definition) => Ok(Found { name, definition }),
            Err(diagnostics) => Err(FindError::Invalid { name, diagnostics }),
        }
    }
}

fn text_of(compiled: &Compiled) -> String {
    let mut text = String::new();
    compiled.instance.write_json(&mut text);
    text
}

/// Compiles the definition that `text` writes in all ways, and returns what each of them gives.
fn check(
    text: &str,
    ctx: &Value,
    payload: &Value,
    max_bytes: usize,
) -> Result<String, Vec<Diagnostic>> {
    let value = read(text.as_bytes(), Limits::default()).unwrap();
    let tree = Tree::read(text.as_bytes(), Limits::default()).unwrap();
    let inputs = Inputs {
        ctx,
        payload,
        definitions: &Jobs,
        compiled_at: "2026-11-20T08:00:00Z".parse().unwrap(),
        limits: Limits { max_bytes },
    };
    let whole = compile_document(&value, &inputs);
    assert_eq!(compile_document(tree.view(), &inputs), whole);
    let expected = whole.map(|compiled| (text_of(&compiled), compiled.warnings));
    for view in [tree.view(), (&value).into()] {
        let written = compile_to_text(view, &inputs);
        assert_eq!(written.map(|compiled| (compiled.text, compiled.warnings)), expected);
    }
    let read = read_definition(tree.view());
    assert_eq!(read_definition(&value), read);
    match read {
        Ok(definition) => {
            let compiled = compile(&definition, &inputs);
            let compiled = compiled.map(|compiled| (text_of(&compiled), compiled.warnings));
            assert_eq!(compiled, expected);
        }
        Err(structure) => {
            let all = expected.as_ref().unwrap_err();
            let is_said = |it: &&Diagnostic| all.contains(it);
            assert!(structure.iter().all(|it| is_said(&it)), "{structure:?} and {all:?}");
        }
    }
    expected.map(|(text, _)| text)
}

/// Text as an author writes it in params: mostly right.
fn written() -> impl Strategy<Value = String> {
    let right = prop::sample::select(vec![
        "orders",
        "@payload.x",
        "@payload.list[0]",
        "@payload.none",
        "@ctx.region",
        "@run.s0.rows",
        "@run.s1",
        "@run.later",
        "@run.run_id",
        "@secret.token",
        "rows of ${@ctx.region} and ${@payload.x}",
        "$${@ctx.region} @@ ${@run.s0.rows[0].name}",
        "@@ctx.region",
        "é \"quoted\"\n",
    ]);
    prop_oneof![6 => right.prop_map(str::to_owned), 1 => hostile_text()]
}

fn params() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        4 => written().prop_map(Value::from),
        1 => any_value(),
        1 => (-9_i64..9).prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        let key = prop::sample::select(vec!["table", "rows", "idempotency_key", "a\"b", "é"]);
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
            prop::collection::vec((key, inner), 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// A step, mostly right: `@run.s0` names the first one.
fn step() -> impl Strategy<Value = Value> {
    let name = prop::sample::select(vec!["s0", "s1", "s2", "later", "run_id", ""]);
    let op =
        prop::sample::select(vec!["query.rows", "write.upsert", "compute.x", "job.run", "write"]);
    let condition = prop::sample::select(vec![
        "",
        "",
        "@ctx.on",
        "@payload.n > 3",
        "!@ctx.on",
        "true",
        "@run.s0.rows",
        "@payload.absent",
        "(",
    ]);
    let other = prop::sample::select(vec![
        "{}",
        "{}",
        "{}",
        r#"{"timeout_s": 5, "phase_id": "p", "continue_on_error": true}"#,
        r#"{"timeout_s": 0}"#,
        r#"{"when": 1}"#,
        r#"{"idempotency": {"scope": "semantic", "semantic_key_ref": "@payload.x"}}"#,
        r#"{"idempotency": {"scope": "semantic", "semantic_key_ref": "@payload.none"}}"#,
        r#"{"idempotency": {"scope": "explicit"}}"#,
        r#"{"idempotency": null}"#,
        r#"{"params": {"job_id": "child", "payload": {"x": "@run.s0.rows"}}}"#,
        r#"{"params": {"job_id": "child", "payload": "@payload"}}"#,
        r#"{"params": {"job_id": "wrong"}}"#,
        r#"{"params": {"job_id": "chid", "more": 1}}"#,
    ]);
    let params = prop::collection::vec(
        (prop::sample::select(vec!["table", "rows", "idempotency_key", "\u{1}"]), params()),
        0..3,
    );
    (name, op, condition, params, other).prop_map(|(name, op, condition, params, other)| {
        let mut step = Object::new();
        step.insert("step_id", name);
        step.insert("op", op);
        step.insert("params", params.into_iter().collect::<Object>());
        if !condition.is_empty() {
            step.insert("if", condition);
        }
        for (key, value) in json(other).as_object().unwrap().iter() {
            step.insert(key.clone(), value.clone());
        }
        step.into()
    })
}

fn definition(steps: Vec<Value>, more: &str) -> Value {
    let mut definition = json(more);
    let object = definition.as_object_mut().unwrap();
    object.insert("job_id", "demo");
    object.insert("steps", steps);
    definition
}

const CTX: &str = r#"{"region": "eu", "on": true}"#;
const PAYLOAD: &str = r#"{"x": "@x ${@ctx.y}", "n": 5, "none": null, "list": [{"deep": ["a", 1.5]}], "unused": "é\n"}"#;

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn all_ways_give_the_same(
        steps in prop::collection::vec(step(), 0..5), pretty in any::<bool>(),
        more in prop::sample::select(vec![
            r#"{"version": "1"}"#, r#"{"version": "1"}"#, r#"{"version": 1}"#, "{}", r#"{"version": "1", "more": 1}"#,
            r#"{"version": "1", "payload_schema": {"required": ["y"], "properties": {"z": {"default": 1}}}}"#,
        ]),
        max_bytes in prop::sample::select(vec![1 << 20, 1 << 20, 600, 300]),
    ) {
        let value = definition(steps, more);
        let text = match pretty {
            true => format!("{:#}", serde_json::Value::from(value)),
            false => value.to_string(),
        };
        let _ = check(&text, &json(CTX), &json(PAYLOAD), max_bytes);
    }
}

/// The law above holds for something: whole definitions come up, and wrong ones.
#[test]
fn some_definitions_are_right() {
    let steps = r#"[
        {"step_id": "s0", "op": "query.rows", "params": {"table": "@payload.list", "note": "\u0041 ${@ctx.region}"}},
        {"step_id": "s1", "op": "write.upsert", "params": {"rows": "@run.s0.rows", "idempotency_key": "k ${@payload.n}"},
         "idempotency": {"scope": "explicit"}},
        {"step_id": "s2", "op": "job.run", "params": {"job_id": "child", "payload": {"x": "@run.s0.rows"}}},
        {"step_id": "s3", "op": "write.upsert", "params": {"rows": "@run.later", "x": "@payload.absent"}, "if": "!@ctx.on"}]"#;
    let text = format!(r#"{{"job_id": "demo", "version": "1", "steps": {steps}}}"#);
    let instance = check(&text, &json(CTX), &json(PAYLOAD), 1 << 20).unwrap();
    for part in [r#""note":"A eu""#, r#""k 5""#, r#""s2/second""#, r#""x":"@@payload.absent""#] {
        assert!(instance.contains(part), "{part} in {instance}");
    }
    let wrong = text.replace("@payload.list", "@payload.lost").replace("\"s1\"", "\"s0\"");
    let errors = check(&wrong, &json(CTX), &json(PAYLOAD), 1 << 20).unwrap_err();
    let codes: Vec<&str> =
        errors.iter().filter(|it| it.severity == Severity::Error).map(|it| it.code.0).collect();
    assert_eq!(codes, ["L0305", "L0111"], "{errors:?}");
}
