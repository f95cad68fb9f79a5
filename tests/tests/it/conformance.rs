//! Types, schemas and validators agree: what a type accepts its schema accepts, and the reverse.

use std::cell::RefCell;
use std::collections::BTreeSet;

use lorch_tests::generated::{Judge, Subject};
use lorch_types::Kind;
use lorch_validate::{StreamOptions, validate_stream};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

/// Generates `cases` texts for `subject`, and compares the judgement of its type with that of its
/// schema; and that of the quick way that streams go, where the subject is a document.
#[track_caller]
fn check(subject: Subject, cases: u32) {
    let schema = jsonschema::draft7::options().offline().build(&subject.schema()).unwrap();
    let judge = Judge::of(subject).unwrap();
    let judged = RefCell::new(Vec::new());
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let outcome = TestRunner::new(config).run(&subject.texts(), |text| {
        // Read by serde_json, so that the schema sees `1.0` as it is spelt.
        let by_schema = schema.is_valid(&serde_json::from_str(&text).unwrap());
        prop_assert_eq!(judge.accepts(&text), by_schema, "{:?}: {}", subject, text);
        judged.borrow_mut().push((text, by_schema));
        Ok(())
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
    let judged = judged.into_inner();
    let valid = judged.iter().filter(|(_, valid)| *valid).count();
    let enough = judged.len() / 20..=judged.len() - judged.len() / 20;
    assert!(enough.contains(&valid), "{subject:?}: {valid} of {} are valid", judged.len());
    if let Subject::Document(kind) = subject {
        check_stream(kind, &judged);
    }
}

/// A stream of the texts is judged as each of them was.
#[track_caller]
fn check_stream(kind: Kind, judged: &[(String, bool)]) {
    let stream: String = judged.iter().flat_map(|(text, _)| [text, "\n"]).collect();
    let options = StreamOptions { kind: Some(kind), ..StreamOptions::named("stream") };
    let mut refused = BTreeSet::new();
    let summary = validate_stream(stream.as_bytes(), &options, |line| {
        refused.insert(line.number);
        Ok(())
    });
    assert_eq!(summary.unwrap().documents, judged.len(), "{kind}");
    for (at, (text, valid)) in judged.iter().enumerate() {
        assert_eq!(refused.contains(&(at + 1)), !valid, "{kind}, in a stream: {text}");
    }
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
