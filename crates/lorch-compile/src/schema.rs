//! The schemas that a definition has for its payload and ctx: Draft-07, closed, linear in time.

use std::borrow::Cow;

use jsonschema::error::{TypeKind, ValidationErrorKind as Rule};
use jsonschema::{PatternOptions, ValidationError, Validator};
use lorch_types::SmolStr;
use lorch_types::diagnostic::Part;
use lorch_types::json::{Object, ObjectView, Value};
use lorch_types::pointer::Pointer;

use crate::suggest;

/// A schema that a definition has for its payload or ctx.
pub(crate) struct Schema {
    validator: Validator,
    /// The names of the members at the top.
    names: Vec<SmolStr>,
    /// The defaults of the members at the top.
    defaults: Vec<(SmolStr, Value)>,
}

/// Something that a schema says, about itself or about a value.
pub(crate) struct Violation {
    /// Where, from the schema or the value on.
    pub(crate) pointer: Pointer,
    pub(crate) part: Part,
    pub(crate) message: String,
    pub(crate) help: Option<String>,
}

impl Violation {
    fn new(pointer: Pointer, message: impl Into<String>) -> Self {
        Self { pointer, part: Part::Value, message: message.into(), help: None }
    }
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
    pub(crate) fn read(schema: ObjectView<'_>) -> Result<Self, Violation> {
        let schema = schema.to_object();
        let document: serde_json::Value = Value::Object(schema.clone()).into();
        let validator = jsonschema::draft7::options()
            .with_pattern_options(PatternOptions::regex())
            .build(&document)
            .map_err(|error| unusable(&error))?;
        let properties = schema.get("properties").and_then(Value::as_object);
        let defaults = properties
            .into_iter()
            .flat_map(Object::iter)
            .filter_map(|(name, property)| Some((name.clone(), property.get("default")?.clone())));
        let defaults = defaults.collect();
        let names = properties.into_iter().flat_map(Object::keys).cloned().collect();
        Ok(Self { validator, names, defaults })
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
            .flat_map(|error| self.explained(&error))
            .collect()
    }

    /// What an error of the library says, in our words where we have some.
    fn explained(&self, error: &ValidationError<'_>) -> Vec<Violation> {
        let pointer = pointer(error);
        let message = match error.kind() {
            Rule::Required { property } => {
                let name = property.as_str().unwrap_or_default();
                format!("`{}` is missing", name.escape_debug())
            }
            Rule::AdditionalProperties { unexpected } => {
                let unknown = unexpected.iter().map(|name| self.unknown(&pointer, name));
                return unknown.collect();
            }
            Rule::Type { kind } => {
                let found = Value::from(error.instance().as_ref().clone()).value_type();
                let expected = match kind {
                    TypeKind::Single(one) => one.to_string(),
                    TypeKind::Multiple(several) => {
                        let names: Vec<String> =
                            several.iter().map(|one| one.to_string()).collect();
                        names.join(" or ")
                    }
                };
                format!("it is {}, not of type {expected}", found.with_article())
            }
            _ => shortened(&error.masked_with("the value").to_string()),
        };
        vec![Violation::new(pointer, message)]
    }

    fn unknown(&self, around: &Pointer, name: &str) -> Violation {
        let message = format!("there is no field `{}`", name.escape_debug());
        let known = self.names.iter().map(SmolStr::as_str);
        let help = around.is_root().then(|| suggest::among(name, known, "the fields are"));
        Violation {
            part: Part::Key,
            help: help.flatten(),
            ..Violation::new(around.join(name), message)
        }
    }
}

/// Why the library cannot use a schema.
fn unusable(error: &ValidationError<'_>) -> Violation {
    match error.kind() {
        Rule::Referencing(_) => Violation {
            help: Some("a schema stands by itself: `$ref` leads to `#/definitions/...`".to_owned()),
            ..Violation::new(
                pointer(error),
                "a `$ref` leads out of the schema, or to nothing in it",
            )
        },
        _ => Violation::new(pointer(error), shortened(&error.to_string())),
    }
}

fn pointer(error: &ValidationError<'_>) -> Pointer {
    error.instance_path().as_str().parse().unwrap_or_default()
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
