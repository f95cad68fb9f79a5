//! What the JSON Schema library finds, in words for people.
//!
//! One mistake gives one violation: a text that breaks its pattern and its length at once is one,
//! alternatives are narrowed to the one that was meant, and a rule between fields is silent where
//! one of the fields is wrong by itself.

mod alternatives;
mod between;
mod words;

use std::cmp::Ordering;

use jsonschema::ValidationError;
use jsonschema::error::ValidationErrorKind as Rule;
use lorch_types::pointer::Pointer;
use serde_json::Value as Json;

use crate::near::nearest;
use crate::violation::{Family, Violation};

use between::{rule_between_fields, without_consequences};
use words::{Words, counted, described, listed, range, shortened, size, types, wrong_type};
pub(crate) use words::{one_of, shown};

/// Who wrote a schema, and so what its annotations mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Vocabulary {
    /// Lorch: the `title` and `description` of a text are the name and the rule of its identifier,
    /// and the `description` of a branch is the rule between fields that it states.
    Own,
    /// Anybody: annotations say nothing about what is wrong.
    Custom,
}

/// The errors that `schema` has about `document` as violations, each mistake once, ordered by place.
pub(crate) fn explain<'e>(
    schema: &Json,
    document: &Json,
    vocabulary: Vocabulary,
    errors: impl Iterator<Item = ValidationError<'e>>,
) -> Vec<Violation> {
    let explainer = Explainer { schema, document, vocabulary };
    let mut violations = Vec::new();
    for error in errors {
        explainer.explain(&error, &mut violations);
    }
    violations
        .sort_by(|a, b| by_place(&a.pointer, &b.pointer).then_with(|| a.family.cmp(&b.family)));
    violations.dedup_by(|later, earlier| {
        let is_same_text = vocabulary == Vocabulary::Own
            && earlier.family == Family::Text
            && later.family == Family::Text;
        later.pointer == earlier.pointer
            && (earlier.family == Family::Type || is_same_text || earlier.message == later.message)
    });
    match vocabulary {
        Vocabulary::Own => without_consequences(violations),
        Vocabulary::Custom => violations,
    }
}

struct Explainer<'s> {
    schema: &'s Json,
    document: &'s Json,
    vocabulary: Vocabulary,
}

impl Explainer<'_> {
    fn explain(&self, error: &ValidationError<'_>, out: &mut Vec<Violation>) {
        let pointer: Pointer = error.instance_path().as_str().parse().unwrap_or_default();
        if self.vocabulary == Vocabulary::Own
            && let Some(words) = rule_between_fields(self.schema, error.schema_path().as_str())
        {
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
            Rule::PropertyNames { error: inner } => {
                let name = inner.instance().as_str().unwrap_or_default().to_owned();
                let words = self.words(inner);
                let message = format!("the name {}", words.message);
                let words = Words { family: Family::Unknown, message, ..words };
                out.push(violation(error, pointer.join(&name), words));
            }
            _ => out.push(violation(error, pointer, self.words(error))),
        }
    }

    fn words(&self, error: &ValidationError<'_>) -> Words {
        let found = error.instance().as_ref();
        match error.kind() {
            Rule::Type { kind } => wrong_type(&one_of(&types(kind)), found),
            Rule::Required { property } => {
                self.missing(error, property.as_str().unwrap_or_default())
            }
            Rule::Enum { options } => listed(found, options.as_array().map_or(&[], Vec::as_slice)),
            Rule::Constant { expected_value } => {
                listed(found, std::slice::from_ref(expected_value.as_ref()))
            }
            Rule::Pattern { .. } | Rule::MinLength { .. } | Rule::MaxLength { .. } => {
                self.text(error, found)
            }
            Rule::Not { .. } if self.vocabulary == Vocabulary::Own && found.is_string() => {
                self.text(error, found)
            }
            Rule::Not { .. } if self.vocabulary == Vocabulary::Own && found.is_null() => {
                wrong_type("a value", found)
            }
            Rule::Minimum { limit } => self.out_of_range(error, "small", "at least", limit),
            Rule::Maximum { limit } => self.out_of_range(error, "large", "at most", limit),
            Rule::ExclusiveMinimum { limit } => self.out_of_range(error, "small", "above", limit),
            Rule::ExclusiveMaximum { limit } => self.out_of_range(error, "large", "below", limit),
            Rule::MinItems { limit } => size(found, "at least", *limit, "item"),
            Rule::MaxItems { limit } => size(found, "at most", *limit, "item"),
            Rule::MinProperties { limit } => size(found, "at least", *limit, "field"),
            Rule::MaxProperties { limit } => size(found, "at most", *limit, "field"),
            Rule::UniqueItems => Words::new(Family::Size, "two items of this array are equal"),
            Rule::AdditionalItems { limit } => {
                size(found, "at most", u64::try_from(*limit).unwrap_or(u64::MAX), "item")
            }
            _ => self.rarely_used(error, found),
        }
    }

    /// Keywords that no schema of lorch's own uses.
    fn rarely_used(&self, error: &ValidationError<'_>, found: &Json) -> Words {
        let value = shown(found);
        let asked_for = |keyword| self.rules(error).and_then(|rules| rules.get(keyword));
        match error.kind() {
            Rule::Format { format } => {
                self.should_be(found, format!("a text of format `{format}`"))
            }
            Rule::MultipleOf { .. } => {
                let factor = asked_for("multipleOf").map(shown).unwrap_or_default();
                Words::new(Family::Number, format!("{value} is no multiple of {factor}"))
                    .expecting(format!("a multiple of {factor}"))
            }
            Rule::Contains => {
                let item = asked_for("contains").and_then(described);
                let expected = format!(
                    "at least one item that is {}",
                    item.as_deref().unwrap_or("as `contains` says")
                );
                Words::new(Family::Size, format!("there should be {expected}, and there is none"))
                    .expecting(expected)
            }
            Rule::FalseSchema => Words::new(Family::Unknown, "nothing may stand here"),
            Rule::OneOfMultipleValid { context } => several_fit(context),
            Rule::Not { schema } => {
                let refused = described(schema).unwrap_or_else(|| "what `not` says".to_owned());
                Words::new(Family::Together, format!("{value} may not stand here: it is {refused}"))
                    .expecting(format!("anything but {refused}"))
            }
            _ => {
                Words::new(Family::Together, shortened(&error.masked_with("the value").to_string()))
            }
        }
    }

    fn should_be(&self, found: &Json, expected: String) -> Words {
        let message = format!("{} does not do: it should be {expected}", shown(found));
        Words::new(Family::Text, message).expecting(expected)
    }

    /// A field that is always needed, or because of another one that is there.
    fn missing(&self, error: &ValidationError<'_>, name: &str) -> Words {
        let missing = format!("the field `{}` is missing", name.escape_debug());
        let needed_by = || {
            let dependencies = self.schema.pointer(error.schema_path().as_str())?.as_object()?;
            let present = error.instance().as_object()?;
            let needs = |(of, needed): &(&String, &Json)| {
                present.contains_key(*of)
                    && needed.as_array().is_some_and(|all| all.iter().any(|it| it == name))
            };
            dependencies.iter().find(needs).map(|(of, _)| of)
        };
        Words::new(
            Family::Missing,
            match needed_by() {
                Some(of) => format!("{missing}: `{}` needs it", of.escape_debug()),
                None => missing,
            },
        )
    }

    /// A text that breaks the rule of its identifier, or a pattern or length without one.
    fn text(&self, error: &ValidationError<'_>, found: &Json) -> Words {
        let rules = self.rules(error);
        let said = |keyword| rules.and_then(|rules| rules.get(keyword)?.as_str());
        if self.vocabulary == Vocabulary::Own
            && let (Some(what), Some(rule)) = (said("title"), said("description"))
        {
            let found = shown(found);
            return Words::new(Family::Text, format!("{found} is no {what}: {rule}"))
                .expecting(rule);
        }
        let expected = match error.kind() {
            Rule::Pattern { pattern } => format!("a text that matches `{pattern}`"),
            Rule::MinLength { limit } => format!("{} or more", counted(*limit, "character")),
            Rule::MaxLength { limit } => format!("{} or fewer", counted(*limit, "character")),
            _ => "another text".to_owned(),
        };
        self.should_be(found, expected)
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

/// A value that fits several alternatives, of which it should fit one.
fn several_fit(alternatives: &[Vec<ValidationError<'_>>]) -> Words {
    let fitting = alternatives.iter().enumerate().filter(|(_, errors)| errors.is_empty());
    let numbers: Vec<String> = fitting.map(|(index, _)| format!("{}", index + 1)).collect();
    let message = match numbers.as_slice() {
        [first @ .., last] => {
            format!(
                "alternatives {} and {last} of `oneOf` fit, and only one should",
                first.join(", ")
            )
        }
        [] => "several alternatives of `oneOf` fit, and only one should".to_owned(),
    };
    Words::new(Family::Together, message).expecting("exactly one alternative of `oneOf`")
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
