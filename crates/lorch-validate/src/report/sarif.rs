//! SARIF 2.1.0 (OASIS): the findings of one run as one document.

use std::collections::BTreeSet;
use std::io::{self, Write};

use lorch_types::diagnostic::End;
use lorch_types::json::{Object, Value};

use super::json::count;
use super::{Finding, severity};

const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

pub(super) fn write(findings: &[Finding], out: &mut dyn Write) -> io::Result<()> {
    let codes: BTreeSet<&str> = findings.iter().map(|finding| finding.diagnostic.code.0).collect();
    let rules = codes.into_iter().map(|code| object([("id", code.into())]));
    let driver = object([
        ("name", "lorch".into()),
        ("version", env!("CARGO_PKG_VERSION").into()),
        ("informationUri", env!("CARGO_PKG_REPOSITORY").into()),
        ("rules", Value::Array(rules.collect())),
    ]);
    let run = object([
        ("tool", object([("driver", driver)])),
        ("columnKind", "unicodeCodePoints".into()),
        ("results", Value::Array(findings.iter().map(result).collect())),
    ]);
    let log = object([
        ("$schema", SCHEMA.into()),
        ("version", "2.1.0".into()),
        ("runs", Value::Array(vec![run])),
    ]);
    writeln!(out, "{log}")
}

fn result(finding: &Finding) -> Value {
    let Finding { diagnostic, file, place, end, .. } = finding;
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
