//! The schema that an answer must satisfy.

use jsonschema::{Draft, PatternOptions, Validator};
use lorch_types::job::{ErrorCode, ErrorInfo};
use lorch_types::json::{Limits, Object, Value, canonical, read};

/// A compiled `response_schema`.
pub(super) struct ResponseSchema {
    schema: Object,
    validator: Validator,
}

/// How many violations are named.
const MAX_VIOLATIONS: usize = 20;

impl ResponseSchema {
    /// The schema; only what stands in it is used, nothing is fetched.
    pub(super) fn new(schema: &Object) -> Result<Self, ErrorInfo> {
        let compiled = jsonschema::options()
            .with_draft(Draft::Draft7)
            .with_pattern_options(PatternOptions::regex())
            .build(&Value::Object(schema.clone()).into());
        match compiled {
            Ok(validator) => Ok(Self { schema: schema.clone(), validator }),
            Err(error) => {
                let message = format!("`response_schema` is no JSON Schema: {error}");
                let pointer = "/response_schema";
                Err(ErrorCode::InvalidParams.error(message).with_details([("pointer", pointer)]))
            }
        }
    }

    /// How the service is told.
    pub(super) fn response_format(&self) -> Value {
        let schema = [("name", Value::from("response")), ("schema", self.schema.clone().into())];
        Value::Object(Object::from_iter([
            ("type", Value::from("json_schema")),
            ("json_schema", Value::Object(Object::from_iter(schema))),
        ]))
    }

    /// The JSON that an answer holds, or how it breaks the schema.
    pub(super) fn read(&self, text: &str) -> Result<Value, Vec<String>> {
        let value = read(without_fence(text).as_bytes(), Limits::default())
            .map_err(|error| vec![format!("it is no JSON: at {} {error}", error.place)])?;
        let instance = value.clone().into();
        let violations: Vec<String> = self
            .validator
            .iter_errors(&instance)
            .take(MAX_VIOLATIONS)
            .map(|error| format!("at `{}`: {error}", error.instance_path()))
            .collect();
        if violations.is_empty() { Ok(value) } else { Err(violations) }
    }

    /// What the model is told about an answer that breaks the schema.
    pub(super) fn repair(&self, violations: &[String]) -> String {
        format!(
            "The answer does not satisfy the JSON Schema below:\n- {}\n\n\
             Answer again, with the corrected JSON and nothing else.\n\n{}",
            violations.join("\n- "),
            canonical(&Value::Object(self.schema.clone()))
        )
    }
}

/// The text without the code fence that models like to put around JSON.
fn without_fence(text: &str) -> &str {
    let text = text.trim();
    let inner = text.strip_prefix("```").and_then(|rest| rest.strip_suffix("```"));
    match inner.and_then(|inner| inner.split_once('\n')) {
        Some(("" | "json" | "JSON", body)) => body.trim(),
        _ => text,
    }
}
