//! Which kind of document a value is meant to be.

use std::collections::BTreeSet;

use lorch_types::Kind;
use lorch_types::json::{Object, Value};
use lorch_types::pointer::Pointer;
use serde_json::Value as Json;

use crate::embedded::embedded_schema;
use crate::near::nearest;
use crate::violation::{Family, Violation};

/// A value that is no document of any kind, and the kind that it is nearest to.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unrecognized {
    /// It is no object.
    #[error("a document is an object, and this is {found}")]
    NoObject {
        /// What it is, with its article.
        found: &'static str,
    },
    /// Its fields are those of no kind.
    #[error("these are the fields of no kind of document")]
    Unknown,
    /// It has some fields of one kind, but not those that tell it from others.
    #[error("this is no document that lorch knows; a {kind} also has {}", quoted(missing))]
    Nearly {
        /// The kind.
        kind: Kind,
        /// The fields that would tell.
        missing: Vec<&'static str>,
        /// The unknown field that is probably one of them, misspelt.
        misspelt: Option<(String, &'static str)>,
    },
}

/// The kind that `document` is meant to be.
///
/// # Errors
/// The nearest kind and the fields that are missing to be one, when there is none.
pub fn detect(document: &Value) -> Result<Kind, Unrecognized> {
    if let Some(kind) = Kind::detect(document) {
        return Ok(kind);
    }
    let found = document.value_type().with_article();
    let object = document.as_object().ok_or(Unrecognized::NoObject { found })?;
    Err(nearest_kind(object).unwrap_or(Unrecognized::Unknown))
}

/// The kind whose fields the object has most of, if it has any.
fn nearest_kind(object: &Object) -> Option<Unrecognized> {
    let (kind, fields) = Kind::ALL
        .into_iter()
        .map(|kind| (kind, fields(kind)))
        .filter(|(_, fields)| shared(object, fields) > 0)
        // Of equally many, the kind listed first: `max_by_key` would take the last.
        .rev()
        .max_by_key(|(_, fields)| shared(object, fields))?;
    let distinguishing = kind.distinguishing_fields().iter().copied();
    let missing: Vec<_> = distinguishing.filter(|field| !object.contains_key(field)).collect();
    let misspelt = object.keys().filter(|key| !fields.contains(key.as_str())).find_map(|key| {
        nearest(key, missing.iter().copied()).map(|meant| (key.to_string(), meant))
    });
    Some(Unrecognized::Nearly { kind, missing, misspelt })
}

fn shared(object: &Object, fields: &BTreeSet<String>) -> usize {
    object.keys().filter(|key| fields.contains(key.as_str())).count()
}

/// The fields that documents of this kind can have.
fn fields(kind: Kind) -> BTreeSet<String> {
    let schema: Json = serde_json::from_str(embedded_schema(kind)).unwrap_or_default();
    let properties = schema.get("properties").and_then(Json::as_object);
    properties.into_iter().flatten().map(|(field, _)| field.clone()).collect()
}

fn quoted(names: &[&str]) -> String {
    let quoted: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
    match quoted.as_slice() {
        [] => "nothing more".to_owned(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

impl Unrecognized {
    /// What to do about it.
    pub fn help(&self) -> String {
        match self {
            Self::Nearly { misspelt: Some((key, meant)), .. } => {
                format!("`{key}`: did you mean `{meant}`?")
            }
            Self::Nearly { kind, .. } => {
                format!("`--schema {kind}` shows everything that is missing to be one")
            }
            Self::NoObject { .. } | Self::Unknown => {
                let names = Kind::ALL.map(Kind::name).join(", ");
                format!("`--schema NAME` says which kind it should be: {names}")
            }
        }
    }

    /// The same as a violation of the document as a whole.
    pub fn violation(&self) -> Violation {
        Violation {
            pointer: Pointer::root(),
            keyword: "required".into(),
            family: Family::Kind,
            message: self.to_string(),
            found: None,
            expected: None,
            help: Some(self.help()),
        }
    }
}
