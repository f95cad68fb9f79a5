//! One JSON object a line.

use std::io::{self, Write};

use lorch_types::diagnostic::{Diagnostic, End};
use lorch_types::json::{Object, Value};

use super::{Finding, severity};

/// The finding as an object: `code`, `severity`, `message`, `file`, `line`, `column`, `pointer`, and
/// `keyword`, `found`, `expected`, `help` and `other` where there are some.
pub(super) fn write(finding: &Finding, out: &mut dyn Write) -> io::Result<()> {
    let Finding { diagnostic, keyword, file, place, .. } = finding;
    let mut object: Object = [
        ("code", Value::from(diagnostic.code.0)),
        ("severity", severity(diagnostic.severity).into()),
        ("message", diagnostic.message.as_str().into()),
        ("file", file.as_str().into()),
        ("line", count(place.line)),
        ("column", count(place.column)),
        ("pointer", diagnostic.pointer.to_string().into()),
    ]
    .into_iter()
    .collect();
    if let Some(keyword) = keyword {
        object.insert("keyword", keyword.clone());
    }
    let Diagnostic { found, expected, help, .. } = diagnostic;
    for (name, text) in [("found", found), ("expected", expected), ("help", help)] {
        if let Some(text) = text {
            object.insert(name, text.as_str());
        }
    }
    if let Some(other) = &diagnostic.other {
        object.insert("other", end(other));
    }
    writeln!(out, "{}", Value::Object(object))
}

/// The other end of a reference: `file`, `pointer`, and `line` in a file of lines.
fn end(end: &End) -> Object {
    let mut object = Object::new();
    object.insert("file", end.file.as_str());
    object.insert("pointer", end.pointer.to_string());
    if let Some(line) = end.line {
        object.insert("line", count(line));
    }
    object
}

/// A line or column as a number.
pub(super) fn count(count: usize) -> Value {
    u64::try_from(count).unwrap_or(u64::MAX).into()
}
