//! Databases and tables that other programs made.

use super::{Plane, schema, sqlite};

/// A data plane in a database that has tables already.
fn plane(sql: &str) -> Plane {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data.db");
    sqlite(&path).execute_batch(sql).unwrap();
    let data_plane = lorch_backends::DataPlane::open(&path).unwrap();
    Plane { folder, data_plane, keys: Default::default() }
}

#[test]
fn a_database_of_another_program_stays_its_own() {
    let plane = plane(
        "PRAGMA user_version = 7; CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT NOT NULL DEFAULT 'x');",
    );
    plane.check("write.insert", r#"{"table":"t","rows":[{"a":1},{}]}"#, r#"{"inserted":2}"#);
    plane.check(
        "query.rows",
        r#"{"table":"t"}"#,
        r#"{"count":2,"rows":[{"a":1,"b":"x"},{"a":2,"b":"x"}]}"#,
    );
    let connection = sqlite(&plane.path());
    let pragma = |name: &str| -> i64 {
        connection.pragma_query_value(None, name, |row| row.get(0)).unwrap()
    };
    assert_eq!((pragma("user_version"), pragma("application_id")), (7, 0));
    let own: Vec<String> = schema(&plane.path());
    assert!(
        own.iter().any(|it| it.starts_with("table t: "))
            && own.iter().any(|it| it.contains("_lorch_effects"))
    );
    lorch_backends::DataPlane::open(plane.path()).unwrap();
}

#[test]
fn declared_types_are_read_as_what_they_mean() {
    let plane = plane(
        "CREATE TABLE t (i BIGINT, r DOUBLE PRECISION, s VARCHAR(20), b BOOLEAN, j JSON, d DATETIME, n NUMERIC, x);
         INSERT INTO t VALUES (9223372036854775807, 1.5, 'a', 1, '{\"k\": [1]}', '2025-01-01 10:00:00', 1.0, NULL);
         INSERT INTO t VALUES ('text', 2, NULL, 7, NULL, 5, 'abc', 3.5);",
    );
    plane.check(
        "query.rows",
        r#"{"table":"t"}"#,
        r#"{"count":2,"rows":[{"b":true,"d":"2025-01-01 10:00:00","i":9223372036854775807,"j":{"k":[1]},"n":1,"r":1.5,"s":"a","x":null},{"b":7,"d":5,"i":"text","j":null,"n":"abc","r":2,"s":null,"x":3.5}]}"#,
    );
    plane.check(
        "assert.schema",
        r#"{"table":"t","columns":[{"name":"i","type":"integer"},{"name":"r","type":"real"},{"name":"s","type":"text"},
            {"name":"b","type":"boolean"},{"name":"j","type":"json"}]}"#,
        r#"{"columns":[{"name":"i","type":"integer"},{"name":"r","type":"real"},{"name":"s","type":"text"},{"name":"b","type":"boolean"},{"name":"j","type":"json"},{"name":"d","type":"other"},{"name":"n","type":"other"},{"name":"x","type":"other"}]}"#,
    );
    let wanted = r#"{"table":"t","columns":[{"name":"d","type":"timestamp"}]}"#;
    plane.refused("assert.schema", wanted, "assertion_failed", "`d` is other, expected timestamp");
    assert_eq!(plane.column("t", "x", r#"{"d":{"like":"2025-%"}}"#), "[null]");
    assert_eq!(plane.column("t", "d", r#"{"x":3.5}"#), "[5]");
}

#[test]
fn what_json_cannot_hold_is_named() {
    let plane = plane(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, b BLOB, r REAL, j JSON);
         INSERT INTO t VALUES (1, x'00ff', NULL, NULL), (2, NULL, 9e999, NULL), (3, NULL, NULL, '{oops');",
    );
    for (id, words) in [
        (1, "the column `b` of `t` holds bytes"),
        (2, "the column `r` of `t` holds an infinity"),
        (3, "the column `j` of `t` holds text that is no JSON"),
    ] {
        let params = format!(r#"{{"table":"t","where":{{"id":{id}}}}}"#);
        plane.refused("query.rows", &params, "conflict", words);
    }
    assert_eq!(plane.column("t", "id", "{}"), "[1,2,3]");
}

#[test]
fn views_are_read_and_not_written() {
    let plane = plane(
        "CREATE TABLE t (a INTEGER); INSERT INTO t VALUES (1), (2); CREATE VIEW v AS SELECT a * 2 AS a FROM t;",
    );
    plane.check(
        "query.rows",
        r#"{"table":"v","where":{"a":4}}"#,
        r#"{"count":1,"rows":[{"a":4}]}"#,
    );
    plane.refused("write.insert", r#"{"table":"v","rows":[{"a":1}]}"#, "conflict", "`v` is a view");
    plane.refused("write.delete", r#"{"table":"v","all":true}"#, "conflict", "`v` is a view");
    let table = r#"{"table":"v","columns":[{"name":"a","type":"integer"}]}"#;
    plane.refused("write.create_table", table, "conflict", "it is a view");
}

#[test]
fn computed_columns_are_read_and_not_written() {
    let plane = plane(
        "CREATE TABLE t (a INTEGER PRIMARY KEY, b INTEGER AS (a * 2) STORED, c TEXT AS ('x'));",
    );
    plane.check("write.insert", r#"{"table":"t","rows":[{"a":2}]}"#, r#"{"inserted":1}"#);
    plane.check("query.rows", r#"{"table":"t"}"#, r#"{"count":1,"rows":[{"a":2,"b":4,"c":"x"}]}"#);
    plane.refused(
        "write.insert",
        r#"{"table":"t","rows":[{"a":3,"b":6}]}"#,
        "invalid_params",
        "computed by the database",
    );
}

#[test]
fn rules_of_the_table_name_the_row() {
    let plane = plane(
        "CREATE TABLE p (id INTEGER PRIMARY KEY);
         CREATE TABLE t (a TEXT COLLATE NOCASE UNIQUE, b INTEGER CHECK (b > 0), p INTEGER REFERENCES p (id));",
    );
    for (rows, words) in [
        (r#"[{"a":"x"},{"a":"X"}]"#, r#"row 1 of `t`: there is a row with `a` `"X"` already"#),
        (r#"[{"b":0}]"#, "row 0 of `t`: CHECK constraint failed"),
        (r#"[{"p":1}]"#, "row 0 of `t`: FOREIGN KEY constraint failed"),
    ] {
        plane.refused(
            "write.insert",
            &format!(r#"{{"table":"t","rows":{rows}}}"#),
            "conflict",
            words,
        );
    }
    plane.check("query.count", r#"{"table":"t"}"#, r#"{"count":0}"#);
}

#[test]
fn keys_are_compared_as_the_table_compares_them() {
    let plane = plane(
        "CREATE TABLE t (a TEXT COLLATE NOCASE PRIMARY KEY, b TEXT COLLATE NOCASE); INSERT INTO t VALUES ('Key', 'v');",
    );
    plane.check(
        "write.merge",
        r#"{"table":"t","rows":[{"a":"KEY","b":"V"}],"key":["a"]}"#,
        r#"{"deleted":0,"inserted":0,"unchanged":0,"updated":1}"#,
    );
    plane.check("query.rows", r#"{"table":"t"}"#, r#"{"count":1,"rows":[{"a":"Key","b":"V"}]}"#);
}

#[test]
fn a_table_made_anew_by_another_program_has_its_new_types() {
    let plane = Plane::with_orders();
    sqlite(&plane.path())
        .execute_batch("DROP TABLE orders; CREATE TABLE orders (id TEXT, paid TEXT, at REAL); INSERT INTO orders VALUES ('a', 'b', 1.5);")
        .unwrap();
    plane.check(
        "query.rows",
        r#"{"table":"orders"}"#,
        r#"{"count":1,"rows":[{"at":1.5,"id":"a","paid":"b"}]}"#,
    );
}

#[test]
fn rows_without_a_key_come_in_the_order_of_insertion() {
    let plane = plane(
        "CREATE TABLE t (rowid TEXT, a INTEGER); CREATE INDEX i ON t (a); INSERT INTO t VALUES ('z', 3), ('y', 1), ('x', 2);",
    );
    assert_eq!(plane.column("t", "a", r#"{"a":{"gt":0}}"#), "[3,1,2]");
}
