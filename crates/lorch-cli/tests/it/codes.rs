//! Every code that lorch reports stands in the pages, with an example.

use std::collections::BTreeSet;
use std::path::Path;

use crate::lorch::repository;

/// Where they stand.
const PAGES: [&str; 4] =
    ["docs/job-language.md", "docs/documents.md", "docs/validation.md", "docs/plans.md"];

#[test]
fn every_code_is_documented_and_every_documented_code_is_there() {
    let mut reported = BTreeSet::new();
    for entry in std::fs::read_dir(repository().join("crates")).unwrap() {
        collect(&entry.unwrap().path().join("src"), &mut reported);
    }
    let page = |name| std::fs::read_to_string(repository().join(name)).unwrap();
    let page = PAGES.map(page).concat();
    let documented: BTreeSet<String> = codes(&page, '`').collect();
    assert!(reported.len() > 50, "{reported:?}");
    assert_eq!(documented, reported);
    let shown: BTreeSet<String> = codes(&page, '[').collect();
    let without_example: Vec<&String> = reported.difference(&shown).collect();
    assert!(without_example.is_empty(), "no example for {without_example:?}");
}

fn collect(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, found);
        } else if path.extension().is_some_and(|it| it == "rs") {
            found.extend(codes(&std::fs::read_to_string(path).unwrap(), '"'));
        }
    }
}

/// The codes between the character `before` and its counterpart.
fn codes(text: &str, before: char) -> impl Iterator<Item = String> + '_ {
    let after = if before == '[' { ']' } else { before };
    let parts = text.split([before, after]);
    let codes = parts.filter(|part| {
        let digits = part.strip_prefix('L').filter(|digits| digits.len() == 4);
        digits.is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))
    });
    codes.map(str::to_owned)
}
