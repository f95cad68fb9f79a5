//! Definitions made to hurt: an error or a result, never a panic, and not for ever.

use std::cell::Cell;

use lorch_compile::{Definitions, FindError, Found, Inputs, compile, read_definition};
use lorch_types::diagnostic::Severity;
use lorch_types::job::JobId;
use lorch_types::json::{Limits, Value, read};
use proptest::prelude::*;

use crate::job::{any_value, compiled, compiled_with, hostile_text, json, one_step};

/// A job whose steps run another job each, `width` of them; `depth` such jobs in a row.
struct Tree {
    width: usize,
    depth: usize,
    found: Cell<usize>,
}

impl Definitions for Tree {
    fn find(&self, job_id: &JobId) -> Result<Found, FindError> {
        self.found.set(self.found.get() + 1);
        let level: usize = job_id.as_str().trim_start_matches("level").parse().unwrap();
        let steps: Vec<String> = (0..if level < self.depth { self.width } else { 0 })
            .map(|step| {
                format!(
                    r#"{{"step_id": "s{step}", "op": "job.run", "params": {{"job_id": "level{}"}}}}"#,
                    level + 1
                )
            })
            .collect();
        let text =
            format!(r#"{{"job_id": "{job_id}", "version": "1", "steps": [{}]}}"#, steps.join(","));
        let definition = read_definition(&json(&text)).unwrap();
        Ok(Found { name: "tree.json".into(), definition })
    }
}

#[test]
fn jobs_that_multiply_end_in_an_error() {
    let tree = Tree { width: 10, depth: 15, found: Cell::new(0) };
    let definition = json(
        r#"{"job_id": "demo", "version": "1", "steps": [{"step_id": "root", "op": "job.run",
            "params": {"job_id": "level0"}}]}"#,
    );
    let errors = compiled_with(definition, &Value::object(), &Value::object(), &tree).unwrap_err();
    assert!(errors.iter().any(|error| error.code.0 == "L0803"), "{:?}", errors.first());
    assert!(tree.found.get() <= 17, "each definition is looked up once");
}

#[test]
fn more_errors_than_anyone_reads_are_cut_off() {
    let items = vec!["\"@x.y\""; 50_000].join(",");
    let definition = one_step(json(&format!("{{\"a\": [{items}]}}")), "");
    let errors = compiled(definition, &Value::object(), &Value::object()).unwrap_err();
    assert!(errors.len() <= 1001, "{} errors", errors.len());
    assert_eq!(errors.last().unwrap().code.0, "L0804");
}

#[test]
fn a_large_payload_brought_in_often_ends_in_an_error() {
    let payload = Value::Object([("a", "x".repeat(1_000_000))].into_iter().collect());
    let items = vec!["\"@payload.a\""; 10_000].join(",");
    let definition = one_step(json(&format!("{{\"a\": [{items}]}}")), "");
    let errors = compiled(definition, &Value::object(), &payload).unwrap_err();
    assert_eq!(errors.first().unwrap().code.0, "L0801");
}

/// The limits, one below and one above.
#[test]
fn an_instance_is_as_large_as_the_limit_allows() {
    let payload = Value::Object([("a", "\u{1}\"é".repeat(50))].into_iter().collect());
    let definition = one_step(json(r#"{"a": "@payload.a"}"#), "");
    let instance = compiled(definition.clone(), &Value::object(), &payload).unwrap().instance;
    let mut text = String::new();
    instance.write_json(&mut text);
    for (max_bytes, fits) in [(text.len() - 1, false), (text.len(), true)] {
        let inputs = Inputs {
            ctx: &Value::object(),
            payload: &payload,
            definitions: &(),
            compiled_at: "2026-11-20T08:00:00Z".parse().unwrap(),
            limits: Limits { max_bytes },
        };
        let outcome = compile(&read_definition(&definition).unwrap(), &inputs);
        assert_eq!(outcome.is_ok(), fits, "{max_bytes}");
        assert_eq!(read(text.as_bytes(), inputs.limits).is_ok(), fits, "{max_bytes}");
    }
}

#[test]
fn ten_megabytes_pass() {
    let row = r#"{"name": "@run.x ${@ctx.y}", "amount": 12.5, "tags": ["a", "b"]}"#;
    let rows = vec![row; 10_000_000 / row.len()].join(",");
    let payload = json(&format!("{{\"rows\": [{rows}]}}"));
    let definition = one_step(json(r#"{"rows": "@payload.rows"}"#), "size(@payload.rows) > 0");
    let compiled = compiled(definition, &Value::object(), &payload).unwrap();
    assert!(compiled.warnings.is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_in_any_place_gives_an_error_or_an_instance_that_can_be_read(
        params in any_value(), text in hostile_text(), condition in hostile_text(),
        key in hostile_text(), payload in any_value(),
    ) {
        let mut definition = one_step(Value::Object([("a", params)].into_iter().collect()), &condition);
        if let Some(step) = lorch_types::pointer::Pointer::root()
            .join("steps").join(0).find_mut(&mut definition)
        {
            let step = step.as_object_mut().unwrap();
            step.insert("op", "write.insert");
            let idempotency = [("scope", "semantic"), ("semantic_key_ref", key.as_str())];
            step.insert("idempotency", Value::Object(idempotency.into_iter().collect()));
            step.insert("phase_id", text);
        }
        match compiled(definition, &Value::object(), &payload) {
            Ok(compiled) => {
                let mut text = String::new();
                compiled.instance.write_json(&mut text);
                let value = read(text.as_bytes(), Limits::default()).unwrap();
                let read_back = lorch_types::json::from_value(&value);
                prop_assert_eq!(read_back, Ok(compiled.instance));
            }
            Err(diagnostics) => {
                prop_assert!(diagnostics.iter().any(|it| it.severity == Severity::Error));
            }
        }
    }
}
