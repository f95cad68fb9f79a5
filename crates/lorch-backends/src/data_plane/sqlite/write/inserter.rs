//! Adding rows, with one statement for each set of columns.

use rusqlite::{CachedStatement, Connection, params_from_iter};

use super::row_failure;
use crate::data_plane::row::Row;
use crate::data_plane::sqlite::error::Failure;
use crate::data_plane::sqlite::sql::{quoted, quoted_list};
use crate::data_plane::sqlite::value::stored;
use crate::data_plane::table::Table;

/// Adds rows to a table.
pub(super) struct Inserter<'c, 't> {
    connection: &'c Connection,
    table: &'t Table,
    /// The statement for the columns that the last row had.
    current: Option<(Vec<usize>, CachedStatement<'c>)>,
}

impl<'c, 't> Inserter<'c, 't> {
    /// Adds rows to `table`.
    pub(super) fn new(connection: &'c Connection, table: &'t Table) -> Self {
        Self { connection, table, current: None }
    }

    /// Adds the row `index` of the params.
    ///
    /// # Errors
    /// `conflict` when a rule of the table forbids it.
    pub(super) fn insert(&mut self, index: usize, row: &Row) -> Result<(), Failure> {
        let statement = match self.current.take() {
            Some((columns, statement)) if columns == row.columns => statement,
            _ => self.connection.prepare_cached(&insertion(self.table, &row.columns))?,
        };
        let (_, statement) = self.current.insert((row.columns.clone(), statement));
        statement
            .execute(params_from_iter(row.cells.iter().map(stored)))
            .map_err(|error| row_failure(self.table, index, row, error))?;
        Ok(())
    }
}

fn insertion(table: &Table, columns: &[usize]) -> String {
    let name = quoted(&table.name);
    if columns.is_empty() {
        return format!("INSERT INTO {name} DEFAULT VALUES");
    }
    let names = columns.iter().filter_map(|at| table.columns.get(*at)).map(|column| &column.name);
    let places = vec!["?"; columns.len()].join(", ");
    format!("INSERT INTO {name} ({}) VALUES ({places})", quoted_list(names))
}
