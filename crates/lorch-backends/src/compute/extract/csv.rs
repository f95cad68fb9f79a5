//! Rows of comma-separated values (RFC 4180), with a header.

use std::collections::BTreeMap;

use csv::{ByteRecord, ReaderBuilder};
use lorch_types::SmolStr;
use lorch_types::job::{ErrorCode, ErrorInfo};
use lorch_types::json::{Object, Value};

use super::{CHECK_EVERY, Source, cell};
use crate::compute::Context;
use crate::data_plane::ColumnType;
use crate::nearest::did_you_mean;

/// How much of a cell a message quotes.
const SHOWN: usize = 60;

/// The rows of `source` as objects; cells without a type in `types` are strings.
pub(super) fn rows(
    source: &Source<'_>,
    delimiter: u8,
    types: &BTreeMap<String, ColumnType>,
    context: &Context<'_>,
) -> Result<Vec<Value>, ErrorInfo> {
    let bytes = source.bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(source.bytes);
    refuse_open_quote(source, bytes, delimiter)?;
    let mut reader =
        ReaderBuilder::new().has_headers(false).delimiter(delimiter).from_reader(bytes);
    let mut record = ByteRecord::new();
    let mut next = |record: &mut ByteRecord| {
        reader.read_byte_record(record).map_err(|error| unequal(source, &error))
    };
    if !next(&mut record)? {
        return Ok(Vec::new());
    }
    let columns = columns(source, &record, types)?;
    let mut rows = Vec::new();
    while next(&mut record)? {
        if rows.len() % CHECK_EVERY == 0 {
            context.cancellation.check()?;
        }
        let row = rows.len() + 1;
        let cells = columns.iter().zip(&record);
        let members = cells.map(|(column, cell)| {
            let value = column.value(cell).map_err(|problem| {
                bad_cell(source, row, &record, column, cell, problem, context)
            })?;
            Ok((column.name.clone(), value))
        });
        let members = members.collect::<Result<Vec<_>, ErrorInfo>>()?;
        rows.push(Value::Object(Object::from_iter(members)));
    }
    Ok(rows)
}

/// The byte that `delimiter` gives.
///
/// # Errors
/// `invalid_params` when it is not one ASCII character, or one that CSV needs otherwise.
pub(super) fn delimiter(delimiter: Option<&str>) -> Result<u8, ErrorInfo> {
    match delimiter.map(str::as_bytes) {
        None => Ok(b','),
        Some(&[byte]) if !matches!(byte, b'"' | b'\r' | b'\n') => Ok(byte),
        Some(_) => {
            let message = "`delimiter` should be one ASCII character other than a quote";
            Err(ErrorCode::InvalidParams.error(message).with_details([("pointer", "/delimiter")]))
        }
    }
}

struct Column {
    name: SmolStr,
    column_type: Option<ColumnType>,
}

impl Column {
    fn value(&self, cell: &[u8]) -> Result<Value, &'static str> {
        let text = str::from_utf8(cell).map_err(|_| "is not UTF-8")?;
        match self.column_type {
            None => Ok(text.into()),
            Some(column_type) => cell::value(text, column_type),
        }
    }
}

fn columns(
    source: &Source<'_>,
    header: &ByteRecord,
    types: &BTreeMap<String, ColumnType>,
) -> Result<Vec<Column>, ErrorInfo> {
    let mut columns: Vec<Column> = Vec::with_capacity(header.len());
    for (index, name) in header.iter().enumerate() {
        let number = index + 1;
        let name = str::from_utf8(name).map_err(|_| {
            source.error(1, format_args!("the name of column {number} is not UTF-8"))
        })?;
        if name.is_empty() {
            return Err(source.error(1, format_args!("column {number} has no name")));
        }
        if columns.iter().any(|column| column.name == name) {
            let name = name.escape_debug();
            return Err(source.error(1, format_args!("two columns are named `{name}`")));
        }
        columns.push(Column { name: name.into(), column_type: types.get(name).copied() });
    }
    let known = || columns.iter().map(|column| column.name.as_str());
    match types.keys().find(|name| !known().any(|known| known == name.as_str())) {
        None => Ok(columns),
        Some(name) => {
            let help = did_you_mean(name, known()).map(|help| format!("; {help}"));
            let (help, name) = (help.unwrap_or_default(), name.escape_debug());
            let message =
                format!("{} has no column `{name}`, which `types` names{help}", source.name);
            Err(ErrorCode::InvalidParams.error(message).with_details([("pointer", "/types")]))
        }
    }
}

fn bad_cell(
    source: &Source<'_>,
    row: usize,
    record: &ByteRecord,
    column: &Column,
    cell: &[u8],
    problem: &str,
    context: &Context<'_>,
) -> ErrorInfo {
    let line = record.position().map_or(0, csv::Position::line);
    let value = context.redactor.excerpt(&String::from_utf8_lossy(cell), SHOWN);
    let (name, shown) = (column.name.escape_debug(), value.escape_debug());
    let message =
        format!("{}, row {row} (line {line}), column `{name}`: `{shown}` {problem}", source.name);
    let row = u64::try_from(row).unwrap_or(u64::MAX);
    ErrorCode::Backend.error(message).with_details([
        ("row", Value::from(row)),
        ("line", line.into()),
        ("column", column.name.clone().into()),
        ("value", value.into()),
    ])
}

fn unequal(source: &Source<'_>, error: &csv::Error) -> ErrorInfo {
    let line = error.position().map_or(0, csv::Position::line);
    let line = usize::try_from(line).unwrap_or(usize::MAX);
    match error.kind() {
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => source
            .error(line, format_args!("a row of {len} cells beneath a header of {expected_len}")),
        _ => source.error(line, error),
    }
}

/// A quote that is never closed would take in all the rows after it.
fn refuse_open_quote(source: &Source<'_>, bytes: &[u8], delimiter: u8) -> Result<(), ErrorInfo> {
    enum State {
        CellStart,
        Plain,
        Quoted(usize),
        /// After a quote that closes the cell, unless another one follows.
        Closing(usize),
    }
    let mut line = 1;
    let mut state = State::CellStart;
    for byte in bytes {
        state = match (state, *byte) {
            (State::CellStart, b'"') => State::Quoted(line),
            (State::Quoted(opened), b'"') => State::Closing(opened),
            (State::Quoted(opened), _) | (State::Closing(opened), b'"') => State::Quoted(opened),
            (_, byte) if byte == delimiter || matches!(byte, b'\n' | b'\r') => State::CellStart,
            _ => State::Plain,
        };
        line += usize::from(*byte == b'\n');
    }
    match state {
        State::Quoted(line) => Err(source.error(line, "a quote is opened here and never closed")),
        State::CellStart | State::Plain | State::Closing(_) => Ok(()),
    }
}
