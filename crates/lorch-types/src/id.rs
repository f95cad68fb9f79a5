//! Identifiers: each a type of its own that can only hold a valid value.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use schemars::{Schema, json_schema};
use serde::de::Visitor;

/// A text that breaks the rule of the identifier it was meant to be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{}` is no {what}: {rule}", text.escape_debug())]
pub struct InvalidId {
    text: String,
    what: &'static str,
    rule: &'static str,
}

impl InvalidId {
    pub(crate) fn new(text: &str, what: &'static str, rule: &'static str) -> Self {
        const SHOWN: usize = 80;
        let text = match text.char_indices().nth(SHOWN) {
            Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
            None => text.to_owned(),
        };
        Self { text, what, rule }
    }

    /// The rule that the text breaks, in words.
    pub fn rule(&self) -> &'static str {
        self.rule
    }
}

/// The rule of one kind of identifier, as code and as schema.
pub(crate) struct Rule {
    /// What it is, after "is no".
    pub(crate) what: &'static str,
    /// The rule in words.
    pub(crate) words: &'static str,
    /// The JSON Schema keywords that say the same as `holds`.
    pub(crate) schema: fn() -> Schema,
    /// Whether a text keeps the rule.
    pub(crate) holds: fn(&str) -> bool,
}

/// Declares an identifier: a newtype over text whose rule is kept by every way of making one.
macro_rules! identifier {
    ($(#[$doc:meta])* pub struct $name:ident = $rule:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(smol_str::SmolStr);

        impl $name {
            pub(crate) const RULE: $crate::id::Rule = $rule;

            /// The identifier as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::id::InvalidId;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                if (Self::RULE.holds)(text) {
                    Ok(Self(text.into()))
                } else {
                    Err($crate::id::InvalidId::new(text, Self::RULE.what, Self::RULE.words))
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        $crate::id::through_text!($name);

        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                $crate::id::in_words((Self::RULE.schema)(), Self::RULE.what, Self::RULE.words)
            }
        }
    };
}

/// Serde through `Display` and `FromStr`.
macro_rules! through_text {
    ($name:ident) => {
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_str($crate::id::TextVisitor(std::marker::PhantomData))
            }
        }
    };
}

pub(crate) use {identifier, through_text};

/// Reads anything that `FromStr` makes from a string, without a copy in between.
pub(crate) struct TextVisitor<T>(pub(crate) PhantomData<T>);

impl<T: FromStr<Err: fmt::Display>> Visitor<'_> for TextVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<T, E> {
        text.parse().map_err(E::custom)
    }
}

/// The schema with its rule in words, for editors and for whoever explains a violation: the title
/// completes "is no", the description "since".
pub(crate) fn in_words(mut schema: Schema, what: &str, words: &str) -> Schema {
    schema.insert("title".into(), what.into());
    schema.insert("description".into(), words.into());
    schema
}

/// The schema of a string of fixed length; the length also refuses a trailing line feed, which some
/// engines let `$` match before.
pub(crate) fn fixed(pattern: &'static str, length: usize) -> Schema {
    json_schema!({ "type": "string", "pattern": pattern, "maxLength": length })
}

/// The schema of a string of varying length with a pattern.
pub(crate) fn varying(pattern: impl Into<Cow<'static, str>>) -> Schema {
    let pattern = pattern.into();
    json_schema!({ "type": "string", "pattern": pattern, "not": { "pattern": "\\n" } })
}

/// The schema of a string that is bounded in length only.
pub(crate) fn bounded(min: usize, max: usize) -> Schema {
    json_schema!({ "type": "string", "minLength": min, "maxLength": max })
}

/// Whether `text` has `min` to `max` characters.
pub(crate) fn has_length(text: &str, min: usize, max: usize) -> bool {
    (min..=max).contains(&text.chars().count())
}

/// Whether `text` is `prefix` and then `count` lower-case hexadecimal digits.
pub(crate) fn is_prefixed_hex(text: &str, prefix: &str, count: usize) -> bool {
    // Every digit is looked at, wrong ones or not: without a way out the loop takes many at once.
    let is_hex = |digits: &[u8]| {
        let is_digit = |byte: &u8| byte.is_ascii_digit() | matches!(byte, b'a'..=b'f');
        digits.iter().fold(true, |all, byte| all & is_digit(byte))
    };
    text.strip_prefix(prefix)
        .is_some_and(|digits| digits.len() == count && is_hex(digits.as_bytes()))
}

/// Whether `text` is `count` decimal digits.
pub(crate) fn is_digits(text: &str, count: usize) -> bool {
    text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit())
}
