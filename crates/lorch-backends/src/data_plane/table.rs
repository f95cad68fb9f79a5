//! A table as the operations see it, whatever database it is in.

use lorch_types::SmolStr;
use lorch_types::job::{ErrorCode, ErrorInfo};
use lorch_types::json::{Object, Value};

use super::column::{Cell, ColumnType};
use crate::nearest::did_you_mean;

/// A table, or a view that is read like one.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    /// Its name.
    pub(crate) name: SmolStr,
    /// Its columns in order.
    pub(crate) columns: Vec<Column>,
    /// The columns of its primary key; empty when there is none.
    pub(crate) primary_key: Vec<SmolStr>,
    /// Other sets of columns whose values together are unique.
    pub(crate) unique: Vec<Vec<SmolStr>>,
    /// Whether it can only be read.
    pub(crate) is_view: bool,
}

/// A column of a table.
#[derive(Clone, Debug)]
pub(crate) struct Column {
    /// Its name.
    pub(crate) name: SmolStr,
    /// What its values are; `None` for a type of another program that is none of lorch's.
    pub(crate) column_type: Option<ColumnType>,
    /// Whether null is allowed.
    pub(crate) nullable: bool,
    /// Whether a new row may leave it out although null is not allowed.
    pub(crate) has_default: bool,
    /// Whether its values are computed and cannot be written.
    pub(crate) generated: bool,
}

impl Column {
    /// The type's name; "other" for one that is none of lorch's.
    pub(crate) fn type_name(&self) -> &'static str {
        self.column_type.map_or("other", ColumnType::as_str)
    }

    /// What a value must be to be held, in words.
    pub(crate) fn rule(&self) -> &'static str {
        self.column_type.map_or("a value whose numbers have 64 bits", ColumnType::rule)
    }

    /// `value` as a value of this column; `None` when it does not hold it.
    pub(crate) fn cell(&self, value: &Value) -> Option<Cell> {
        self.column_type.map_or_else(|| Cell::of_any(value), |it| it.cell(value))
    }

    /// `value` as something to compare this column with.
    pub(crate) fn comparand(&self, value: &Value) -> Option<Cell> {
        self.column_type.map_or_else(|| Cell::of_any(value), |it| it.comparand(value))
    }
}

impl Table {
    /// Where the column `name` stands.
    pub(crate) fn position(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.name == name)
    }

    /// The column `name`.
    ///
    /// # Errors
    /// `not_found`, with the nearest name that there is.
    pub(crate) fn column(&self, name: &str) -> Result<&Column, ErrorInfo> {
        self.columns
            .iter()
            .find(|column| column.name == name)
            .ok_or_else(|| self.no_column(ErrorCode::NotFound, name, ""))
    }

    /// The error that there is no column `name`; `place` says who asked, as in `row 3: `.
    pub(crate) fn no_column(&self, code: ErrorCode, name: &str, place: &str) -> ErrorInfo {
        let names = self.columns.iter().map(|column| column.name.as_str());
        let advice = did_you_mean(name, names).unwrap_or_else(|| {
            format!("its columns are {}", listed(self.columns.iter().map(|it| &it.name)))
        });
        let message = format!(
            "{place}the table `{}` has no column `{}`; {advice}",
            self.name.escape_debug(),
            name.escape_debug()
        );
        code.error(message).with_details([("table", self.name.as_str()), ("column", name)])
    }

    /// Fails for a view.
    ///
    /// # Errors
    /// `conflict`.
    pub(crate) fn writable(&self) -> Result<(), ErrorInfo> {
        if !self.is_view {
            return Ok(());
        }
        let message =
            format!("`{}` is a view; only tables can be written", self.name.escape_debug());
        Err(ErrorCode::Conflict.error(message).with_details([("table", self.name.as_str())]))
    }

    /// Whether `key` tells rows apart: it is the primary key, or a set that is unique.
    pub(crate) fn is_key(&self, key: &[SmolStr]) -> bool {
        let same = |set: &[SmolStr]| {
            !set.is_empty() && set.len() == key.len() && set.iter().all(|name| key.contains(name))
        };
        same(&self.primary_key) || self.unique.iter().any(|set| same(set))
    }

    /// Names and types of its columns, as an array.
    pub(crate) fn shape(&self) -> Value {
        let described = self.columns.iter().map(|column| {
            Object::from_iter([("name", column.name.as_str()), ("type", column.type_name())])
        });
        Value::from(described.collect::<Vec<_>>())
    }
}

/// The error that there is no table `name`, with the nearest name that there is.
pub(crate) fn no_table<'n>(
    name: &str,
    existing: impl Iterator<Item = &'n str> + Clone,
) -> ErrorInfo {
    let advice = did_you_mean(name, existing.clone()).unwrap_or_else(|| {
        let mut existing = existing.peekable();
        if existing.peek().is_none() {
            "there are no tables yet; `write.create_table` makes one".to_owned()
        } else {
            format!("there are {}", listed(existing))
        }
    });
    let message = format!("there is no table `{}`; {advice}", name.escape_debug());
    ErrorCode::NotFound.error(message).with_details([("table", name)])
}

/// Names in a sentence; no more than a reader takes in.
pub(crate) fn listed<S: AsRef<str>>(names: impl IntoIterator<Item = S>) -> String {
    const SHOWN: usize = 20;
    let names: Vec<String> =
        names.into_iter().map(|name| format!("`{}`", name.as_ref().escape_debug())).collect();
    match names.get(..SHOWN) {
        Some(shown) if names.len() > SHOWN => {
            format!("{} and {} more", shown.join(", "), names.len() - SHOWN)
        }
        _ => names.join(", "),
    }
}
