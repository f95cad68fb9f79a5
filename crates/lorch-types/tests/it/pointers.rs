//! JSON pointers: the examples of RFC 6901, and that reading undoes writing.

use lorch_types::json::{self, Limits};
use lorch_types::pointer::Pointer;
use proptest::prelude::*;

use crate::arbitrary;

const DOCUMENT: &str = r#"{
    "foo": ["bar", "baz"], "": 0, "a/b": 1, "c%d": 2, "e^f": 3, "g|h": 4, "i\\j": 5, "k\"l": 6,
    " ": 7, "m~n": 8
}"#;

#[test]
fn the_examples_of_rfc_6901_section_5() {
    let document = json::read(DOCUMENT.as_bytes(), Limits::default()).unwrap();
    for (pointer, found) in [
        ("", None),
        ("/foo", Some("[\"bar\",\"baz\"]")),
        ("/foo/0", Some("\"bar\"")),
        ("/", Some("0")),
        ("/a~1b", Some("1")),
        ("/c%d", Some("2")),
        ("/e^f", Some("3")),
        ("/g|h", Some("4")),
        ("/i\\j", Some("5")),
        ("/k\"l", Some("6")),
        ("/ ", Some("7")),
        ("/m~0n", Some("8")),
    ] {
        let parsed: Pointer = pointer.parse().unwrap();
        assert_eq!(parsed.to_string(), pointer);
        let value = parsed.find(&document).unwrap();
        assert_eq!(value.to_string(), found.map_or(document.to_string(), str::to_owned));
        assert_eq!(parsed.find_mut(&mut document.clone()), Some(&mut value.clone()));
    }
}

#[test]
fn pointers_to_nothing_find_nothing() {
    let document = json::read(DOCUMENT.as_bytes(), Limits::default()).unwrap();
    for pointer in
        ["/foo/2", "/foo/00", "/foo/01", "/foo/+1", "/foo/-", "/foo/-1", "/foo/0/x", "/foo/", "/b"]
    {
        assert_eq!(pointer.parse::<Pointer>().unwrap().find(&document), None, "{pointer}");
    }
    let huge = "/foo/99999999999999999999999999";
    assert_eq!(huge.parse::<Pointer>().unwrap().find(&document), None);
}

#[test]
fn what_is_no_pointer_is_refused() {
    for (text, word) in
        [("foo", "`/`"), ("/a~", "`~`"), ("/a~2", "`~`"), ("/~/", "`~`"), ("#/a", "`/`")]
    {
        let error = text.parse::<Pointer>().unwrap_err().to_string();
        assert!(error.contains(word), "{text}: {error}");
    }
}

proptest! {
    #[test]
    fn reading_undoes_writing(tokens in prop::collection::vec("[a~/01é\\-]{0,4}", 0..5)) {
        let mut pointer = Pointer::root();
        for token in &tokens {
            pointer.push(token);
        }
        let read: Pointer = pointer.to_string().parse().unwrap();
        prop_assert_eq!(&read, &pointer);
        prop_assert_eq!(read.tokens().collect::<Vec<_>>(), tokens);
    }

    #[test]
    fn every_text_is_a_pointer_or_is_refused(text in arbitrary::string()) {
        if let Ok(pointer) = text.parse::<Pointer>() {
            prop_assert_eq!(pointer.to_string(), text);
        }
    }
}
