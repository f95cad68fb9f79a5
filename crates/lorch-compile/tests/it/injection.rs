//! What a reference brings in is data: whatever it says, nobody reads it as a reference again.

use lorch_compile::{Definition, Definitions, FindError, Found, read_definition};
use lorch_types::SmolStr;
use lorch_types::job::JobId;
use lorch_types::json::{Object, Value};
use lorch_types::template::Expression;
use proptest::prelude::*;

use crate::job::{any_value, compiled, compiled_with, hostile_text, json, one_step};

/// The data that a value of an instance stands for; none of its strings may be a reference.
fn data(value: &Value) -> Value {
    match value {
        Value::String(text) => match Expression::parse_compiled(text) {
            Ok(Expression::Literal(text)) => Value::String(text),
            other => panic!("{text:?} is read as {other:?}"),
        },
        Value::Array(items) => items.iter().map(data).collect::<Vec<Value>>().into(),
        Value::Object(object) => {
            let members = object.iter().map(|(key, value)| (key.clone(), data(value)));
            members.collect::<Object>().into()
        }
        scalar => scalar.clone(),
    }
}

/// A nested job that passes its payload on, and one that passes it on to that.
struct Relay;

impl Definitions for Relay {
    fn find(&self, job_id: &JobId) -> Result<Found, FindError> {
        let text = match job_id.as_str() {
            "outer" => {
                r#"{"job_id": "outer", "version": "1", "steps": [{"step_id": "relay", "op": "job.run",
                    "params": {"job_id": "inner", "payload": {"given": "@payload.given"}}}]}"#
            }
            _ => {
                r#"{"job_id": "inner", "version": "1", "steps": [{"step_id": "use", "op": "query.rows",
                    "params": {"given": "@payload.given"}}]}"#
            }
        };
        let definition: Definition = read_definition(&json(text)).unwrap();
        Ok(Found { name: SmolStr::new("relay.json"), definition })
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_reference_brings_in_exactly_the_value(value in any_value()) {
        let payload = Value::Object([("given", value.clone())].into_iter().collect());
        let params = json(r#"{"whole": "@payload.given", "deep": [{"er": "@payload[\"given\"]"}]}"#);
        let compiled = compiled(one_step(params, ""), &Value::object(), &payload).unwrap();
        let params = &compiled.instance.steps[0].params;
        prop_assert_eq!(data(params.get("whole").unwrap()), value.clone());
        let deep = Value::Array(vec![Value::Object([("er", value)].into_iter().collect())]);
        prop_assert_eq!(data(params.get("deep").unwrap()), deep);
    }

    #[test]
    fn a_template_brings_in_exactly_the_text(
        before in hostile_text(), first in hostile_text(), between in hostile_text(),
        second in hostile_text(), after in hostile_text(),
    ) {
        let source = |text: &str| text.replace('@', "a").replace('$', "s");
        let (before, between, after) = (source(&before), source(&between), source(&after));
        let text = format!("{before}${{@payload.first}}{between}${{@ctx.second}}{after}");
        let params = Value::Object([("text", text.as_str())].into_iter().collect());
        let payload = Value::Object([("first", first.as_str())].into_iter().collect());
        let ctx = Value::Object([("second", second.as_str())].into_iter().collect());
        let compiled = compiled(one_step(params, ""), &ctx, &payload).unwrap();
        let written = compiled.instance.steps[0].params.get("text").unwrap();
        let expected = format!("{before}{first}{between}{second}{after}");
        prop_assert_eq!(data(written), Value::from(expected));
    }

    #[test]
    fn a_template_with_a_live_reference_keeps_the_text(
        first in hostile_text(), second in hostile_text(),
    ) {
        let text = "${@payload.first}${@run.run_id}${@payload.second}";
        let params = Value::Object([("text", text)].into_iter().collect());
        let payload = [("first", first.as_str()), ("second", second.as_str())];
        let payload = Value::Object(payload.into_iter().collect());
        let compiled = compiled(one_step(params, ""), &Value::object(), &payload).unwrap();
        let written = compiled.instance.steps[0].params.get("text").unwrap().as_str().unwrap();
        let Ok(Expression::Template(template)) = Expression::parse_compiled(written) else {
            panic!("{written:?} is no template");
        };
        let mut read = String::new();
        for part in template.parts {
            match part {
                lorch_types::template::Part::Text(text) => read.push_str(&text),
                lorch_types::template::Part::Reference(reference) => {
                    prop_assert_eq!(reference.to_string(), "@run.run_id");
                    read.push('|');
                }
            }
        }
        prop_assert_eq!(read, format!("{first}|{second}"));
    }

    #[test]
    fn nested_jobs_pass_on_exactly_the_value(value in any_value()) {
        let definition = json(
            r#"{"job_id": "demo", "version": "1", "steps": [{"step_id": "nest", "op": "job.run",
                "params": {"job_id": "outer", "payload": {"given": "@payload.given"}}}]}"#,
        );
        let payload = Value::Object([("given", value.clone())].into_iter().collect());
        let compiled = compiled_with(definition, &Value::object(), &payload, &Relay).unwrap();
        let step = &compiled.instance.steps[0];
        prop_assert_eq!(step.step_id.as_str(), "nest/relay/use");
        prop_assert_eq!(data(step.params.get("given").unwrap()), value);
    }

    #[test]
    fn what_cannot_be_resolved_in_a_skipped_step_is_literal(text in hostile_text()) {
        let params = Value::Object([("text", text.as_str())].into_iter().collect());
        let definition = one_step(params, "has(@payload.absent)");
        if let Ok(compiled) = compiled(definition, &Value::object(), &Value::object()) {
            let written = compiled.instance.steps[0].params.get("text").unwrap().as_str().unwrap();
            let expression = Expression::parse_compiled(written).unwrap();
            prop_assert!(expression.references().all(|reference| matches!(
                reference.root(),
                lorch_types::reference::Root::Run | lorch_types::reference::Root::Secret
            )));
        }
    }

    #[test]
    fn compiling_is_deterministic(value in any_value(), text in hostile_text()) {
        let payload = Value::Object([("given", value)].into_iter().collect());
        let params = [("text", text.as_str()), ("given", "@payload.given")];
        let definition = one_step(Value::Object(params.into_iter().collect()), "");
        let twice = [(), ()].map(|()| compiled(definition.clone(), &Value::object(), &payload));
        prop_assert_eq!(&twice[0], &twice[1]);
    }
}
