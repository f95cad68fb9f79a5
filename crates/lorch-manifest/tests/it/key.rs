//! Idempotency keys: the vectors of the specification, and what each scope depends on.

use crate::Run;

const ORDERS: &str = r#"{"rows":[{"amount":12.5,"id":1}],"table":"orders"}"#;
const RUN: &str = "ik:443b7ee7780e1464dcb8b2bc91f479dabaa0fa905d78c0f45ebb102f7fa9755d";
const RUN_AND_PAYLOAD: &str = "ik:46df39f7159af2eeece3a18b468ca331c44a4dace5c167573d03b7b61660b2cb";
const SEMANTIC: &str = "ik:07b3631ca654a97fa8d708d0a1e84acaff6e02607ccb6b81938dd39ae5930de9";
const EXPLICIT: &str = "ik:6fa3b6c416dece5f9eac15525ac84c68fc7a795f70a4f351d39aee14bcc5a462";

#[track_caller]
fn key(op: &str, params: &str, idempotency: &str) -> String {
    let manifest = Run::at(op, params, idempotency).manifest().expect(params);
    manifest.idempotency_key.to_string()
}

#[test]
fn vectors() {
    assert_eq!(key("write.upsert", "{}", "null"), RUN);
    assert_eq!(key("query.rows", "{}", "null"), RUN);
    let scope = r#"{"scope":"run","include_payload_hash":false}"#;
    assert_eq!(key("write.upsert", ORDERS, scope), RUN);
    let with_payload = r#"{"scope":"run","include_payload_hash":true}"#;
    assert_eq!(key("write.upsert", ORDERS, with_payload), RUN_AND_PAYLOAD);
    let semantic = r#"{"scope":"semantic","semantic_key":{"region":"eu","day":"2026-11-20"},
        "include_payload_hash":false}"#;
    assert_eq!(key("write.upsert", ORDERS, semantic), SEMANTIC);
    let explicit = r#"{"scope":"explicit","include_payload_hash":false}"#;
    assert_eq!(key("write.upsert", r#"{"idempotency_key":"invoice-77"}"#, explicit), EXPLICIT);
}

#[test]
fn keys_are_made_of_resolved_values() {
    let semantic = |key: &str| {
        format!(r#"{{"scope":"semantic","semantic_key":{key},"include_payload_hash":false}}"#)
    };
    let literal = key("write.insert", "{}", &semantic(r#""a@b""#));
    assert_eq!(key("write.insert", "{}", &semantic(r#""@run.read.text""#)), literal);
    assert_eq!(key("write.insert", "{}", &semantic(r#""${@run.read.text}""#)), literal);
    assert_ne!(key("write.insert", "{}", &semantic(r#""@@run.read.text""#)), literal);
    let one = key("write.insert", "{}", &semantic("[1]"));
    assert_eq!(key("write.insert", "{}", &semantic(r#"["@run.read.count"]"#)), one);

    let explicit = r#"{"scope":"explicit","include_payload_hash":false}"#;
    let resolved = key("write.insert", r#"{"idempotency_key":"a@b"}"#, explicit);
    assert_eq!(key("write.insert", r#"{"idempotency_key":"@run.read.text"}"#, explicit), resolved);

    let hashed = r#"{"scope":"run","include_payload_hash":true}"#;
    let literal = key("write.insert", r#"{"rows":1}"#, hashed);
    assert_eq!(key("write.insert", r#"{"rows":"@run.read.count"}"#, hashed), literal);
    assert_ne!(key("write.insert", r#"{"rows":"${@run.read.count}"}"#, hashed), literal);
}

#[test]
fn secrets_are_not_part_of_the_payload_hash() {
    let hashed = r#"{"scope":"run","include_payload_hash":true}"#;
    let null = key("write.insert", r#"{"a":null}"#, hashed);
    assert_eq!(key("write.insert", r#"{"a":"@secret.T"}"#, hashed), null);
}
