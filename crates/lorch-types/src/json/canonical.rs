//! Canonical JSON: RFC 8785 (JCS) with 64-bit integers written exactly.

use super::scan::{plain_prefix, special_bytes};
use super::{ArrayView, Number, ObjectView, Value, View};

/// Where canonical text goes.
///
/// Bytes, not characters: what is written is valid UTF-8 as a whole, and there is nothing to check on
/// the way.
pub(crate) trait Sink {
    /// The bytes written last.
    fn bytes(&mut self) -> &mut Vec<u8>;
    /// Called between values, for a sink that passes its bytes on.
    #[inline]
    fn settle(&mut self) {}
}

impl Sink for Vec<u8> {
    #[inline]
    fn bytes(&mut self) -> &mut Vec<u8> {
        self
    }
}

/// The canonical text of `value`.
pub fn canonical(value: &Value) -> String {
    let mut out = Vec::new();
    put_value(value.into(), &mut out);
    into_text(out)
}

/// Appends the canonical text of `value` to `out`.
pub fn write_canonical(value: &Value, out: &mut String) {
    out.push_str(&canonical(value));
}

/// Appends `text` as a JSON string, escaping only what RFC 8785 section 3.2.2.2 escapes.
pub fn write_string(text: &str, out: &mut String) {
    out.push('"');
    let mut rest = text;
    loop {
        let (plain, tail) = rest.split_at(plain_prefix(rest.as_bytes()));
        out.push_str(plain);
        let mut characters = tail.chars();
        let Some(character) = characters.next() else { break };
        write_escape(character, out);
        rest = characters.as_str();
    }
    out.push('"');
}

/// What was written, as text.
pub(crate) fn into_text(bytes: Vec<u8>) -> String {
    debug_assert!(str::from_utf8(&bytes).is_ok(), "strings are copied whole or escaped");
    String::from_utf8(bytes).unwrap_or_default()
}

/// Puts the canonical text of `value` into `out`.
pub(crate) fn put_value(value: View<'_>, out: &mut impl Sink) {
    match value {
        View::Null => out.bytes().extend_from_slice(b"null"),
        View::Bool(true) => out.bytes().extend_from_slice(b"true"),
        View::Bool(false) => out.bytes().extend_from_slice(b"false"),
        View::Number(number) => put_number(number, out.bytes()),
        View::String(text) => text.put(out.bytes()),
        View::Array(items) => put_array(items, out),
        View::Object(object) => put_object(object, out),
    }
}

fn put_array(items: ArrayView<'_>, out: &mut impl Sink) {
    out.bytes().push(b'[');
    items.iter().enumerate().for_each(|(index, item)| {
        if index > 0 {
            out.bytes().push(b',');
        }
        put_value(item, out);
        out.settle();
    });
    out.bytes().push(b']');
}

fn put_object(object: ObjectView<'_>, out: &mut impl Sink) {
    out.bytes().push(b'{');
    object.iter().enumerate().for_each(|(index, (key, value))| {
        if index > 0 {
            out.bytes().push(b',');
        }
        key.put(out.bytes());
        out.bytes().push(b':');
        put_value(value, out);
        out.settle();
    });
    out.bytes().push(b'}');
}

/// Puts `number` into `out`.
pub(crate) fn put_number(number: Number, out: &mut Vec<u8>) {
    number.with_canonical(|text| out.extend_from_slice(text.as_bytes()));
}

/// Puts `text` into `out` as a JSON string; mostly it is copied as it is.
pub(crate) fn put_string(text: &str, out: &mut Vec<u8>) {
    let bytes = text.as_bytes();
    out.reserve(bytes.len() + 2);
    out.push(b'"');
    if is_plain(bytes) {
        out.extend_from_slice(bytes);
    } else {
        put_escaped(text, out);
    }
    out.push(b'"');
}

/// Whether no byte needs an escape; the last eight are looked at together, even if some were before.
#[inline]
fn is_plain(bytes: &[u8]) -> bool {
    let Some(last) = bytes.last_chunk::<8>() else {
        return bytes.iter().all(|byte| !matches!(byte, b'"' | b'\\' | 0..0x20));
    };
    let mut special = special_bytes(u64::from_le_bytes(*last));
    let mut rest = bytes;
    while let Some((chunk, tail)) = rest.split_first_chunk::<8>() {
        special |= special_bytes(u64::from_le_bytes(*chunk));
        rest = tail;
    }
    special == 0
}

#[cold]
fn put_escaped(text: &str, out: &mut Vec<u8>) {
    let mut quoted = String::new();
    write_string(text, &mut quoted);
    let inner = quoted.get(1..quoted.len() - 1).unwrap_or_default();
    out.extend_from_slice(inner.as_bytes());
}

fn write_escape(character: char, out: &mut String) {
    match character {
        '"' => out.push_str("\\\""),
        '\\' => out.push_str("\\\\"),
        '\u{8}' => out.push_str("\\b"),
        '\t' => out.push_str("\\t"),
        '\n' => out.push_str("\\n"),
        '\u{c}' => out.push_str("\\f"),
        '\r' => out.push_str("\\r"),
        other => {
            out.push_str("\\u00");
            out.extend(char::from_digit(u32::from(other) >> 4, 16));
            out.extend(char::from_digit(u32::from(other) & 15, 16));
        }
    }
}
