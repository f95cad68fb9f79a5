//! Values of columns as SQLite stores them, and back.

use lorch_types::Timestamp;
use lorch_types::job::{ErrorCode, ErrorInfo};
use lorch_types::json::{Limits, Number, Value, read};
use rusqlite::types::{Value as Stored, ValueRef};

use crate::data_plane::column::{Cell, ColumnType};
use crate::data_plane::table::{Column, Table};

/// How SQLite stores the values of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Storage {
    /// `INTEGER`.
    Integer,
    /// `REAL`.
    Real,
    /// `TEXT`.
    Text,
}

impl Storage {
    /// How values of type `column_type` are stored.
    pub(super) const fn of(column_type: ColumnType) -> Self {
        match column_type {
            ColumnType::Integer | ColumnType::Boolean => Self::Integer,
            ColumnType::Real => Self::Real,
            ColumnType::Text | ColumnType::Json | ColumnType::Timestamp => Self::Text,
        }
    }

    /// The type's name in SQL.
    pub(super) const fn declared(self) -> &'static str {
        match self {
            Self::Integer => "INTEGER",
            Self::Real => "REAL",
            Self::Text => "TEXT",
        }
    }
}

/// `cell` as SQLite stores it.
pub(super) fn stored(cell: &Cell) -> Stored {
    match cell {
        Cell::Null => Stored::Null,
        Cell::Boolean(value) => Stored::Integer(i64::from(*value)),
        Cell::Integer(value) => Stored::Integer(*value),
        Cell::Real(value) => Stored::Real(*value),
        Cell::Text(text) => Stored::Text(text.to_string()),
        Cell::Json(text) => Stored::Text(text.clone()),
        Cell::Timestamp(moment) => Stored::Text(sortable(*moment)),
    }
}

/// The moment with nine fraction digits, so that the order of texts is the order of moments.
fn sortable(moment: Timestamp) -> String {
    let text = moment.to_string();
    let text = text.trim_end_matches('Z');
    let (seconds, fraction) = text.split_once('.').unwrap_or((text, ""));
    format!("{seconds}.{fraction:0<9}Z")
}

/// What `value` of a column is as JSON.
///
/// # Errors
/// `conflict` naming table and column for what JSON has no value for: bytes, texts that are not
/// UTF-8, infinities.
pub(super) fn json(
    table: &Table,
    column: &Column,
    value: ValueRef<'_>,
) -> Result<Value, ErrorInfo> {
    let unreadable = |what: &str| {
        let message = format!(
            "the column `{}` of `{}` holds {what}, which a JSON document cannot hold; leave it out \
             with `columns`",
            column.name.escape_debug(),
            table.name.escape_debug()
        );
        let details = [("table", table.name.as_str()), ("column", column.name.as_str())];
        Err(ErrorCode::Conflict.error(message).with_details(details))
    };
    match (value, column.column_type) {
        (ValueRef::Null, _) => Ok(Value::Null),
        (ValueRef::Integer(value @ (0 | 1)), Some(ColumnType::Boolean)) => {
            Ok(Value::Bool(value == 1))
        }
        (ValueRef::Integer(value), _) => Ok(Value::from(value)),
        (ValueRef::Real(value), _) => {
            Number::from_f64(value).map_or_else(|| unreadable("an infinity"), |it| Ok(it.into()))
        }
        (ValueRef::Blob(_), _) => unreadable("bytes"),
        (ValueRef::Text(bytes), column_type) => {
            let Ok(text) = str::from_utf8(bytes) else {
                return unreadable("text that is no UTF-8");
            };
            match column_type {
                Some(ColumnType::Json) => read(text.as_bytes(), Limits { max_bytes: usize::MAX })
                    .or_else(|_| unreadable("text that is no JSON")),
                Some(ColumnType::Timestamp) => Ok(text
                    .parse::<Timestamp>()
                    .map_or_else(|_| Value::from(text), |moment| moment.to_string().into())),
                _ => Ok(Value::from(text)),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::sortable;

    #[test]
    fn stored_moments_sort_like_moments() {
        let moments = [
            ("0000-01-01T00:00:00Z", "0000-01-01T00:00:00.000000000Z"),
            ("2025-10-20T14:08:18Z", "2025-10-20T14:08:18.000000000Z"),
            ("2025-10-20T16:08:18.000000001+02:00", "2025-10-20T14:08:18.000000001Z"),
            ("2025-10-20T14:08:18.123Z", "2025-10-20T14:08:18.123000000Z"),
            ("9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999000Z"),
        ];
        for (text, stored) in moments {
            assert_eq!(sortable(text.parse().unwrap()), stored);
        }
        assert!(moments.is_sorted_by_key(|(_, stored)| *stored));
    }
}
