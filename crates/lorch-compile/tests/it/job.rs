//! Small definitions, compiled.

use lorch_compile::{Compiled, Definitions, Inputs, compile, read_definition};
use lorch_types::diagnostic::Diagnostic;
use lorch_types::json::{Limits, Value, read};

/// The value that a JSON text writes.
pub(crate) fn json(text: &str) -> Value {
    read(text.as_bytes(), Limits::default()).unwrap()
}

/// A definition whose only step has these params and, unless it is empty, this condition.
pub(crate) fn one_step(params: Value, condition: &str) -> Value {
    let mut definition = json(
        r#"{"job_id": "demo", "version": "1", "steps": [{"step_id": "only", "op": "query.rows"}]}"#,
    );
    let steps = definition.as_object_mut().unwrap().get_mut("steps").unwrap();
    let Value::Array(steps) = steps else { panic!("steps are an array") };
    let step = steps[0].as_object_mut().unwrap();
    step.insert("params", params);
    if !condition.is_empty() {
        step.insert("if", condition);
    }
    definition
}

/// What becomes of a definition without nested jobs.
pub(crate) fn compiled(
    definition: Value,
    ctx: &Value,
    payload: &Value,
) -> Result<Compiled, Vec<Diagnostic>> {
    compiled_with(definition, ctx, payload, &())
}

/// What becomes of a definition.
pub(crate) fn compiled_with(
    definition: Value,
    ctx: &Value,
    payload: &Value,
    definitions: &dyn Definitions,
) -> Result<Compiled, Vec<Diagnostic>> {
    let inputs = Inputs {
        ctx,
        payload,
        definitions,
        compiled_at: "2026-11-20T08:00:00Z".parse().unwrap(),
        limits: Limits::default(),
    };
    compile(&read_definition(&definition)?, &inputs)
}

/// Any JSON value with strings as hostile as they come, at most a few levels deep.
pub(crate) fn any_value() -> impl proptest::strategy::Strategy<Value = Value> {
    use proptest::prelude::*;
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        (-1e9..1e9_f64).prop_map(|it| lorch_types::json::Number::from_f64(it).unwrap().into()),
        hostile_text().prop_map(Value::from),
        hostile_text().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::Array),
            prop::collection::vec((hostile_text(), inner), 0..5)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// Text made of what has a meaning in references, templates and escapes.
pub(crate) fn hostile_text() -> impl proptest::strategy::Strategy<Value = String> {
    use proptest::prelude::*;
    let piece = prop::sample::select(vec![
        "@",
        "@@",
        "$",
        "$$",
        "{",
        "}",
        "${",
        "{@",
        "${@",
        "$${@",
        "ctx",
        "payload",
        "run",
        "secret",
        "@ctx",
        "@run",
        ".",
        "[",
        "]",
        "[0]",
        "\"",
        "\\",
        "x",
        ".name",
        "read",
        " ",
        "-",
        "@run.read.rows",
        "${@run.read.rows}",
        "@payload.x",
        "é",
        "\n",
        "\u{0}",
        "'",
    ]);
    prop_oneof![
        prop::collection::vec(piece, 0..7).prop_map(|pieces| pieces.concat()),
        any::<String>(),
    ]
}
