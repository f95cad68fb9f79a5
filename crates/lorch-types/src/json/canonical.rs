//! Canonical JSON: RFC 8785 (JCS) with 64-bit integers written exactly.

use super::scan::{plain_prefix, special_bytes};
use super::{Number, Object, Value};

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
    put_value(value, &mut out);
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
pub(crate) fn put_value(value: &Value, out: &mut impl Sink) {
    match value {
        Value::Null => out.bytes().extend_from_slice(b"null"),
        Value::Bool(true) => out.bytes().extend_from_slice(b"true"),
        Value::Bool(false) => out.bytes().extend_from_slice(b"false"),
        Value::Number(number) => put_number(*number, out.bytes()),
        Value::String(text) => put_string(text, out.bytes()),
        Value::Array(items) => {
            out.bytes().push(b'[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.bytes().push(b',');
                }
                put_value(item, out);
                out.settle();
            }
            out.bytes().push(b']');
        }
        Value::Object(object) => put_object(object, out),
    }
}

/// Puts the canonical text of `object` into `out`.
pub(crate) fn put_object(object: &Object, out: &mut impl Sink) {
    out.bytes().push(b'{');
    for (index, (key, value)) in object.iter().enumerate() {
        if index > 0 {
            out.bytes().push(b',');
        }
        put_string(key, out.bytes());
        out.bytes().push(b':');
        put_value(value, out);
        out.settle();
    }
    out.bytes().push(b'}');
}

/// Puts `number` into `out`.
pub(crate) fn put_number(number: Number, out: &mut Vec<u8>) {
    let (negative, magnitude) = match (number.as_u64(), number.as_i64()) {
        (Some(natural), _) => (false, natural),
        (None, Some(integer)) => (true, integer.unsigned_abs()),
        (None, None) => {
            let mut text = String::new();
            number.write_canonical(&mut text);
            return out.extend_from_slice(text.as_bytes());
        }
    };
    if negative {
        out.push(b'-');
    }
    let start = out.len();
    let mut rest = magnitude;
    loop {
        out.push(b'0' + u8::try_from(rest % 10).unwrap_or_default());
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    if let Some(digits) = out.get_mut(start..) {
        digits.reverse();
    }
}

/// Puts `text` into `out` as a JSON string: mostly eight bytes at a time, as they are.
pub(crate) fn put_string(text: &str, out: &mut Vec<u8>) {
    out.reserve(text.len() + 2);
    out.push(b'"');
    let mut rest = text.as_bytes();
    while let Some((chunk, tail)) = rest.split_first_chunk::<8>() {
        if special_bytes(u64::from_le_bytes(*chunk)) != 0 {
            break;
        }
        out.extend_from_slice(chunk);
        rest = tail;
    }
    for byte in rest {
        match byte {
            b'"' | b'\\' | 0..0x20 => put_escape(*byte, out),
            plain => out.push(*plain),
        }
    }
    out.push(b'"');
}

#[cold]
fn put_escape(byte: u8, out: &mut Vec<u8>) {
    let mut escape = String::new();
    write_escape(char::from(byte), &mut escape);
    out.extend_from_slice(escape.as_bytes());
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
