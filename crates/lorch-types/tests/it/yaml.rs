//! YAML as lorch reads it: scalars of the core schema, what is refused, and the mistakes of a first
//! day.

use lorch_types::diagnostic::{Color, Format, Source, render};
use lorch_types::json::{self, Limits, Value};
use lorch_types::pointer::Pointer;
use lorch_types::yaml;

fn read(text: &str) -> Result<Value, json::ReadError> {
    yaml::read(text.as_bytes(), Limits::default())
}

/// `text` is read as the JSON `expected`.
#[track_caller]
fn check(text: &str, expected: &str) {
    let expected = json::read(expected.as_bytes(), Limits::default()).unwrap();
    assert_eq!(read(text), Ok(expected), "{text:?}");
}

/// `text` is refused with this code at this place, in words that contain `word`.
#[track_caller]
fn refuse(text: &str, code: &str, place: &str, word: &str) {
    let error = read(text).unwrap_err();
    let found = (error.code().to_string(), error.place.to_string());
    assert_eq!(found, (code.to_owned(), place.to_owned()), "{text:?}: {error} {:?}", error.help);
    let words = format!("{error} {}", error.help.clone().unwrap_or_default());
    assert!(words.contains(word), "{text:?}: {words}");
}

#[test]
fn plain_scalars_are_resolved_by_the_core_schema_alone() {
    for (text, json) in [
        ("null", "null"),
        ("Null", "null"),
        ("NULL", "null"),
        ("~", "null"),
        ("nULL", "\"nULL\""),
        ("true", "true"),
        ("True", "true"),
        ("TRUE", "true"),
        ("tRUE", "\"tRUE\""),
        ("false", "false"),
        ("False", "false"),
        ("FALSE", "false"),
        ("yes", "\"yes\""),
        ("no", "\"no\""),
        ("on", "\"on\""),
        ("off", "\"off\""),
        ("y", "\"y\""),
        ("n", "\"n\""),
        ("0", "0"),
        ("-0", "0"),
        ("+12", "12"),
        ("017", "17"),
        ("-017", "-17"),
        ("0o17", "15"),
        ("0xBeef", "48879"),
        ("-0x1", "\"-0x1\""),
        ("0o8", "\"0o8\""),
        ("0x", "\"0x\""),
        ("0b11", "\"0b11\""),
        ("1_000", "\"1_000\""),
        ("1,000", "\"1,000\""),
        ("12:30:45", "\"12:30:45\""),
        ("2026-11-20", "\"2026-11-20\""),
        ("1.10", "1.1"),
        ("1.0", "1"),
        ("1.", "1"),
        (".5", "0.5"),
        ("-.5", "-0.5"),
        ("+.5e1", "5"),
        ("1e3", "1000"),
        ("1.5E-2", "0.015"),
        ("1.e+2", "100"),
        (".", "\".\""),
        ("1e", "\"1e\""),
        ("e3", "\"e3\""),
        ("1.2.3", "\"1.2.3\""),
        ("--1", "\"--1\""),
        ("+-1", "\"+-1\""),
        ("9007199254740993", "9007199254740993"),
        ("18446744073709551615", "18446744073709551615"),
        ("-9223372036854775808", "-9223372036854775808"),
        ("0xffffffffffffffff", "18446744073709551615"),
        ("18446744073709551615.0", "18446744073709551615"),
        ("inf", "\"inf\""),
        ("nan", "\"nan\""),
        (".infinity", "\".infinity\""),
        ("=", "\"=\""),
        ("<<", "\"<<\""),
    ] {
        check(text, json);
        check(&format!("k: {text}"), &format!("{{\"k\": {json}}}"));
        check(&format!("- {text}"), &format!("[{json}]"));
        let quoted = format!("{{\"k\": {}}}", Value::from(text));
        check(&format!("k: '{text}'"), &quoted);
        check(&format!("k: \"{text}\""), &quoted);
        check(&format!("k: |-\n  {text}"), &quoted);
    }
}

#[test]
fn numbers_that_json_cannot_hold_are_refused() {
    for text in [
        "18446744073709551616",
        "-9223372036854775809",
        "0x10000000000000000",
        "0o2000000000000000000000",
        "1e400",
        "-1e400",
        "1e-400",
        ".inf",
        "-.Inf",
        "+.INF",
        ".nan",
        ".NaN",
        ".NAN",
    ] {
        refuse(&format!("a: [1, {text}]"), "L0005", "1:8", "put it in quotes");
        check(&format!("a: '{text}'"), &format!("{{\"a\": \"{text}\"}}"));
    }
}

#[test]
fn documents_are_read() {
    for (text, json) in [
        ("a:", r#"{"a": null}"#),
        ("a: # nothing", r#"{"a": null}"#),
        ("---\na: 1\n...\n", r#"{"a": 1}"#),
        ("--- # only null\n", "null"),
        ("%YAML 1.2\n---\na: 1", r#"{"a": 1}"#),
        ("\u{feff}a: 1", r#"{"a": 1}"#),
        ("a: 1\r\nb: 2\r\n", r#"{"a": 1, "b": 2}"#),
        ("a:\n- 1\n- 2\n", r#"{"a": [1, 2]}"#),
        ("- - 1\n  - 2\n", "[[1, 2]]"),
        ("{a: 1, \"b\":2}", r#"{"a": 1, "b": 2}"#),
        ("[a: 1, {b: 2}]", r#"[{"a": 1}, {"b": 2}]"#),
        ("1: a\ntrue: b\nnull: c\n1.10: d", r#"{"1": "a", "true": "b", "null": "c", "1.10": "d"}"#),
        ("\"<<\": a", r#"{"<<": "a"}"#),
        ("\"\": a", r#"{"": "a"}"#),
        ("? a\n: b\n", r#"{"a": "b"}"#),
        ("a: |\n  x\n   y\n", r#"{"a": "x\n y\n"}"#),
        ("a: >\n  x\n  y\n", r#"{"a": "x y\n"}"#),
        ("a: \"\\x41\\u00e9\\U0001F600\\e\"", r#"{"a": "Aé😀\u001b"}"#),
        ("a: \"\\ud83d\\ude00\"", r#"{"a": "😀"}"#),
        ("a: it's#1 # one", r##"{"a": "it's#1"}"##),
        ("a: ${@ctx.day}.md", r#"{"a": "${@ctx.day}.md"}"#),
        ("a: mail@ctx.org", r#"{"a": "mail@ctx.org"}"#),
        ("a: 'it''s'", r#"{"a": "it's"}"#),
    ] {
        check(text, json);
    }
}

#[test]
fn features_beyond_json_are_refused() {
    for (text, place, word) in [
        ("a: &x 1", "1:4", "anchors"),
        ("&x a: 1", "1:1", "anchors"),
        ("a: &x\n  b: 1", "1:4", "anchors"),
        ("a: &x [1]\nb: *x", "1:4", "anchors"),
        ("a: *x", "1:4", "aliases"),
        ("*x : 1", "1:1", "aliases"),
        ("a: [1, *x]", "1:8", "aliases"),
        ("a: !!str 1.10", "1:4", "tags"),
        ("a: ! x", "1:4", "tags"),
        ("a: !Ref x", "1:4", "tags"),
        ("!!map {a: 1}", "1:1", "tags"),
        ("!!str a: 1", "1:1", "tags"),
        ("a:\n  !!set\n  b: 1", "2:3", "tags"),
        ("a: !<tag:yaml.org,2002:str> x", "1:4", "tags"),
        ("a: 1\n---\nb: 2", "2:1", "further documents"),
        ("a: 1\n...\n---\n", "3:1", "further documents"),
        ("<<: {a: 1}", "1:1", "merge keys"),
        ("a:\n  <<: [x]", "2:3", "merge keys"),
        ("[a]: 1", "1:1", "keys that are arrays or objects"),
        ("? {a: 1}\n: 2", "1:3", "keys that are arrays or objects"),
        (": 1", "1:1", "keys that are left out"),
        ("{: 1}", "1:2", "keys that are left out"),
    ] {
        refuse(text, "L0008", place, word);
    }
}

#[test]
fn a_key_occurs_once_however_it_is_written() {
    for (text, place, key) in [
        ("a: 1\nb: 2\na: 3", "3:1", "`a`"),
        ("1: x\n\"1\": y", "2:1", "`1`"),
        ("'a': 1\n\"\\x61\": 2", "2:1", "`a`"),
        ("o: {x: 1, 'x': 2}", "1:11", "`x`"),
        ("- a: 1\n  a: 2\n  a: 3", "2:3", "`a`"),
    ] {
        refuse(text, "L0003", place, key);
    }
    check("1: x\n1.0: y", r#"{"1": "x", "1.0": "y"}"#);
}

#[test]
fn what_is_no_text_is_refused() {
    refuse("", "L0002", "1:1", "ends where a value");
    refuse("# only a comment\n", "L0002", "2:1", "ends where a value");
    refuse("a: b\0c: d", "L0002", "1:5", "printable");
    refuse("a: \u{1b}[31m", "L0002", "1:4", "printable");
    let error = yaml::read(b"a: \xff", Limits::default()).unwrap_err();
    assert_eq!((error.code().0, error.offset), ("L0001", 3));
    let error = yaml::read(b"a: 12", Limits { max_bytes: 4 }).unwrap_err();
    assert_eq!(error.code().0, "L0007");
}

#[test]
fn nesting_is_limited_in_every_spelling() {
    let flow = |depth| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    let maps = |depth| format!("{}1{}", "{a: ".repeat(depth), "}".repeat(depth));
    let block = |depth| format!("{}x", "- ".repeat(depth));
    let pairs = |depth: usize| {
        (0..depth).map(|level| format!("{}a:\n", " ".repeat(level))).collect::<String>()
    };
    let spellings: [&dyn Fn(usize) -> String; 4] = [&flow, &maps, &block, &pairs];
    for spelling in spellings {
        assert_eq!(read(&spelling(128)).unwrap().depth(), 128);
        let error = read(&spelling(129)).unwrap_err();
        assert_eq!(error.code().0, "L0004", "{error} {}", error.place);
    }
    // Two kinds of nesting count together.
    assert_eq!(read(&format!("{}{}", "- ".repeat(64), flow(64))).unwrap().depth(), 128);
    let error = read(&format!("{}{}", "- ".repeat(64), flow(65))).unwrap_err();
    assert_eq!((error.code().0, error.place.to_string().as_str()), ("L0004", "1:193"));
}

/// `text` is refused at this place; the help gives `help`, and with it the text is read.
#[track_caller]
fn mistake(text: &str, place: &str, help: &str) {
    let error = read(text).unwrap_err();
    assert_eq!(error.place.to_string(), place, "{text:?}: {error} {:?}", error.help);
    let found = error.help.clone().unwrap_or_default();
    assert!(found.contains(&format!("`{help}`")), "{text:?}: {error}: {found}");
    assert!(read(help).is_ok(), "{help}");
}

#[test]
fn mistakes_of_the_first_day_are_answered_with_the_quoted_form() {
    for (text, place, help) in [
        ("key: @ctx.a", "1:6", "key: \"@ctx.a\""),
        ("a: 1\nsteps:\n  - params:\n      key: @ctx.a  # which\n", "4:12", "key: \"@ctx.a\""),
        ("- @ctx.a", "1:3", "\"@ctx.a\""),
        ("- key: @ctx.a", "1:8", "key: \"@ctx.a\""),
        ("key:\n  @ctx.a", "2:3", "\"@ctx.a\""),
        ("x: [@ctx.a]", "1:5", "\"@ctx.a\""),
        ("x: [1, @ctx.a[0], 2]", "1:8", "\"@ctx.a[0]\""),
        ("x: {a: @ctx.a, b: 2}", "1:8", "\"@ctx.a\""),
        ("x: {a: 1, b: [@payload[\"k\"].x]}", "1:15", "'@payload[\"k\"].x'"),
        ("x: [\n  @ctx.a,\n]", "2:3", "\"@ctx.a\""),
        ("if: @payload.kind == \"x\"", "1:5", "if: '@payload.kind == \"x\"'"),
        (
            "if: @payload.kind == 'it' && \"a\" == \"b\"",
            "1:5",
            "if: '@payload.kind == ''it'' && \"a\" == \"b\"'",
        ),
        ("if: !has(@ctx.a)", "1:5", "if: \"!has(@ctx.a)\""),
        ("if: !has(@ctx.a) && @ctx.b > 3", "1:5", "if: \"!has(@ctx.a) && @ctx.b > 3\""),
        ("if: !has(@ctx.a[0])", "1:5", "if: \"!has(@ctx.a[0])\""),
        ("if: !(@ctx.a == 1)", "1:5", "if: \"!(@ctx.a == 1)\""),
        ("if: !@ctx.flag", "1:5", "if: \"!@ctx.flag\""),
        ("if: ! has(@ctx.a)", "1:5", "if: \"! has(@ctx.a)\""),
        ("if: !!has(@ctx.a)", "1:5", "if: \"!!has(@ctx.a)\""),
        ("if: \"a\" == @ctx.x", "1:9", "if: '\"a\" == @ctx.x'"),
        ("if: \"@ctx.a\" == \"x\"", "1:14", "if: \"@ctx.a == 'x'\""),
        ("if: 'a' in @ctx.x", "1:9", "if: \"'a' in @ctx.x\""),
        ("note: to do: this", "1:12", "note: \"to do: this\""),
        ("pattern: *.csv", "1:10", "pattern: \"*.csv\""),
        ("format: %Y-%m", "1:9", "format: \"%Y-%m\""),
        ("cmd: `date`", "1:6", "cmd: \"`date`\""),
        ("and: && x", "1:6", "and: \"&& x\""),
        ("text: {{ name }}", "1:7", "text: \"{{ name }}\""),
        ("text: {{ name }}.md", "1:7", "text: \"{{ name }}.md\""),
        ("x: {\n  a: @ctx.a }", "2:6", "a: \"@ctx.a\""),
        ("x: [ok,\n  @ctx.a ]", "2:3", "\"@ctx.a\""),
        ("if: >= 3", "1:5", "if: \">= 3\""),
        ("if: |x", "1:5", "if: \"|x\""),
        ("path: \"C:\\dir\"", "1:7", "\\\\"),
    ] {
        if help == "\\\\" {
            refuse(text, "L0009", place, "single quotes");
        } else {
            mistake(text, place, help);
        }
    }
    refuse("a:\n\t- 1", "L0009", "2:2", "spaces");
}

#[test]
fn a_mistake_is_shown_with_its_line_and_a_caret() {
    let source = Source {
        name: "job.yaml".into(),
        text: b"job_id: daily\nsteps:\n  - step_id: read\n    if: !has(@ctx.a)\n".to_vec(),
        format: Format::Yaml,
    };
    let error = source.read(Limits::default()).unwrap_err();
    assert_eq!(
        render(&[error.diagnostic()], &[source], Color::Never),
        "\
error[L0008]: tags are not read
 --> job.yaml:4:9
  |
4 |     if: !has(@ctx.a)
  |         ^
   = help: put it in quotes: `if: \"!has(@ctx.a)\"`

"
    );
}

/// The text that stands for the value at `pointer`, and its key.
#[track_caller]
fn outline(text: &str, pointer: &str, key: Option<&str>, value: &str) {
    let pointer: Pointer = pointer.parse().unwrap();
    let spot = yaml::outline(text).find(&pointer);
    assert!(spot.exact, "{pointer}");
    assert_eq!(&text[spot.value], value, "{pointer}");
    assert_eq!(spot.key.map(|span| &text[span]), key, "{pointer}");
}

#[test]
fn places_of_values_are_found_by_pointer() {
    let text = "# é\njob_id: daily\nversion: 1.10\nsteps:\n  - step_id: 'a'\n    params:\n      \"k\\u0031\": [x, {y: 2}]\n      empty:\n  - {step_id: b}\n\nlast: |\n  text\n";
    outline(text, "/version", Some("version"), "1.10");
    outline(text, "/steps/0/step_id", Some("step_id"), "'a'");
    outline(text, "/steps/0/params/k1", Some("\"k\\u0031\""), "[x, {y: 2}]");
    outline(text, "/steps/0/params/k1/1/y", Some("y"), "2");
    outline(text, "/steps/0/params/empty", Some("empty"), "");
    outline(text, "/steps/1", None, "{step_id: b}");
    outline(text, "/steps/0/params", Some("params"), "\"k\\u0031\": [x, {y: 2}]\n      empty");
    outline(text, "/last", Some("last"), "|\n  text\n");
    outline("\u{feff}a: b", "/a", Some("a"), "b");
    // What stands before an error keeps its place.
    outline("a: 1\nb: @x", "/a", Some("a"), "1");
}
