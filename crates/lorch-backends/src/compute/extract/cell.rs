//! The value of one typed cell.

use lorch_types::Timestamp;
use lorch_types::json::{Limits, Number, Value, read};

use crate::data_plane::ColumnType;

/// The value that `text` stands for in a column of this type; null when it is empty.
///
/// # Errors
/// Why it is none, after "`text`".
pub(super) fn value(text: &str, column: ColumnType) -> Result<Value, &'static str> {
    if text.is_empty() {
        return Ok(Value::Null);
    }
    match column {
        ColumnType::Text => Ok(text.into()),
        ColumnType::Integer => number(text)
            .filter(|number| number.is_integer())
            .map(Value::Number)
            .ok_or("is no integer of 64 bits"),
        ColumnType::Real => number(text).map(Value::Number).ok_or("is no number"),
        ColumnType::Boolean => match text {
            _ if text.eq_ignore_ascii_case("true") => Ok(true.into()),
            _ if text.eq_ignore_ascii_case("false") => Ok(false.into()),
            _ => Err("is neither `true` nor `false`"),
        },
        ColumnType::Json => json(text).ok_or("is no JSON"),
        ColumnType::Timestamp => text
            .parse::<Timestamp>()
            .map(|moment| moment.to_string().into())
            .map_err(|_| "is no timestamp such as `2025-10-20T14:08:18.123Z`"),
    }
}

/// The number that `text` writes as JSON would.
fn number(text: &str) -> Option<Number> {
    json(text)?.as_number()
}

fn json(text: &str) -> Option<Value> {
    read(text.as_bytes(), Limits { max_bytes: usize::MAX }).ok()
}
