//! Rows of a document as rows of a table.

use lorch_types::Digest;
use lorch_types::job::{ErrorCode, ErrorInfo};
use lorch_types::json::{Object, Value, canonical};
use lorch_types::pointer::Pointer;

use super::column::Cell;
use super::table::{Column, Table};

/// A row whose values are those of its table's columns.
#[derive(Debug)]
pub(crate) struct Row {
    /// Where its columns stand in the table, in the order of the row's keys.
    pub(crate) columns: Vec<usize>,
    /// The values in the same order.
    pub(crate) cells: Vec<Cell>,
}

/// The row `index` of the params as a row of `table`.
///
/// # Errors
/// `invalid_params` naming row, column and value: a column that the table does not have, or a value
/// that its type does not hold.
pub(crate) fn row(table: &Table, index: usize, values: &Object) -> Result<Row, ErrorInfo> {
    let mut columns = Vec::with_capacity(values.len());
    let mut cells = Vec::with_capacity(values.len());
    for (name, value) in values.iter() {
        let position = table.position(name);
        let Some((position, column)) = position.and_then(|at| Some((at, table.columns.get(at)?)))
        else {
            let error = table.no_column(ErrorCode::InvalidParams, name, &format!("row {index}: "));
            return Err(error.with_details(details(table, index, name, value)));
        };
        columns.push(position);
        cells.push(cell(table, column, index, value)?);
    }
    Ok(Row { columns, cells })
}

fn cell(table: &Table, column: &Column, index: usize, value: &Value) -> Result<Cell, ErrorInfo> {
    let name = &column.name;
    let problem = if column.generated {
        "it is computed by the database and cannot be written".to_owned()
    } else if value.is_null() && !column.nullable {
        "it cannot be null".to_owned()
    } else {
        match column.cell(value) {
            Some(cell) => return Ok(cell),
            None => format!(
                "its type is {}, and {} is not {}",
                column.type_name(),
                shown(value),
                column.rule()
            ),
        }
    };
    let message = format!(
        "row {index}, column `{}` of `{}`: {problem}",
        name.escape_debug(),
        table.name.escape_debug()
    );
    Err(ErrorCode::InvalidParams.error(message).with_details(details(table, index, name, value)))
}

/// Fails when a new row leaves out a column that must have a value.
///
/// # Errors
/// `invalid_params` naming row and column.
pub(crate) fn is_complete(table: &Table, index: usize, row: &Row) -> Result<(), ErrorInfo> {
    let missing = table.columns.iter().enumerate().find(|(position, column)| {
        !column.nullable
            && !column.has_default
            && !column.generated
            && !row.columns.contains(position)
    });
    let Some((_, column)) = missing else { return Ok(()) };
    let message = format!(
        "row {index} of `{}` has no `{}`, which cannot be null",
        table.name.escape_debug(),
        column.name.escape_debug()
    );
    Err(ErrorCode::InvalidParams.error(message).with_details([
        ("table", Value::from(table.name.clone())),
        ("row", ordinal(index)),
        ("column", Value::from(column.name.clone())),
        ("pointer", Value::from(Pointer::root().join("rows").join(index).to_string())),
    ]))
}

fn details(table: &Table, index: usize, column: &str, value: &Value) -> Object {
    let pointer = Pointer::root().join("rows").join(index).join(column);
    let mut details = Object::from_iter([
        ("table", Value::from(table.name.clone())),
        ("row", ordinal(index)),
        ("column", Value::from(column)),
        ("pointer", Value::from(pointer.to_string())),
    ]);
    insert_bounded(&mut details, "value", value);
    details
}

/// Adds `value` to the details of an error, or only its digest when it is long: errors are recorded
/// and shown whole.
pub(crate) fn insert_bounded(details: &mut Object, name: &str, value: &Value) {
    const MAX_BYTES: usize = 1000;
    let text = canonical(value);
    if text.len() <= MAX_BYTES {
        details.insert(name, value.clone());
    } else {
        let digest = Digest::of_bytes(text.as_bytes());
        details.insert(format!("{name}_sha256"), digest.as_str());
    }
}

/// The number of a row as JSON.
pub(crate) fn ordinal(index: usize) -> Value {
    Value::from(u64::try_from(index).unwrap_or(u64::MAX))
}

/// A value in a sentence, cut short when it is long.
pub(crate) fn shown(value: &Value) -> String {
    const SHOWN: usize = 60;
    let text = canonical(value);
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("`{}…`", text.get(..end).unwrap_or_default()),
        None => format!("`{text}`"),
    }
}
