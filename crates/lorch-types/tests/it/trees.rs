//! A tree says of a text exactly what a value says of it, and a writer writes what it is given.

use lorch_types::Digest;
use lorch_types::json::{Limits, Tree, Value, View, Writer, canonical, read};
use proptest::prelude::*;

use crate::arbitrary;

/// Reads `text` both ways, and compares all that can be asked of the two.
#[track_caller]
fn check(text: &[u8], limits: Limits) {
    match (read(text, limits), Tree::read(text, limits)) {
        (Ok(value), Ok(tree)) => {
            assert_eq!(tree.view().to_value(), value);
            assert_eq!(Digest::of_view(tree.view()), Digest::of(&value));
            same(tree.view(), &value);
            for view in [tree.view(), View::from(&value)] {
                let mut writer = Writer::of_value();
                writer.value(view);
                assert_eq!(writer.into_value(), value);
            }
        }
        (Err(by_value), Err(by_tree)) => assert_eq!(by_value, by_tree),
        (by_value, by_tree) => panic!("{by_value:?} and {by_tree:?}"),
    }
}

/// Asks both for everything that is in them.
fn same(view: View<'_>, value: &Value) {
    assert_eq!(view.value_type(), value.value_type());
    assert_eq!((view.as_str(), view.as_bool()), (value.as_str(), value.as_bool()));
    assert_eq!(view.is_null(), value.is_null());
    match (view, value) {
        (View::Array(array), Value::Array(items)) => {
            assert_eq!((array.len(), array.is_empty()), (items.len(), items.is_empty()));
            assert_eq!(array.iter().len(), items.len());
            array.iter().zip(items).for_each(|(view, item)| same(view, item));
        }
        (View::Object(members), Value::Object(object)) => {
            assert_eq!((members.len(), members.is_empty()), (object.len(), object.is_empty()));
            assert_eq!(members.iter().len(), object.len());
            for ((key, view), (expected, value)) in members.iter().zip(object.iter()) {
                assert_eq!(key.as_str(), expected);
                assert!(members.contains_key(expected) && members.get(expected).is_some());
                same(view, value);
            }
            assert!(members.get("no such key").is_none());
        }
        _ => {}
    }
}

/// A text that writes `value` with whatever space and escapes `spare` chooses.
fn spelt(value: &Value, spare: &mut dyn FnMut() -> bool, out: &mut String) {
    let space = |spare: &mut dyn FnMut() -> bool, out: &mut String| {
        if spare() {
            out.push_str(" \n\t");
        }
    };
    space(spare, out);
    match value {
        Value::String(text) => spelt_string(text, spare, out),
        Value::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                out.push_str(if index > 0 { "," } else { "" });
                spelt(item, spare, out);
            }
            out.push(']');
        }
        Value::Object(object) => {
            out.push('{');
            let mut members: Vec<_> = object.iter().collect();
            if spare() {
                members.reverse();
            }
            for (index, (key, value)) in members.into_iter().enumerate() {
                out.push_str(if index > 0 { "," } else { "" });
                space(spare, out);
                spelt_string(key, spare, out);
                space(spare, out);
                out.push(':');
                spelt(value, spare, out);
            }
            out.push('}');
        }
        scalar => out.push_str(&canonical(scalar)),
    }
    space(spare, out);
}

fn spelt_string(text: &str, spare: &mut dyn FnMut() -> bool, out: &mut String) {
    out.push('"');
    for character in text.chars() {
        if matches!(character, '"' | '\\' | '\0'..='\x1f') || spare() {
            let mut units = [0; 2];
            for unit in character.encode_utf16(&mut units) {
                out.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            out.push(character);
        }
    }
    out.push('"');
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_tree_is_the_value(
        value in arbitrary::value(), choices in prop::collection::vec(prop::bool::weighted(0.2), 1..64),
        cut in any::<prop::sample::Index>(), put in prop::sample::select(vec!["", "\"", "{", "}", ",", "1", "\\", "\u{1}"]),
    ) {
        let mut choices = choices.into_iter().cycle();
        let mut text = String::new();
        spelt(&value, &mut || choices.next().unwrap_or_default(), &mut text);
        prop_assert_eq!(read(text.as_bytes(), Limits::default()), Ok(value));
        check(text.as_bytes(), Limits::default());
        check(text.as_bytes(), Limits { max_bytes: text.len() - 1 });
        // The same text with something wrong in it, or at least something else.
        let at = cut.index(text.len());
        check(&text.as_bytes()[..at], Limits::default());
        check(&[&text.as_bytes()[..at], put.as_bytes(), &text.as_bytes()[at..]].concat(), Limits::default());
    }
}

#[test]
fn what_reading_refuses_a_tree_refuses() {
    let deep = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    for text in [
        "",
        " ",
        "\u{feff}1",
        "{\"a\":1,\"a\":2}",
        "{\"b\":1,\"a\":{\"x\":1,\"y\":1},\"b\":2}",
        "[{\"a\":1,\"b\":2},{\"a\":1,\"a\":2}]",
        "[1e400]",
        "\"\\ud800\"",
        "[1,]",
        "nul",
        &deep(128),
        &deep(129),
    ] {
        check(text.as_bytes(), Limits::default());
    }
    check(b"\"\xff\"", Limits::default());
}
