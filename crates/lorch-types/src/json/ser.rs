//! Typed documents into values, and values into any serde format.

use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};

use super::{Number, Object, Value};

/// A document that cannot be written as JSON, such as a map whose keys are no strings.
#[derive(Debug, thiserror::Error)]
#[error("the value cannot be written as JSON")]
pub struct ToValueError(#[from] serde_json::Error);

/// The value that `document` serializes to.
///
/// # Errors
/// When the type has no JSON form; the document types of this crate always have one.
pub fn to_value<T: Serialize + ?Sized>(document: &T) -> Result<Value, ToValueError> {
    Ok(serde_json::to_value(document)?.into())
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Number(number) => number.serialize(serializer),
            Self::String(text) => serializer.serialize_str(text),
            Self::Array(items) => {
                let mut seq = serializer.serialize_seq(Some(items.len()))?;
                for item in items {
                    seq.serialize_element(item)?;
                }
                seq.end()
            }
            Self::Object(object) => object.serialize(serializer),
        }
    }
}

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match (self.as_u64(), self.as_i64()) {
            (Some(natural), _) => serializer.serialize_u64(natural),
            (None, Some(integer)) => serializer.serialize_i64(integer),
            (None, None) => serializer.serialize_f64(self.as_f64()),
        }
    }
}

impl Serialize for Object {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.len()))?;
        for (key, value) in self.iter() {
            map.serialize_entry(key.as_str(), value)?;
        }
        map.end()
    }
}

impl From<serde_json::Value> for Value {
    fn from(value: serde_json::Value) -> Self {
        match value {
            serde_json::Value::Null => Self::Null,
            serde_json::Value::Bool(value) => Self::Bool(value),
            serde_json::Value::Number(number) => match (number.as_u64(), number.as_i64()) {
                (Some(natural), _) => natural.into(),
                (None, Some(integer)) => integer.into(),
                (None, None) => number.as_f64().and_then(Number::from_f64).into(),
            },
            serde_json::Value::String(text) => text.into(),
            serde_json::Value::Array(items) => items.into(),
            serde_json::Value::Object(members) => Self::Object(members.into_iter().collect()),
        }
    }
}

impl From<Value> for serde_json::Value {
    fn from(value: Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(value) => Self::Bool(value),
            Value::Number(number) => match (number.as_u64(), number.as_i64()) {
                (Some(natural), _) => natural.into(),
                (None, Some(integer)) => integer.into(),
                (None, None) => number.as_f64().into(),
            },
            Value::String(text) => Self::String(text.into()),
            Value::Array(items) => items.into_iter().collect(),
            Value::Object(object) => {
                object.into_iter().map(|(key, value)| (key.to_string(), value)).collect()
            }
        }
    }
}
