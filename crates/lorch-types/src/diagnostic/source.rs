//! The text of a document, and where in it something stands.

use super::written::written_offset;
use super::{Diagnostic, Part};
use crate::json::{self, Document, Limits, Outline, ReadError, Tree, Value};
use crate::place::{Place, Span};
use crate::pointer::Pointer;

/// How a document is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// JSON.
    Json,
    /// YAML 1.2.
    #[cfg(feature = "yaml")]
    Yaml,
}

/// The text of one document and the name under which people know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Its name, for people: mostly a path.
    pub name: String,
    /// Its text.
    pub text: Vec<u8>,
    /// How it is written.
    pub format: Format,
}

/// Where something stands in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Location {
    /// The line and column at which it begins.
    pub start: Place,
    /// The bytes that it takes.
    pub span: Span,
}

impl Source {
    /// The value that the text holds.
    ///
    /// # Errors
    /// The first thing that makes the text unreadable, with its place.
    pub fn read(&self, limits: Limits) -> Result<Value, ReadError> {
        match self.format {
            Format::Json => json::read(&self.text, limits),
            #[cfg(feature = "yaml")]
            Format::Yaml => crate::yaml::read(&self.text, limits),
        }
    }

    /// The same, to be looked at; quicker for JSON, whose strings stay where they are.
    ///
    /// # Errors
    /// The first thing that makes the text unreadable, with its place.
    pub fn document(&self, limits: Limits) -> Result<Document<'_>, ReadError> {
        match self.format {
            Format::Json => Tree::read(&self.text, limits).map(Document::Tree),
            #[cfg(feature = "yaml")]
            Format::Yaml => crate::yaml::read(&self.text, limits).map(Document::Value),
        }
    }

    /// Where each value of the text stands, as far as it can be read.
    pub fn outline(&self) -> Outline {
        let text = str::from_utf8(&self.text).unwrap_or_default();
        match self.format {
            Format::Json => Outline::of_json(text),
            #[cfg(feature = "yaml")]
            Format::Yaml => crate::yaml::outline(text),
        }
    }

    /// The text that writes the value at `pointer`; `outline` is that of this text.
    ///
    /// For advice about a value that became something else than its author meant: the YAML
    /// `version: 1.10` is the number 1.1, and only its text says that `"1.10"` was meant.
    pub fn written(&self, outline: &Outline, pointer: &Pointer) -> Option<&str> {
        let spot = outline.find(pointer);
        let written = self.text.get(spot.value).filter(|_| spot.exact)?;
        str::from_utf8(written).ok()
    }

    /// Where the subject of `diagnostic` stands; `outline` is that of this text.
    pub fn locate(&self, outline: &Outline, diagnostic: &Diagnostic) -> Location {
        let spot = outline.find(&diagnostic.pointer);
        let span = match (&diagnostic.part, spot.key) {
            (Part::Text(span), _) => span.clone(),
            (Part::Key, Some(key)) => key,
            (Part::Within(within), _) if spot.exact => self.within(&spot.value, within),
            _ => spot.value,
        };
        Location { start: outline.place(&self.text, span.start), span }
    }

    /// The bytes of the text that write the bytes `within` of the string that `value` writes.
    fn within(&self, value: &Span, within: &Span) -> Span {
        let written = self.text.get(value.clone()).unwrap_or_default();
        let offset = |decoded| written_offset(written, decoded).map(|offset| value.start + offset);
        match (offset(within.start), offset(within.end)) {
            (Some(start), Some(end)) => start..end,
            _ => value.clone(),
        }
    }
}
