//! What the JSON Schema library finds, in words for people.
//!
//! One mistake gives one violation: a text that breaks its pattern and its length at once is one,
//! alternatives are narrowed to the one that was meant, and a rule between fields is silent where
//! one of the fields is wrong by itself.

use std::cmp::Ordering;

use jsonschema::error::{TypeKind, ValidationErrorKind as Rule};
use jsonschema::{JsonType, ValidationError};
use lorch_types::json::Value;
use lorch_types::pointer::Pointer;
use serde_json::Value as Json;

use crate::near::nearest;
use crate::violation::{Family, Violation};

/// How many characters of a value are shown.
const SHOWN: usize = 60;

/// The errors that `schema` has about `document` as violations, each mistake once, ordered by place.
pub(crate) fn explain<'e>(
    schema: &Json,
    document: &Json,
    errors: impl Iterator<Item = ValidationError<'e>>,
) -> Vec<Violation> {
    let mut violations = Vec::new();
    for error in errors {
        Explainer { schema, document }.explain(&error, &mut violations);
    }
    violations
        .sort_by(|a, b| by_place(&a.pointer, &b.pointer).then_with(|| a.family.cmp(&b.family)));
    violations.dedup_by(|later, earlier| {
        later.pointer == earlier.pointer
            && (earlier.family == Family::Type
                || (earlier.family == Family::Text && later.family == Family::Text)
                || earlier.message == later.message)
    });
    without_consequences(violations)
}

struct Explainer<'s> {
    schema: &'s Json,
    document: &'s Json,
}

/// What a violation says, still without its place.
struct Words {
    family: Family,
    message: String,
    expected: Option<String>,
    help: Option<String>,
}

impl Words {
    fn new(family: Family, message: impl Into<String>) -> Self {
        Self { family, message: message.into(), expected: None, help: None }
    }

    fn expecting(mut self, expected: impl Into<String>) -> Self {
        self.expected = Some(expected.into());
        self
    }

    fn with_help(mut self, help: Option<String>) -> Self {
        self.help = help;
        self
    }
}

impl Explainer<'_> {
    fn explain(&self, error: &ValidationError<'_>, out: &mut Vec<Violation>) {
        let pointer: Pointer = error.instance_path().as_str().parse().unwrap_or_default();
        if let Some(words) = rule_between_fields(self.schema, error.schema_path().as_str()) {
            out.push(violation(error, pointer, Words::new(Family::Together, words)));
            return;
        }
        match error.kind() {
            Rule::AdditionalProperties { unexpected } => {
                for name in unexpected {
                    let words = self.unknown_field(error, &pointer, name);
                    out.push(violation(error, pointer.join(name), words));
                }
            }
            Rule::AnyOf { context } | Rule::OneOfNotValid { context } => {
                self.alternatives(error, pointer, context, out);
            }
            _ => out.push(violation(error, pointer, self.words(error))),
        }
    }

    /// None of several alternatives fits: the errors of the one that was meant.
    fn alternatives(
        &self,
        error: &ValidationError<'_>,
        pointer: Pointer,
        context: &[Vec<ValidationError<'_>>],
        out: &mut Vec<Violation>,
    ) {
        let (of_other_type, of_this_type): (Vec<_>, Vec<_>) =
            context.iter().partition(|errors| errors.iter().any(|inner| is_type_of(inner, error)));
        if let Some(meant) = of_this_type.into_iter().min_by_key(|errors| errors.len()) {
            for inner in meant {
                self.explain(inner, out);
            }
            return;
        }
        let mut expected = Vec::new();
        for inner in of_other_type.into_iter().flatten() {
            if let Rule::Type { kind } = inner.kind() {
                for name in types(kind) {
                    if !expected.contains(&name) {
                        expected.push(name);
                    }
                }
            }
        }
        let words = wrong_type(&one_of(&expected), error.instance());
        out.push(Violation { keyword: "type".into(), ..violation(error, pointer, words) });
    }

    fn words(&self, error: &ValidationError<'_>) -> Words {
        let found = error.instance().as_ref();
        match error.kind() {
            Rule::Type { kind } => wrong_type(&one_of(&types(kind)), found),
            Rule::Required { property } => {
                let name = property.as_str().unwrap_or_default();
                Words::new(
                    Family::Missing,
                    format!("the field `{}` is missing", name.escape_debug()),
                )
            }
            Rule::Enum { options } => listed(found, options.as_array().map_or(&[], Vec::as_slice)),
            Rule::Constant { expected_value } => {
                listed(found, std::slice::from_ref(expected_value.as_ref()))
            }
            Rule::Pattern { .. } | Rule::MinLength { .. } | Rule::MaxLength { .. } => {
                self.text(error, found)
            }
            Rule::Not { .. } if found.is_string() => self.text(error, found),
            Rule::Not { .. } if found.is_null() => wrong_type("a value", found),
            Rule::Minimum { limit } => self.out_of_range(error, "small", "at least", limit),
            Rule::Maximum { limit } => self.out_of_range(error, "large", "at most", limit),
            Rule::ExclusiveMinimum { limit } => self.out_of_range(error, "small", "above", limit),
            Rule::ExclusiveMaximum { limit } => self.out_of_range(error, "large", "below", limit),
            Rule::MinItems { limit } => size(found, "at least", *limit, "item"),
            Rule::MaxItems { limit } => size(found, "at most", *limit, "item"),
            Rule::MinProperties { limit } => size(found, "at least", *limit, "field"),
            Rule::MaxProperties { limit } => size(found, "at most", *limit, "field"),
            Rule::UniqueItems => Words::new(Family::Size, "two items of this array are equal"),
            // Keywords that no schema of lorch's own uses.
            _ => Words::new(Family::Together, error.to_string()),
        }
    }

    /// A text that breaks the rule of its identifier, or a pattern or length without one.
    fn text(&self, error: &ValidationError<'_>, found: &Json) -> Words {
        let rules = self.rules(error);
        let said = |keyword| rules.and_then(|rules| rules.get(keyword)?.as_str());
        let found = shown(found);
        if let (Some(what), Some(rule)) = (said("title"), said("description")) {
            return Words::new(Family::Text, format!("{found} is no {what}: {rule}"))
                .expecting(rule);
        }
        let expected = match error.kind() {
            Rule::Pattern { pattern } => format!("a text that matches `{pattern}`"),
            Rule::MinLength { limit } => format!("{} or more", counted(*limit, "character")),
            Rule::MaxLength { limit } => format!("{} or fewer", counted(*limit, "character")),
            _ => "another text".to_owned(),
        };
        Words::new(Family::Text, format!("{found} does not do: it should be {expected}"))
            .expecting(expected)
    }

    fn out_of_range(
        &self,
        error: &ValidationError<'_>,
        how: &str,
        bound: &str,
        limit: &Json,
    ) -> Words {
        let (found, limit) = (shown(error.instance()), shown(limit));
        let message = format!("{found} is too {how}: it should be {bound} {limit}");
        Words::new(Family::Number, message).expecting(range(self.rules(error)))
    }

    fn unknown_field(&self, error: &ValidationError<'_>, around: &Pointer, name: &str) -> Words {
        let known = self.rules(error).and_then(|rules| rules.get("properties")?.as_object());
        let present = self.document.pointer(&around.to_string()).and_then(Json::as_object);
        let candidates = known.into_iter().flatten().map(|(known, _)| known.as_str());
        let absent = |known: &&str| !present.is_some_and(|object| object.contains_key(*known));
        let meant = nearest(name, candidates.filter(absent));
        let help = meant.map(|meant| format!("did you mean `{meant}`?"));
        let message = format!("unknown field `{}`", name.escape_debug());
        Words::new(Family::Unknown, message).with_help(help)
    }

    /// The schema around the keyword that the error is about.
    fn rules(&self, error: &ValidationError<'_>) -> Option<&Json> {
        let (around, _) = error.schema_path().as_str().rsplit_once('/')?;
        self.schema.pointer(around)
    }
}

fn violation(error: &ValidationError<'_>, pointer: Pointer, words: Words) -> Violation {
    let found = match words.family {
        Family::Missing | Family::Unknown | Family::Size => None,
        _ => Some(shown(error.instance())),
    };
    Violation {
        pointer,
        keyword: error.kind().keyword().into(),
        family: words.family,
        message: words.message,
        found,
        expected: words.expected,
        help: words.help,
    }
}

/// The words of a rule between fields (`if` and `then`), if the keyword at `path` belongs to one:
/// the nearest description around it, from the branch inwards.
fn rule_between_fields(schema: &Json, path: &str) -> Option<String> {
    let mut at = schema;
    let mut in_branch = false;
    let mut words = None;
    let mut names_follow = false;
    for token in path.split('/').skip(1) {
        at = match at {
            Json::Array(items) => items.get(token.parse::<usize>().ok()?)?,
            _ => at.get(token.replace("~1", "/").replace("~0", "~"))?,
        };
        in_branch |= !names_follow && matches!(token, "then" | "else");
        names_follow = !names_follow && matches!(token, "properties" | "definitions");
        if in_branch && !names_follow {
            words = at.get("description").and_then(Json::as_str).or(words);
        }
    }
    words.map(str::to_owned)
}

/// Leaves out what only follows from something else: a rule between fields says nothing new about
/// an object one of whose own fields is missing or wrong.
fn without_consequences(violations: Vec<Violation>) -> Vec<Violation> {
    let direct: Vec<Pointer> = violations
        .iter()
        .filter(|violation| violation.family != Family::Together)
        .map(|violation| match violation.family {
            Family::Missing => violation.pointer.clone(),
            _ => parent(&violation.pointer),
        })
        .collect();
    let follows = |violation: &Violation| {
        violation.family == Family::Together
            && violation.keyword != "required"
            && direct.contains(&parent(&violation.pointer))
    };
    violations.into_iter().filter(|violation| !follows(violation)).collect()
}

fn parent(pointer: &Pointer) -> Pointer {
    let mut parent = pointer.clone();
    parent.pop();
    parent
}

/// Whether `inner`, an error of an alternative, says that the whole value has another type.
fn is_type_of(inner: &ValidationError<'_>, outer: &ValidationError<'_>) -> bool {
    matches!(inner.kind(), Rule::Type { .. })
        && inner.instance_path().as_str() == outer.instance_path().as_str()
}

fn wrong_type(expected: &str, found: &Json) -> Words {
    let met = match found {
        Json::Number(_) if expected.starts_with("an integer") => shown(found),
        _ => Value::from(found.clone()).value_type().with_article().to_owned(),
    };
    Words::new(Family::Type, format!("expected {expected}, found {met}")).expecting(expected)
}

fn types(kind: &TypeKind) -> Vec<&'static str> {
    let with_article = |json_type: JsonType| match json_type {
        JsonType::Array => "an array",
        JsonType::Boolean => "a boolean",
        JsonType::Integer => "an integer",
        JsonType::Null => "null",
        JsonType::Number => "a number",
        JsonType::Object => "an object",
        JsonType::String => "a string",
    };
    match kind {
        TypeKind::Single(one) => vec![with_article(*one)],
        TypeKind::Multiple(several) => several.iter().map(with_article).collect(),
    }
}

/// `a`, `a or b`, `a, b or c`; null comes last.
fn one_of(names: &[&str]) -> String {
    let mut names: Vec<_> = names.to_vec();
    names.sort_by_key(|name| *name == "null");
    match names.as_slice() {
        [] => "something else".to_owned(),
        [only] => (*only).to_owned(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}

fn listed(found: &Json, options: &[Json]) -> Words {
    let shown_options: Vec<String> = options.iter().map(shown).collect();
    let names: Vec<&str> = shown_options.iter().map(String::as_str).collect();
    let expected = one_of(&names);
    let texts = options.iter().filter_map(Json::as_str);
    let meant = found.as_str().and_then(|found| nearest(found, texts));
    Words::new(Family::Listed, format!("{} is not {expected}", shown(found)))
        .expecting(expected)
        .with_help(meant.map(|meant| format!("did you mean `{meant}`?")))
}

/// The bounds of a number, in words.
fn range(rules: Option<&Json>) -> String {
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

fn size(found: &Json, bound: &str, limit: u64, unit: &str) -> Words {
    let count = match found {
        Json::Array(items) => items.len(),
        Json::Object(members) => members.len(),
        _ => 0,
    };
    let found = counted(u64::try_from(count).unwrap_or(u64::MAX), unit);
    let expected = format!("{bound} {}", counted(limit, unit));
    Words::new(Family::Size, format!("there should be {expected}, and there are {found}"))
        .expecting(expected)
}

fn counted(count: u64, unit: &str) -> String {
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}

/// A value as JSON between backquotes, shortened; a text without its quotes.
fn shown(value: &Json) -> String {
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

/// The order of places: array items by index, fields by name, what is around first.
fn by_place(a: &Pointer, b: &Pointer) -> Ordering {
    for (x, y) in a.tokens().zip(b.tokens()) {
        let order = match (x.parse::<usize>(), y.parse::<usize>()) {
            (Ok(x), Ok(y)) => x.cmp(&y),
            _ => x.cmp(y),
        };
        if order.is_ne() {
            return order;
        }
    }
    a.tokens().len().cmp(&b.tokens().len())
}
