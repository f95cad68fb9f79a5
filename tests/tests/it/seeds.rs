//! The example documents that the project began with, byte for byte as they were given.
//!
//! Each folder of `cases/seeds` holds one: `document.json`; where it breaks the patterns that were
//! given with it, every violation in `expected.txt`; and then what should have stood there in
//! `corrected.json`. `LORCH_BLESS=1` writes what is found as what is expected.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use lorch_types::agent::{Command, SnapshotManifest};
use lorch_types::diagnostic::{Format, Source};
use lorch_types::json::{Limits, from_value};
use lorch_types::{Digest, Kind};
use lorch_validate::{Verdict, validate_document};

/// What an example is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Example {
    /// A valid document of this kind.
    Valid(Kind),
    /// A document of this kind that breaks the patterns.
    Broken(Kind),
    /// No document of lorch: the settings of an editor.
    NoDocument,
}

/// Every example.
const EXAMPLES: [(&str, Example); 10] = [
    ("command", Example::Broken(Kind::Command)),
    ("event", Example::Broken(Kind::Event)),
    ("heartbeat", Example::Valid(Kind::Heartbeat)),
    ("log", Example::Valid(Kind::Log)),
    ("plan", Example::Valid(Kind::Plan)),
    ("receipt", Example::Broken(Kind::Receipt)),
    ("run-state", Example::Broken(Kind::RunState)),
    ("snapshot-manifest", Example::Broken(Kind::SnapshotManifest)),
    ("task", Example::Valid(Kind::Task)),
    ("vscode-settings", Example::NoDocument),
];

/// The digest of the ten documents, one after the other: they are as they were given, and nobody
/// makes a test pass by editing them.
const AS_GIVEN: &str = "sha256:0ec28f74ed2b804341eb1906c631de82d48fe2fe5eb9e18438906507ee059934";

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("cases/seeds")
}

#[track_caller]
fn source(name: &str, file: &str) -> Source {
    let path = folder().join(name).join(file);
    let text = fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    Source { name: file.to_owned(), text, format: Format::Json }
}

#[track_caller]
fn judged(name: &str, file: &str) -> Verdict {
    validate_document(&source(name, file), None, Limits::default())
}

/// Everything that programs are told about what was found.
fn listed(verdict: &Verdict) -> String {
    let mut out = String::new();
    for finding in &verdict.findings {
        let diagnostic = &finding.diagnostic;
        let (code, pointer, place) = (diagnostic.code, &diagnostic.pointer, finding.place);
        let _ = writeln!(out, "{code} {place} `{pointer}`\n  {}", diagnostic.message);
        if let Some(help) = &diagnostic.help {
            let _ = writeln!(out, "  help: {help}");
        }
    }
    out
}

#[track_caller]
fn check(name: &str, example: Example) {
    let expected: &[&str] = match example {
        Example::Valid(_) => &["document.json"],
        Example::Broken(_) => &["corrected.json", "document.json", "expected.txt"],
        Example::NoDocument => &["document.json", "expected.txt"],
    };
    let kind = match example {
        Example::Valid(kind) | Example::Broken(kind) => Some(kind),
        Example::NoDocument => None,
    };
    let verdict = judged(name, "document.json");
    let found = listed(&verdict);
    let path = folder().join(name).join("expected.txt");
    if std::env::var_os("LORCH_BLESS").is_some() && !found.is_empty() {
        fs::write(&path, &found).unwrap();
    }
    let files: BTreeSet<String> = fs::read_dir(folder().join(name))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(verdict.kind, kind, "{name}");
    assert_eq!(files, expected.iter().map(|file| (*file).to_owned()).collect(), "{name}");
    assert_eq!(found, fs::read_to_string(&path).unwrap_or_default(), "{name}");
    if expected.contains(&"corrected.json") {
        let corrected = judged(name, "corrected.json");
        assert_eq!((corrected.kind, listed(&corrected).as_str()), (kind, ""), "{name}");
    }
}

#[test]
fn examples_are_judged_as_expected() {
    for (name, example) in EXAMPLES {
        check(name, example);
    }
}

#[test]
fn no_example_is_missing_left_over_or_edited() {
    let found: BTreeSet<String> = fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    let names = EXAMPLES.map(|(name, _)| name);
    assert_eq!(found, names.into_iter().map(str::to_owned).collect());
    let given: Vec<u8> = names.iter().flat_map(|name| source(name, "document.json").text).collect();
    assert_eq!(Digest::of_bytes(&given).as_str(), AS_GIVEN);
}

/// A correction is more than a text of the right form: it is what the example should have said.
#[test]
fn corrections_are_derived_from_their_content() {
    let corrected = |name| source(name, "corrected.json").read(Limits::default()).unwrap();
    let command: Command = from_value(&corrected("command")).unwrap();
    let key = Command::key(
        command.action,
        &command.task_id,
        &command.version.snapshot_id,
        &command.inputs,
        &command.expected_outputs,
    );
    assert_eq!(key.unwrap(), command.idempotency_key);
    let snapshot: SnapshotManifest = from_value(&corrected("snapshot-manifest")).unwrap();
    assert_eq!(SnapshotManifest::id_of(&snapshot.files), snapshot.snapshot_id);
}
