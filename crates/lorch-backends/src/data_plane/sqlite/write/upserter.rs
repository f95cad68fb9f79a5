//! Adding rows or updating them, and knowing which.

use std::collections::HashMap;

use lorch_types::SmolStr;
use lorch_types::job::{ErrorCode, ErrorInfo};
use lorch_types::json::Value;
use lorch_types::pointer::Pointer;
use rusqlite::types::Value as Stored;
use rusqlite::{CachedStatement, Connection, OptionalExtension, params_from_iter};

use super::inserter::Inserter;
use super::{no_key, row_failure};
use crate::data_plane::column::Cell;
use crate::data_plane::row::{Row, is_complete, ordinal};
use crate::data_plane::sqlite::error::Failure;
use crate::data_plane::sqlite::sql::quoted;
use crate::data_plane::sqlite::value::stored;
use crate::data_plane::table::Table;

/// What became of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// There was no row with its key.
    Inserted,
    /// There was one with other values.
    Updated,
    /// There was one with these values.
    Unchanged,
}

/// Adds rows to a table, or updates those whose key is there.
pub(super) struct Upserter<'c, 't> {
    connection: &'c Connection,
    table: &'t Table,
    /// Where the key's columns stand in the table.
    key: Vec<usize>,
    /// Where the columns stand that an update changes.
    update: Vec<usize>,
    inserter: Inserter<'c, 't>,
    /// The statements for the columns that the last row had.
    current: Option<Statements<'c>>,
    /// Which row of the params had a key.
    seen: HashMap<String, usize>,
}

/// What is needed for rows with one set of columns.
struct Statements<'c> {
    columns: Vec<usize>,
    /// Where the values of the key stand in a row.
    key: Vec<usize>,
    /// Where the values that an update changes stand in a row.
    update: Vec<usize>,
    /// Finds the row of a key, and says whether it has the same values.
    find: CachedStatement<'c>,
    /// Changes the row of a key; `None` when there is nothing to change.
    change: Option<CachedStatement<'c>>,
}

impl<'c, 't> Upserter<'c, 't> {
    /// Tells the rows of `table` apart by `key`, and changes the columns `update` (when absent, all
    /// but the key) of those that are there.
    ///
    /// # Errors
    /// `invalid_params` when `key` does not tell rows apart, or is to be updated; `not_found` for a
    /// column that there is not.
    pub(super) fn new(
        connection: &'c Connection,
        table: &'t Table,
        key: &[SmolStr],
        update: Option<&[SmolStr]>,
    ) -> Result<Self, ErrorInfo> {
        let key_positions = positions(table, key)?;
        if !table.is_key(key) {
            return Err(no_key(table, key));
        }
        let update = match update {
            None => (0..table.columns.len()).filter(|at| !key_positions.contains(at)).collect(),
            Some(names) => positions(table, names)?,
        };
        if let Some(name) = update
            .iter()
            .find(|at| key_positions.contains(at))
            .and_then(|at| table.columns.get(*at))
            .map(|column| &column.name)
        {
            let message =
                format!("`{}` is in `key` and so cannot be in `update`", name.escape_debug());
            let details = [("column", name.as_str()), ("pointer", "/update")];
            return Err(ErrorCode::InvalidParams.error(message).with_details(details));
        }
        Ok(Self {
            connection,
            table,
            key: key_positions,
            update,
            inserter: Inserter::new(connection, table),
            current: None,
            seen: HashMap::new(),
        })
    }

    /// Adds the row `index` of the params or updates the one with its key, and returns which and the
    /// key.
    ///
    /// # Errors
    /// `invalid_params` when the row has no key, or the key of an earlier row; `conflict` when a rule
    /// of the table forbids it.
    pub(super) fn upsert(
        &mut self,
        index: usize,
        row: &Row,
    ) -> Result<(Change, Vec<Stored>), Failure> {
        let mut statements = match self.current.take() {
            Some(statements) if statements.columns == row.columns => statements,
            _ => self.statements(index, row)?,
        };
        let key = self.key_of(index, row, &statements.key)?;
        let change = self.apply(index, row, &mut statements, &key);
        self.current = Some(statements);
        Ok((change?, key))
    }

    fn apply(
        &mut self,
        index: usize,
        row: &Row,
        statements: &mut Statements<'c>,
        key: &[Stored],
    ) -> Result<Change, Failure> {
        let cells = || statements.update.iter().filter_map(|at| row.cells.get(*at)).map(stored);
        let values = || cells().chain(key.iter().cloned());
        let same: Option<bool> = statements
            .find
            .query_row(params_from_iter(values()), |found| found.get(0))
            .optional()?;
        match (same, &mut statements.change) {
            (None, _) => {
                is_complete(self.table, index, row)?;
                self.inserter.insert(index, row)?;
                Ok(Change::Inserted)
            }
            (Some(false), Some(change)) => {
                let values: Vec<Stored> = values().collect();
                change
                    .execute(params_from_iter(values))
                    .map_err(|error| row_failure(self.table, index, row, error))?;
                Ok(Change::Updated)
            }
            (Some(_), _) => Ok(Change::Unchanged),
        }
    }

    fn statements(&self, index: usize, row: &Row) -> Result<Statements<'c>, Failure> {
        let place = |column: &usize| row.columns.iter().position(|it| it == column);
        let mut key = Vec::with_capacity(self.key.len());
        for column in &self.key {
            key.push(place(column).ok_or_else(|| self.bad_key(index, *column, "has no"))?);
        }
        let update: Vec<usize> = self.update.iter().filter_map(place).collect();
        let names = |places: &[usize]| -> Vec<String> {
            places
                .iter()
                .filter_map(|at| self.table.columns.get(*row.columns.get(*at)?))
                .map(|column| quoted(&column.name))
                .collect()
        };
        let each = |places: &[usize], form: &str, separator: &str| {
            let terms: Vec<String> =
                names(places).iter().map(|name| format!("{name} {form}")).collect();
            terms.join(separator)
        };
        let table = quoted(&self.table.name);
        let of_key = each(&key, "= ?", " AND ");
        let same = each(&update, "COLLATE BINARY IS ?", " AND ");
        let same = if update.is_empty() { "1" } else { same.as_str() };
        let find = self
            .connection
            .prepare_cached(&format!("SELECT {same} FROM {table} WHERE {of_key}"))?;
        let change = if update.is_empty() {
            None
        } else {
            let changes = each(&update, "= ?", ", ");
            let sql = format!("UPDATE {table} SET {changes} WHERE {of_key}");
            Some(self.connection.prepare_cached(&sql)?)
        };
        Ok(Statements { columns: row.columns.clone(), key, update, find, change })
    }

    /// The key of a row, which no earlier row may have.
    fn key_of(
        &mut self,
        index: usize,
        row: &Row,
        places: &[usize],
    ) -> Result<Vec<Stored>, ErrorInfo> {
        let mut key = Vec::with_capacity(places.len());
        for (place, column) in places.iter().zip(&self.key) {
            match row.cells.get(*place) {
                None | Some(Cell::Null) => return Err(self.bad_key(index, *column, "has null as")),
                Some(cell) => key.push(stored(cell)),
            }
        }
        match self.seen.insert(format!("{key:?}"), index) {
            None => Ok(key),
            Some(earlier) => {
                let message = format!(
                    "rows {earlier} and {index} for `{}` have the same key",
                    self.table.name.escape_debug()
                );
                Err(ErrorCode::InvalidParams.error(message).with_details([
                    ("table", Value::from(self.table.name.clone())),
                    ("row", ordinal(index)),
                    ("earlier_row", ordinal(earlier)),
                    ("pointer", pointer(index)),
                ]))
            }
        }
    }

    fn bad_key(&self, index: usize, column: usize, problem: &str) -> ErrorInfo {
        let column = self.table.columns.get(column).map_or("", |column| &column.name);
        let message = format!(
            "row {index} of `{}` {problem} `{}`, which is in `key`",
            self.table.name.escape_debug(),
            column.escape_debug()
        );
        ErrorCode::InvalidParams.error(message).with_details([
            ("table", Value::from(self.table.name.clone())),
            ("row", ordinal(index)),
            ("column", Value::from(column)),
            ("pointer", pointer(index)),
        ])
    }
}

fn pointer(index: usize) -> Value {
    Value::from(Pointer::root().join("rows").join(index).to_string())
}

fn positions(table: &Table, names: &[SmolStr]) -> Result<Vec<usize>, ErrorInfo> {
    names
        .iter()
        .map(|name| {
            table.position(name).ok_or_else(|| table.no_column(ErrorCode::NotFound, name, ""))
        })
        .collect()
}
