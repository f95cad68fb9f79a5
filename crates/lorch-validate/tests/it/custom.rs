//! Documents judged by anybody's own schema: its words, what makes it unusable, and lines.

use lorch_types::json::{Limits, Value, read};
use lorch_validate::{CustomValidator, StreamOptions, UnusableSchema, Validator};

fn value(text: &str) -> Value {
    read(text.as_bytes(), Limits::default()).unwrap()
}

fn validator(schema: &str) -> Result<CustomValidator, UnusableSchema> {
    CustomValidator::new(&value(schema))
}

/// Judged as a value and as a text, the document breaks just these rules.
#[track_caller]
fn check(schema: &str, document: &str, expected: &[&str]) {
    let validator = validator(schema).unwrap();
    let violations = validator.validate(&value(document));
    let by_text = validator.validate_text(document.as_bytes(), Limits::default());
    assert_eq!(by_text.as_ref(), Ok(&violations), "{schema}");
    let said = violations.iter().map(|it| {
        let help = it.help.as_ref().map(|help| format!(" ({help})")).unwrap_or_default();
        format!("{} {} {}: {}{help}", it.family.code(), it.pointer, it.keyword, it.message)
    });
    assert_eq!(said.collect::<Vec<_>>(), expected, "{schema}");
}

#[test]
fn every_keyword_has_words() {
    for (schema, document, said) in [
        (r#"{"type":"integer"}"#, "1.5", "L1102  type: expected an integer, found `1.5`"),
        (
            r#"{"type":["string","null"]}"#,
            "1",
            "L1102  type: expected a string or null, found a number",
        ),
        (
            r#"{"enum":["book","pen"]}"#,
            r#""pan""#,
            "L1105  enum: `pan` is not `book` or `pen` (did you mean `pen`?)",
        ),
        (r#"{"enum":[]}"#, "1", "L1105  enum: `1` may not stand here: no value is listed"),
        (r#"{"const":{"a":1}}"#, "{}", r#"L1105  const: `{}` is not `{"a":1}`"#),
        (r#"{"multipleOf":0.5}"#, "1.2", "L1107  multipleOf: `1.2` is no multiple of `0.5`"),
        (r#"{"minimum":2}"#, "1", "L1107  minimum: `1` is too small: it should be at least `2`"),
        (
            r#"{"exclusiveMaximum":1}"#,
            "1",
            "L1107  exclusiveMaximum: `1` is too large: it should be below `1`",
        ),
        (
            r#"{"minLength":2}"#,
            r#""ä""#,
            "L1106  minLength: `ä` does not do: it should be 2 characters or more",
        ),
        (
            r#"{"pattern":"^b"}"#,
            r#""a""#,
            "L1106  pattern: `a` does not do: it should be a text that matches `^b`",
        ),
        (
            r#"{"format":"date-time"}"#,
            r#""today""#,
            "L1106  format: `today` does not do: it should be a text of format `date-time`",
        ),
        (
            r#"{"minItems":2}"#,
            "[1]",
            "L1109  minItems: there should be at least 2 items, and there is 1 item",
        ),
        (
            r#"{"items":[{}],"additionalItems":false}"#,
            "[1,2]",
            "L1109  additionalItems: there should be at most 1 item, and there are 2 items",
        ),
        (
            r#"{"uniqueItems":true}"#,
            "[1,1.0]",
            "L1109  uniqueItems: two items of this array are equal",
        ),
        (
            r#"{"contains":{"const":1}}"#,
            "[2]",
            "L1109  contains: there should be at least one item that is `1`, and there is none",
        ),
        (
            r#"{"maxProperties":0}"#,
            r#"{"a":1}"#,
            "L1109  maxProperties: there should be at most 0 fields, and there is 1 field",
        ),
        (r#"{"required":["a"]}"#, "{}", "L1103  required: the field `a` is missing"),
        (
            r#"{"dependencies":{"a":["b"]}}"#,
            r#"{"a":1}"#,
            "L1103  required: the field `b` is missing: `a` needs it",
        ),
        (
            r#"{"properties":{"colour":{}},"additionalProperties":false}"#,
            r#"{"color":1}"#,
            "L1104 /color additionalProperties: unknown field `color` (did you mean `colour`?)",
        ),
        (
            r#"{"propertyNames":{"pattern":"^a"}}"#,
            r#"{"b":1}"#,
            "L1104 /b propertyNames: the name `b` does not do: it should be a text that matches `^a`",
        ),
        (
            r#"{"properties":{"a":false}}"#,
            r#"{"a":1}"#,
            "L1104 /a falseSchema: nothing may stand here",
        ),
        (
            r#"{"not":{"type":"string"}}"#,
            r#""a""#,
            "L1108  not: `a` may not stand here: it is a string",
        ),
        (
            r#"{"oneOf":[{"minimum":1},{"minimum":2}]}"#,
            "3",
            "L1108  oneOf: alternatives 1 and 2 of `oneOf` fit, and only one should",
        ),
    ] {
        check(schema, document, &[said]);
    }
}

/// Of alternatives, what is said is about the one that was meant.
#[test]
fn alternatives_are_narrowed_to_the_one_that_was_meant() {
    let shapes = r#"{"oneOf":[
        {"type":"object","properties":{"shape":{"const":"disc"},"radius":{"type":"number"}},
         "required":["shape","radius"]},
        {"type":"object","properties":{"shape":{"const":"box"},"width":{"type":"number"}},
         "required":["shape","width"]}]}"#;
    check(
        shapes,
        r#"{"shape":"box","width":"wide"}"#,
        &["L1102 /width type: expected a number, found a string"],
    );
    check(shapes, r#"{"shape":"disc"}"#, &["L1103  required: the field `radius` is missing"]);
    check(
        r#"{"anyOf":[{"type":"string"},{"type":"integer"}]}"#,
        "[]",
        &["L1102  type: expected a string or an integer, found an array"],
    );
}

#[test]
fn the_schemas_of_lorch_are_usable_as_anybodys() {
    for kind in lorch_types::Kind::ALL {
        let validator = validator(lorch_validate::embedded_schema(kind)).unwrap();
        let (by_schema, by_kind) =
            (validator.validate(&value("{}")), Validator::for_kind(kind).validate(&value("{}")));
        let pointers = |violations: &[lorch_validate::Violation]| -> Vec<String> {
            violations.iter().map(|it| format!("{} {}", it.pointer, it.message)).collect()
        };
        assert_eq!(pointers(&by_schema), pointers(&by_kind), "{kind}");
    }
}

/// Where the schema is wrong, and what is said about it.
#[track_caller]
fn check_unusable(schema: &str, pointer: &str, message: &str, help: &str) {
    let error = validator(schema).unwrap_err();
    let UnusableSchema { pointer: at, message: said, help: advice } = &error;
    assert_eq!((at.to_string().as_str(), said.as_str()), (pointer, message), "{schema}");
    let advice = advice.as_deref().unwrap_or_default();
    assert!(advice.contains(help), "{schema}: {advice}");
    assert_eq!(error.diagnostic().code.0, "L1112");
}

#[test]
fn nothing_outside_a_schema_is_reached_for() {
    for reference in [
        "http://127.0.0.1:1/a.json",
        "https://example.org/a.json#/definitions/b",
        "file:///etc/hostname",
        "other.json",
    ] {
        check_unusable(
            &format!(r#"{{"properties":{{"a":{{"items":{{"$ref":"{reference}"}}}}}}}}"#),
            "/properties/a/items/$ref",
            &format!("`{reference}` leads out of the schema"),
            "no address or file is ever opened",
        );
    }
    check_unusable(
        r##"{"$ref":"#/definitions/a"}"##,
        "/$ref",
        "there is no `#/definitions/a` in this schema",
        "#/definitions",
    );
    // What has an `$id` within the schema is found by it, and no server is asked.
    check(
        r#"{"$id":"http://example.org/a.json","properties":{"x":{"$ref":"b.json"}},
            "definitions":{"b":{"$id":"b.json","type":"string"}}}"#,
        r#"{"x":1}"#,
        &["L1102 /x type: expected a string, found a number"],
    );
}

#[test]
fn what_is_no_schema_is_told_so() {
    check_unusable("[]", "", "expected a boolean or an object, found an array", "");
    check_unusable(
        r#"{"type":"objekt"}"#,
        "/type",
        "`objekt` is not `array`, `boolean`, `integer`, `null`, `number`, `object` or `string`",
        "did you mean `object`?",
    );
    check_unusable(r#"{"minimum":"a"}"#, "/minimum", "expected a number, found a string", "");
    check_unusable(
        r#"{"$schema":"https://json-schema.org/draft/2020-12/schema"}"#,
        "/$schema",
        "`https://json-schema.org/draft/2020-12/schema` is no draft that lorch reads",
        "Draft-07",
    );
    for pattern in ["(", "(?=a)b", r"(a)\1"] {
        let json = Value::from(pattern).to_string();
        let message = format!("`{}` is no pattern that lorch can use", pattern.escape_debug());
        for (schema, pointer) in [
            (format!(r#"{{"pattern":{json}}}"#), "/pattern".to_owned()),
            (
                format!(r#"{{"properties":{{"a":{{"items":{{"pattern":{json}}}}}}}}}"#),
                "/properties/a/items/pattern".to_owned(),
            ),
            (
                format!(r#"{{"patternProperties":{{{json}:{{}}}}}}"#),
                format!("/patternProperties/{pattern}"),
            ),
        ] {
            check_unusable(&schema, &pointer, &message, "linear time");
        }
    }
}

#[test]
fn a_schema_that_refers_to_itself_ends_with_the_document() {
    let nested =
        r##"{"type":"object","properties":{"a":{"$ref":"#"}},"additionalProperties":false}"##;
    check(nested, r#"{"a":{"a":{}}}"#, &[]);
    check(nested, r#"{"a":{"a":1}}"#, &["L1102 /a/a type: expected an object, found a number"]);
}

#[test]
fn lines_are_judged_as_documents_are() {
    let schema = r#"{"type":"object","required":["id"],"properties":{"id":{"type":"integer"}}}"#;
    // Of a schema that the quick matcher does not take, each line is judged by the library.
    let slow = r#"{"allOf":[{"type":"object","required":["id"]}],"if":true,"then":
        {"properties":{"id":{"type":"integer"}}},"dependencies":{"a":["b"]},"format":"x"}"#;
    let text = "{\"id\":1}\n\n{\"id\":\"a\"}\r\n[1]\n{}\n{\"id\":2,}\n{\"id\":";
    for schema in [schema, slow] {
        let validator = validator(schema).unwrap();
        let mut said = Vec::new();
        let summary = validator
            .validate_stream(text.as_bytes(), &StreamOptions::named("x"), |line| {
                let diagnostics = line.findings.iter();
                said.extend(diagnostics.map(|it| format!("{} {}", it.place, it.diagnostic)));
                Ok(())
            })
            .unwrap();
        assert_eq!(
            said,
            [
                "3:7 L1102 /id: expected an integer, found a string",
                "4:1 L1102 : expected an object, found an array",
                "5:1 L1103 : the field `id` is missing",
                "6:9 L0002 : found `}` where a key in double quotes should stand",
                "7:7 L1111 : the last line was cut off: it ends within a document, without a line end",
            ],
            "{schema}"
        );
        assert_eq!((summary.documents, summary.invalid, summary.blank), (6, 5, 1));
    }
}
