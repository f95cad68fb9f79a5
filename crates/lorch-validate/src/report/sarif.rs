//! SARIF 2.1.0 (OASIS): the findings of one run as one document.

use std::collections::BTreeSet;
use std::io::{self, Write};

use lorch_types::diagnostic::{Diagnostic, End};
use lorch_types::json::{Object, Value};

use super::json::count;
use super::{Finding, severity};

const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// A document that is written result by result; the codes that occur are listed after them.
#[derive(Debug, Default)]
pub(super) struct Log {
    codes: BTreeSet<&'static str>,
    has_results: bool,
}

impl Log {
    /// Writes what comes before the results.
    pub(super) fn begin(&self, out: &mut dyn Write) -> io::Result<()> {
        write!(
            out,
            r#"{{"$schema":"{SCHEMA}","runs":[{{"columnKind":"unicodeCodePoints","results":["#
        )
    }

    /// Writes one result.
    pub(super) fn result(&mut self, finding: &Finding, out: &mut dyn Write) -> io::Result<()> {
        let comma = if self.has_results { "," } else { "" };
        self.has_results = true;
        self.codes.insert(finding.diagnostic.code.0);
        write!(out, "{comma}\n{}", result(finding))
    }

    /// Writes what comes after the results.
    pub(super) fn end(self, out: &mut dyn Write) -> io::Result<()> {
        let rules = self.codes.into_iter().map(|code| object([("id", code.into())]));
        let driver = object([
            ("name", "lorch".into()),
            ("version", env!("CARGO_PKG_VERSION").into()),
            ("informationUri", env!("CARGO_PKG_REPOSITORY").into()),
            ("rules", Value::Array(rules.collect())),
        ]);
        let tool = object([("driver", driver)]);
        let line_end = if self.has_results { "\n" } else { "" };
        writeln!(out, r#"{line_end}],"tool":{tool}}}],"version":"2.1.0"}}"#)
    }
}

fn result(finding: &Finding) -> Value {
    let Finding { diagnostic, keyword, file, place, end } = finding;
    let text = match &diagnostic.help {
        Some(help) => format!("{}; {help}", diagnostic.message),
        None => diagnostic.message.clone(),
    };
    let region = object([
        ("startLine", count(place.line)),
        ("startColumn", count(place.column)),
        ("endLine", count(end.line)),
        ("endColumn", count(end.column)),
    ]);
    let artifact = object([("uri", uri(file).into())]);
    let physical = object([("artifactLocation", artifact), ("region", region)]);
    let pointer = diagnostic.pointer.to_string();
    let logical = object([("fullyQualifiedName", pointer.into()), ("kind", "value".into())]);
    let location =
        object([("physicalLocation", physical), ("logicalLocations", Value::Array(vec![logical]))]);
    let mut result: Object = [
        ("ruleId", diagnostic.code.0.into()),
        ("level", severity(diagnostic.severity).into()),
        ("message", object([("text", text.into())])),
        ("locations", Value::Array(vec![location])),
    ]
    .into_iter()
    .collect();
    let Diagnostic { found, expected, .. } = diagnostic;
    let mut properties = Object::new();
    let keyword = keyword.as_deref();
    let properties_there =
        [("keyword", keyword), ("found", found.as_deref()), ("expected", expected.as_deref())];
    for (name, text) in properties_there {
        if let Some(text) = text {
            properties.insert(name, text);
        }
    }
    if !properties.is_empty() {
        result.insert("properties", properties);
    }
    if let Some(other) = &diagnostic.other {
        result.insert("relatedLocations", vec![related(other)]);
    }
    Value::Object(result)
}

/// The other end of a reference.
fn related(end: &End) -> Value {
    let artifact = object([("uri", uri(&end.file).into())]);
    let physical = match end.line {
        Some(line) => object([
            ("artifactLocation", artifact),
            ("region", object([("startLine", count(line))])),
        ]),
        None => object([("artifactLocation", artifact)]),
    };
    let logical =
        object([("fullyQualifiedName", end.pointer.to_string().into()), ("kind", "value".into())]);
    object([("physicalLocation", physical), ("logicalLocations", Value::Array(vec![logical]))])
}

/// A path as a relative reference (RFC 3986): what cannot stand in one is percent-encoded.
fn uri(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    // A colon in the first segment would make what is before it a scheme.
    let start = if path.contains(':') && !path.starts_with('/') { "./" } else { "" };
    out.push_str(start);
    for byte in path.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' | b':' => {
                out.push(char::from(byte));
            }
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

fn object<const N: usize>(members: [(&str, Value); N]) -> Value {
    Value::Object(members.into_iter().collect::<Object>())
}
