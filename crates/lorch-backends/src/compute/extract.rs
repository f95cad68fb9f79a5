//! `compute.extract`: rows from files of the workspace.

mod cell;
mod csv;

use std::collections::BTreeMap;

use lorch_types::job::{ErrorCode, ErrorInfo};
use lorch_types::json::{Limits, Object, Value, ValueType, read};
use lorch_types::pointer::Pointer;
use schemars::JsonSchema;
use serde::de::Error;
use serde::{Deserialize, Deserializer};

use super::Context;
use crate::data_plane::ColumnType;
use crate::op::{OpParams, not_null};

/// Reads rows from a file of the workspace.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(remote = "Self", deny_unknown_fields)]
#[schemars(deny_unknown_fields, extend(
    "oneOf" = [{ "required": ["path"] }, { "required": ["text"] }]
))]
pub(crate) struct ExtractParams {
    /// The file, relative to the workspace.
    #[serde(default, deserialize_with = "not_null")]
    #[schemars(with = "String")]
    pub(crate) path: Option<String>,
    /// The text itself, instead of a file.
    #[serde(default, deserialize_with = "not_null")]
    #[schemars(with = "String")]
    text: Option<String>,
    /// What the text is written in.
    format: ExtractFormat,
    /// CSV: the types of columns; those of other columns are strings. An empty cell of a typed
    /// column is null.
    #[serde(default, deserialize_with = "not_null")]
    #[schemars(with = "BTreeMap<String, ColumnType>")]
    types: Option<BTreeMap<String, ColumnType>>,
    /// JSON: the JSON pointer of the array that holds the rows; without it the whole text.
    #[serde(default, deserialize_with = "not_null")]
    #[schemars(with = "String")]
    pointer: Option<String>,
    /// CSV: the one character between cells; a comma without it.
    #[serde(default, deserialize_with = "not_null")]
    #[schemars(with = "String")]
    delimiter: Option<String>,
}

impl<'de> Deserialize<'de> for ExtractParams {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let params = Self::deserialize(deserializer)?;
        if params.path.is_some() == params.text.is_some() {
            return Err(D::Error::custom("it needs one of `path`, `text`"));
        }
        Ok(params)
    }
}

impl OpParams for ExtractParams {
    const OP: &'static str = "compute.extract";
    const SUMMARY: &'static str = "Reads rows from a CSV, JSON or NDJSON file of the workspace";
}

/// What a text with rows is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum ExtractFormat {
    /// Comma-separated values with a header row (RFC 4180).
    Csv,
    /// One JSON document.
    Json,
    /// One JSON document a line.
    Ndjson,
}

pub(super) fn extract(params: ExtractParams, context: &Context<'_>) -> Result<Value, ErrorInfo> {
    refuse_foreign_options(&params)?;
    let (name, bytes) = source(&params, context)?;
    let source = Source { name: &name, bytes: &bytes };
    let rows = match params.format {
        ExtractFormat::Csv => {
            let delimiter = csv::delimiter(params.delimiter.as_deref())?;
            let types = params.types.unwrap_or_default();
            csv::rows(&source, delimiter, &types, context)?
        }
        ExtractFormat::Json => json_rows(&source, params.pointer.as_deref(), context)?,
        ExtractFormat::Ndjson => ndjson_rows(&source, context)?,
    };
    let count = u64::try_from(rows.len()).unwrap_or(u64::MAX);
    let members = [("rows", Value::Array(rows)), ("count", count.into())];
    Ok(Value::Object(members.into_iter().collect()))
}

/// A text with rows, and what it is called in messages.
struct Source<'a> {
    name: &'a str,
    bytes: &'a [u8],
}

impl Source<'_> {
    /// An error about the content, at a line of it.
    fn error(&self, line: usize, problem: impl std::fmt::Display) -> ErrorInfo {
        let line = u64::try_from(line).unwrap_or(u64::MAX);
        ErrorCode::Backend
            .error(format!("{}, line {line}: {problem}", self.name))
            .with_details([("line", line)])
    }
}

fn refuse_foreign_options(params: &ExtractParams) -> Result<(), ErrorInfo> {
    let csv = params.format == ExtractFormat::Csv;
    let foreign = [
        ("types", params.types.is_some() && !csv, "csv"),
        ("delimiter", params.delimiter.is_some() && !csv, "csv"),
        ("pointer", params.pointer.is_some() && params.format != ExtractFormat::Json, "json"),
    ];
    match foreign.into_iter().find(|(_, given, _)| *given) {
        None => Ok(()),
        Some((option, _, format)) => {
            let message = format!("`{option}` is only for the format `{format}`");
            let pointer = format!("/{option}");
            Err(ErrorCode::InvalidParams.error(message).with_details([("pointer", pointer)]))
        }
    }
}

fn source(params: &ExtractParams, context: &Context<'_>) -> Result<(String, Vec<u8>), ErrorInfo> {
    match (&params.path, &params.text) {
        (Some(path), None) => {
            let path = context.path(path)?;
            let limit = context.config.limits.max_output_bytes.get();
            Ok((format!("`{path}`"), context.workspace.read(&path, limit)?))
        }
        (None, Some(text)) => Ok(("`text`".to_owned(), text.clone().into_bytes())),
        _ => Err(ErrorCode::InvalidParams.error("`compute.extract` takes one of `path`, `text`")),
    }
}

fn json_rows(
    source: &Source<'_>,
    pointer: Option<&str>,
    context: &Context<'_>,
) -> Result<Vec<Value>, ErrorInfo> {
    let limits = Limits { max_bytes: context.config.limits.max_output_bytes.get() };
    let document = read(source.bytes, limits).map_err(|error| read_error(source, 1, &error))?;
    let pointer: Pointer = pointer.unwrap_or_default().parse().map_err(|error| {
        let message = format!("{error}");
        ErrorCode::InvalidParams.error(message).with_details([("pointer", "/pointer")])
    })?;
    match take(document, &pointer) {
        Some(Value::Array(rows)) => Ok(rows),
        Some(other) => Err(no_rows(source, &pointer, &other)),
        None => {
            Err(ErrorCode::NotFound.error(format!("{} has nothing at `{pointer}`", source.name)))
        }
    }
}

/// The value at `pointer` without a copy of it.
fn take(mut document: Value, pointer: &Pointer) -> Option<Value> {
    pointer.find_mut(&mut document).map(std::mem::take)
}

fn no_rows(source: &Source<'_>, pointer: &Pointer, found: &Value) -> ErrorInfo {
    let place = if pointer.is_root() { String::new() } else { format!(" at `{pointer}`") };
    let found_type = found.value_type().with_article();
    let arrays = found.as_object().into_iter().flat_map(Object::iter);
    let array =
        arrays.filter(|(_, value)| value.value_type() == ValueType::Array).map(|(key, _)| key);
    let help = array.into_iter().next().map(|key| {
        let deeper = pointer.join(key);
        format!("; give `pointer: \"{deeper}\"` for the array there")
    });
    let help = help.unwrap_or_default();
    ErrorCode::Backend
        .error(format!("{}{place} is {found_type}, not an array of rows{help}", source.name))
}

fn ndjson_rows(source: &Source<'_>, context: &Context<'_>) -> Result<Vec<Value>, ErrorInfo> {
    let limits = Limits { max_bytes: context.config.limits.max_line_bytes.get() };
    let mut rows = Vec::new();
    for (index, line) in source.bytes.split(|byte| *byte == b'\n').enumerate() {
        if index % CHECK_EVERY == 0 {
            context.cancellation.check()?;
        }
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        rows.push(read(line, limits).map_err(|error| read_error(source, index + 1, &error))?);
    }
    Ok(rows)
}

/// How many rows pass between two looks at whether to stop.
const CHECK_EVERY: usize = 1024;

/// An error of a document that begins at line `first`.
fn read_error(
    source: &Source<'_>,
    first: usize,
    error: &lorch_types::json::ReadError,
) -> ErrorInfo {
    let column = error.place.column;
    source.error(first + error.place.line - 1, format_args!("column {column}: {error}"))
}
