//! `--set payload.day=2026-11-20`: one value of the ctx, the payload or the envelope.

use std::str::FromStr;

use lorch_types::SmolStr;
use lorch_types::json::{self, Limits, Value};
use lorch_types::reference::{Reference, Segment};

/// One `--set`: where, and what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Assignment {
    target: Target,
    path: Vec<Segment>,
    value: Value,
    text: String,
    /// Why the value is a string although it begins as something else does.
    doubt: Option<String>,
}

/// What `--set` can change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// What `@ctx` names.
    Ctx,
    /// What `@payload` names.
    Payload,
    /// What `@run.envelope` names.
    Envelope,
}

/// A `--set` that cannot be understood, or does not fit what is there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum AssignmentError {
    /// There is no `=`.
    #[error("it has no `=`; write it as in `payload.day=2026-11-20`")]
    NoValue,
    /// The path begins with something else.
    #[error("it sets `{0}`; it can set `payload.…`, `ctx.…` and `envelope.…`")]
    Target(String),
    /// The path is none.
    #[error("`{path}` is no path: {reason}")]
    Path {
        /// The path as written.
        path: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A value on the way has no such place.
    #[error("`{text}`: {found} is there, where {wanted} is needed")]
    Shape {
        /// The whole assignment.
        text: String,
        /// The type that is there.
        found: &'static str,
        /// The type that is needed.
        wanted: &'static str,
    },
    /// An index beyond the item after the last.
    #[error("`{text}`: the array has {length} items, the next index is [{length}]")]
    Index {
        /// The whole assignment.
        text: String,
        /// How many items there are.
        length: usize,
    },
}

impl Assignment {
    /// What it changes.
    pub(crate) fn target(&self) -> Target {
        self.target
    }

    /// A warning, when the value looks like JSON and is taken as a string.
    pub(crate) fn doubt(&self) -> Option<String> {
        let reason = self.doubt.as_ref()?;
        let path = self.text.split('=').next().unwrap_or_default();
        Some(format!("`--set {path}=…` is taken as a string, since it is no JSON: {reason}"))
    }

    /// Sets its value in `root`, making the objects and array items on the way.
    pub(crate) fn apply(&self, root: &mut Value) -> Result<(), AssignmentError> {
        self.place(root).map(|place| *place = self.value.clone())
    }

    fn place<'v>(&self, root: &'v mut Value) -> Result<&'v mut Value, AssignmentError> {
        self.path.iter().try_fold(root, |value, segment| match segment {
            Segment::Key(key) => self.member(value, key),
            Segment::Index(index) => self.item(value, *index),
        })
    }

    fn member<'v>(
        &self,
        value: &'v mut Value,
        key: &SmolStr,
    ) -> Result<&'v mut Value, AssignmentError> {
        if value.is_null() {
            *value = Value::object();
        }
        let found = value.value_type().with_article();
        let shape =
            || AssignmentError::Shape { text: self.text.clone(), found, wanted: "an object" };
        let object = value.as_object_mut().ok_or_else(shape)?;
        if !object.contains_key(key) {
            object.insert(key.clone(), Value::Null);
        }
        object.get_mut(key).ok_or_else(shape)
    }

    fn item<'v>(
        &self,
        value: &'v mut Value,
        index: usize,
    ) -> Result<&'v mut Value, AssignmentError> {
        if value.is_null() {
            *value = Value::Array(Vec::new());
        }
        let found = value.value_type().with_article();
        let Value::Array(items) = value else {
            return Err(AssignmentError::Shape {
                text: self.text.clone(),
                found,
                wanted: "an array",
            });
        };
        let length = items.len();
        if index == length {
            items.push(Value::Null);
        }
        items
            .get_mut(index)
            .ok_or_else(|| AssignmentError::Index { text: self.text.clone(), length })
    }
}

impl FromStr for Assignment {
    type Err = AssignmentError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (path, value) = text.split_once('=').ok_or(AssignmentError::NoValue)?;
        let end = path.find(['.', '[']).unwrap_or(path.len());
        let (root, rest) = path.split_at(end);
        let target = match root {
            "ctx" => Target::Ctx,
            "payload" => Target::Payload,
            "envelope" => Target::Envelope,
            _ => return Err(AssignmentError::Target(root.to_owned())),
        };
        let bad = |reason: String| AssignmentError::Path { path: path.to_owned(), reason };
        // The path has the grammar of a reference, whatever the root.
        let reference: Reference = match format!("@payload{rest}").parse() {
            Ok(reference) => reference,
            Err(_) if rest.is_empty() => return Err(bad("it names nothing inside".to_owned())),
            Err(error) => return Err(bad(format!("{error}"))),
        };
        let (value, doubt) = match json::read(value.as_bytes(), Limits::default()) {
            Ok(value) => (value, None),
            Err(error) => {
                let doubt = looks_like_json(value).then(|| error.to_string());
                (Value::String(value.into()), doubt)
            }
        };
        Ok(Self { target, path: reference.path().to_vec(), value, text: text.to_owned(), doubt })
    }
}

/// Whether a text that is no JSON was probably meant to be.
fn looks_like_json(text: &str) -> bool {
    let is_number = text.contains(|c: char| c.is_ascii_digit()) && text.parse::<f64>().is_ok();
    text.starts_with(['{', '[', '"']) || is_number
}
