//! Schemas of payload and ctx: closed, and quick whatever the pattern.

use lorch_types::json::Value;

use crate::job::{compiled, json};

fn with_schema(schema: &str, payload: &Value) -> Result<(), Vec<String>> {
    let text =
        format!(r#"{{"job_id": "demo", "version": "1", "payload_schema": {schema}, "steps": []}}"#);
    let outcome = compiled(json(&text), &Value::object(), payload);
    outcome.map(drop).map_err(|diagnostics| diagnostics.iter().map(ToString::to_string).collect())
}

#[test]
fn patterns_take_linear_time() {
    let payload = Value::Object([("a", "a".repeat(100_000) + "!")].into_iter().collect());
    let schema = r#"{"properties": {"a": {"pattern": "^(a+)+$"}}}"#;
    let errors = with_schema(schema, &payload).unwrap_err();
    assert!(errors.len() == 1 && errors[0].starts_with("L0702 /a: "), "{errors:?}");
}

#[test]
fn nothing_outside_is_opened() {
    use std::net::TcpListener;
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = listener.local_addr().unwrap();
    for reference in [format!("http://{address}/schema.json"), "file:///etc/hostname".to_owned()] {
        let schema = format!(r#"{{"properties": {{"a": {{"$ref": "{reference}"}}}}}}"#);
        let errors = with_schema(&schema, &Value::object()).unwrap_err();
        assert!(errors.len() == 1 && errors[0].starts_with("L0701 /payload_schema"), "{errors:?}");
    }
    assert!(listener.accept().is_err(), "the schema's address was opened");
}

#[test]
fn large_values_are_not_quoted_in_messages() {
    let payload = Value::Object([("a", "x".repeat(1_000_000))].into_iter().collect());
    let errors =
        with_schema(r#"{"properties": {"a": {"type": "integer"}}}"#, &payload).unwrap_err();
    assert!(errors[0].len() < 400, "{} bytes", errors[0].len());
}
