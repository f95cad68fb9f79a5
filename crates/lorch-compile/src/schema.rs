//! The schemas that a definition has for its payload and ctx: Draft-07, closed, linear in time.

use std::borrow::Cow;
use std::fmt;

use jsonschema::{PatternOptions, Validator};
use lorch_types::SmolStr;
use lorch_types::json::{Object, Value};
use lorch_types::pointer::Pointer;

/// A schema that a definition has for its payload or ctx.
pub(crate) struct Schema {
    validator: Validator,
    /// The defaults of the members at the top.
    defaults: Vec<(SmolStr, Value)>,
}

/// Something that a schema says, about itself or about a value.
pub(crate) struct Violation {
    /// Where, from the schema or the value on.
    pub(crate) pointer: Pointer,
    pub(crate) message: String,
}

/// How much of a value there is to check.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Extent {
    /// All of it.
    Whole,
    /// Some values are known only when running: which names are there is all that can be checked.
    Names,
}

impl Schema {
    /// The schema that `schema` is.
    ///
    /// References lead within the schema only: there is nothing here that opens files or addresses.
    pub(crate) fn read(schema: &Object) -> Result<Self, Violation> {
        let document: serde_json::Value = Value::Object(schema.clone()).into();
        let validator = jsonschema::draft7::options()
            .with_pattern_options(PatternOptions::regex())
            .build(&document)
            .map_err(|error| Violation {
                pointer: pointer(error.instance_path()),
                message: shortened(&error.to_string()),
            })?;
        let properties = schema.get("properties").and_then(Value::as_object);
        let defaults = properties
            .into_iter()
            .flat_map(Object::iter)
            .filter_map(|(name, property)| Some((name.clone(), property.get("default")?.clone())));
        Ok(Self { validator, defaults: defaults.collect() })
    }

    /// The defaults for the members that `value`, if it is an object, does not have.
    pub(crate) fn missing_defaults(&self, value: &Value) -> Vec<(SmolStr, Value)> {
        let Value::Object(object) = value else { return Vec::new() };
        let missing = |(name, _): &&(SmolStr, Value)| !object.contains_key(name);
        self.defaults.iter().filter(missing).cloned().collect()
    }

    /// The value with the defaults for the members that it does not have.
    pub(crate) fn with_defaults<'v>(&self, value: &'v Value) -> Cow<'v, Value> {
        let missing = self.missing_defaults(value);
        if missing.is_empty() {
            return Cow::Borrowed(value);
        }
        let mut value = value.clone();
        if let Some(object) = value.as_object_mut() {
            for (name, default) in missing {
                object.insert(name, default);
            }
        }
        Cow::Owned(value)
    }

    /// What of `value` does not satisfy the schema.
    pub(crate) fn violations(&self, value: &Value, extent: Extent) -> Vec<Violation> {
        let document: serde_json::Value = value.clone().into();
        self.validator
            .iter_errors(&document)
            .filter(|error| {
                let keyword = error.schema_path().as_str();
                let about_names =
                    matches!(keyword, "/required" | "/additionalProperties" | "/propertyNames");
                extent == Extent::Whole || about_names
            })
            .map(|error| Violation {
                pointer: pointer(error.instance_path()),
                message: shortened(&error.masked_with("the value").to_string()),
            })
            .collect()
    }
}

fn pointer(location: &impl fmt::Display) -> Pointer {
    location.to_string().parse().unwrap_or_default()
}

/// Messages of the library may quote whole schemas.
fn shortened(message: &str) -> String {
    const SHOWN: usize = 200;
    let message = message.trim_end_matches('.');
    match message.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", message.get(..end).unwrap_or_default()),
        None => message.to_owned(),
    }
}
