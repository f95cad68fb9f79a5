//! `query.*`.

use lorch_types::SmolStr;
use lorch_types::job::{ErrorCode, ErrorInfo};
use lorch_types::json::{Object, Value, write_canonical, write_string};
use rusqlite::types::Value as Stored;

use super::Reading;
use super::catalogue;
use super::error::Failure;
use super::sql::{Sql, quoted, quoted_list};
use super::value;
use crate::data_plane::filter::predicates;
use crate::data_plane::params::{Filter, Order, QueryCount, QueryMax, QueryRows};
use crate::data_plane::row::ordinal;
use crate::data_plane::table::{Column, Table};

/// `query.rows`.
pub(super) fn rows(reading: &Reading<'_>, params: &QueryRows) -> Result<Value, Failure> {
    let table = catalogue::table(reading.connection, &params.table)?;
    let columns = selection(&table, params.columns.as_deref())?;
    let names = quoted_list(columns.iter().map(|column| &column.name));
    let mut sql = Sql::new(format!("SELECT {names} FROM {}", quoted(&table.name)));
    sql.push_where(&predicates(&table, &params.filter)?);
    push_order(&mut sql, &table, &params.order_by)?;
    sql.push(" LIMIT ");
    sql.bind(params.limit.map_or(Stored::Integer(-1), |limit| count_value(limit.get())));
    sql.push(" OFFSET ");
    sql.bind(count_value(params.offset.get()));

    let (mut statement, bound) = sql.prepare(reading.connection)?;
    let mut found = statement.query(bound.as_slice())?;
    let mut rows: Vec<Object> = Vec::new();
    let mut budget = Budget::new(reading.max_output_bytes);
    while let Some(row) = found.next()? {
        let mut object = Vec::with_capacity(columns.len());
        for (at, column) in columns.iter().enumerate() {
            let value = value::json(&table, column, row.get_ref(at)?)?;
            budget.spend(&column.name, &value)?;
            object.push((column.name.clone(), value));
        }
        rows.push(object.into_iter().collect());
    }
    let count = ordinal(rows.len());
    Ok(Object::from_iter([("rows", Value::from(rows)), ("count", count)]).into())
}

/// `query.count`.
pub(super) fn count(reading: &Reading<'_>, params: &QueryCount) -> Result<Value, Failure> {
    let table = catalogue::table(reading.connection, &params.table)?;
    let count = row_count(reading, &table, &params.filter)?;
    Ok(Object::from_iter([("count", count)]).into())
}

/// `query.max`.
pub(super) fn max(reading: &Reading<'_>, params: &QueryMax) -> Result<Value, Failure> {
    let table = catalogue::table(reading.connection, &params.table)?;
    let column = table.column(&params.column)?;
    if column.column_type.is_some_and(|it| !it.is_ordered()) {
        let message = format!(
            "the column `{}` of `{}` has no greatest value: its type is {}",
            column.name.escape_debug(),
            table.name.escape_debug(),
            column.type_name()
        );
        let details =
            [("table", table.name.as_str()), ("column", &column.name), ("pointer", "/column")];
        return Err(ErrorCode::InvalidParams.error(message).with_details(details).into());
    }
    let mut sql =
        Sql::new(format!("SELECT max({}) FROM {}", quoted(&column.name), quoted(&table.name)));
    sql.push_where(&predicates(&table, &params.filter)?);
    let (mut statement, bound) = sql.prepare(reading.connection)?;
    let mut found = statement.query(bound.as_slice())?;
    let value = match found.next()? {
        Some(row) => value::json(&table, column, row.get_ref(0)?)?,
        None => Value::Null,
    };
    Ok(Object::from_iter([("value", value)]).into())
}

/// How many rows of `table` there are for which `filter` holds.
pub(super) fn row_count(
    reading: &Reading<'_>,
    table: &Table,
    filter: &Filter,
) -> Result<i64, Failure> {
    let mut sql = Sql::new(format!("SELECT count(*) FROM {}", quoted(&table.name)));
    sql.push_where(&predicates(table, filter)?);
    let (mut statement, bound) = sql.prepare(reading.connection)?;
    Ok(statement.query_row(bound.as_slice(), |row| row.get(0))?)
}

fn selection<'t>(
    table: &'t Table,
    names: Option<&[SmolStr]>,
) -> Result<Vec<&'t Column>, ErrorInfo> {
    let Some(names) = names else { return Ok(table.columns.iter().collect()) };
    names.iter().map(|name| table.column(name)).collect()
}

/// Rows that `order` does not tell apart follow the primary key, or the order of insertion, so that
/// the same table gives the same output.
fn push_order(sql: &mut Sql, table: &Table, order: &[Order]) -> Result<(), ErrorInfo> {
    let mut terms = Vec::new();
    for Order { column, desc } in order {
        let name = quoted(&table.column(column)?.name);
        terms.push(if *desc {
            format!("{name} DESC NULLS LAST")
        } else {
            format!("{name} NULLS FIRST")
        });
    }
    terms.extend(table.primary_key.iter().map(|name| quoted(name)));
    if table.primary_key.is_empty() && !table.is_view {
        let taken = |alias: &&str| {
            table.columns.iter().any(|column| column.name.eq_ignore_ascii_case(alias))
        };
        let aliases = ["rowid", "_rowid_", "oid"];
        terms.extend(aliases.into_iter().find(|alias| !taken(alias)).map(str::to_owned));
    }
    if !terms.is_empty() {
        sql.push(" ORDER BY ");
        sql.push(&terms.join(", "));
    }
    Ok(())
}

fn count_value(count: u64) -> Stored {
    Stored::Integer(i64::try_from(count).unwrap_or(i64::MAX))
}

/// What is left of the size that an output may have.
struct Budget {
    limit: usize,
    left: usize,
    text: String,
}

impl Budget {
    fn new(limit: usize) -> Self {
        Self { limit, left: limit, text: String::new() }
    }

    /// Takes the size of one member of a row.
    fn spend(&mut self, name: &str, value: &Value) -> Result<(), ErrorInfo> {
        self.text.clear();
        write_string(name, &mut self.text);
        write_canonical(value, &mut self.text);
        // A colon, and a comma or brace.
        match self.left.checked_sub(self.text.len() + 2) {
            Some(left) => {
                self.left = left;
                Ok(())
            }
            None => {
                let message = format!(
                    "the rows are larger than the {} bytes that an output may have; `limit`, \
                     `columns` or `where` make them fewer",
                    self.limit
                );
                let details = [("limit", ordinal(self.limit))];
                Err(ErrorCode::OutputTooLarge.error(message).with_details(details))
            }
        }
    }
}
