//! What the strict reader reads is read back from its canonical form, is JSON to another reader too,
//! and has a place for its root; what it refuses can be shown with its place.

#![no_main]

use libfuzzer_sys::fuzz_target;
use lorch_types::diagnostic::{Color, Format, Source, render};
use lorch_types::json::{self, Limits, Outline, canonical};
use lorch_types::pointer::Pointer;

fuzz_target!(|text: &[u8]| {
    let value = match json::read(text, Limits::default()) {
        Ok(value) => value,
        Err(error) => {
            assert!(error.offset <= text.len());
            let source = Source { name: "a.json".into(), text: text.into(), format: Format::Json };
            let shown = render(&[error.diagnostic()], &[source], Color::Never);
            assert!(!shown.contains(|c: char| c.is_control() && c != '\n'));
            return;
        }
    };
    let written = canonical(&value);
    assert_eq!(json::read(written.as_bytes(), Limits::default()).as_ref(), Ok(&value));
    // The other reader gives up at 128 levels, lorch after them.
    if value.depth() < 127 {
        let foreign: serde_json::Value = serde_json::from_slice(text).expect("JSON to any reader");
        assert_eq!(foreign.is_object(), value.as_object().is_some());
    }
    let text = str::from_utf8(text).expect("what was read is UTF-8");
    let root = Outline::of_json(text).find(&Pointer::root());
    assert_eq!(text.get(root.value), Some(text.trim_matches([' ', '\t', '\r', '\n'])));
});
