//! Canonical JSON: RFC 8785 (JCS) with 64-bit integers written exactly.

use super::scan::plain_prefix;
use super::{Object, Value};

/// The canonical text of `value`.
pub fn canonical(value: &Value) -> String {
    let mut out = String::new();
    write_canonical(value, &mut out);
    out
}

/// Appends the canonical text of `value` to `out`.
pub fn write_canonical(value: &Value, out: &mut String) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(true) => out.push_str("true"),
        Value::Bool(false) => out.push_str("false"),
        Value::Number(number) => number.write_canonical(out),
        Value::String(text) => write_string(text, out),
        Value::Array(items) => {
            let mut separator = '[';
            for item in items {
                out.push(separator);
                separator = ',';
                write_canonical(item, out);
            }
            out.push_str(if items.is_empty() { "[]" } else { "]" });
        }
        Value::Object(object) => write_canonical_object(object, out),
    }
}

/// Appends the canonical text of `object` to `out`.
pub fn write_canonical_object(object: &Object, out: &mut String) {
    let mut separator = '{';
    for (key, value) in object.iter() {
        out.push(separator);
        separator = ',';
        write_string(key, out);
        out.push(':');
        write_canonical(value, out);
    }
    out.push_str(if object.is_empty() { "{}" } else { "}" });
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
