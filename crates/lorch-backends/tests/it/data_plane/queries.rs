//! `query.*` and `where`.

use super::{Plane, detail};

#[test]
fn rows_come_as_they_were_written() {
    let plane = Plane::with_orders();
    for (params, output) in [
        (
            r#"{"table":"orders","limit":2}"#,
            r#"{"count":2,"rows":[{"amount":10,"at":"2025-01-01T00:00:00Z","id":1,"note":"first","paid":true,"region":"eu","tags":["a"]},{"amount":99.5,"at":"2025-01-01T00:00:00.500Z","id":2,"note":null,"paid":false,"region":"eu","tags":{"k":1}}]}"#,
        ),
        (r#"{"table":"orders","columns":["id"],"limit":0}"#, r#"{"count":0,"rows":[]}"#),
        (r#"{"table":"orders","columns":["id"],"offset":3}"#, r#"{"count":1,"rows":[{"id":4}]}"#),
        (
            r#"{"table":"orders","columns":["at","id"],"where":{"id":3}}"#,
            r#"{"count":1,"rows":[{"at":"2025-06-01T10:00:00Z","id":3}]}"#,
        ),
    ] {
        plane.check("query.rows", params, output);
    }
}

#[test]
fn rows_come_in_the_order_asked_for_and_then_by_key() {
    let plane = Plane::with_orders();
    for (order, ids) in [
        ("[]", [1, 2, 3, 4]),
        (r#"[{"column":"amount"}]"#, [4, 3, 1, 2]),
        (r#"[{"column":"amount","desc":true}]"#, [2, 1, 3, 4]),
        (r#"[{"column":"region","desc":true}]"#, [3, 1, 2, 4]),
        (r#"[{"column":"paid"},{"column":"id","desc":true}]"#, [4, 2, 3, 1]),
        (r#"[{"column":"at"}]"#, [4, 1, 2, 3]),
    ] {
        let params = format!(r#"{{"table":"orders","columns":["id"],"order_by":{order}}}"#);
        let rows: Vec<String> = ids.iter().map(|id| format!(r#"{{"id":{id}}}"#)).collect();
        plane.check(
            "query.rows",
            &params,
            &format!(r#"{{"count":4,"rows":[{}]}}"#, rows.join(",")),
        );
    }
}

#[test]
fn where_selects() {
    let plane = Plane::with_orders();
    for (filter, ids) in [
        ("{}", "[1,2,3,4]"),
        (r#"{"region":"eu"}"#, "[1,2]"),
        (r#"{"region":"eu","paid":true}"#, "[1]"),
        (r#"{"amount":10.0}"#, "[1]"),
        (r#"{"amount":null}"#, "[4]"),
        (r#"{"note":null}"#, "[2]"),
        (r#"{"note":{"is_null":false}}"#, "[1,3,4]"),
        (r#"{"note":{"is_null":true}}"#, "[2]"),
        (r#"{"note":{"eq":null}}"#, "[2]"),
        (r#"{"note":{"ne":null}}"#, "[1,3,4]"),
        (r#"{"note":{"ne":"first"}}"#, "[2,3,4]"),
        (r#"{"amount":{"ge":10,"lt":100}}"#, "[1,2]"),
        (r#"{"amount":{"gt":10}}"#, "[2]"),
        (r#"{"amount":{"le":10}}"#, "[1,3]"),
        (r#"{"id":{"gt":1.5,"lt":3.5}}"#, "[2,3]"),
        (r#"{"id":2.5}"#, "[]"),
        (r#"{"region":{"in":["us","US"]}}"#, "[3,4]"),
        (r#"{"region":{"in":[]}}"#, "[]"),
        (r#"{"note":{"in":["first",null]}}"#, "[1,2]"),
        (r#"{"note":{"in":[null]}}"#, "[2]"),
        (r#"{"note":{"like":"f%"}}"#, "[1]"),
        (r#"{"note":{"like":"_irst"}}"#, "[1,4]"),
        (r#"{"note":{"like":"100\\%\\_s%*"}}"#, "[3]"),
        (r#"{"note":{"like":"100\\_%"}}"#, "[]"),
        (r#"{"note":{"like":"[f]irst"}}"#, "[]"),
        (r#"{"note":{"like":"?irst"}}"#, "[]"),
        (r#"{"tags":{"eq":["a"]}}"#, "[1]"),
        (r#"{"tags":{"eq":{"k":1.0}}}"#, "[2]"),
        (r#"{"tags":{"in":[{"k":1},["a"]]}}"#, "[1,2]"),
        (r#"{"paid":{"ne":true}}"#, "[2,4]"),
        (r#"{"at":"2025-01-01T01:00:00+01:00"}"#, "[1]"),
        (r#"{"at":{"gt":"2025-01-01T00:00:00Z"}}"#, "[2,3]"),
    ] {
        assert_eq!(plane.column("orders", "id", filter), ids, "{filter}");
    }
}

#[test]
fn where_takes_as_many_values_as_there_are() {
    let plane = Plane::with_orders();
    let ids: Vec<String> = (3..60_000).map(|id| id.to_string()).collect();
    let filter = format!(r#"{{"id":{{"in":[{}]}}}}"#, ids.join(","));
    assert_eq!(plane.column("orders", "id", &filter), "[3,4]");
}

#[test]
fn where_refuses_what_the_column_cannot_be() {
    let plane = Plane::with_orders();
    for (filter, code, words, pointer) in [
        (r#"{"regin":"eu"}"#, "not_found", "did you mean `region`?", ""),
        (
            r#"{"region":1}"#,
            "invalid_params",
            "its type is text, and `1` is not a string",
            "/where/region",
        ),
        (r#"{"amount":"10"}"#, "invalid_params", "is not a number of 64 bits", "/where/amount"),
        (r#"{"paid":1}"#, "invalid_params", "is not `true` or `false`", "/where/paid"),
        (r#"{"paid":{"lt":true}}"#, "invalid_params", "boolean has no order", "/where/paid/lt"),
        (r#"{"tags":{"ge":[]}}"#, "invalid_params", "json has no order", "/where/tags/ge"),
        (r#"{"amount":{"lt":null}}"#, "invalid_params", "null has no order", "/where/amount/lt"),
        (r#"{"id":{"like":"1%"}}"#, "invalid_params", "has no texts", "/where/id/like"),
        (r#"{"note":{"like":"a\\"}}"#, "invalid_params", "ends with `\\`", "/where/note/like"),
        (r#"{"id":{"in":[1,"2"]}}"#, "invalid_params", r#"`"2"` is not a number"#, "/where/id/in"),
        (
            r#"{"at":{"lt":"2025-01-01"}}"#,
            "invalid_params",
            "is not a timestamp such as",
            "/where/at/lt",
        ),
    ] {
        let params = format!(r#"{{"table":"orders","where":{filter}}}"#);
        let error = plane.refused("query.rows", &params, code, words);
        if !pointer.is_empty() {
            assert_eq!(detail(&error, "pointer"), format!("{pointer:?}"), "{filter}");
        }
    }
}

#[test]
fn count_and_max_say_what_there_is() {
    let plane = Plane::with_orders();
    for (op, params, output) in [
        ("query.count", r#"{"table":"orders"}"#, r#"{"count":4}"#),
        ("query.count", r#"{"table":"orders","where":{"region":"eu"}}"#, r#"{"count":2}"#),
        ("query.max", r#"{"table":"orders","column":"amount"}"#, r#"{"value":99.5}"#),
        ("query.max", r#"{"table":"orders","column":"id"}"#, r#"{"value":4}"#),
        ("query.max", r#"{"table":"orders","column":"region"}"#, r#"{"value":"us"}"#),
        ("query.max", r#"{"table":"orders","column":"at"}"#, r#"{"value":"2025-06-01T10:00:00Z"}"#),
        (
            "query.max",
            r#"{"table":"orders","column":"id","where":{"id":{"gt":9}}}"#,
            r#"{"value":null}"#,
        ),
    ] {
        plane.check(op, params, output);
    }
}

#[test]
fn queries_of_what_there_is_not_say_what_there_is() {
    let plane = Plane::with_orders();
    for (op, params, code, words) in [
        (
            "query.rows",
            r#"{"table":"order"}"#,
            "not_found",
            "there is no table `order`; did you mean `orders`?",
        ),
        ("query.rows", r#"{"table":"invoices"}"#, "not_found", "there are `orders`"),
        ("query.rows", r#"{"table":"Orders"}"#, "not_found", "did you mean `orders`?"),
        ("query.rows", r#"{"table":"_lorch_effects"}"#, "denied", "lorch's own"),
        ("query.rows", r#"{"table":"SQLITE_schema"}"#, "denied", "SQLite's own"),
        (
            "query.rows",
            r#"{"table":"orders","columns":["idd"]}"#,
            "not_found",
            "did you mean `id`?",
        ),
        (
            "query.rows",
            r#"{"table":"orders","order_by":[{"column":"amout"}]}"#,
            "not_found",
            "`amount`",
        ),
        (
            "query.max",
            r#"{"table":"orders","column":"paid"}"#,
            "invalid_params",
            "its type is boolean",
        ),
        (
            "query.max",
            r#"{"table":"orders","column":"tags"}"#,
            "invalid_params",
            "its type is json",
        ),
        ("query.rows", r#"{"table":"orders","limit":-1}"#, "invalid_params", "`limit`"),
        (
            "query.rows",
            r#"{"table":"orders","sql":"1"}"#,
            "invalid_params",
            "has no parameter `sql`",
        ),
        (
            "query.everything",
            r#"{}"#,
            "invalid_params",
            "the data_plane has no operation `query.everything`",
        ),
    ] {
        plane.refused(op, params, code, words);
    }
    let empty = Plane::new();
    empty.refused("query.count", r#"{"table":"t"}"#, "not_found", "there are no tables yet");
}
