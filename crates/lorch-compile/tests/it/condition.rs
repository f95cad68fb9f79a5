//! Conditions yield what CEL yields for the same text without the `@`s.

use std::cell::Cell;

use lorch_types::json::Value;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use crate::job::{compiled, json, one_step};

const PAYLOAD: &str = r#"{
    "n": 3, "zero": 0, "negative": -7, "half": 0.5, "large": 9007199254740993,
    "text": "eu", "empty": "", "unicode": "größe", "yes": true, "no": false, "nothing": null,
    "list": [1, 2.5, "eu", null, true, [1], {"a": 1}], "none": [],
    "object": {"a": 1, "b": {"c": "deep"}, "a-b": 2, "in": 4}
}"#;

/// Whether the condition holds; `None` when lorch says that it is wrong.
fn by_lorch(condition: &str) -> Option<bool> {
    let payload = json(PAYLOAD);
    let definition = one_step(Value::object(), condition);
    let compiled = compiled(definition, &json(r#"{"region": "eu"}"#), &payload).ok()?;
    Some(!compiled.instance.steps[0].compiled_skip)
}

/// What CEL makes of the condition without its `@`s.
fn by_cel(condition: &str) -> Result<cel::Value, String> {
    let source = condition.replace('@', "");
    let program = cel::Program::compile(&source).map_err(|error| error.to_string())?;
    let mut context = cel::Context::default();
    context.add_variable_from_value("payload", cel_value(&json(PAYLOAD)));
    context.add_variable_from_value("ctx", cel_value(&json(r#"{"region": "eu"}"#)));
    program.execute(&context).map_err(|error| error.to_string())
}

fn cel_value(value: &Value) -> cel::Value {
    match value {
        Value::Null => cel::Value::Null,
        Value::Bool(value) => cel::Value::Bool(*value),
        Value::Number(number) => match (number.as_i64(), number.as_u64()) {
            (Some(integer), _) => cel::Value::Int(integer),
            (None, Some(natural)) => cel::Value::UInt(natural),
            (None, None) => cel::Value::Float(number.as_f64()),
        },
        Value::String(text) => cel::Value::from(text.as_str()),
        Value::Array(items) => cel::Value::from(items.iter().map(cel_value).collect::<Vec<_>>()),
        Value::Object(object) => {
            let members = object.iter().map(|(key, value)| (key.to_string(), cel_value(value)));
            cel::Value::from(members.collect::<std::collections::HashMap<_, _>>())
        }
    }
}

/// Where the crate `cel` does not do what CEL says: a condition, what it yields, and why. What is
/// generated keeps clear of these.
const DEVIATIONS: [(&str, bool, &str); 2] = [
    (
        "9007199254740993 == 9007199254740992.0",
        false,
        "the crate compares an integer with a float through f64; CEL compares the values themselves",
    ),
    (
        "null in @payload.object",
        false,
        "the crate refuses keys that no map can have; to CEL they are keys that are not there",
    ),
];

/// Operands, those of one type together: comparing different types is mostly an error.
const OPERANDS: [&[&str]; 5] = [
    &[
        "@payload.n",
        "@payload.zero",
        "@payload.negative",
        "@payload.half",
        "@payload.large",
        "@payload.object.a",
        "@payload.object[\"a-b\"]",
        "@payload.list[0]",
        "1",
        "0",
        "-7",
        "2.5",
        "0.5",
        "3.0",
        "1e3",
        "9007199254740993",
        "size(@payload.list)",
        "size(@payload.text)",
        "size(@payload.unicode)",
        "size(@payload.object)",
        "size('größe')",
    ],
    &[
        "@payload.text",
        "@payload.empty",
        "@payload.unicode",
        "@payload.object.b.c",
        "@ctx.region",
        "@payload.list[2]",
        "'eu'",
        "\"größe\"",
        "''",
        "'\\u0065u'",
        "'a'",
    ],
    &[
        "@payload.yes",
        "@payload.no",
        "true",
        "false",
        "has(@payload.absent)",
        "has(@payload.nothing)",
        "has(@payload.object.a)",
        "has(@payload.object.zzz)",
        "has(@payload.absent.x)",
        "@payload.absent",
    ],
    &["@payload.nothing", "null", "@payload.list[3]"],
    &[
        "@payload.list",
        "@payload.none",
        "@payload.object",
        "@payload.list[5]",
        "[]",
        "[1, 2]",
        "[1, 2.5, 'eu', null]",
        "[true, [1]]",
    ],
];

fn operand() -> impl Strategy<Value = &'static str> {
    prop::sample::select(OPERANDS.concat())
}

fn comparison() -> impl Strategy<Value = String> {
    let operators = prop::sample::select(vec!["==", "!=", "<", "<=", ">", ">="]);
    let alike = prop::sample::select(OPERANDS.to_vec());
    let pair = alike.prop_flat_map(|of| (prop::sample::select(of), prop::sample::select(of)));
    prop_oneof![
        6 => (pair, operators.clone()).prop_map(|((a, b), op)| format!("{a} {op} {b}")),
        2 => (operand(), prop::sample::select(OPERANDS[4]))
            .prop_filter("keys are strings", |(_, list)| *list != "@payload.object")
            .prop_map(|(a, b)| format!("{a} in {b}")),
        1 => prop::sample::select(OPERANDS[1]).prop_map(|key| format!("{key} in @payload.object")),
        2 => prop::sample::select(OPERANDS[2]).prop_map(str::to_owned),
        1 => (operand(), operators, operand()).prop_map(|(a, op, b)| format!("{a} {op} {b}")),
        1 => operand().prop_map(str::to_owned),
    ]
}

fn condition() -> impl Strategy<Value = String> {
    comparison().prop_recursive(4, 16, 3, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("{a} && {b}")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("{a} || {b}")),
            inner.clone().prop_map(|it| format!("!({it})")),
            inner.clone().prop_map(|it| format!("({it})")),
            (inner.clone(), inner).prop_map(|(a, b)| format!("({a}) == ({b})")),
        ]
    })
}

#[test]
fn conditions_yield_what_cel_yields() {
    let yielded = Cell::new(0);
    let config = ProptestConfig { cases: 1000, failure_persistence: None, ..Default::default() };
    let outcome = TestRunner::new(config).run(&condition(), |text| {
        if let Some(holds) = by_lorch(&text) {
            yielded.set(yielded.get() + 1);
            prop_assert_eq!(by_cel(&text), Ok(cel::Value::Bool(holds)), "{}", text);
        }
        Ok(())
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
    assert!(yielded.get() >= 300, "only {} conditions yielded anything", yielded.get());
}

#[test]
fn the_deviations_are_there() {
    for (condition, expected, reason) in DEVIATIONS {
        assert_eq!(by_lorch(condition), Some(expected), "{condition}");
        let agrees = by_cel(condition) == Ok(cel::Value::Bool(expected));
        assert!(!agrees, "{condition} is no deviation any more: {reason}");
    }
}

/// Each condition, and what it yields.
#[test]
fn conditions_by_example() {
    #[track_caller]
    fn check(condition: &str, expected: bool) {
        assert_eq!(by_lorch(condition), Some(expected), "{condition}");
        assert_eq!(by_cel(condition), Ok(cel::Value::Bool(expected)), "{condition}");
    }
    check("@payload.n == 3", true);
    check("@payload.n == 3.0", true);
    check("@payload.n > 2 && @payload.n < 4", true);
    check("@payload.nothing == null", true);
    check("@payload.n != null", true);
    check("@payload.text in ['eu', 'us']", true);
    check("'a' in @payload.object", true);
    check("'z' in @payload.object", false);
    check("1 in @payload.list && !('1' in @payload.list)", true);
    check("size(@payload.unicode) == 5", true);
    check("has(@payload.absent) && @payload.absent > 3", false);
    check("@payload.yes || @payload.absent", true);
    check("!@payload.no == true", true);
    check("@payload.object[\"a-b\"] == 2", true);
    check("@payload.list[6].a == 1", true);
    check("@payload.text == '\\x65\\165'", true);
    check("'@run.read' == @payload.text", false);
    check("@payload.no || @payload.yes && @payload.no", false);
    check("(@payload.yes || @payload.no) && @payload.yes", true);
    check("1 < 2 == true", true);
    check("@payload.large > 9007199254740992", true);
}
