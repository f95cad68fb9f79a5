//! One key, one effect.

use lorch_backends::{Backend, Cancellation, DataPlane};

use super::{Plane, detail, json, manifest, sqlite};

const INSERT: &str = r#"{"table":"orders","rows":[{"id":9,"region":"eu","amount":12.5}]}"#;

#[test]
fn a_repeated_key_returns_the_recorded_output_and_changes_nothing() {
    let plane = Plane::with_orders();
    for (key, op, params, output) in [
        ("a", "write.insert", INSERT, r#"{"inserted":1}"#),
        (
            "b",
            "write.upsert",
            r#"{"table":"orders","key":["id"],"rows":[{"id":9,"amount":13}]}"#,
            r#"{"inserted":0,"unchanged":0,"updated":1}"#,
        ),
        (
            "c",
            "write.create_table",
            r#"{"table":"t","columns":[{"name":"a","type":"text"}]}"#,
            r#"{"created":true}"#,
        ),
        (
            "d",
            "write.merge",
            r#"{"table":"orders","key":["id"],"rows":[],"where":{"region":"us"}}"#,
            r#"{"deleted":1,"inserted":0,"unchanged":0,"updated":0}"#,
        ),
        ("e", "write.delete", r#"{"table":"orders","all":true}"#, r#"{"deleted":5}"#),
    ] {
        let first = plane.perform_keyed(key, op, params).unwrap();
        assert_eq!((first.output.to_string().as_str(), first.applied), (output, true), "{op}");
        plane.done(
            "write.upsert",
            r#"{"table":"orders","key":["id"],"rows":[{"id":50,"region":"zz"}]}"#,
        );
        let again = plane.perform_keyed(key, op, params).unwrap();
        assert_eq!((again.output.to_string().as_str(), again.applied), (output, false), "{op}");
        assert_eq!(plane.column("orders", "id", r#"{"id":50}"#), "[50]", "{op}");
    }
}

#[test]
fn another_process_finds_the_record() {
    let plane = Plane::with_orders();
    plane.perform_keyed("k", "write.insert", INSERT).unwrap();
    let other = DataPlane::open(plane.path()).unwrap();
    let again =
        other.perform(&manifest("k", "write.insert", INSERT), &Cancellation::never()).unwrap();
    assert!(!again.applied);
}

#[test]
fn the_same_params_spelt_otherwise_are_the_same() {
    let plane = Plane::with_orders();
    plane.perform_keyed("k", "write.insert", INSERT).unwrap();
    let respelt = r#"{"rows":[{"amount":1.25e1,"region":"\u0065u","id":9.0}],"table":"orders"}"#;
    assert!(!plane.perform_keyed("k", "write.insert", respelt).unwrap().applied);
}

#[test]
fn the_same_key_with_other_params_names_the_places() {
    let plane = Plane::with_orders();
    plane.perform_keyed("k", "write.insert", INSERT).unwrap();
    for (op, params, words, differences) in [
        (
            "write.insert",
            r#"{"table":"orders","rows":[{"id":9,"region":"eu","amount":13}]}"#,
            "by step `persist` of run 01KADE3Q6BZ5T8V0X2Y4W6R9SN, with other parameters: `/rows/0/amount` was `12.5` and is `13`",
            r#"[{"expected":12.5,"found":13,"pointer":"/rows/0/amount"}]"#,
        ),
        (
            "write.insert",
            r#"{"table":"orders","rows":[{"id":9,"region":"eu","amount":12.5},{"id":10,"region":"eu"}]}"#,
            "`/rows/1` was not there",
            r#"[{"found":{"id":10,"region":"eu"},"pointer":"/rows/1"}]"#,
        ),
        (
            "write.insert",
            r#"{"table":"orders","rows":[{"id":9,"region":"eu"}]}"#,
            "`/rows/0/amount` is missing",
            r#"[{"expected":12.5,"pointer":"/rows/0/amount"}]"#,
        ),
        (
            "write.upsert",
            r#"{"table":"orders","rows":[{"id":9,"region":"eu","amount":12.5}],"key":["id"]}"#,
            "by `write.insert`, and not by `write.upsert`",
            r#"[{"found":["id"],"pointer":"/key"}]"#,
        ),
    ] {
        let error = plane.perform_keyed("k", op, params).unwrap_err();
        assert_eq!(error.code, "idempotency_conflict");
        assert!(error.message.contains(words), "{error}");
        assert_eq!(detail(&error, "differences"), differences);
    }
    assert_eq!(plane.column("orders", "amount", r#"{"id":9}"#), "[12.5]");
}

#[test]
fn long_values_stand_in_errors_as_their_digests() {
    let plane = Plane::with_orders();
    let long = INSERT.replace("eu", &"x".repeat(2000));
    plane.perform_keyed("k", "write.insert", &long).unwrap();
    let error = plane.perform_keyed("k", "write.insert", INSERT).unwrap_err();
    assert!(error.message.len() < 400, "{error}");
    assert!(detail(&error, "differences").contains(r#""expected_sha256":"sha256:"#), "{error:?}");
}

#[test]
fn a_failed_write_leaves_its_key_free() {
    let plane = Plane::with_orders();
    let bad = r#"{"table":"orders","rows":[{"id":9,"region":"eu"},{"id":1,"region":"eu"}]}"#;
    assert_eq!(plane.perform_keyed("k", "write.insert", bad).unwrap_err().code, "conflict");
    assert!(plane.perform_keyed("k", "write.insert", INSERT).unwrap().applied);
}

#[test]
fn queries_and_assertions_are_always_fresh() {
    let plane = Plane::with_orders();
    let params = r#"{"table":"orders"}"#;
    let before = plane.perform_keyed("k", "query.count", params).unwrap();
    plane.done("write.delete", r#"{"table":"orders","where":{"id":1}}"#);
    let after = plane.perform_keyed("k", "query.count", params).unwrap();
    assert_eq!(
        (before.output.to_string(), after.output.to_string()),
        (r#"{"count":4}"#.into(), r#"{"count":3}"#.into())
    );
    assert!(after.applied);
}

#[test]
fn effects_can_be_read_with_plain_sql() {
    let plane = Plane::with_orders();
    plane.perform_keyed("k", "write.insert", INSERT).unwrap();
    let (op, params, output, step): (String, String, String, String) = sqlite(&plane.path())
        .query_row(
            "SELECT op, params, output, step_id FROM _lorch_effects ORDER BY rowid DESC LIMIT 1",
            [],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)),
        )
        .unwrap();
    assert_eq!(
        (op.as_str(), json(&params), output.as_str(), step.as_str()),
        ("write.insert", json(INSERT), r#"{"inserted":1}"#, "persist")
    );
}
