//! The sentences about one value and what it should have been.

use jsonschema::JsonType;
use jsonschema::error::TypeKind;
use lorch_types::json::Value;
use serde_json::Value as Json;

use crate::near::nearest;
use crate::violation::Family;

/// How many characters of a value are shown.
const SHOWN: usize = 60;

/// What a violation says, still without its place.
pub(super) struct Words {
    pub(super) family: Family,
    pub(super) message: String,
    pub(super) expected: Option<String>,
    pub(super) help: Option<String>,
}

impl Words {
    pub(super) fn new(family: Family, message: impl Into<String>) -> Self {
        Self { family, message: message.into(), expected: None, help: None }
    }

    pub(super) fn expecting(mut self, expected: impl Into<String>) -> Self {
        self.expected = Some(expected.into());
        self
    }

    pub(super) fn with_help(mut self, help: Option<String>) -> Self {
        self.help = help;
        self
    }
}

pub(super) fn wrong_type(expected: &str, found: &Json) -> Words {
    let met = match found {
        Json::Number(_) if expected.starts_with("an integer") => shown(found),
        _ => Value::from(found.clone()).value_type().with_article().to_owned(),
    };
    Words::new(Family::Type, format!("expected {expected}, found {met}")).expecting(expected)
}

const fn with_article(json_type: JsonType) -> &'static str {
    match json_type {
        JsonType::Array => "an array",
        JsonType::Boolean => "a boolean",
        JsonType::Integer => "an integer",
        JsonType::Null => "null",
        JsonType::Number => "a number",
        JsonType::Object => "an object",
        JsonType::String => "a string",
    }
}

pub(super) fn types(kind: &TypeKind) -> Vec<&'static str> {
    match kind {
        TypeKind::Single(one) => vec![with_article(*one)],
        TypeKind::Multiple(several) => several.iter().map(with_article).collect(),
    }
}

/// `a`, `a or b`, `a, b or c`; null comes last.
pub(crate) fn one_of(names: &[impl AsRef<str>]) -> String {
    let mut names: Vec<_> = names.iter().map(AsRef::as_ref).collect();
    names.sort_by_key(|name| *name == "null");
    match names.as_slice() {
        [] => "something else".to_owned(),
        [only] => (*only).to_owned(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}

pub(super) fn listed(found: &Json, options: &[Json]) -> Words {
    let shown_options: Vec<String> = options.iter().map(shown).collect();
    let names: Vec<&str> = shown_options.iter().map(String::as_str).collect();
    let expected = one_of(&names);
    let texts = options.iter().filter_map(Json::as_str);
    let meant = found.as_str().and_then(|found| nearest(found, texts));
    let found = shown(found);
    let message = match options {
        [] => format!("{found} may not stand here: no value is listed"),
        _ => format!("{found} is not {expected}"),
    };
    Words::new(Family::Listed, message)
        .expecting(expected)
        .with_help(meant.map(|meant| format!("did you mean `{meant}`?")))
}

/// The bounds of a number, in words.
pub(super) fn range(rules: Option<&Json>) -> String {
    let bound = |keyword| rules.and_then(|rules| rules.get(keyword)).map(shown);
    let words = [
        ("minimum", "at least"),
        ("exclusiveMinimum", "above"),
        ("maximum", "at most"),
        ("exclusiveMaximum", "below"),
    ];
    let words = words
        .into_iter()
        .filter_map(|(keyword, words)| bound(keyword).map(|bound| format!("{words} {bound}")));
    words.collect::<Vec<_>>().join(" and ")
}

pub(super) fn size(found: &Json, bound: &str, limit: u64, unit: &str) -> Words {
    let count = match found {
        Json::Array(items) => items.len(),
        Json::Object(members) => members.len(),
        _ => 0,
    };
    let are = if count == 1 { "is" } else { "are" };
    let found = counted(u64::try_from(count).unwrap_or(u64::MAX), unit);
    let expected = format!("{bound} {}", counted(limit, unit));
    Words::new(Family::Size, format!("there should be {expected}, and there {are} {found}"))
        .expecting(expected)
}

pub(super) fn counted(count: u64, unit: &str) -> String {
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}

/// A value as JSON between backquotes, shortened; a text without its quotes.
pub(crate) fn shown(value: &Json) -> String {
    let text = match value {
        Json::String(text) if text.is_empty() => return "an empty text".to_owned(),
        Json::String(text) => text.escape_debug().to_string(),
        other => other.to_string(),
    };
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("`{}…`", text.get(..end).unwrap_or_default()),
        None => format!("`{text}`"),
    }
}

/// What a schema asks for, where a few words can say it.
pub(super) fn described(schema: &Json) -> Option<String> {
    if let Some(value) = schema.get("const") {
        return Some(shown(value));
    }
    if let Some(options) = schema.get("enum").and_then(Json::as_array) {
        return Some(one_of(&options.iter().map(shown).collect::<Vec<_>>()));
    }
    if let Some(pattern) = schema.get("pattern").and_then(Json::as_str) {
        return Some(format!("a text that matches `{pattern}`"));
    }
    match schema.get("type")? {
        Json::String(name) => named_type(name).map(str::to_owned),
        Json::Array(names) => {
            let names: Option<Vec<_>> = names.iter().map(|it| named_type(it.as_str()?)).collect();
            Some(one_of(&names?))
        }
        _ => None,
    }
}

fn named_type(name: &str) -> Option<&'static str> {
    let json_type = match name {
        "array" => JsonType::Array,
        "boolean" => JsonType::Boolean,
        "integer" => JsonType::Integer,
        "null" => JsonType::Null,
        "number" => JsonType::Number,
        "object" => JsonType::Object,
        "string" => JsonType::String,
        _ => return None,
    };
    Some(with_article(json_type))
}

/// What the library says, without quoting whole documents.
pub(super) fn shortened(message: &str) -> String {
    const LONGEST: usize = 200;
    let message = message.trim_end_matches('.');
    match message.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", message.get(..end).unwrap_or_default()),
        None => message.to_owned(),
    }
}
