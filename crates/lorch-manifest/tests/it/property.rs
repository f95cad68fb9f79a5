//! The defence against injection: what comes in is data, whatever it looks like.

use std::sync::Arc;

use lorch_types::json::{Object, Value};
use lorch_types::template::{escape, fill_secrets};
use proptest::prelude::*;

use crate::Run;

/// Texts that look like what the language gives meaning to.
fn texts() -> impl Strategy<Value = String> {
    let token = prop_oneof![
        8 => prop::sample::select(vec![
            "$", "$$", "{", "@", "}", "${@", "@@", "@run.read", "@run.failed.x", "@run.run_id", "@secret.T",
            "${@secret.T}", "${@run.read}", "@ctx.a", "@payload", "[\"", ".", " ", "a", "é",
        ]).prop_map(str::to_owned),
        1 => any::<char>().prop_map(String::from),
    ];
    prop::collection::vec(token, 0..8).prop_map(|tokens| tokens.concat())
}

fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        texts().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
            prop::collection::vec((texts(), inner), 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// `data` as compiling writes it into an instance.
fn compiled(data: &Value) -> Value {
    match data {
        Value::String(text) => escape(text).into_owned().into(),
        Value::Array(items) => Value::Array(items.iter().map(compiled).collect()),
        Value::Object(object) => Value::Object(
            object.iter().map(|(key, value)| (key.clone(), compiled(value))).collect(),
        ),
        other => other.clone(),
    }
}

fn object<const N: usize>(members: [(&str, Value); N]) -> Object {
    members.into_iter().collect()
}

/// A run at a step with `params`, after `read` gave `output` and with the envelope `{"e": output}`.
fn run(params: Object, output: &Value) -> Run {
    let mut run = Run::at("write.insert", "{}", "null");
    for step in &mut run.instance.steps {
        if step.step_id.as_str() == "persist" {
            step.params = params.clone();
        }
    }
    run.outputs.insert("read".parse().expect("a step"), Arc::new(output.clone()));
    run.record.envelope = object([("e", output.clone())]);
    run
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn outputs_and_payloads_arrive_as_they_are(output in values(), payload in values()) {
        let params = object([
            ("output", "@run.read".into()),
            ("nested", vec![Value::from("@run.read")].into()),
            ("envelope", "@run.envelope.e".into()),
            ("payload", compiled(&payload)),
        ]);
        let manifest = run(params, &output).manifest();
        let manifest = manifest.map_err(|error| TestCaseError::fail(error.to_string()))?;
        let expected = object([
            ("output", output.clone()),
            ("nested", vec![output.clone()].into()),
            ("envelope", output),
            ("payload", payload),
        ]);
        prop_assert_eq!(manifest.resolved_params, expected);
        prop_assert_eq!(manifest.secrets, None);
    }

    #[test]
    fn texts_in_templates_arrive_as_they_are(
        output in texts(), payload in texts(), secret in texts(),
    ) {
        let plain = format!("{}${{@run.read}}{}", escape_before(&payload), escape_after(&payload));
        let with_secret = format!("{plain}${{@secret.T}}");
        let params = object([("plain", plain.into()), ("secret", with_secret.into())]);
        let manifest = run(params, &Value::from(output.as_str())).manifest();
        let manifest = manifest.map_err(|error| TestCaseError::fail(error.to_string()))?;
        let expected = format!("{payload} {output} {payload} ");
        prop_assert_eq!(&manifest.resolved_params, &object([
            ("plain", expected.as_str().into()),
            ("secret", Value::Null),
        ]));
        let secrets = manifest.secrets.unwrap_or_default();
        prop_assert_eq!(secrets.keys().collect::<Vec<_>>(), ["/secret"]);
        let filled = fill_secrets(&secrets["/secret"], |_| Some(&secret));
        prop_assert_eq!(filled, Ok(expected + &secret));
    }
}

/// Source of `text` and a space at the start of a template.
fn escape_before(text: &str) -> String {
    escape(&format!("{text} ")).into_owned()
}

/// Source of a space, `text` and a space within a template.
fn escape_after(text: &str) -> String {
    escape(&format!(" {text} ")).into_owned()
}
