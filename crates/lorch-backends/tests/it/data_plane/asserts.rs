//! `assert.*`.

use super::{Plane, detail};

#[test]
fn assertions_that_hold_say_what_was_found() {
    let plane = Plane::with_orders();
    for (op, params, output) in [
        ("assert.rows", r#"{"table":"orders","equals":4}"#, r#"{"count":4}"#),
        ("assert.rows", r#"{"table":"orders","min":1,"max":4}"#, r#"{"count":4}"#),
        ("assert.rows", r#"{"table":"orders","where":{"region":"eu"},"max":2}"#, r#"{"count":2}"#),
        ("assert.unique", r#"{"table":"orders","columns":["id"]}"#, r#"{"count":4}"#),
        ("assert.unique", r#"{"table":"orders","columns":["note"]}"#, r#"{"count":4}"#),
        ("assert.unique", r#"{"table":"orders","columns":["region","note"]}"#, r#"{"count":4}"#),
        (
            "assert.schema",
            r#"{"table":"orders","columns":[{"name":"paid","type":"boolean"},{"name":"tags","type":"json"}]}"#,
            r#"{"columns":[{"name":"id","type":"integer"},{"name":"region","type":"text"},{"name":"amount","type":"real"},{"name":"paid","type":"boolean"},{"name":"note","type":"text"},{"name":"tags","type":"json"},{"name":"at","type":"timestamp"}]}"#,
        ),
    ] {
        plane.check(op, params, output);
    }
}

#[test]
fn assertions_that_fail_say_what_was_expected_and_found() {
    let plane = Plane::with_orders();
    for (op, params, message) in [
        (
            "assert.rows",
            r#"{"table":"orders","equals":3}"#,
            "expected exactly 3 rows in `orders`, found 4",
        ),
        (
            "assert.rows",
            r#"{"table":"orders","min":5,"max":9,"where":{"region":"eu"}}"#,
            "expected at least 5 and at most 9 rows in `orders` for which `where` holds, found 2",
        ),
        (
            "assert.unique",
            r#"{"table":"orders","columns":["region"]}"#,
            r#"expected `region` of `orders` to be unique, found `{"region":"eu"}` in 2 rows"#,
        ),
        (
            "assert.schema",
            r#"{"table":"orders","columns":[{"name":"id","type":"text"},{"name":"regio","type":"text"}]}"#,
            "the columns of `orders`: `id` is integer, expected text; there is no column `regio` (did you mean `region`?)",
        ),
        (
            "assert.schema",
            r#"{"table":"orders","exact":true,"columns":[{"name":"id","type":"integer"},{"name":"region","type":"text"},
                {"name":"amount","type":"real"},{"name":"paid","type":"boolean"},{"name":"note","type":"text"},{"name":"tags","type":"json"}]}"#,
            "the columns of `orders`: `at` was not expected",
        ),
    ] {
        let error = plane.refused(op, params, "assertion_failed", "");
        assert_eq!(error.message, message);
        assert_eq!(detail(&error, "table"), r#""orders""#);
    }
}

#[test]
fn details_of_failed_assertions_are_data() {
    let plane = Plane::with_orders();
    let error =
        plane.refused("assert.rows", r#"{"table":"orders","max":3}"#, "assertion_failed", "");
    assert_eq!((detail(&error, "count"), detail(&error, "max")), ("4".into(), "3".into()));
    let unique = r#"{"table":"orders","columns":["region"]}"#;
    let error = plane.refused("assert.unique", unique, "assertion_failed", "");
    assert_eq!(detail(&error, "duplicates"), r#"[{"count":2,"values":{"region":"eu"}}]"#);
    let schema =
        r#"{"table":"orders","columns":[{"name":"id","type":"text"},{"name":"x","type":"text"}]}"#;
    let error = plane.refused("assert.schema", schema, "assertion_failed", "");
    assert_eq!(
        detail(&error, "differences"),
        r#"[{"column":"id","expected":"text","found":"integer"},{"column":"x","expected":"text","found":null}]"#
    );
}

#[test]
fn no_more_than_ten_duplicates_are_named() {
    let plane = Plane::new();
    plane.done("write.create_table", r#"{"table":"t","columns":[{"name":"a","type":"integer"}]}"#);
    let rows: Vec<String> = (0..40).map(|n| format!(r#"{{"a":{}}}"#, n / 2)).collect();
    plane.done("write.insert", &format!(r#"{{"table":"t","rows":[{}]}}"#, rows.join(",")));
    let error =
        plane.refused("assert.unique", r#"{"table":"t","columns":["a"]}"#, "assertion_failed", "");
    assert_eq!(detail(&error, "duplicates").matches("count").count(), 10);
}
