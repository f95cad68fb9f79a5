//! Types, schemas and validators agree: what a type accepts its schema accepts, and the reverse.

use std::cell::Cell;

use lorch_tests::generated::{Judge, Subject};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

/// Generates `cases` texts for `subject`, and compares the judgement of its type with that of its
/// schema.
#[track_caller]
fn check(subject: Subject, cases: u32) {
    let schema = jsonschema::draft7::options().offline().build(&subject.schema()).unwrap();
    let judge = Judge::of(subject).unwrap();
    let valid = Cell::new(0);
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let outcome = TestRunner::new(config).run(&subject.texts(), |text| {
        // Read by serde_json, so that the schema sees `1.0` as it is spelt.
        let by_schema = schema.is_valid(&serde_json::from_str(&text).unwrap());
        valid.set(valid.get() + u32::from(by_schema));
        prop_assert_eq!(judge.accepts(&text), by_schema, "{:?}: {}", subject, text);
        Ok(())
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
    let enough = cases / 20..=cases - cases / 20;
    assert!(enough.contains(&valid.get()), "{subject:?}: {} of {cases} are valid", valid.get());
}

#[test]
fn types_and_schemas_of_documents_agree() {
    for subject in Subject::all() {
        if matches!(subject, Subject::Document(_)) {
            check(subject, 300);
        }
    }
}

#[test]
fn types_and_schemas_of_params_agree() {
    for subject in Subject::all() {
        if matches!(subject, Subject::Params(_)) {
            check(subject, 100);
        }
    }
}
