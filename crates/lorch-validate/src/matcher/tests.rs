//! What the matcher is sure of, the thorough way accepts.

use std::path::PathBuf;

use lorch_types::Kind;
use lorch_types::json::{Limits, read};
use lorch_types::kind::Mark;
use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::Matcher;
use crate::embedded::embedded_schema;

fn schema(kind: Kind) -> Json {
    serde_json::from_str(embedded_schema(kind)).unwrap()
}

/// The matcher is sure of just those of `texts` that are paired with `true`.
#[track_caller]
fn check(schema: &Json, texts: &[(&str, bool)]) {
    let mut matcher = Matcher::compile(schema).unwrap();
    for (text, sure) in texts {
        let accepted = matcher.accepted_prefix(text) == Some(text.len());
        assert_eq!(accepted, *sure, "{text}");
    }
}

#[test]
fn all_schemas_without_rules_between_fields_can_be_matched() {
    for kind in Kind::ALL {
        let has_rules = embedded_schema(kind).contains(r#""if""#);
        assert_eq!(Matcher::compile(&schema(kind)).is_none(), has_rules, "{kind}");
    }
}

/// So that whichever matcher accepts a document says what kind it is.
#[test]
fn no_kind_has_the_mark_of_one_listed_before() {
    for (at, later) in Kind::ALL.into_iter().enumerate() {
        let schema = schema(later);
        assert_eq!(schema["additionalProperties"], false, "{later}");
        let known = schema["properties"].as_object().unwrap();
        let is_message = matches!(later.mark(), Mark::Message(_));
        assert_eq!(known.contains_key("kind"), is_message, "{later}");
        for earlier in Kind::ALL.into_iter().take(at) {
            let marked = match earlier.mark() {
                Mark::Message(_) => false,
                Mark::Fields(fields) => fields.iter().all(|field| known.contains_key(*field)),
            };
            assert!(!marked || is_message, "{later} has the mark of {earlier}");
        }
    }
}

#[test]
fn any_value_is_json() {
    check(
        &json!({}),
        &[
            ("null", true),
            ("true", true),
            ("[false,[],{}]", true),
            ("[1, -2,\t0.5 ,\r-0.25]", true),
            (r#"{"a":1,"b":{"a":2}}"#, true),
            (r#""\" \\ \/ \b\f\n\r\t \u00e9 \ud83d\ude00 é""#, true),
            ("999999999999999999", true),
            // Not sure.
            ("9999999999999999999", false),
            ("1e3", false),
            (r#"{"\u0061":1}"#, false),
            // Wrong.
            ("", false),
            ("nul", false),
            ("nulls", false),
            ("tru", false),
            ("01", false),
            ("-", false),
            ("1.", false),
            (".5", false),
            ("+1", false),
            ("[1,]", false),
            ("[1 2]", false),
            ("[", false),
            ("{\"a\":1,}", false),
            ("{\"a\" 1}", false),
            ("{a:1}", false),
            (r#"{"a":1,"a":2}"#, false),
            (r#"{"b":{"a":1,"a":1}}"#, false),
            (r#""\x""#, false),
            (r#""\ud83d""#, false),
            (r#""\ude00""#, false),
            (r#""\ud83d\u0041""#, false),
            (r#""\u12g4""#, false),
            ("\"\t\"", false),
            ("\"a", false),
            // A line feed ends the line that a document stands in.
            ("[1,\n2]", false),
        ],
    );
}

#[test]
fn nesting_is_bounded_as_in_the_reader() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    let most = Limits::MAX_DEPTH;
    check(&json!({}), &[(&nested(most), true), (&nested(most + 1), false)]);
    let nested = |depth: usize| format!("{}1{}", r#"{"a":"#.repeat(depth), "}".repeat(depth));
    check(&json!({}), &[(&nested(most), true), (&nested(most + 1), false)]);
}

#[test]
fn objects_with_many_keys_are_left_to_the_thorough_way() {
    let object = |count: usize| {
        let members: Vec<_> = (0..count).map(|key| format!("\"{key}\":0")).collect();
        format!("{{{}}}", members.join(","))
    };
    check(&json!({}), &[(&object(32), true), (&object(33), false)]);
}

#[test]
fn fields_are_known_required_and_there_once() {
    let schema = json!({
        "type": "object",
        "properties": {
            "a": { "type": "integer", "minimum": 1, "maximum": 10 },
            "b": { "enum": ["x", "xy"], "type": "string" },
            "c": { "anyOf": [{ "type": "boolean" }, { "type": "null" }] },
            "d": { "type": "array", "items": { "type": "string" }, "minItems": 1 },
            "e": { "type": "number", "minimum": 0, "maximum": 100 },
            "f": { "type": "string", "minLength": 2, "maxLength": 3 },
            "g": { "type": "object", "additionalProperties": { "enum": ["x"] } }
        },
        "required": ["a"],
        "additionalProperties": false
    });
    check(
        &schema,
        &[
            (r#"{"a":1}"#, true),
            (r#" { "a" : 10 , "b" : "xy" } "#, true),
            (r#"{"b":"x","a":1}"#, true),
            (r#"{"c":null,"a":1,"c2":1}"#, false),
            (r#"{"c":null,"a":1}"#, true),
            (r#"{"c":false,"a":1}"#, true),
            (r#"{"c":0,"a":1}"#, false),
            (r#"{"a":0}"#, false),
            (r#"{"a":11}"#, false),
            (r#"{"a":1.0}"#, false),
            (r#"{"a":1,"a":1}"#, false),
            (r#"{"b":"x"}"#, false),
            (r#"{"a":1,"b":"xyz"}"#, false),
            (r#"{"a":1,"b":"y"}"#, false),
            (r#"{"a":1,"d":[]}"#, false),
            (r#"{"a":1,"d":[""]}"#, true),
            (r#"{"a":1,"d":[1]}"#, false),
            (r#"{"a":1,"e":100}"#, true),
            (r#"{"a":1,"e":-0.5}"#, false),
            (r#"{"a":1,"e":100.5}"#, false),
            (r#"{"a":1,"f":"éé"}"#, true),
            (r#"{"a":1,"f":"é"}"#, false),
            (r#"{"a":1,"f":"éééé"}"#, false),
            (r#"{"a":1,"g":{"y":"x"}}"#, true),
            (r#"{"a":1,"g":{"y":"x","y":"x"}}"#, false),
            (r#"{"a":1,"g":{"y":"y"}}"#, false),
            (r#"[]"#, false),
        ],
    );
}

#[test]
fn keywords_that_are_not_known_are_left_to_the_thorough_way() {
    for schema in [
        json!({ "type": "object", "if": {} }),
        json!({ "type": "string", "pattern": "^own$" }),
        json!({ "type": "string", "format": "date" }),
        json!({ "type": ["string", "integer"] }),
        json!({ "enum": [1] }),
        json!({ "oneOf": [] }),
        json!({ "type": "array", "uniqueItems": true }),
        json!({ "$ref": "#/definitions/absent" }),
    ] {
        assert!(Matcher::compile(&schema).is_none(), "{schema}");
    }
}

#[test]
fn the_corpus_of_json_texts_is_agreed_with() {
    let Some(corpora) = std::env::var_os("LORCH_CORPORA") else {
        println!("LORCH_CORPORA is not set: the corpus of JSON texts was left out");
        return;
    };
    let mut matcher = Matcher::compile(&json!({})).unwrap();
    let (mut texts, mut accepted) = (0, 0);
    for entry in std::fs::read_dir(PathBuf::from(corpora).join("json-parsing")).unwrap() {
        let path = entry.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        let Ok(text) = str::from_utf8(&bytes) else { continue };
        texts += 1;
        if matcher.accepted_prefix(text) == Some(text.len()) {
            accepted += 1;
            assert!(read(&bytes, Limits::default()).is_ok(), "{}", path.display());
        }
    }
    assert!(texts > 250 && accepted > 60, "{texts} texts, {accepted} accepted");
}

proptest! {
    /// Pieces of JSON in any order: what is accepted is read, and is the whole document.
    #[test]
    fn what_is_accepted_is_read(
        pieces in prop::collection::vec(
            prop::sample::select(vec![
                "{", "}", "[", "]", ":", ",", "\"a\"", "\"b\"", "\"", "1", "-", ".5", "0", "e1",
                "true", "null", " ", "\\u00e9", "\\", "é", "\t",
            ]),
            0..12,
        ),
        wrap in any::<bool>(),
    ) {
        let text = pieces.concat();
        let text = if wrap { format!("{{\"a\":[{text}]}}") } else { text };
        let mut matcher = Matcher::compile(&json!({})).unwrap();
        if let Some(end) = matcher.accepted_prefix(&text) {
            prop_assert!(read(&text.as_bytes()[..end], Limits::default()).is_ok(), "{}", text);
        }
    }
}
