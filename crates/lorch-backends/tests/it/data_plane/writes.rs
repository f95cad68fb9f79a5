//! `write.*`.

use super::{Plane, detail};

#[test]
fn create_table_makes_what_is_not_there() {
    let plane = Plane::new();
    let params = r#"{"table":"t","columns":[{"name":"a","type":"integer"},{"name":"b","type":"text","nullable":false}],
                     "primary_key":["a"],"unique":[["b"],["a","b"]]}"#;
    plane.check("write.create_table", params, r#"{"created":true}"#);
    plane.check("write.create_table", params, r#"{"created":false}"#);
    let reordered = r#"{"table":"t","columns":[{"name":"b","type":"text","nullable":false},{"name":"a","type":"integer"}],"primary_key":["a"]}"#;
    plane.check("write.create_table", reordered, r#"{"created":false}"#);
}

#[test]
fn create_table_refuses_another_table_of_the_name() {
    let plane = Plane::new();
    plane.done(
        "write.create_table",
        r#"{"table":"t","columns":[{"name":"a","type":"integer"},{"name":"b","type":"boolean"}],"primary_key":["a"]}"#,
    );
    for (rest, problem) in [
        (r#""columns":[{"name":"a","type":"integer"}],"primary_key":["a"]"#, "it has a column `b`"),
        (
            r#""columns":[{"name":"a","type":"integer"},{"name":"b","type":"integer"}],"primary_key":["a"]"#,
            "its `b` is boolean, not integer",
        ),
        (
            r#""columns":[{"name":"a","type":"integer"},{"name":"b","type":"boolean","nullable":false}],"primary_key":["a"]"#,
            "its `b` can be null",
        ),
        (
            r#""columns":[{"name":"a","type":"integer","nullable":false},{"name":"b","type":"boolean"}]"#,
            "its primary key is `a`",
        ),
        (
            r#""columns":[{"name":"a","type":"integer"},{"name":"b","type":"boolean"},{"name":"c","type":"text"}],"primary_key":["a"],"unique":[["b"]]"#,
            "it has no column `c`; its `b` need not be unique",
        ),
    ] {
        let params = format!(r#"{{"table":"t",{rest}}}"#);
        let error = plane.refused("write.create_table", &params, "conflict", problem);
        assert!(
            error.message.starts_with("the table `t` is there already and differs: "),
            "{error}"
        );
    }
    let other_case = r#"{"table":"T","columns":[{"name":"a","type":"integer"}]}"#;
    plane.refused("write.create_table", other_case, "conflict", "there is the table `t`");
}

#[test]
fn create_table_refuses_what_makes_no_sense() {
    let plane = Plane::new();
    for (rest, pointer, words) in [
        (
            r#""columns":[{"name":"a","type":"text"},{"name":"A","type":"text"}]"#,
            "/columns/1",
            "`A` is there twice",
        ),
        (
            r#""columns":[{"name":"a","type":"text"}],"primary_key":["b"]"#,
            "/primary_key/0",
            "there is no column `b`",
        ),
        (
            r#""columns":[{"name":"a","type":"text"}],"primary_key":["a","a"]"#,
            "/primary_key/1",
            "named twice",
        ),
        (
            r#""columns":[{"name":"a","type":"text"}],"unique":[[]]"#,
            "/unique/0",
            "at least one column",
        ),
        (
            r#""columns":[{"name":"total","type":"text"}],"unique":[["totl"]]"#,
            "/unique/0/0",
            "did you mean `total`?",
        ),
        (
            r#""columns":[{"name":"a","type":"text","nullable":true}],"primary_key":["a"]"#,
            "/columns/0/nullable",
            "cannot be nullable",
        ),
        (r#""columns":[]"#, "/columns", "needs at least 1 entry"),
        (
            r#""columns":[{"name":"a","type":"varchar"}]"#,
            "/columns/0/type",
            "should be one of `integer`",
        ),
    ] {
        let params = format!(r#"{{"table":"t",{rest}}}"#);
        let error = plane.refused("write.create_table", &params, "invalid_params", words);
        assert_eq!(detail(&error, "pointer"), format!("{pointer:?}"), "{rest}");
    }
}

#[test]
fn rows_that_do_not_fit_are_named_and_nothing_is_written() {
    let plane = Plane::with_orders();
    for (row, words, column) in [
        (
            r#"{"id":9,"region":"eu","regin":1}"#,
            "row 1: the table `orders` has no column `regin`; did you mean `region`?",
            "regin",
        ),
        (
            r#"{"id":"9","region":"eu"}"#,
            r#"row 1, column `id` of `orders`: its type is integer, and `"9"` is not an integer of 64 bits"#,
            "id",
        ),
        (r#"{"id":9.5,"region":"eu"}"#, "`9.5` is not an integer", "id"),
        (
            r#"{"id":9223372036854775808,"region":"eu"}"#,
            "`9223372036854775808` is not an integer",
            "id",
        ),
        (r#"{"id":9,"region":null}"#, "column `region` of `orders`: it cannot be null", "region"),
        (r#"{"id":null,"region":"eu"}"#, "column `id` of `orders`: it cannot be null", "id"),
        (r#"{"id":9}"#, "row 1 of `orders` has no `region`, which cannot be null", "region"),
        (r#"{"region":"eu"}"#, "row 1 of `orders` has no `id`, which cannot be null", "id"),
        (r#"{"id":9,"region":["eu"]}"#, r#"`["eu"]` is not a string"#, "region"),
        (
            r#"{"id":9,"region":"eu","amount":9007199254740993}"#,
            "is not a number that a 64-bit float holds exactly",
            "amount",
        ),
        (r#"{"id":9,"region":"eu","paid":1}"#, "`1` is not `true` or `false`", "paid"),
        (r#"{"id":9,"region":"eu","at":"yesterday"}"#, "is not a timestamp such as", "at"),
        (
            r#"{"id":9,"region":"eu","at":"0000-01-01T00:00:00+01:00"}"#,
            "is not a timestamp such as",
            "at",
        ),
    ] {
        let params = format!(r#"{{"table":"orders","rows":[{{"id":8,"region":"eu"}},{row}]}}"#);
        let error = plane.refused("write.insert", &params, "invalid_params", words);
        assert_eq!(
            (detail(&error, "row"), detail(&error, "column")),
            ("1".into(), format!("{column:?}"))
        );
        plane.check("query.count", r#"{"table":"orders"}"#, r#"{"count":4}"#);
    }
}

#[test]
fn insert_refuses_a_key_that_is_there() {
    let plane = Plane::with_orders();
    let params = r#"{"table":"orders","rows":[{"id":5,"region":"eu"},{"id":2,"region":"eu"}]}"#;
    let error = plane.refused(
        "write.insert",
        params,
        "conflict",
        "row 1 of `orders`: there is a row with `id` `2` already",
    );
    assert_eq!(detail(&error, "values"), r#"{"id":2}"#);
    plane.check("query.count", r#"{"table":"orders"}"#, r#"{"count":4}"#);
}

#[test]
fn upsert_counts_exactly_what_it_did() {
    let plane = Plane::with_orders();
    let upsert = |rest: &str, output: &str| {
        plane.check(
            "write.upsert",
            &format!(r#"{{"table":"orders","key":["id"],{rest}}}"#),
            output,
        );
    };
    upsert(
        r#""rows":[{"id":1,"region":"eu","amount":10.0},{"id":2,"region":"eu","amount":1},{"id":9,"region":"x"}]"#,
        r#"{"inserted":1,"unchanged":1,"updated":1}"#,
    );
    // What a row leaves out stays as it is.
    assert_eq!(plane.column("orders", "note", r#"{"id":1}"#), r#"["first"]"#);
    upsert(
        r#""rows":[{"id":2,"note":"x"}],"update":["note"]"#,
        r#"{"inserted":0,"unchanged":0,"updated":1}"#,
    );
    upsert(
        r#""rows":[{"id":2,"note":"y","region":"zz"}],"update":["region"]"#,
        r#"{"inserted":0,"unchanged":0,"updated":1}"#,
    );
    assert_eq!(plane.column("orders", "note", r#"{"region":"zz"}"#), r#"["x"]"#);
    upsert(
        r#""rows":[{"id":2,"note":"z"}],"update":[]"#,
        r#"{"inserted":0,"unchanged":1,"updated":0}"#,
    );
    upsert(r#""rows":[{"id":2,"note":null}]"#, r#"{"inserted":0,"unchanged":0,"updated":1}"#);
    upsert(
        r#""rows":[{"id":1,"tags":["a"],"at":"2025-01-01T01:00:00+01:00","paid":true}]"#,
        r#"{"inserted":0,"unchanged":1,"updated":0}"#,
    );
    upsert(r#""rows":[]"#, r#"{"inserted":0,"unchanged":0,"updated":0}"#);
}

#[test]
fn upsert_refuses_keys_that_tell_nothing_apart() {
    let plane = Plane::with_orders();
    for (rest, code, words) in [
        (
            r#""key":["region"],"rows":[]"#,
            "invalid_params",
            "`region` is no key of `orders`, so it cannot tell rows apart; its keys are (`id`)",
        ),
        (r#""key":["idd"],"rows":[]"#, "not_found", "did you mean `id`?"),
        (r#""key":[],"rows":[]"#, "invalid_params", "`key`"),
        (
            r#""key":["id"],"rows":[{"region":"eu"}]"#,
            "invalid_params",
            "row 0 of `orders` has no `id`, which is in `key`",
        ),
        (
            r#""key":["id"],"rows":[{"id":1},{"id":7,"region":"eu"},{"id":1}]"#,
            "invalid_params",
            "rows 0 and 2 for `orders` have the same key",
        ),
        (
            r#""key":["id"],"rows":[],"update":["id"]"#,
            "invalid_params",
            "`id` is in `key` and so cannot be in `update`",
        ),
        (r#""key":["id"],"rows":[],"update":["nte"]"#, "not_found", "did you mean `note`?"),
        (
            r#""key":["id"],"rows":[{"id":8}]"#,
            "invalid_params",
            "row 0 of `orders` has no `region`",
        ),
    ] {
        plane.refused("write.upsert", &format!(r#"{{"table":"orders",{rest}}}"#), code, words);
    }
    plane.check("query.count", r#"{"table":"orders"}"#, r#"{"count":4}"#);
    plane.done("write.create_table", r#"{"table":"log","columns":[{"name":"a","type":"text"}]}"#);
    plane.refused(
        "write.upsert",
        r#"{"table":"log","key":["a"],"rows":[]}"#,
        "invalid_params",
        "the table has neither a primary key nor a unique set",
    );
}

#[test]
fn merge_makes_the_scope_hold_the_rows() {
    let plane = Plane::with_orders();
    let merge = |rest: &str, output: &str, ids: &str| {
        plane.check("write.merge", &format!(r#"{{"table":"orders","key":["id"],{rest}}}"#), output);
        assert_eq!(plane.column("orders", "id", "{}"), ids);
    };
    merge(
        r#""rows":[{"id":1,"region":"eu"},{"id":7,"region":"eu"}],"where":{"region":"eu"}"#,
        r#"{"deleted":1,"inserted":1,"unchanged":1,"updated":0}"#,
        "[1,3,4,7]",
    );
    merge(
        r#""rows":[{"id":3,"amount":6}]"#,
        r#"{"deleted":3,"inserted":0,"unchanged":0,"updated":1}"#,
        "[3]",
    );
    merge(
        r#""rows":[],"where":{"region":"eu"}"#,
        r#"{"deleted":0,"inserted":0,"unchanged":0,"updated":0}"#,
        "[3]",
    );
    merge(r#""rows":[]"#, r#"{"deleted":1,"inserted":0,"unchanged":0,"updated":0}"#, "[]");
}

#[test]
fn delete_needs_to_be_told_what() {
    let plane = Plane::with_orders();
    for params in [
        r#"{"table":"orders"}"#,
        r#"{"table":"orders","where":{}}"#,
        r#"{"table":"orders","all":false}"#,
        r#"{"table":"orders","all":true,"where":{"id":1}}"#,
    ] {
        plane.refused("write.delete", params, "invalid_params", "`write.delete`");
    }
    plane.check(
        "write.delete",
        r#"{"table":"orders","where":{"region":"eu"}}"#,
        r#"{"deleted":2}"#,
    );
    plane.check(
        "write.delete",
        r#"{"table":"orders","where":{"region":"eu"}}"#,
        r#"{"deleted":0}"#,
    );
    plane.check("write.delete", r#"{"table":"orders","all":true}"#, r#"{"deleted":2}"#);
}

#[test]
fn many_rows_of_many_shapes_are_written() {
    let plane = Plane::new();
    plane.done(
        "write.create_table",
        r#"{"table":"t","columns":[{"name":"id","type":"integer"},{"name":"a","type":"text"},{"name":"b","type":"real"}],"primary_key":["id"]}"#,
    );
    let rows = |value: &str| {
        let rows: Vec<String> = (0..12_000)
            .map(|id| match id % 3 {
                0 => format!(r#"{{"id":{id}}}"#),
                1 => format!(r#"{{"id":{id},"a":"{value}"}}"#),
                _ => format!(r#"{{"id":{id},"a":"{value}","b":{id}.5}}"#),
            })
            .collect();
        rows.join(",")
    };
    plane.check(
        "write.insert",
        &format!(r#"{{"table":"t","rows":[{}]}}"#, rows("x")),
        r#"{"inserted":12000}"#,
    );
    plane.check(
        "write.upsert",
        &format!(r#"{{"table":"t","key":["id"],"rows":[{}]}}"#, rows("y")),
        r#"{"inserted":0,"unchanged":4000,"updated":8000}"#,
    );
}
