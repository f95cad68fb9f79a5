//! Hostile names: nothing of a document ever becomes SQL.

use lorch_types::json::{Object, Value};

use super::{Plane, schema, sqlite};

/// At least 200 names that mean something to SQL, to a shell, or to people.
fn hostile_names() -> Vec<String> {
    let pieces = [
        "",
        " ",
        "\"",
        "\"\"",
        "'",
        "''",
        "`",
        "[",
        "]",
        "[orders]",
        ";",
        "--",
        "/*",
        "*/",
        "\\",
        "\0",
        "\n",
        "\r\n",
        "\t",
        "\u{1b}[31m",
        "%",
        "_%",
        "*",
        "?",
        "?1",
        ":a",
        "@a",
        "$a",
        "(",
        ")",
        "()",
        ",",
        ".",
        "..",
        "main.orders",
        "temp.orders",
        "sqlite_schema",
        "sqlite_master",
        "SQLITE_TEMP_SCHEMA",
        "_lorch_effects",
        "_LORCH_columns",
        "rowid",
        "oid",
        "_rowid_",
        "select",
        "drop",
        "NULL",
        "true",
        "1",
        "0x1",
        "1e3",
        "-1",
        "é",
        "ｏrders",
        "оrders",
        "\u{202e}sredro",
        "\u{feff}orders",
        "orders\u{0}",
        "orders ",
        " orders",
        "Orders\"",
        "rarray",
        "pragma_table_info",
        "json_each",
        "generate_series",
    ];
    let forms = [
        "{}",
        "orders{}",
        "{}; DROP TABLE orders; --",
        "\"{}\" ; DELETE FROM orders WHERE 1=1 --",
        "x' OR '1'='1{}",
    ];
    let mut names: Vec<String> =
        forms.iter().flat_map(|form| pieces.map(|piece| form.replace("{}", piece))).collect();
    names.push("a".repeat(64));
    names.push("a".repeat(100_000));
    names.sort();
    names.dedup();
    names.retain(|name| name != "orders");
    assert!(names.len() >= 200, "{}", names.len());
    names
}

#[test]
fn hostile_names_change_nothing() {
    let plane = Plane::with_orders();
    let before = schema(&plane.path());
    for name in hostile_names() {
        let text = |value: &str| Value::from(value).to_string();
        let hostile = text(&name);
        let row = Value::from(Object::from_iter([(name.as_str(), 1)]));
        for (op, params) in [
            ("query.rows", format!(r#"{{"table":{hostile}}}"#)),
            ("query.rows", format!(r#"{{"table":"orders","columns":[{hostile}]}}"#)),
            ("query.rows", format!(r#"{{"table":"orders","order_by":[{{"column":{hostile}}}]}}"#)),
            ("query.rows", format!(r#"{{"table":"orders","where":{row}}}"#)),
            ("query.count", format!(r#"{{"table":{hostile}}}"#)),
            ("query.max", format!(r#"{{"table":"orders","column":{hostile}}}"#)),
            ("write.insert", format!(r#"{{"table":{hostile},"rows":[{{}}]}}"#)),
            ("write.insert", format!(r#"{{"table":"orders","rows":[{row}]}}"#)),
            ("write.upsert", format!(r#"{{"table":"orders","rows":[{row}],"key":[{hostile}]}}"#)),
            (
                "write.upsert",
                format!(r#"{{"table":"orders","rows":[],"key":["id"],"update":[{hostile}]}}"#),
            ),
            ("write.merge", format!(r#"{{"table":{hostile},"rows":[],"key":["id"]}}"#)),
            ("write.delete", format!(r#"{{"table":{hostile},"all":true}}"#)),
            ("write.delete", format!(r#"{{"table":"orders","where":{row}}}"#)),
            ("assert.unique", format!(r#"{{"table":"orders","columns":[{hostile}]}}"#)),
            (
                "assert.schema",
                format!(r#"{{"table":"orders","columns":[{{"name":{hostile},"type":"text"}}]}}"#),
            ),
        ] {
            let error = plane.perform(op, &params).expect_err(&params);
            assert_ne!(error.code, "backend", "{op} {name:?}: {error}");
            assert!(!error.message.contains(['\u{1b}', '\u{0}', '\u{202e}']), "{op}: {error:?}");
        }
    }
    assert_eq!(schema(&plane.path()), before);
    plane.check("query.count", r#"{"table":"orders"}"#, r#"{"count":4}"#);
}

#[test]
fn only_plain_names_can_be_given_to_new_tables_and_columns() {
    let plane = Plane::with_orders();
    let before = schema(&plane.path());
    for name in hostile_names() {
        let plain = name.len() <= 63
            && name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
            && !name.to_lowercase().starts_with("sqlite_")
            && !name.to_lowercase().starts_with("_lorch_");
        if plain {
            continue;
        }
        let hostile = Value::from(name.as_str());
        for params in [
            format!(r#"{{"table":{hostile},"columns":[{{"name":"a","type":"text"}}]}}"#),
            format!(r#"{{"table":"t","columns":[{{"name":{hostile},"type":"text"}}]}}"#),
            format!(
                r#"{{"table":"t","columns":[{{"name":"a","type":"text"}}],"primary_key":[{hostile}]}}"#
            ),
        ] {
            plane.refused("write.create_table", &params, "invalid_params", "");
        }
    }
    assert_eq!(schema(&plane.path()), before);
}

#[test]
fn words_of_sql_are_names_like_others() {
    let plane = Plane::new();
    for name in [
        "select",
        "table",
        "rowid",
        "NULL",
        "order",
        "group",
        "a1",
        "_",
        "rarray",
        "pragma_table_xinfo",
        "pragma_index_list",
        "pragma_index_info",
    ] {
        plane.check(
            "write.create_table",
            &format!(r#"{{"table":"{name}","columns":[{{"name":"{name}","type":"integer"}}],"unique":[["{name}"]]}}"#),
            r#"{"created":true}"#,
        );
        plane.check(
            "write.upsert",
            &format!(
                r#"{{"table":"{name}","rows":[{{"{name}":1}},{{"{name}":2}}],"key":["{name}"]}}"#
            ),
            r#"{"inserted":2,"unchanged":0,"updated":0}"#,
        );
        assert_eq!(plane.column(name, name, &format!(r#"{{"{name}":{{"in":[2,3]}}}}"#)), "[2]");
        plane.check(
            "write.merge",
            &format!(r#"{{"table":"{name}","rows":[{{"{name}":1}}],"key":["{name}"]}}"#),
            r#"{"deleted":1,"inserted":0,"unchanged":1,"updated":0}"#,
        );
    }
}

#[test]
fn tables_with_any_name_can_be_used_when_they_are_there() {
    let plane = Plane::new();
    let connection = sqlite(&plane.path());
    for (at, name) in hostile_names().into_iter().enumerate() {
        let (table, column) = (format!("t{at} {name}"), format!("c{at} {name}"));
        if name.contains('\0') || name.len() > 1000 {
            continue;
        }
        let quoted = |name: &str| format!("\"{}\"", name.replace('"', "\"\""));
        connection
            .execute(
                &format!("CREATE TABLE {} ({} TEXT PRIMARY KEY)", quoted(&table), quoted(&column)),
                [],
            )
            .unwrap();
        let row = Value::from(Object::from_iter([(column.as_str(), name.as_str())]));
        let (table, column) = (Value::from(table), Value::from(column));
        plane.check(
            "write.insert",
            &format!(r#"{{"table":{table},"rows":[{row}]}}"#),
            r#"{"inserted":1}"#,
        );
        plane.check(
            "write.upsert",
            &format!(r#"{{"table":{table},"rows":[{row}],"key":[{column}]}}"#),
            r#"{"inserted":0,"unchanged":1,"updated":0}"#,
        );
        plane.check(
            "query.rows",
            &format!(r#"{{"table":{table},"where":{row},"order_by":[{{"column":{column}}}]}}"#),
            &format!(r#"{{"count":1,"rows":[{row}]}}"#),
        );
        plane.check(
            "assert.unique",
            &format!(r#"{{"table":{table},"columns":[{column}]}}"#),
            r#"{"count":1}"#,
        );
        plane.check(
            "write.merge",
            &format!(r#"{{"table":{table},"rows":[],"key":[{column}],"where":{row}}}"#),
            r#"{"deleted":1,"inserted":0,"unchanged":0,"updated":0}"#,
        );
    }
}
