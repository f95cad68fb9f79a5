//! What is written comes back equal.

use lorch_types::Timestamp;
use lorch_types::json::{Number, Object, Value};
use proptest::prelude::*;
use proptest::sample::select;

use super::Plane;

const TYPES: [&str; 6] = ["integer", "real", "text", "boolean", "json", "timestamp"];

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "\\PC{0,12}",
        any::<String>(),
        select(vec!["@run.x", "${@ctx.x}", "'; --", "\0", ""]).prop_map(String::from)
    ]
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        real(),
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        let inner = prop_oneof![4 => inner, 1 => Just(Value::Null)];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
            prop::collection::btree_map(text(), inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

fn real() -> impl Strategy<Value = Value> {
    prop_oneof![any::<f64>(), select(vec![0.1, -0.0, 1e308, 5e-324, 1e15, 0.30000000000000004])]
        .prop_filter_map("a finite number", |float| Number::from_f64(float).map(Value::from))
}

fn moment() -> impl Strategy<Value = Value> {
    let zone = prop_oneof![
        Just("Z".to_owned()),
        (0..24, 0..60).prop_map(|(h, m)| format!("+{h:02}:{m:02}"))
    ];
    (1..9999, 1..13, 1..29, 0..24, 0..60, 0..60, prop::option::of("[0-9]{1,9}"), zone).prop_map(
        |(year, month, day, hour, minute, second, fraction, zone)| {
            let fraction = fraction.map(|digits| format!(".{digits}")).unwrap_or_default();
            let text = format!(
                "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{fraction}{zone}"
            );
            text.parse::<Timestamp>().unwrap().to_string().into()
        },
    )
}

fn value(column_type: &str) -> BoxedStrategy<Value> {
    let value = match column_type {
        "integer" => prop_oneof![any::<i64>(), select(vec![i64::MIN, i64::MAX, 0])]
            .prop_map(Value::from)
            .boxed(),
        "real" => real().boxed(),
        "text" => text().prop_map(Value::from).boxed(),
        "boolean" => any::<bool>().prop_map(Value::from).boxed(),
        "json" => any_json().boxed(),
        _ => moment().boxed(),
    };
    prop_oneof![8 => value, 1 => Just(Value::Null)].boxed()
}

fn row() -> impl Strategy<Value = Object> {
    let values: Vec<_> = TYPES.iter().map(|column_type| value(column_type)).collect();
    values.prop_map(|values| TYPES.iter().copied().zip(values).collect())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn rows_of_all_types_come_back_equal(rows in prop::collection::vec(row(), 1..12)) {
        let plane = Plane::new();
        let columns: Vec<String> =
            TYPES.iter().map(|name| format!(r#"{{"name":"{name}","type":"{name}"}}"#)).collect();
        plane.done(
            "write.create_table",
            &format!(r#"{{"table":"t","columns":[{{"name":"id","type":"integer"}},{}],"primary_key":["id"]}}"#, columns.join(",")),
        );
        let rows: Vec<Value> = rows
            .into_iter()
            .zip(0_i64..)
            .map(|(mut row, id)| { row.insert("id", id); Value::from(row) })
            .collect();
        let count = rows.len();
        let rows = Value::from(rows);
        plane.check("write.insert", &format!(r#"{{"table":"t","rows":{rows}}}"#), &format!(r#"{{"inserted":{count}}}"#));
        plane.check("query.rows", r#"{"table":"t"}"#, &format!(r#"{{"count":{count},"rows":{rows}}}"#));
        // A value that came back is found again, and counts as unchanged.
        plane.check(
            "write.upsert",
            &format!(r#"{{"table":"t","rows":{rows},"key":["id"]}}"#),
            &format!(r#"{{"inserted":0,"unchanged":{count},"updated":0}}"#),
        );
        let first = &rows.as_array().unwrap()[0];
        let filter: Object = first.as_object().unwrap().iter()
            .map(|(name, value)| (name.clone(), Object::from_iter([("eq", value.clone())])))
            .collect();
        prop_assert_eq!(plane.column("t", "id", &Value::from(filter).to_string()), "[0]");
    }
}

#[test]
fn moments_are_compared_as_moments() {
    let plane = Plane::new();
    plane.done(
        "write.create_table",
        r#"{"table":"t","columns":[{"name":"at","type":"timestamp"}],"primary_key":["at"]}"#,
    );
    plane.done(
        "write.insert",
        r#"{"table":"t","rows":[{"at":"2025-01-01T00:00:00.5Z"},{"at":"2025-01-01T00:00:00Z"},{"at":"2025-01-01T00:00:00.000000001Z"}]}"#,
    );
    plane.refused(
        "write.insert",
        r#"{"table":"t","rows":[{"at":"2025-01-01T02:00:00.500+02:00"}]}"#,
        "conflict",
        "there is a row with `at`",
    );
    assert_eq!(
        plane.column("t", "at", r#"{"at":{"ge":"2025-01-01T00:00:00.000Z"}}"#),
        r#"["2025-01-01T00:00:00Z","2025-01-01T00:00:00.000000001Z","2025-01-01T00:00:00.500Z"]"#
    );
}
