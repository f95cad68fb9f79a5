//! What the YAML reader reads has a canonical form that it reads again, agrees with JSON wherever a
//! text is both, and has a place for each of its values; what it refuses can be shown.

#![no_main]

use libfuzzer_sys::fuzz_target;
use lorch_types::diagnostic::{Color, Format, Source, render};
use lorch_types::json::{self, Limits, Outline, Value, canonical};
use lorch_types::pointer::Pointer;
use lorch_types::yaml;

fuzz_target!(|text: &[u8]| {
    match yaml::read(text, Limits::default()) {
        Ok(value) => {
            let written = canonical(&value);
            assert_eq!(json::read(written.as_bytes(), Limits::default()).as_ref(), Ok(&value));
            // YAML has characters that must be escaped, and keys in braces have 1,024 at most.
            let is_plain = |c: char| matches!(c, ' '..='~' | '\n' | '\u{a0}'..='\u{d7ff}');
            if written.len() < 1000 && written.chars().all(is_plain) {
                assert_eq!(yaml::read(written.as_bytes(), Limits::default()).as_ref(), Ok(&value));
            }
            if let Ok(json) = json::read(text, Limits::default()) {
                assert_eq!(json, value);
            }
            let text = str::from_utf8(text).expect("what was read is UTF-8");
            places(&yaml::outline(text), text, &value, &mut Pointer::root());
        }
        Err(error) => {
            assert!(error.offset <= text.len());
            let source = Source { name: "a.yaml".into(), text: text.into(), format: Format::Yaml };
            let shown = render(&[error.diagnostic()], &[source], Color::Never);
            assert!(!shown.contains(|c: char| c.is_control() && c != '\n'));
        }
    }
});

fn places(outline: &Outline, text: &str, value: &Value, at: &mut Pointer) {
    let spot = outline.find(at);
    assert!(spot.exact && text.get(spot.value).is_some(), "{at}");
    match value {
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                at.push(index);
                places(outline, text, item, at);
                at.pop();
            }
        }
        Value::Object(object) => {
            for (key, member) in object.iter() {
                at.push(key);
                places(outline, text, member, at);
                at.pop();
            }
        }
        _ => {}
    }
}
