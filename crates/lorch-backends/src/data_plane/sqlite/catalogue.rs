//! The tables that there are, read from the database itself within each transaction.
//!
//! SQLite's own table-valued functions are qualified with `temp`, where the database has no tables:
//! one named `pragma_table_xinfo` would otherwise stand in their place.

use lorch_types::SmolStr;
use lorch_types::job::{ErrorCode, ErrorInfo};
use rusqlite::{Connection, OptionalExtension};

use super::error::Failure;
use super::value::Storage;
use crate::data_plane::column::ColumnType;
use crate::data_plane::params::is_reserved;
use crate::data_plane::table::{Column, Table, no_table};

/// The table or view `name`.
///
/// # Errors
/// `not_found` with the nearest name that there is; `denied` for lorch's and SQLite's own tables.
pub(super) fn table(connection: &Connection, name: &str) -> Result<Table, Failure> {
    if is_reserved(name) {
        return Err(reserved(name).into());
    }
    match find(connection, name)? {
        Some(table) => Ok(table),
        None => {
            let names = names(connection)?;
            Err(no_table(name, names.iter().map(String::as_str)).into())
        }
    }
}

fn reserved(name: &str) -> ErrorInfo {
    let owner = if name.starts_with('_') { "lorch" } else { "SQLite" };
    let message = format!("the table `{}` is {owner}'s own", name.escape_debug());
    ErrorCode::Denied.error(message).with_details([("table", name)])
}

/// The table or view of exactly this name, if there is one.
pub(super) fn find(connection: &Connection, name: &str) -> rusqlite::Result<Option<Table>> {
    let kind: Option<String> = connection
        .prepare_cached(
            "SELECT type FROM sqlite_schema WHERE name = ?1 AND type IN ('table', 'view')",
        )?
        .query_row([name], |row| row.get(0))
        .optional()?;
    let Some(kind) = kind else { return Ok(None) };
    let (columns, primary_key) = columns(connection, name)?;
    Ok(Some(Table {
        name: name.into(),
        columns,
        primary_key,
        unique: unique(connection, name)?,
        is_view: kind == "view",
    }))
}

/// The names of all tables and views that steps can use.
pub(super) fn names(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut names = connection
        .prepare_cached(
            "SELECT name FROM sqlite_schema WHERE type IN ('table', 'view') ORDER BY 1",
        )?
        .query_map([], |row| row.get(0))?
        .collect::<rusqlite::Result<Vec<String>>>()?;
    names.retain(|name| !is_reserved(name));
    Ok(names)
}

/// The columns, and the names of those of the primary key in its order.
fn columns(connection: &Connection, table: &str) -> rusqlite::Result<(Vec<Column>, Vec<SmolStr>)> {
    let mut statement = connection.prepare_cached(
        "SELECT x.name, x.type, x.\"notnull\", x.dflt_value IS NOT NULL, x.pk, x.hidden, c.column_type
         FROM temp.pragma_table_xinfo(?1, 'main') AS x
         LEFT JOIN _lorch_columns AS c ON c.table_name = ?1 AND c.column_name = x.name
         WHERE x.hidden <> 1
         ORDER BY x.cid",
    )?;
    let mut rows = statement.query([table])?;
    let (mut columns, mut key) = (Vec::new(), Vec::new());
    while let Some(row) = rows.next()? {
        let name = SmolStr::from(row.get_ref(0)?.as_str().unwrap_or_default());
        let declared: String = row.get(1)?;
        let recorded: Option<String> = row.get(6)?;
        let ordinal: u32 = row.get(4)?;
        if ordinal > 0 {
            key.push((ordinal, name.clone()));
        }
        columns.push(Column {
            name,
            column_type: column_type(&declared, recorded.as_deref()),
            nullable: !row.get::<_, bool>(2)?,
            has_default: row.get(3)?,
            generated: row.get::<_, i32>(5)? > 1,
        });
    }
    key.sort();
    Ok((columns, key.into_iter().map(|(_, name)| name).collect()))
}

/// The type that lorch recorded for a column when it made the table, or else what the declared type
/// means by SQLite's rules and by custom.
fn column_type(declared: &str, recorded: Option<&str>) -> Option<ColumnType> {
    let declared = declared.to_ascii_uppercase();
    let recorded = recorded
        .and_then(|name| ColumnType::ALL.into_iter().find(|it| it.as_str() == name))
        // A table that was dropped and made anew by another program has other types.
        .filter(|it| Storage::of(*it).declared() == declared);
    if recorded.is_some() {
        return recorded;
    }
    let has = |words: &[&str]| words.iter().any(|word| declared.contains(word));
    if has(&["BOOL"]) {
        Some(ColumnType::Boolean)
    } else if declared == "JSON" {
        Some(ColumnType::Json)
    } else if has(&["INT"]) {
        Some(ColumnType::Integer)
    } else if has(&["CHAR", "CLOB", "TEXT"]) {
        Some(ColumnType::Text)
    } else if has(&["REAL", "FLOA", "DOUB"]) {
        Some(ColumnType::Real)
    } else {
        None
    }
}

/// The sets of columns that are unique, whatever made them so.
fn unique(connection: &Connection, table: &str) -> rusqlite::Result<Vec<Vec<SmolStr>>> {
    let indexes = connection
        .prepare_cached(
            "SELECT name FROM temp.pragma_index_list(?1, 'main') WHERE \"unique\" AND NOT partial ORDER BY name",
        )?
        .query_map([table], |row| row.get(0))?
        .collect::<rusqlite::Result<Vec<String>>>()?;
    let mut statement = connection
        .prepare_cached("SELECT name FROM temp.pragma_index_info(?1, 'main') ORDER BY seqno")?;
    let mut sets = Vec::new();
    for index in indexes {
        let names = statement
            .query_map([index], |row| row.get(0))?
            .collect::<rusqlite::Result<Vec<Option<String>>>>()?;
        // An index over an expression has a column without a name.
        let set: Option<Vec<SmolStr>> =
            names.into_iter().map(|name| name.map(SmolStr::from)).collect();
        sets.extend(set);
    }
    Ok(sets)
}
