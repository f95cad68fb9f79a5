//! What a step did, in a few words, from its output.

use lorch_types::job::DispatchOp;
use lorch_types::json::Value;

use crate::amount::{counted, size};
use lorch_types::diagnostic::visible;

/// What a step did: `3,158 rows inserted`, `already there`.
pub(crate) fn effect(op: &DispatchOp, output: &Value, applied: bool) -> String {
    let done = done(op, output);
    match (applied, done.is_empty()) {
        (true, _) => done,
        (false, true) => "already there".to_owned(),
        (false, false) => format!("already there ({done})"),
    }
}

fn done(op: &DispatchOp, output: &Value) -> String {
    let number = |field: &str| output.get(field).and_then(Value::as_u64);
    match op.to_string().as_str() {
        "query.rows" | "query.count" | "assert.rows" | "assert.unique" | "compute.extract" => {
            number("count").map(|it| counted(it, "row"))
        }
        "query.max" | "compute.transform" => output.get("value").map(short),
        "write.create_table" => match output.get("created").and_then(Value::as_bool) {
            Some(true) => Some("table created".to_owned()),
            _ => Some("table already there".to_owned()),
        },
        "assert.schema" => {
            let columns = output.get("columns").and_then(Value::as_array).map(<[_]>::len);
            columns.map(|it| counted(it as u64, "column"))
        }
        "compute.render" => match (output.get("path").and_then(Value::as_str), number("size")) {
            (Some(path), Some(bytes)) => Some(format!("{}, {}", visible(path), size(bytes))),
            _ => output.get("text").and_then(Value::as_str).map(|it| size(it.len() as u64)),
        },
        "compute.http" => number("status").map(|status| format!("status {status}")),
        "compute.exec" => output.get("exit_code").map(|code| format!("exit {code}")),
        "compute.llm" => output.get("text").map(short),
        _ => None,
    }
    .or_else(|| changes(output))
    .unwrap_or_default()
}

/// The rows that a write changed; what is zero is left out, unless all is.
fn changes(output: &Value) -> Option<String> {
    let fields = ["inserted", "updated", "deleted", "unchanged"];
    let amounts: Vec<(u64, &str)> = fields
        .into_iter()
        .filter_map(|field| Some((output.get(field)?.as_u64()?, field)))
        .collect();
    let first = amounts.first()?;
    let parts: Vec<String> = amounts
        .iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, field)| format!("{} {field}", counted(*number, "row")))
        .collect();
    Some(if parts.is_empty() { format!("0 rows {}", first.1) } else { parts.join(", ") })
}

/// A value as a few characters.
fn short(value: &Value) -> String {
    const SHOWN: usize = 40;
    match value {
        Value::Array(items) => counted(items.len() as u64, "item"),
        Value::Object(object) => format!("an object of {}", counted(object.len() as u64, "field")),
        scalar => {
            let text = scalar.to_string();
            match text.char_indices().nth(SHOWN) {
                Some((end, _)) => format!("{}…", visible(text.get(..end).unwrap_or_default())),
                None => visible(&text),
            }
        }
    }
}
