//! Diagnostics as people read them: lines, carets, escapes.

use lorch_types::condition::Condition;
use lorch_types::diagnostic::{Code, Color, Diagnostic, Format, Part, Source, render};
use lorch_types::json::{Limits, Outline, Value};
use lorch_types::place::Place;
use lorch_types::pointer::Pointer;
use proptest::prelude::*;

use crate::arbitrary;

const CODE: Code = Code("L0101");

fn source(name: &str, text: &str) -> Source {
    let format = if name.ends_with(".yaml") { Format::Yaml } else { Format::Json };
    Source { name: name.into(), text: text.into(), format }
}

/// What is rendered about this part of the value at `pointer`.
#[track_caller]
fn check(name: &str, text: &str, pointer: &str, part: Part, expected: &str) {
    let diagnostic = Diagnostic::error(CODE, pointer.parse().unwrap(), "wrong").about(part);
    let rendered = render(&[diagnostic], &[source(name, text)], Color::Never);
    assert_eq!(rendered.trim_end(), expected.trim_matches('\n'));
}

#[test]
fn a_value_its_key_and_a_part_of_it() {
    let text = "{\n  \"a\": {\"k\": \"x @ctx.y z\"}\n}\n";
    check(
        "job.json",
        text,
        "/a/k",
        Part::Value,
        r#"
error[L0101]: wrong
 --> job.json:2:14
  |
2 |   "a": {"k": "x @ctx.y z"}
  |              ^^^^^^^^^^^^
"#,
    );
    check(
        "job.json",
        text,
        "/a/k",
        Part::Key,
        r#"
error[L0101]: wrong
 --> job.json:2:9
  |
2 |   "a": {"k": "x @ctx.y z"}
  |         ^^^
"#,
    );
    check(
        "job.json",
        text,
        "/a/k",
        Part::Within(2..8),
        r#"
error[L0101]: wrong
 --> job.json:2:17
  |
2 |   "a": {"k": "x @ctx.y z"}
  |                 ^^^^^^
"#,
    );
    // A pointer beyond the text leads to the nearest value around.
    check(
        "job.json",
        text,
        "/a/missing/0",
        Part::Within(0..1),
        r#"
error[L0101]: wrong
 --> job.json:2:8
  |
2 |   "a": {"k": "x @ctx.y z"}
  |        ^^^^^^^^^^^^^^^^^^^
"#,
    );
}

#[test]
fn control_characters_are_shown_and_never_sent() {
    check(
        "a\u{1b}[31m.json",
        "[\"\u{7f}\u{202e}x\", \t5]",
        "/1",
        Part::Value,
        "
error[L0101]: wrong
 --> a\\u{1b}[31m.json:1:10
  |
1 | [\"\\u{7f}\\u{202e}x\",  5]
  |                      ^
",
    );
    let diagnostic =
        Diagnostic::warning(CODE, Pointer::root(), "a\u{1b}b\nc").with_help("d\u{9b}e");
    assert_eq!(
        render(&[diagnostic], &[source("a.json", "1")], Color::Never),
        "warning[L0101]: a\\u{1b}b\\u{a}c\n --> a.json:1:1\n  |\n1 | 1\n  | ^\n   = help: d\\u{9b}e\n\n"
    );
}

#[test]
fn colour_is_in_the_frame_and_not_in_the_text() {
    let diagnostic = Diagnostic::error(CODE, Pointer::root(), "wrong");
    let rendered = render(&[diagnostic], &[source("a.json", "1")], Color::Always);
    assert!(rendered.starts_with("\u{1b}[1;31merror[L0101]\u{1b}[0m: wrong\n"), "{rendered:?}");
}

#[test]
fn diagnostics_stand_in_the_order_of_the_text() {
    let at =
        |pointer: &str, message: &str| Diagnostic::error(CODE, pointer.parse().unwrap(), message);
    let rendered = render(
        &[at("", "in the child").in_file("child.yaml"), at("/1", "second"), at("/0", "first")],
        &[source("a.json", "[1,\n2]"), source("child.yaml", "- x")],
        Color::Never,
    );
    let heads: Vec<&str> = rendered.lines().filter(|line| line.contains("L0101")).collect();
    let expected = ["first", "second", "in the child"].map(|it| format!("error[L0101]: {it}"));
    assert_eq!(heads, expected);
    assert!(rendered.contains("--> child.yaml:1:1"), "{rendered}");
}

#[test]
fn long_lines_are_cut_around_the_place() {
    let text = format!("[{}7{}]", "\"x\",".repeat(1000), ",1".repeat(1000));
    let diagnostic = Diagnostic::error(CODE, "/1000".parse().unwrap(), "wrong");
    let rendered = render(&[diagnostic], &[source("a.json", &text)], Color::Never);
    let lines: Vec<&str> = rendered.lines().collect();
    let caret = lines[4].find('^').unwrap();
    assert_eq!(lines[3].as_bytes()[caret], b'7');
    assert!(rendered.lines().all(|line| line.chars().count() <= 120), "{rendered}");
}

#[test]
fn thousands_of_diagnostics_are_placed_without_reading_the_text_again_for_each() {
    let text = format!("[{}0]", "\"é\",".repeat(4_000));
    let at = |index| Diagnostic::error(CODE, Pointer::root().join(index), "wrong");
    let diagnostics: Vec<Diagnostic> = (0..4_000).map(at).collect();
    let rendered = render(&diagnostics, &[source("a.json", &text)], Color::Never);
    assert_eq!(rendered.matches(" --> a.json:1:").count(), 4_000);
    assert!(rendered.contains(" --> a.json:1:15998\n"));
}

#[test]
fn places_count_characters() {
    for (text, offset, place) in [
        ("", 0, "1:1"),
        ("ab", 1, "1:2"),
        ("é😀x", 6, "1:3"),
        ("a\r\nb", 3, "2:1"),
        ("a\n\nb", 3, "3:1"),
        ("\u{feff}ab", 4, "1:2"),
        ("ab", 99, "1:3"),
    ] {
        assert_eq!(Place::of(text.as_bytes(), offset).to_string(), place, "{text:?} {offset}");
    }
}

#[test]
fn errors_in_conditions_point_at_whole_characters() {
    for (text, at_fault) in [
        ("has(é)", "é"),
        ("has(\u{8f}\0)", "\u{8f}"),
        ("1 in [é]", "é"),
        ("é == 1", "é"),
        ("@ctx.a == 😀", "😀"),
        ("@é", "@"),
        ("size(😀)", "😀"),
    ] {
        let error = Condition::parse(text).unwrap_err();
        assert_eq!(text.get(error.span.clone()), Some(at_fault), "{text}: {error}");
    }
}

#[test]
fn the_text_of_a_value_is_there_for_advice() {
    let yaml = source("a.yaml", "version: 1.10 # the tenth\nsteps: []\n");
    let outline = yaml.outline();
    assert_eq!(yaml.read(Limits::default()).unwrap().get("version"), Some(&json_number("1.1")));
    assert_eq!(yaml.written(&outline, &"/version".parse().unwrap()), Some("1.10"));
    assert_eq!(yaml.written(&outline, &"/nothing".parse().unwrap()), None);
}

fn json_number(text: &str) -> Value {
    lorch_types::json::read(text.as_bytes(), Limits::default()).unwrap()
}

/// The bytes `within` of the string at `/k` are written as `expected`.
#[track_caller]
fn written(name: &str, text: &str, within: std::ops::Range<usize>, expected: &str) {
    let source = source(name, text);
    let value = source.read(Limits::default()).unwrap();
    let string = value.get("k").and_then(Value::as_str).unwrap();
    assert!(string.get(within.clone()).is_some(), "{string:?}");
    let diagnostic = Diagnostic::error(CODE, "/k".parse().unwrap(), "wrong");
    let location = source.locate(&source.outline(), &diagnostic.about(Part::Within(within)));
    assert_eq!(&text[location.span], expected, "{text:?}");
}

#[test]
fn parts_of_strings_are_found_behind_escapes_folds_and_indentation() {
    written("a.json", r#"{"k": "a\n\u00e9\ud83d\ude00@x"}"#, 8..10, "@x");
    written("a.json", r#"{"k": "\"\\\/@x"}"#, 3..5, "@x");
    written("a.yaml", "k: a @x b", 2..4, "@x");
    written("a.yaml", "k: 'it''s @x'", 5..7, "@x");
    written("a.yaml", r#"k: "\x41\e\0\N\_\L\U0001F600@x""#, 14..16, "@x");
    written("a.yaml", "k: one\n  two @x", 8..10, "@x");
    written("a.yaml", "k: 'one\n\n\n  two @x'", 9..11, "@x");
    written("a.yaml", "k: \"one \\\n    two @x\"", 8..10, "@x");
    written("a.yaml", "k: |\n  one\n\n    two\n  @x three\n", 11..13, "@x");
    written("a.yaml", "k: |-  # comment | >\n\n\n  @x\n", 2..4, "@x");
    written("a.yaml", "k: >\n  one\n  two\n\n  @x\n", 8..10, "@x");
    written("a.yaml", "k: >\n  one\n    more\n  @x\n", 11..13, "@x");
    // With an indentation indicator the text alone does not tell, so all of it is marked.
    written("a.yaml", "k: |1\n  @x\n", 1..3, "|1\n  @x\n");
}

proptest! {
    /// Plain characters of a JSON string are found at the place where they stand.
    #[test]
    fn characters_of_json_strings_are_found(text in arbitrary::string()) {
        let document = Value::Array(vec![text.as_str().into()]).to_string();
        let source = source("a.json", &document);
        let outline = source.outline();
        for (at, character) in text.char_indices() {
            let part = Part::Within(at..at + character.len_utf8());
            let diagnostic = Diagnostic::error(CODE, "/0".parse().unwrap(), "wrong").about(part);
            let found = &document[source.locate(&outline, &diagnostic).span];
            let is_escaped = found.starts_with('\\');
            prop_assert!(is_escaped || found == character.to_string(), "{found:?} {character:?}");
        }
    }

    /// Whatever is wrong with whatever text, it can be shown.
    #[test]
    fn rendering_never_fails(
        text in arbitrary::string(),
        pointer in prop::collection::vec(arbitrary::string(), 0..3),
        (start, length) in (0_usize..40, 0_usize..40),
        kind in 0..4,
    ) {
        let mut place = Pointer::root();
        pointer.iter().for_each(|token| place.push(token));
        let span = start..start + length;
        let part = match kind {
            0 => Part::Value,
            1 => Part::Key,
            2 => Part::Within(span),
            _ => Part::Text(span),
        };
        let diagnostic = Diagnostic::error(CODE, place, text.clone()).about(part);
        for name in ["a.json", "a.yaml"] {
            for text in [text.clone(), format!("\"{text}\""), format!("k: {text}"), format!("[|\n {text}")] {
                let rendered = render(std::slice::from_ref(&diagnostic), &[source(name, &text)], Color::Never);
                let is_hidden = |c: char| c.is_control() && c != '\n';
                prop_assert!(!rendered.contains(is_hidden), "{rendered:?}");
            }
        }
    }

    /// The outline of a text has a place for each of its values.
    #[test]
    fn outlines_have_every_value(value in arbitrary::value()) {
        let text = value.to_string();
        prop_assume!(text.chars().all(arbitrary::is_printable));
        for outline in [Outline::of_json(&text), lorch_types::yaml::outline(&text)] {
            let mut open = vec![(Pointer::root(), &value)];
            while let Some((pointer, value)) = open.pop() {
                let spot = outline.find(&pointer);
                prop_assert!(spot.exact);
                prop_assert_eq!(&text[spot.value], value.to_string());
                match value {
                    Value::Array(items) => {
                        open.extend(items.iter().enumerate().map(|(at, it)| (pointer.join(at), it)));
                    }
                    Value::Object(object) => {
                        open.extend(object.iter().map(|(key, it)| (pointer.join(key), it)));
                    }
                    _ => {}
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// An outline knows where a byte stands without counting from the start.
    #[test]
    fn outlines_place_bytes_as_texts_do(
        parts in prop::collection::vec("[a\né\u{feff}]{0,1500}", 0..12),
        offset in any::<prop::sample::Index>(),
    ) {
        let text = parts.concat();
        let offset = offset.index(text.len() + 2);
        prop_assume!(text.is_char_boundary(offset.min(text.len())));
        let outline = Outline::of_json(&text);
        prop_assert_eq!(outline.place(text.as_bytes(), offset), Place::of(text.as_bytes(), offset));
    }
}
