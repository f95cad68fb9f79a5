//! The YAML reader against yaml-test-suite.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use lorch_types::json::{self, Limits, ReadErrorKind};
use lorch_types::yaml;

use crate::corpus;

/// How many valid cases are refused, by the reason.
const REFUSED: &[(&str, usize)] = &[
    ("anchors", 23),
    ("further documents", 13),
    ("keys that are arrays or objects", 13),
    ("keys that are left out", 9),
    ("no document", 5),
    ("tags", 37),
];

/// The folders below `folder` that hold a case each; some cases come in several variants.
fn cases(folder: &Path) -> Vec<PathBuf> {
    corpus::entries(folder)
        .into_iter()
        .flat_map(
            |case| if case.join("in.yaml").is_file() { vec![case] } else { corpus::entries(&case) },
        )
        .filter(|case| case.join("in.yaml").is_file())
        .collect()
}

/// Why a valid text is refused.
#[track_caller]
fn reason(kind: &ReadErrorKind, text: &str, case: &str) -> &'static str {
    let (feature, indicator) = match kind {
        ReadErrorKind::Refused { feature } => match *feature {
            "anchors" => (*feature, "&"),
            "aliases" => (*feature, "*"),
            "tags" => (*feature, "!"),
            "further documents" => (*feature, "\n"),
            _ => (*feature, ":"),
        },
        ReadErrorKind::UnexpectedEnd { .. } => ("no document", ""),
        ReadErrorKind::DuplicateKey { .. } => ("duplicate keys", ":"),
        other => panic!("{case}: {other}"),
    };
    assert!(text.contains(indicator), "{case}: there are no {feature} in it");
    feature
}

#[test]
fn yaml_test_suite_is_read_and_refused_as_the_corpus_says() {
    let Some(folder) = corpus::folder("yaml") else { return };
    let (mut invalid, mut read) = (0, 0);
    let mut refused = BTreeMap::new();
    for case in cases(&folder) {
        let name = case.strip_prefix(&folder).unwrap().display().to_string();
        let text = std::fs::read_to_string(case.join("in.yaml")).unwrap();
        match yaml::read(text.as_bytes(), Limits::default()) {
            Ok(value) => {
                assert!(!case.join("error").exists(), "{name} is invalid, and was read as {value}");
                // A case without JSON has a meaning that JSON cannot say; none of it may be lost.
                if let Ok(json) = std::fs::read(case.join("in.json")) {
                    assert_eq!(value, json::read(&json, Limits::default()).unwrap(), "{name}");
                    read += 1;
                } else {
                    assert_eq!(name, "4ABK");
                }
            }
            Err(_) if case.join("error").exists() => invalid += 1,
            Err(error) => *refused.entry(reason(&error.kind, &text, &name)).or_insert(0) += 1,
        }
    }
    assert_eq!((invalid, read), (94, 207));
    assert_eq!(refused, REFUSED.iter().copied().collect());
}
