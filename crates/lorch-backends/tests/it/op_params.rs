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
        (
            "write.create_table",
            r#"{"table":"1a","columns":[{"name":"a","type":"text"}]}"#,
            "L0902 /table: `table` of `write.create_table` should be a name for a table or column, \
             found `\"1a\"`: it has 1 to 63 of `A-Z a-z 0-9 _` and begins with a letter or `_`",
        ),
        (
            "write.create_table",
            r#"{"table":"t","columns":[{"name":"SQLite_x","type":"text"}]}"#,
            "L0902 /columns/0/name: `columns[0].name` of `write.create_table`: names that begin with \
             `sqlite_` or `_lorch_` are reserved, and none has a line break",
        ),
        (
            "write.delete",
            r#"{"table":"t","all":false}"#,
            "L0902 /all: `all` of `write.delete` should be `true`, found `false`",
        ),
        (
            "query.rows",
            r#"{"table":"t","limit":-1}"#,
            "L0902 /limit: `limit` of `query.rows` should be at least 0, found `-1`",
        ),
        (
            "compute.http",
            r#"{"method":"POST","url":"http://a/","json":1,"body":"1"}"#,
            "L0902 : `compute.http`: only one of `json`, `body` may be given",
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

/// Parameters that every operation of the data plane accepts, and mistakes to put into them.
const SOUND: [(&str, &str); 9] = [
    (
        "query.rows",
        r#"{"table":"t","columns":["a"],"where":{"a":{"ge":1}},"order_by":[{"column":"a"}],"limit":5}"#,
    ),
    ("query.max", r#"{"table":"t","column":"a","where":{"a":null}}"#),
    (
        "write.create_table",
        r#"{"table":"t","columns":[{"name":"a","type":"text"}],"unique":[["a"]]}"#,
    ),
    ("write.insert", r#"{"table":"t","rows":[{"a":1}],"idempotency_key":"k"}"#),
    ("write.upsert", r#"{"table":"t","rows":[{"a":1}],"key":["a"],"update":["b"]}"#),
    ("write.delete", r#"{"table":"t","where":{"a":{"in":[1]}}}"#),
    ("assert.rows", r#"{"table":"t","min":1,"max":3}"#),
    ("assert.schema", r#"{"table":"t","columns":[{"name":"a","type":"real"}],"exact":true}"#),
    ("assert.unique", r#"{"table":"t","columns":["a"]}"#),
];

/// Every place in `value`, from the outside in.
fn places(value: &Value, at: Pointer, out: &mut Vec<Pointer>) {
    match value {
        Value::Object(object) => object.iter().for_each(|(key, it)| places(it, at.join(key), out)),
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(index, it)| places(it, at.join(index), out));
        }
        _ => {}
    }
    out.push(at);
}

#[test]
fn types_and_their_schemas_accept_the_same() {
    let others = [
        "null",
        "true",
        "false",
        "0",
        "1",
        "-1",
        "1.5",
        "9007199254740991",
        "9007199254740992",
        r#""""#,
        r#""a""#,
        r#""1a""#,
        r#""a-b""#,
        r#""_lorch_x""#,
        r#""SQLITE_x""#,
        r#""a\n""#,
        r#""text""#,
        "[]",
        "[1]",
        r#"["a"]"#,
        "[[]]",
        "{}",
        r#"{"a":1}"#,
        r#"{"eq":null}"#,
        r#"{"in":[]}"#,
        r#"{"like":1}"#,
        r#"{"is_null":false}"#,
    ];
    let mut judged = [0, 0];
    for (op, sound) in SOUND {
        let spec = ops().into_iter().find(|spec| spec.op == op).unwrap();
        let schema = jsonschema::draft7::new(&(spec.schema)()).unwrap();
        let sound = read(sound.as_bytes(), Limits::default()).unwrap();
        let mut pointers = Vec::new();
        places(&sound, Pointer::root(), &mut pointers);
        let mut judge = |params: &Value| {
            let Value::Object(object) = params else { return };
            let by_type = check_params(&op.parse().unwrap(), object, &[]).is_empty();
            let by_schema = schema.is_valid(&serde_json::Value::from(params.clone()));
            assert_eq!(by_type, by_schema, "{op} {params}");
            judged[usize::from(by_type)] += 1;
        };
        judge(&sound);
        for pointer in &pointers {
            for other in others {
                let other = read(other.as_bytes(), Limits::default()).unwrap();
                let mut changed = sound.clone();
                *pointer.find_mut(&mut changed).unwrap() = other.clone();
                judge(&changed);
                if let Some(Value::Object(object)) = pointer.find(&sound) {
                    for name in [
                        "where", "all", "min", "equals", "limit", "nullable", "desc", "key", "x",
                        "ne",
                    ] {
                        let mut added = sound.clone();
                        let mut with = object.clone();
                        with.insert(name, other.clone());
                        *pointer.find_mut(&mut added).unwrap() = Value::Object(with);
                        judge(&added);
                    }
                    for key in object.keys() {
                        let mut removed = sound.clone();
                        let mut without = object.clone();
                        without.remove(key);
                        *pointer.find_mut(&mut removed).unwrap() = Value::Object(without);
                        judge(&removed);
                    }
                }
            }
        }
    }
    assert!(judged[0] > 1000 && judged[1] > 200, "{judged:?}");
}

#[test]
fn whatever_is_open_draws_nothing() {
    for (op, sound) in SOUND {
        let sound = read(sound.as_bytes(), Limits::default()).unwrap();
        let mut pointers = Vec::new();
        places(&sound, Pointer::root(), &mut pointers);
        for pointer in pointers.iter().filter(|pointer| !pointer.is_root()) {
            let mut referring = sound.clone();
            *pointer.find_mut(&mut referring).unwrap() = Value::from("@run.a.b");
            check(op, &referring.to_string(), &[&pointer.to_string()], &[]);
        }
    }
}
