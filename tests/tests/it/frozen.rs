//! `v1` is frozen: what was valid stays valid, and what was not stays refused.
//!
//! The documents of `cases/v1` are judged by type and by schema. That they would notice a change is
//! tested too: each rule of each schema is weakened and strengthened in turn, and some document must
//! be judged differently.

use std::collections::BTreeSet;

use lorch_tests::frozen::{self, Frozen, coded};
use lorch_types::Kind;
use lorch_types::json::Value;
use lorch_types::schema::document_schema;
use lorch_validate::Validator;
use serde_json::{Value as Json, json};

#[track_caller]
fn lines(kind: Kind) -> Vec<Frozen> {
    frozen::read(kind).unwrap_or_else(|error| panic!("{error:#}"))
}

fn compiled(schema: &Json) -> jsonschema::Validator {
    jsonschema::draft7::options().offline().build(schema).unwrap()
}

/// What has become of a document whose verdict is another one now: `None` when it is the same.
fn change(kind: Kind, by: &str, line: &Frozen, found: Option<&[String]>) -> Option<String> {
    let name = &line.name;
    match (line.valid, found) {
        (true, Some(found)) => Some(format!(
            "{kind} `{name}` was valid, and is refused by its {by}: {}\n  {}",
            found.join(", "),
            line.document
        )),
        (false, None) => Some(format!(
            "{kind} `{name}` was refused ({}), and is accepted by its {by}\n  {}",
            line.violations.join(", "),
            line.document
        )),
        _ => None,
    }
}

/// Every change of a verdict, by the type and by `schema`.
fn changes(kind: Kind, schema: &Json) -> Vec<String> {
    let (validator, schema) = (Validator::for_kind(kind), compiled(schema));
    let mut changes = Vec::new();
    for line in lines(kind) {
        let by_type: Vec<String> =
            validator.validate(&Value::from(line.document.clone())).iter().map(coded).collect();
        let by_schema: Vec<String> = schema
            .iter_errors(&line.document)
            .map(|error| format!("{} {}", error.kind().keyword(), error.instance_path()))
            .collect();
        for (by, found) in [("type", by_type), ("schema", by_schema)] {
            let found = (!found.is_empty()).then_some(found.as_slice());
            changes.extend(change(kind, by, &line, found));
        }
    }
    changes
}

#[test]
fn no_verdict_has_changed() {
    let changes: Vec<String> =
        Kind::ALL.into_iter().flat_map(|kind| changes(kind, &document_schema(kind))).collect();
    assert!(
        changes.is_empty(),
        "{}\n{} verdicts of v1 have changed. v1 is frozen: a document keeps its verdict for ever, and \
         what should be judged otherwise is a v2",
        changes.join("\n"),
        changes.len()
    );
}

#[test]
fn a_change_is_told_with_its_document_its_kind_and_its_rule() {
    #[track_caller]
    fn check(edit: impl Fn(&mut Json), expected: &str) {
        let mut schema = document_schema(Kind::Heartbeat);
        edit(&mut schema);
        let changes = changes(Kind::Heartbeat, &schema);
        let told = changes.iter().any(|change| change.starts_with(expected));
        assert!(told, "{expected}\nis not among\n{}", changes.join("\n"));
    }
    check(
        |schema| schema["properties"]["pid"]["minimum"] = json!(2),
        "heartbeat `/pid = 1` was valid, and is refused by its schema: minimum /pid",
    );
    check(
        |schema| schema["properties"]["pid"]["minimum"] = json!(0),
        "heartbeat `/pid = 0` was refused (L1107 /pid), and is accepted by its schema",
    );
    // Words are no rules.
    let mut schema = document_schema(Kind::Heartbeat);
    schema["properties"]["pid"]["description"] = json!("more about it");
    assert_eq!(changes(Kind::Heartbeat, &schema), Vec::<String>::new());
}

#[test]
fn every_kind_is_frozen_by_many_documents_of_both_sorts() {
    for kind in Kind::ALL {
        let lines = lines(kind);
        let valid = lines.iter().filter(|line| line.valid).count();
        let names: BTreeSet<&str> = lines.iter().map(|line| line.name.as_str()).collect();
        assert_eq!(names.len(), lines.len(), "{kind}: two documents have one name");
        assert!(valid >= 10 && lines.len() - valid >= 20, "{kind}: {valid} of {}", lines.len());
        let unexplained = lines.iter().find(|line| line.valid != line.violations.is_empty());
        assert_eq!(unexplained, None, "{kind}");
    }
}

#[test]
fn no_field_is_without_its_documents() {
    for kind in Kind::ALL {
        let added = frozen::additions(kind, &lines(kind)).unwrap();
        let names: Vec<String> = added.into_iter().map(|line| line.name).collect();
        let command = "cargo run --package lorch-tests --bin frozen-documents";
        assert!(names.is_empty(), "{kind}: `{command}` adds {names:#?}");
    }
}

#[test]
fn every_rule_of_every_schema_has_a_document_that_keeps_or_breaks_it() {
    let mut unnoticed = Vec::new();
    let mut tried = 0;
    for kind in Kind::ALL {
        let lines = lines(kind);
        let schema = document_schema(kind);
        for (what, changed) in mutants(&schema) {
            tried += 1;
            let changed = compiled(&changed);
            let notices = |line: &Frozen| changed.is_valid(&line.document) != line.valid;
            if !lines.iter().any(notices) {
                unnoticed.push(format!("{kind}: {what}"));
            }
        }
    }
    assert!(unnoticed.is_empty(), "no document notices\n{}", unnoticed.join("\n"));
    assert!(tried > 500, "{tried}");
}

/// The schema with one rule taken out, or made stricter, each way in turn.
fn mutants(schema: &Json) -> Vec<(String, Json)> {
    let mut places = Vec::new();
    places_of(schema, String::new(), &mut places);
    let mut mutants = Vec::new();
    for place in places {
        let rules = schema.pointer(&place).and_then(Json::as_object).unwrap();
        for (keyword, rule) in rules {
            for (how, changed) in changed(rules, keyword, rule) {
                let mut mutant = schema.clone();
                let around = mutant.pointer_mut(&place).and_then(Json::as_object_mut).unwrap();
                match changed {
                    Some(rule) => around.insert(keyword.clone(), rule),
                    None => around.remove(keyword),
                };
                mutants.push((format!("{place}/{keyword} {how}"), mutant));
            }
        }
    }
    mutants
}

/// Where the schemas within `schema` stand.
fn places_of(schema: &Json, at: String, out: &mut Vec<String>) {
    let Some(keywords) = schema.as_object() else { return };
    for (keyword, value) in keywords {
        let at = format!("{at}/{keyword}");
        match (keyword.as_str(), value) {
            ("properties" | "definitions", Json::Object(named)) => {
                for (name, inner) in named {
                    places_of(inner, format!("{at}/{name}"), out);
                }
            }
            ("allOf" | "anyOf", Json::Array(several)) => {
                for (index, inner) in several.iter().enumerate() {
                    places_of(inner, format!("{at}/{index}"), out);
                }
            }
            ("items" | "additionalProperties" | "then" | "else", Json::Object(_)) => {
                places_of(value, at, out);
            }
            _ => {}
        }
    }
    out.push(at);
}

/// Other forms of one rule; `None` takes it out.
fn changed(
    rules: &serde_json::Map<String, Json>,
    keyword: &str,
    rule: &Json,
) -> Vec<(String, Option<Json>)> {
    let out = || vec![("is taken out".to_owned(), None)];
    let list = |rule: &Json| rule.as_array().cloned().unwrap_or_default();
    let each_less = || {
        let items = list(rule);
        (0..items.len())
            .map(|index| {
                let mut fewer = items.clone();
                let lost = fewer.remove(index);
                (format!("without {lost}"), Some(Json::Array(fewer)))
            })
            .collect::<Vec<_>>()
    };
    let by = |less: f64| {
        let bound = rule.as_f64().unwrap_or_default();
        // No schema can have a negative length.
        let possible = bound + less >= 0.0 || keyword.ends_with("imum");
        let moved = (format!("moved by {less}"), Some(json!(bound + less)));
        if possible { vec![moved] } else { Vec::new() }
    };
    let fixed = rules.get("pattern").and_then(Json::as_str).is_some_and(|it| it.ends_with("}$"));
    match keyword {
        // Beside a pattern it only keeps a line feed out, which this engine's `$` does already.
        "maxLength" if fixed => Vec::new(),
        "not" if *rule == json!({ "pattern": "\\n" }) => Vec::new(),
        // What is listed has its type, and what may not match a pattern is a text.
        "type" if rules.contains_key("enum") || rules.contains_key("not") => Vec::new(),
        "type" | "pattern" | "not" | "if" | "additionalProperties" => out(),
        "anyOf" | "enum" => [out(), each_less()].concat(),
        "required" => {
            let fields = rules.get("properties").and_then(Json::as_object);
            let optional = fields.into_iter().flatten().map(|(name, _)| json!(name));
            let optional = optional.filter(|name| !list(rule).contains(name));
            let more = optional.map(|name| {
                let how = format!("with {name}");
                (how, Some(Json::Array([list(rule), vec![name]].concat())))
            });
            [each_less(), more.collect()].concat()
        }
        "minimum" | "minLength" | "minItems" => [out(), by(1.0), by(-1.0)].concat(),
        "maximum" | "maxLength" => [out(), by(-1.0), by(1.0)].concat(),
        "properties" => rule
            .as_object()
            .into_iter()
            .flatten()
            .map(|(name, _)| {
                let mut fewer = rule.clone();
                fewer.as_object_mut().unwrap().remove(name);
                (format!("without `{name}`"), Some(fewer))
            })
            .collect(),
        _ => Vec::new(),
    }
}
