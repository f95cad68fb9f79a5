//! The example that ships, and changed copies of it.

use std::path::{Path, PathBuf};

use lorch_backends::Config;
use lorch_plans::{Contract, Evidence, Setting, Validation, validate};
use lorch_types::json::{Limits, Value, from_value, read};
use lorch_types::plan::{Metrics, Task};
use lorch_types::pointer::Pointer;

/// The repository.
pub(crate) fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// A document of the example.
pub(crate) fn document(name: &str) -> Value {
    let path = repository().join("examples/drift").join(name);
    value(&std::fs::read_to_string(path).unwrap())
}

/// The configuration of the example.
pub(crate) fn config() -> Config {
    let path = repository().join("examples/drift/lorch.toml");
    Config::parse(&std::fs::read_to_string(path).unwrap()).unwrap()
}

#[track_caller]
pub(crate) fn value(text: &str) -> Value {
    read(text.as_bytes(), Limits::default()).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// The document with the value at `pointer` replaced, added, or, where it is `null`, taken out.
#[track_caller]
pub(crate) fn with(document: &Value, pointer: &str, new: &str) -> Value {
    let mut document = document.clone();
    let mut parent: Pointer = pointer.parse().unwrap();
    let last = parent.pop().unwrap();
    match parent.find_mut(&mut document).unwrap_or_else(|| panic!("no {parent}")) {
        Value::Object(object) if new == "null" => drop(object.remove(&last)),
        Value::Object(object) => drop(object.insert(last, value(new))),
        Value::Array(items) if new == "null" => drop(items.remove(last.parse().unwrap())),
        Value::Array(items) => match last.parse::<usize>() {
            Ok(index) => items[index] = value(new),
            Err(_) => items.push(value(new)),
        },
        other => panic!("{other} at {parent}"),
    }
    document
}

/// Validates a plan of a task, policies aside.
#[track_caller]
pub(crate) fn judged(task: &Value, plan: &Value, config: &Config) -> Validation {
    let task: Task = from_value(task).unwrap();
    let mut metrics = Metrics::built_in();
    for (metric, of) in &config.metrics {
        metrics.declare(metric.clone(), *of).unwrap();
    }
    let setting = Setting {
        contract: Contract::of(&task).unwrap(),
        tools: &config.tools,
        metrics: &metrics,
        evidence: Evidence::default(),
    };
    validate(plan, &setting, Vec::new())
}

/// What was found, a line each: severity, code, pointer, message, help.
pub(crate) fn said(validation: &Validation) -> String {
    let mut said = String::new();
    for finding in validation.findings() {
        let severity = format!("{:?}", finding.severity).to_lowercase();
        let file = finding.file.as_ref().map(|file| format!("{file} ")).unwrap_or_default();
        let (code, pointer, message) = (finding.code, &finding.pointer, &finding.message);
        said.push_str(&format!("{severity}[{code}] {file}{pointer}: {message}\n"));
        if let Some(help) = &finding.help {
            said.push_str(&format!("  help: {help}\n"));
        }
    }
    said
}
