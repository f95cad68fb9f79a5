//! `write.insert`, `.upsert`, `.merge` and `.delete`.

mod inserter;
mod upserter;

use lorch_types::SmolStr;
use lorch_types::job::{ErrorCode, ErrorInfo};
use lorch_types::json::{Object, Value};
use lorch_types::pointer::Pointer;
use rusqlite::types::Value as Stored;

use self::inserter::Inserter;
use self::upserter::{Change, Upserter};
use super::Writing;
use super::catalogue;
use super::error::Failure;
use super::sql::{Sql, quoted};
use super::value::stored;
use crate::data_plane::column::Cell;
use crate::data_plane::filter::{Predicate, predicates};
use crate::data_plane::params::{Filter, WriteDelete, WriteInsert, WriteMerge, WriteUpsert};
use crate::data_plane::row::{Row, is_complete, ordinal, row, shown};
use crate::data_plane::table::{Table, listed};

/// `write.insert`.
pub(super) fn insert(writing: &Writing<'_>, params: &WriteInsert) -> Result<Value, Failure> {
    let table = writable_table(writing, &params.table)?;
    let mut inserter = Inserter::new(writing.connection, &table);
    for (index, values) in params.rows.iter().enumerate() {
        writing.cancellation.check()?;
        let row = row(&table, index, values)?;
        is_complete(&table, index, &row)?;
        inserter.insert(index, &row)?;
    }
    Ok(Object::from_iter([("inserted", ordinal(params.rows.len()))]).into())
}

/// `write.upsert`.
pub(super) fn upsert(writing: &Writing<'_>, params: &WriteUpsert) -> Result<Value, Failure> {
    let table = writable_table(writing, &params.table)?;
    let mut upserter =
        Upserter::new(writing.connection, &table, &params.key, params.update.as_deref())?;
    let counts = upsert_rows(writing, &table, &mut upserter, &params.rows, |_| Ok(()))?;
    Ok(Value::Object(counts.to_object()))
}

/// `write.merge`.
pub(super) fn merge(writing: &Writing<'_>, params: &WriteMerge) -> Result<Value, Failure> {
    let table = writable_table(writing, &params.table)?;
    let scope = predicates(&table, &params.filter)?;
    let mut upserter = Upserter::new(writing.connection, &table, &params.key, None)?;
    let given = GivenKeys::new(writing, &params.key)?;
    let counts =
        upsert_rows(writing, &table, &mut upserter, &params.rows, |key| given.add(writing, key))?;
    let deleted = given.delete_others(writing, &table, &scope)?;
    let mut output = counts.to_object();
    output.insert("deleted", deleted);
    Ok(output.into())
}

/// `write.delete`.
pub(super) fn delete(writing: &Writing<'_>, params: &WriteDelete) -> Result<Value, Failure> {
    let table = writable_table(writing, &params.table)?;
    let everything = Filter::default();
    let mut sql = Sql::new(format!("DELETE FROM {}", quoted(&table.name)));
    sql.push_where(&predicates(&table, params.filter.as_ref().unwrap_or(&everything))?);
    let (mut statement, bound) = sql.prepare(writing.connection)?;
    let deleted = ordinal(statement.execute(bound.as_slice())?);
    Ok(Object::from_iter([("deleted", deleted)]).into())
}

fn writable_table(writing: &Writing<'_>, name: &str) -> Result<Table, Failure> {
    let table = catalogue::table(writing.connection, name)?;
    table.writable()?;
    Ok(table)
}

/// What became of the rows of an upsert.
#[derive(Debug, Default)]
struct Counts {
    inserted: usize,
    updated: usize,
    unchanged: usize,
}

impl Counts {
    fn to_object(&self) -> Object {
        Object::from_iter([
            ("inserted", ordinal(self.inserted)),
            ("updated", ordinal(self.updated)),
            ("unchanged", ordinal(self.unchanged)),
        ])
    }
}

/// Upserts `rows` one after the other, and tells `seen` the key of each.
fn upsert_rows(
    writing: &Writing<'_>,
    table: &Table,
    upserter: &mut Upserter<'_, '_>,
    rows: &[Object],
    mut seen: impl FnMut(&[Stored]) -> Result<(), Failure>,
) -> Result<Counts, Failure> {
    let mut counts = Counts::default();
    for (index, values) in rows.iter().enumerate() {
        writing.cancellation.check()?;
        let row: Row = row(table, index, values)?;
        let (change, key) = upserter.upsert(index, &row)?;
        seen(&key)?;
        match change {
            Change::Inserted => counts.inserted += 1,
            Change::Updated => counts.updated += 1,
            Change::Unchanged => counts.unchanged += 1,
        }
    }
    Ok(counts)
}

/// The keys of the rows that a merge was given, in a temporary table, so that they are compared with
/// the table's by the table's own rules.
struct GivenKeys<'k> {
    key: &'k [SmolStr],
}

impl<'k> GivenKeys<'k> {
    fn new(writing: &Writing<'_>, key: &'k [SmolStr]) -> rusqlite::Result<Self> {
        let columns: Vec<String> = (0..key.len()).map(|at| format!("k{at}")).collect();
        let columns = columns.join(", ");
        writing.connection.execute_batch(&format!(
            "DROP TABLE IF EXISTS temp._lorch_given_keys;
             CREATE TEMP TABLE _lorch_given_keys ({columns}, PRIMARY KEY ({columns}));"
        ))?;
        Ok(Self { key })
    }

    fn add(&self, writing: &Writing<'_>, key: &[Stored]) -> Result<(), Failure> {
        let places = vec!["?"; key.len()].join(", ");
        writing
            .connection
            .prepare_cached(&format!("INSERT INTO temp._lorch_given_keys VALUES ({places})"))?
            .execute(rusqlite::params_from_iter(key))?;
        Ok(())
    }

    /// Deletes the rows within `scope` that have none of the keys.
    fn delete_others(
        self,
        writing: &Writing<'_>,
        table: &Table,
        scope: &[Predicate<'_>],
    ) -> Result<Value, Failure> {
        let name = quoted(&table.name);
        let same: Vec<String> = self
            .key
            .iter()
            .enumerate()
            .map(|(at, column)| format!("{name}.{} = g.k{at}", quoted(column)))
            .collect();
        let mut sql = Sql::new(format!("DELETE FROM {name}"));
        sql.push_where(scope);
        sql.push(if scope.is_empty() { " WHERE" } else { " AND" });
        sql.push(" NOT EXISTS (SELECT 1 FROM temp._lorch_given_keys AS g WHERE ");
        sql.push(&same.join(" AND "));
        sql.push(")");
        let deleted = {
            let (mut statement, bound) = sql.prepare(writing.connection)?;
            statement.execute(bound.as_slice())?
        };
        writing.connection.execute_batch("DROP TABLE temp._lorch_given_keys")?;
        Ok(ordinal(deleted))
    }
}

/// The error that `key` does not tell rows apart.
fn no_key(table: &Table, key: &[SmolStr]) -> ErrorInfo {
    let mut keys: Vec<&[SmolStr]> = Vec::new();
    if !table.primary_key.is_empty() {
        keys.push(&table.primary_key);
    }
    keys.extend(table.unique.iter().map(Vec::as_slice).filter(|set| *set != table.primary_key));
    let there_are = if keys.is_empty() {
        "the table has neither a primary key nor a unique set".to_owned()
    } else {
        let keys: Vec<String> = keys.iter().map(|set| format!("({})", listed(*set))).collect();
        format!("its keys are {}", keys.join(", "))
    };
    let message = format!(
        "{} is no key of `{}`, so it cannot tell rows apart; {there_are}",
        listed(key),
        table.name.escape_debug()
    );
    ErrorCode::InvalidParams.error(message).with_details([
        ("table", Value::from(table.name.clone())),
        ("key", Value::from(key.to_vec())),
        ("pointer", Value::from("/key")),
    ])
}

/// What a rule of the table says against the row `index`.
fn row_failure(table: &Table, index: usize, row: &Row, error: rusqlite::Error) -> Failure {
    let Some(failure) = error.sqlite_error() else { return error.into() };
    if failure.code != rusqlite::ErrorCode::ConstraintViolation {
        return error.into();
    }
    let is_key = matches!(
        failure.extended_code,
        rusqlite::ffi::SQLITE_CONSTRAINT_UNIQUE
            | rusqlite::ffi::SQLITE_CONSTRAINT_PRIMARYKEY
            | rusqlite::ffi::SQLITE_CONSTRAINT_ROWID
    );
    let (what, values) = if is_key {
        let values = values_of(table, row, &key_columns(table, &error));
        let shown: Vec<String> = values
            .iter()
            .map(|(name, value)| format!("`{}` {}", name.escape_debug(), shown(value)))
            .collect();
        (format!("there is a row with {} already", shown.join(" and ")), values)
    } else {
        (error.to_string(), Object::new())
    };
    let message = format!("row {index} of `{}`: {what}", table.name.escape_debug());
    let pointer = Pointer::root().join("rows").join(index).to_string();
    Failure::Step(ErrorCode::Conflict.error(message).with_details([
        ("table", Value::from(table.name.clone())),
        ("row", ordinal(index)),
        ("values", Value::from(values)),
        ("pointer", Value::from(pointer)),
    ]))
}

/// The values that a row has in `columns`.
fn values_of(table: &Table, row: &Row, columns: &[SmolStr]) -> Object {
    let value = |at: usize, cell: &Cell| {
        let column = table.columns.get(at).filter(|column| columns.contains(&column.name))?;
        let value = super::value::json(table, column, (&stored(cell)).into()).ok()?;
        Some((column.name.clone(), value))
    };
    row.columns.iter().zip(&row.cells).filter_map(|(at, cell)| value(*at, cell)).collect()
}

/// The columns that "UNIQUE constraint failed: orders.id, orders.day" names.
fn key_columns(table: &Table, error: &rusqlite::Error) -> Vec<SmolStr> {
    let message = error.to_string();
    let prefix = format!("{}.", table.name);
    let columns: Option<Vec<SmolStr>> = message
        .split_once(": ")
        .map(|(_, names)| names.split(", ").filter_map(|it| it.strip_prefix(&prefix)))
        .map(|names| names.map(SmolStr::from).collect());
    match columns {
        Some(columns) if !columns.is_empty() => columns,
        _ => table.primary_key.clone(),
    }
}
