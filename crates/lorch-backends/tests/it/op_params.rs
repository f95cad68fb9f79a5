//! Parameters against the types of their operations, before anything runs.

use lorch_backends::{check_params, ops};
use lorch_types::json::{Limits, Value, read};
use lorch_types::pointer::Pointer;

#[track_caller]
fn check(op: &str, params: &str, open: &[&str], expected: &[&str]) {
    let Value::Object(params) = read(params.as_bytes(), Limits::default()).unwrap() else {
        panic!("params are an object")
    };
    let open: Vec<Pointer> = open.iter().map(|pointer| pointer.parse().unwrap()).collect();
    let found: Vec<String> = check_params(&op.parse().unwrap(), &params, &open)
        .into_iter()
        .map(|it| match &it.help {
            Some(help) => format!("{it} ({help})"),
            None => it.to_string(),
        })
        .collect();
    assert_eq!(found, expected, "{op} {params:?}");
}

#[test]
fn params_that_fit_draw_nothing() {
    for (op, params) in [
        ("query.rows", r#"{"table":"t"}"#),
        ("query.rows", r#"{"table":"t","where":{"a":null,"b":{"ge":1,"lt":2.5},"c":{"eq":[1]}}}"#),
        ("query.rows", r#"{"table":"t","order_by":[{"column":"a","desc":true}],"limit":1e2}"#),
        ("write.delete", r#"{"table":"t","all":true}"#),
        ("write.delete", r#"{"table":"t","where":{"a":1}}"#),
        ("write.upsert", r#"{"table":"t","rows":[{}],"key":["id"],"idempotency_key":"k"}"#),
        ("assert.rows", r#"{"table":"t","min":0}"#),
        ("assert.schema", r#"{"table":"t","columns":[{"name":"a","type":"json"}]}"#),
    ] {
        check(op, params, &[], &[]);
    }
}

#[test]
fn every_mistake_has_a_place_and_advice() {
    for (op, params, expected) in [
        (
            "query.row",
            "{}",
            "L0901 : no backend has the operation `query.row` (did you mean `query.rows`?)",
        ),
        ("query.rows", "{}", "L0902 : `query.rows` needs `table`"),
        (
            "query.rows",
            r#"{"table":"t","colums":["a"]}"#,
            "L0902 /colums: `query.rows` has no parameter `colums` (did you mean `columns`?)",
        ),
        (
            "query.rows",
            r#"{"table":7}"#,
            "L0902 /table: `table` of `query.rows` should be a string, found a number",
        ),
        (
            "query.rows",
            r#"{"table":"t","limit":"5"}"#,
            "L0902 /limit: `limit` of `query.rows` should be an integer, found a string",
        ),
        (
            "query.rows",
            r#"{"table":"t","limit":null}"#,
            "L0902 /limit: `limit` of `query.rows` should be an integer, found null",
        ),
        (
            "query.rows",
            r#"{"table":"t","order_by":[{"column":"a","dsc":true}]}"#,
            "L0902 /order_by/0/dsc: `order_by[0]` of `query.rows` has no parameter `dsc` (did you mean `desc`?)",
        ),
        (
            "query.rows",
            r#"{"table":"t","where":{"a":{"gte":5}}}"#,
            "L0902 /where/a/gte: `where.a` of `query.rows` has no parameter `gte` (did you mean `ge`?)",
        ),
        (
            "query.rows",
            r#"{"table":"t","where":{"a":{}}}"#,
            "L0902 /where/a: `where.a` of `query.rows` needs at least 1 entry",
        ),
        (
            "query.rows",
            r#"{"table":"t","where":{"a":[1]}}"#,
            "L0902 /where/a: `where.a` of `query.rows` should be null or a boolean or a number or a string or an object, found an array",
        ),
        (
            "write.create_table",
            r#"{"table":"t","columns":[{"name":"a","type":"intger"}]}"#,
            "L0902 /columns/0/type: `columns[0].type` of `write.create_table` should be one of `integer`, `real`, `text`, \
             `boolean`, `json`, `timestamp`, found `\"intger\"` (did you mean `integer`?)",
        ),
        ("write.delete", r#"{"table":"t"}"#, "L0902 : `write.delete` needs one of `where`, `all`"),
        (
            "write.delete",
            r#"{"table":"t","where":{}}"#,
            "L0902 /where: `where` of `write.delete` needs at least 1 entry",
        ),
        (
            "write.delete",
            r#"{"table":"t","all":true,"where":{"a":1}}"#,
            "L0902 : `write.delete` takes only one of `where`, `all`",
        ),
        (
            "assert.rows",
            r#"{"table":"t"}"#,
            "L0902 : `assert.rows` needs one of `equals`, `min`, `max`",
        ),
    ] {
        check(op, params, &[], &[expected]);
    }
}

#[test]
fn all_mistakes_are_reported_at_once() {
    check(
        "write.upsert",
        r#"{"table":1,"rows":[1],"kei":[]}"#,
        &[],
        &[
            "L0902 : `write.upsert` needs `key`",
            "L0902 /kei: `write.upsert` has no parameter `kei` (did you mean `key`?)",
            "L0902 /rows/0: `rows[0]` of `write.upsert` should be an object, found a number",
            "L0902 /table: `table` of `write.upsert` should be a string, found a number",
        ],
    );
}

#[test]
fn what_is_not_resolved_yet_is_taken_to_fit() {
    let open = &["/rows", "/where/amount/ge", "/limit", "/columns/0/type"];
    check("write.upsert", r#"{"table":"t","rows":"@run.a.rows","key":["id"]}"#, open, &[]);
    check(
        "write.upsert",
        r#"{"table":"t","rows":"@run.a.rows"}"#,
        open,
        &["L0902 : `write.upsert` needs `key`"],
    );
    check(
        "query.rows",
        r#"{"table":"t","limit":"@run.a.n","where":{"amount":{"ge":"@run.a.n"}}}"#,
        open,
        &[],
    );
    check(
        "write.create_table",
        r#"{"table":"t","columns":[{"name":"a","type":"@run.a.t"}]}"#,
        open,
        &[],
    );
    check("write.delete", r#"{"table":"t","where":"@run.a.filter"}"#, &["/where"], &[]);
    check(
        "write.delete",
        r#"{"table":"@run.a.t"}"#,
        &["/table"],
        &["L0902 : `write.delete` needs one of `where`, `all`"],
    );
}

#[test]
fn schemas_are_draft_7_and_describe_every_property() {
    for spec in ops() {
        let schema = (spec.schema)();
        assert_eq!(schema["$id"], format!("urn:lorch:schema:op:{}", spec.op));
        assert!(jsonschema::draft7::meta::is_valid(&schema), "{}: {schema:#}", spec.op);
        assert!(jsonschema::draft7::new(&schema).is_ok(), "{}", spec.op);
        assert_described(spec.op, &schema);
    }
}

#[track_caller]
fn assert_described(op: &str, schema: &serde_json::Value) {
    for owner in std::iter::once(schema)
        .chain(schema["definitions"].as_object().into_iter().flat_map(|map| map.values()))
    {
        for (name, property) in owner["properties"].as_object().into_iter().flatten() {
            assert!(property.get("description").is_some(), "{op}: `{name}` has no description");
        }
    }
}
