//! Why a schema cannot be used.

use jsonschema::ValidationError;
use jsonschema::error::ValidationErrorKind as Rule;
use lorch_types::diagnostic::{Code, Diagnostic, Part};
use lorch_types::pointer::Pointer;
use serde_json::Value as Json;

use crate::explain::{Vocabulary, explain, shown};
use crate::violation::Violation;

/// The code of every diagnostic about a schema.
const CODE: Code = Code("L1112");

/// A schema that is none, or refers to something outside itself.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct UnusableSchema {
    /// Where in the schema.
    pub pointer: Pointer,
    /// What is wrong with it.
    pub message: String,
    /// What to write instead.
    pub help: Option<String>,
}

impl UnusableSchema {
    /// What the library says about `schema`.
    pub(crate) fn new(schema: &Json, error: ValidationError<'_>) -> Self {
        match error.kind() {
            Rule::Referencing(reason) => Self::leads_out(schema, &reason.to_string()),
            _ => Self::broken_rule(schema, error),
        }
    }

    /// A schema of another draft than the one that lorch reads.
    pub(crate) fn of_other_draft(found: &str) -> Self {
        Self {
            pointer: Pointer::root().join("$schema"),
            message: format!("{} is no draft that lorch reads", shown(&found.into())),
            help: Some(
                "lorch reads Draft-07: `http://json-schema.org/draft-07/schema#`".to_owned(),
            ),
        }
    }

    /// A keyword that is not as the draft says.
    fn broken_rule(schema: &Json, error: ValidationError<'_>) -> Self {
        let pointer = error.instance_path().as_str().parse().unwrap_or_default();
        let unexplained = Self { pointer, message: error.to_string(), help: None };
        let violations = explain(&Json::Null, schema, Vocabulary::Custom, std::iter::once(error));
        let Some(Violation { pointer, keyword, message, help, .. }) = violations.into_iter().next()
        else {
            return unexplained;
        };
        match pattern_at(schema, &pointer, &keyword) {
            Some(pattern) => Self::of_pattern(&pattern, pointer),
            None => Self { pointer, message, help },
        }
    }

    /// A pattern that cannot be matched in linear time, or is none.
    fn of_pattern(pattern: &Json, pointer: Pointer) -> Self {
        let message = format!("{} is no pattern that lorch can use", shown(pattern));
        let help = "patterns are matched in linear time: without look-around (`(?=…)`) and \
                    back-references (`\\1`)";
        Self { pointer, message, help: Some(help.to_owned()) }
    }

    /// A `$ref` to something that is not in the schema.
    fn leads_out(schema: &Json, reason: &str) -> Self {
        let references = references(schema);
        let within = |reference: &str| match reference.strip_prefix('#') {
            Some(pointer) => schema.pointer(&decoded(pointer)).is_some(),
            None => false,
        };
        let leading_out = references.into_iter().filter(|(_, reference)| !within(reference));
        // Others may lead to a part that has an `$id` of its own.
        let leading_out: Vec<_> = leading_out.collect();
        let meant = |(_, it): &&(Pointer, &str)| reason.contains(it.trim_start_matches('#'));
        let leading_out = leading_out.iter().find(meant).or(leading_out.first()).cloned();
        let help = "a schema stands by itself: `$ref` leads to `#/definitions/...`, and no address \
                    or file is ever opened";
        let (pointer, message) = match leading_out {
            Some((pointer, reference)) if reference.starts_with('#') => {
                (pointer, format!("there is no {} in this schema", shown(&reference.into())))
            }
            Some((pointer, reference)) => {
                (pointer, format!("{} leads out of the schema", shown(&reference.into())))
            }
            None => (Pointer::root(), reason.to_owned()),
        };
        Self { pointer, message, help: Some(help.to_owned()) }
    }

    /// The same as a diagnostic about the schema.
    pub fn diagnostic(&self) -> Diagnostic {
        let diagnostic = Diagnostic::error(CODE, self.pointer.clone(), self.message.clone());
        Diagnostic { part: Part::Value, help: self.help.clone(), ..diagnostic }
    }
}

/// The pattern, value of `pattern` or name in `patternProperties`, that a broken rule of the draft is
/// about, if it is about one.
fn pattern_at(schema: &Json, pointer: &Pointer, keyword: &str) -> Option<Json> {
    let tokens: Vec<&str> = pointer.tokens().collect();
    match (keyword, tokens.as_slice()) {
        ("format", [.., "pattern"]) => schema.pointer(&pointer.to_string()).cloned(),
        ("format" | "propertyNames", [.., "patternProperties", name]) => Some((*name).into()),
        _ => None,
    }
}

/// Every `$ref` of the schema, in the order of their places.
fn references(schema: &Json) -> Vec<(Pointer, &str)> {
    let mut found = Vec::new();
    let mut pending = vec![(Pointer::root(), schema)];
    while let Some((pointer, value)) = pending.pop() {
        match value {
            Json::Object(members) => {
                if let Some(reference) = members.get("$ref").and_then(Json::as_str) {
                    found.push((pointer.join("$ref"), reference));
                }
                let inner = members.iter().map(|(name, value)| (pointer.join(name), value));
                pending.extend(inner.rev());
            }
            Json::Array(items) => {
                let inner = items.iter().enumerate();
                let inner = inner.map(|(at, value)| (pointer.join(at.to_string()), value));
                pending.extend(inner.rev());
            }
            _ => {}
        }
    }
    found
}

/// The pointer of a fragment, with what is percent-encoded in it decoded.
fn decoded(fragment: &str) -> String {
    let mut bytes = Vec::with_capacity(fragment.len());
    let mut rest = fragment.as_bytes();
    while let [first, tail @ ..] = rest {
        let hex = tail.get(..2).and_then(|hex| str::from_utf8(hex).ok());
        let byte = hex.and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match byte.filter(|_| *first == b'%') {
            Some(byte) => {
                bytes.push(byte);
                rest = tail.get(2..).unwrap_or_default();
            }
            None => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
