//! The documents by which `v1` is frozen, in `cases/v1`: of each kind one file, each line a
//! document, its name and whether it is valid.
//!
//! The line `full` has every field; most others are made from it by [`additions`], and some are
//! written by hand. A line that is there is never changed: that is what freezing means.

mod cases;
mod texts;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use lorch_types::Kind;
use lorch_types::json::Value;
use lorch_types::schema::document_schema;
use lorch_validate::{Validator, Violation};
use serde_json::{Value as Json, json};

/// One line.
#[derive(Clone, Debug, PartialEq)]
pub struct Frozen {
    /// What is particular about the document; no other of its kind has this name.
    pub name: String,
    /// Whether it is valid.
    pub valid: bool,
    /// What was found when it was frozen: codes and pointers.
    pub violations: Vec<String>,
    /// The document.
    pub document: Json,
}

/// The file of documents of this kind.
pub fn path(kind: Kind) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("cases/v1/{kind}.ndjson"))
}

/// The lines of this kind's file.
///
/// # Errors
/// When the file or one of its lines cannot be read.
pub fn read(kind: Kind) -> Result<Vec<Frozen>> {
    let path = path(kind);
    let text = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    text.lines().map(|line| parse(line).with_context(|| format!("{kind}: {line}"))).collect()
}

fn parse(line: &str) -> Result<Frozen> {
    let line: Json = serde_json::from_str(line)?;
    let found = line.get("violations").and_then(Json::as_array);
    let found = found.into_iter().flatten().filter_map(Json::as_str);
    Ok(Frozen {
        name: line.get("name").and_then(Json::as_str).context("no name")?.to_owned(),
        valid: line.get("valid").and_then(Json::as_bool).context("no verdict")?,
        violations: found.map(str::to_owned).collect(),
        document: line.get("document").context("no document")?.clone(),
    })
}

/// The documents that follow from the line `full` and that no line of `present` has yet, judged.
///
/// # Errors
/// When there is no line `full`, or a document is judged otherwise than it is meant.
pub fn additions(kind: Kind, present: &[Frozen]) -> Result<Vec<Frozen>> {
    let full = present.iter().find(|line| line.name == "full").context("no line `full`")?;
    let validator = Validator::for_kind(kind);
    let mut names: BTreeSet<String> = present.iter().map(|line| line.name.clone()).collect();
    let mut added = Vec::new();
    for case in cases::cases(&document_schema(kind), &full.document, tried_before(kind)) {
        let found = validator.validate(&Value::from(case.document.clone()));
        let valid = found.is_empty();
        ensure!(case.valid.is_none_or(|it| it == valid), "{kind} `{}`: {found:?}", case.name);
        if names.insert(case.name.clone()) {
            let violations = found.iter().map(coded).collect();
            added.push(Frozen { name: case.name, valid, violations, document: case.document });
        }
    }
    Ok(added)
}

/// The identifiers in the schemas of the kinds that are listed before this one.
fn tried_before(kind: Kind) -> BTreeSet<String> {
    let before = Kind::ALL.into_iter().take_while(|before| *before != kind);
    let mut titles = BTreeSet::new();
    for schema in before.map(document_schema) {
        let definitions = schema.get("definitions").and_then(Json::as_object);
        let titled = definitions.into_iter().flatten();
        titles.extend(titled.filter_map(|(_, it)| it.get("title")?.as_str().map(str::to_owned)));
    }
    titles
}

/// Adds what is found wrong with documents that were written by hand.
pub fn explain(kind: Kind, lines: &mut [Frozen]) {
    let validator = Validator::for_kind(kind);
    for line in lines.iter_mut().filter(|line| !line.valid && line.violations.is_empty()) {
        let document = Value::from(line.document.clone());
        line.violations = validator.validate(&document).iter().map(coded).collect();
    }
}

/// The code of a violation and its place.
pub fn coded(violation: &Violation) -> String {
    format!("{} {}", violation.family.code(), violation.pointer).trim_end().to_owned()
}

/// The lines as their file has them.
pub fn write(lines: &[Frozen]) -> String {
    let mut out = String::new();
    for Frozen { name, valid, violations, document } in lines {
        let head = match violations.as_slice() {
            [] => format!("{{\"name\":{},\"valid\":{valid}", json!(name)),
            found => format!(
                "{{\"name\":{},\"valid\":{valid},\"violations\":{}",
                json!(name),
                json!(found)
            ),
        };
        let _ = writeln!(out, "{head},\"document\":{document}}}");
    }
    out
}
