//! What the values of a column are, and JSON values as such values.

use std::fmt;

use lorch_types::json::{Number, Value, canonical};
use lorch_types::{SmolStr, Timestamp};
use schemars::JsonSchema;
use serde::Deserialize;

/// The type of a column's values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ColumnType {
    /// Integers of 64 bits.
    Integer,
    /// Floating-point numbers of 64 bits.
    Real,
    /// Strings.
    Text,
    /// `true` and `false`.
    Boolean,
    /// Any JSON value.
    Json,
    /// Moments, written as RFC 3339.
    Timestamp,
}

/// One value as a database is given it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Cell {
    /// No value; JSON's `null` in every column.
    Null,
    /// `true` or `false`.
    Boolean(bool),
    /// An integer.
    Integer(i64),
    /// A finite float.
    Real(f64),
    /// A string.
    Text(SmolStr),
    /// The canonical text of a JSON value.
    Json(String),
    /// A moment whose year in UTC has four digits.
    Timestamp(Timestamp),
}

impl ColumnType {
    /// All types.
    pub(crate) const ALL: [Self; 6] =
        [Self::Integer, Self::Real, Self::Text, Self::Boolean, Self::Json, Self::Timestamp];

    /// The name as documents write it.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Integer => "integer",
            Self::Real => "real",
            Self::Text => "text",
            Self::Boolean => "boolean",
            Self::Json => "json",
            Self::Timestamp => "timestamp",
        }
    }

    /// What a value must be to be held, in words.
    pub(crate) const fn rule(self) -> &'static str {
        match self {
            Self::Integer => "an integer of 64 bits",
            Self::Real => "a number that a 64-bit float holds exactly",
            Self::Text => "a string",
            Self::Boolean => "`true` or `false`",
            Self::Json => "a JSON value",
            Self::Timestamp => "a timestamp such as `2025-10-20T14:08:18Z`",
        }
    }

    /// `value` as a value of this type; `None` when the type does not hold it.
    pub(crate) fn cell(self, value: &Value) -> Option<Cell> {
        match (self, value) {
            (_, Value::Null) => Some(Cell::Null),
            (Self::Integer, Value::Number(number)) => number.as_i64().map(Cell::Integer),
            (Self::Real, Value::Number(number)) => exact_float(*number).map(Cell::Real),
            (Self::Text, Value::String(text)) => Some(Cell::Text(text.clone())),
            (Self::Boolean, Value::Bool(value)) => Some(Cell::Boolean(*value)),
            (Self::Json, value) => Some(Cell::Json(canonical(value))),
            (Self::Timestamp, Value::String(text)) => {
                let moment: Timestamp = text.parse().ok()?;
                moment.to_string().ends_with('Z').then_some(Cell::Timestamp(moment))
            }
            _ => None,
        }
    }

    /// `value` as something to compare values of this type with: any number with numbers, whatever
    /// their type.
    pub(crate) fn comparand(self, value: &Value) -> Option<Cell> {
        match (self, value) {
            (Self::Integer | Self::Real, Value::Number(number)) => any_number(*number),
            _ => self.cell(value),
        }
    }

    /// Whether one value is less than another.
    pub(crate) const fn is_ordered(self) -> bool {
        match self {
            Self::Integer | Self::Real | Self::Text | Self::Timestamp => true,
            Self::Boolean | Self::Json => false,
        }
    }
}

impl Cell {
    /// `value` for a column that has none of the types, as other programs' tables may.
    pub(crate) fn of_any(value: &Value) -> Option<Self> {
        match value {
            Value::Null => Some(Self::Null),
            Value::Bool(value) => Some(Self::Boolean(*value)),
            Value::Number(number) => any_number(*number),
            Value::String(text) => Some(Self::Text(text.clone())),
            Value::Array(_) | Value::Object(_) => Some(Self::Json(canonical(value))),
        }
    }
}

fn any_number(number: Number) -> Option<Cell> {
    match number.as_i64() {
        Some(integer) => Some(Cell::Integer(integer)),
        None => exact_float(number).map(Cell::Real),
    }
}

/// The float with this very value.
fn exact_float(number: Number) -> Option<f64> {
    let float = number.as_f64();
    (Number::from_f64(float)? == number).then_some(float)
}

impl fmt::Display for ColumnType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
