//! `write.create_table`.

use std::collections::BTreeSet;

use lorch_types::SmolStr;
use lorch_types::job::{ErrorCode, ErrorInfo};
use lorch_types::json::{Object, Value};
use lorch_types::pointer::Pointer;
use rusqlite::Connection;

use super::Writing;
use super::catalogue;
use super::error::Failure;
use super::sql::{quoted, quoted_list};
use super::value::Storage;
use crate::data_plane::column::ColumnType;
use crate::data_plane::params::{ColumnSpec, Identifier, WriteCreateTable};
use crate::data_plane::table::{Table, listed};
use crate::nearest::did_you_mean;

/// `write.create_table`.
pub(super) fn create_table(
    writing: &Writing<'_>,
    params: &WriteCreateTable,
) -> Result<Value, Failure> {
    check(params)?;
    let connection = writing.connection;
    let output = |created: bool| Value::from(Object::from_iter([("created", created)]));
    if let Some(existing) = catalogue::find(connection, params.table.as_str())? {
        same_columns(&existing, params)?;
        return Ok(output(false));
    }
    name_is_free(connection, params.table.as_str())?;
    connection.execute_batch(&definition(params))?;
    record_types(connection, params)?;
    Ok(output(true))
}

/// Whether the definition makes sense by itself.
fn check(params: &WriteCreateTable) -> Result<(), ErrorInfo> {
    let mut seen = BTreeSet::new();
    for (index, column) in params.columns.iter().enumerate() {
        let name = column.name.as_str();
        let at = Pointer::root().join("columns").join(index);
        if !seen.insert(name.to_ascii_lowercase()) {
            return Err(invalid(&at, format!("the column `{name}` is there twice")));
        }
        if column.nullable == Some(true) && params.primary_key.contains(&column.name) {
            let message = format!("`{name}` is in the primary key and so cannot be nullable");
            return Err(invalid(&at.join("nullable"), message));
        }
    }
    check_set(params, &params.primary_key, &Pointer::root().join("primary_key"))?;
    for (index, set) in params.unique.iter().enumerate() {
        let at = Pointer::root().join("unique").join(index);
        if set.is_empty() {
            return Err(invalid(&at, "a unique set needs at least one column".to_owned()));
        }
        check_set(params, set, &at)?;
    }
    Ok(())
}

fn check_set(params: &WriteCreateTable, set: &[Identifier], at: &Pointer) -> Result<(), ErrorInfo> {
    for (index, name) in set.iter().enumerate() {
        let at = at.join(index);
        if !params.columns.iter().any(|column| column.name == *name) {
            let names = params.columns.iter().map(|column| column.name.as_str());
            let message = format!("there is no column `{}`", name.as_str());
            return Err(invalid(
                &at,
                match did_you_mean(name.as_str(), names) {
                    Some(advice) => format!("{message}; {advice}"),
                    None => message,
                },
            ));
        }
        if set.iter().take(index).any(|earlier| earlier == name) {
            return Err(invalid(&at, format!("the column `{}` is named twice", name.as_str())));
        }
    }
    Ok(())
}

fn invalid(at: &Pointer, message: String) -> ErrorInfo {
    ErrorCode::InvalidParams.error(message).with_details([("pointer", at.to_string())])
}

/// Whether an existing table is the one that is asked for; its columns may stand in another order.
fn same_columns(existing: &Table, params: &WriteCreateTable) -> Result<(), ErrorInfo> {
    let mut problems = Vec::new();
    for wanted in &params.columns {
        let name = wanted.name.as_str();
        let Some(column) = existing.columns.iter().find(|column| column.name == name) else {
            problems.push(format!("it has no column `{name}`"));
            continue;
        };
        if column.column_type != Some(wanted.column_type) {
            let found = column.type_name();
            problems.push(format!("its `{name}` is {found}, not {}", wanted.column_type));
        } else if column.nullable != is_nullable(params, wanted) {
            let found = if column.nullable { "can be null" } else { "cannot be null" };
            problems.push(format!("its `{name}` {found}"));
        }
    }
    for column in &existing.columns {
        if params.columns.iter().all(|wanted| wanted.name.as_str() != column.name) {
            problems.push(format!("it has a column `{}`", column.name.escape_debug()));
        }
    }
    let primary_key: Vec<SmolStr> = names(&params.primary_key);
    if existing.primary_key != primary_key {
        problems.push(match existing.primary_key.as_slice() {
            [] => "it has no primary key".to_owned(),
            key => format!("its primary key is {}", listed(key)),
        });
    }
    for set in &params.unique {
        if !existing.is_key(&names(set)) {
            problems.push(format!("its {} need not be unique", listed(names(set))));
        }
    }
    if existing.is_view {
        problems.push("it is a view".to_owned());
    }
    if problems.is_empty() {
        return Ok(());
    }
    let name = params.table.as_str();
    let message =
        format!("the table `{name}` is there already and differs: {}", problems.join("; "));
    Err(ErrorCode::Conflict.error(message).with_details([
        ("table", Value::from(name)),
        ("differences", Value::from(problems)),
        ("columns", existing.shape()),
    ]))
}

/// SQLite takes `Orders` and `orders` for one name, and tables, views and indexes share their names.
fn name_is_free(connection: &Connection, name: &str) -> Result<(), Failure> {
    let mut statement = connection
        .prepare_cached("SELECT type, name FROM sqlite_schema WHERE name = ?1 COLLATE NOCASE")?;
    let mut found = statement.query([name])?;
    let Some(row) = found.next()? else { return Ok(()) };
    let (kind, taken): (String, String) = (row.get(0)?, row.get(1)?);
    let message =
        format!("a table `{name}` cannot be made: there is the {kind} `{}`", taken.escape_debug());
    Err(ErrorCode::Conflict.error(message).with_details([("table", name)]).into())
}

fn definition(params: &WriteCreateTable) -> String {
    let mut parts: Vec<String> =
        params.columns.iter().map(|column| column_definition(params, column)).collect();
    if !params.primary_key.is_empty() {
        parts.push(format!("PRIMARY KEY ({})", quoted_list(names(&params.primary_key))));
    }
    for set in &params.unique {
        parts.push(format!("UNIQUE ({})", quoted_list(names(set))));
    }
    format!(
        "CREATE TABLE {} (\n    {}\n) STRICT",
        quoted(params.table.as_str()),
        parts.join(",\n    ")
    )
}

fn column_definition(params: &WriteCreateTable, column: &ColumnSpec) -> String {
    let name = quoted(column.name.as_str());
    let declared = Storage::of(column.column_type).declared();
    let null = if is_nullable(params, column) { "" } else { " NOT NULL" };
    // What other programs write is held to the type as well.
    let rule = match column.column_type {
        ColumnType::Boolean => format!(" CHECK ({name} IN (0, 1))"),
        ColumnType::Json => format!(" CHECK (json_valid({name}))"),
        ColumnType::Integer | ColumnType::Real | ColumnType::Text | ColumnType::Timestamp => {
            String::new()
        }
    };
    format!("{name} {declared}{null}{rule}")
}

fn record_types(connection: &Connection, params: &WriteCreateTable) -> rusqlite::Result<()> {
    let table = params.table.as_str();
    connection.execute("DELETE FROM _lorch_columns WHERE table_name = ?1", [table])?;
    let mut statement = connection.prepare_cached(
        "INSERT INTO _lorch_columns (table_name, column_name, column_type) VALUES (?1, ?2, ?3)",
    )?;
    for column in &params.columns {
        statement.execute([table, column.name.as_str(), column.column_type.as_str()])?;
    }
    Ok(())
}

fn is_nullable(params: &WriteCreateTable, column: &ColumnSpec) -> bool {
    !params.primary_key.contains(&column.name) && column.nullable.unwrap_or(true)
}

fn names(identifiers: &[Identifier]) -> Vec<SmolStr> {
    identifiers.iter().map(|name| name.as_str().into()).collect()
}
