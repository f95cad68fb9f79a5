//! The text of a document, and where in it something stands.

use super::{Diagnostic, Part};
use crate::json::{self, Limits, Outline, ReadError, Value};
use crate::place::{Place, Span};

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

    /// Where each value of the text stands, as far as it can be read.
    pub fn outline(&self) -> Outline {
        let text = str::from_utf8(&self.text).unwrap_or_default();
        match self.format {
            Format::Json => Outline::of_json(text),
            #[cfg(feature = "yaml")]
            Format::Yaml => crate::yaml::outline(text),
        }
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
        Location { start: Place::of(&self.text, span.start), span }
    }

    /// The bytes of the text that write the bytes `within` of the string that `value` writes.
    fn within(&self, value: &Span, within: &Span) -> Span {
        let written = self.text.get(value.clone()).unwrap_or_default();
        let offset = |decoded| value.start + written_offset(written, decoded);
        match written.first() {
            // A block scalar is indented: its lines do not stand as they are.
            Some(b'|' | b'>') => value.clone(),
            _ => offset(within.start)..offset(within.end),
        }
    }
}

/// How many bytes of a string as it is written come before its byte `decoded`.
fn written_offset(written: &[u8], decoded: usize) -> usize {
    let quote = written.first().copied().filter(|byte| matches!(byte, b'"' | b'\''));
    let mut at = usize::from(quote.is_some());
    let mut passed = 0;
    while passed < decoded && at < written.len() {
        let rest = written.get(at..).unwrap_or_default();
        let (taken, stands_for) = match (quote, rest) {
            (Some(b'"'), [b'\\', b'u', digits @ ..]) => {
                let code = digits.get(..4).and_then(|it| str::from_utf8(it).ok());
                let unit = code.and_then(|it| u32::from_str_radix(it, 16).ok()).unwrap_or(0);
                match char::from_u32(unit) {
                    Some(character) => (6, character.len_utf8()),
                    // A pair of surrogates: twelve characters for one of four bytes.
                    None => (12, 4),
                }
            }
            (Some(b'"'), [b'\\', _, ..]) | (Some(b'\''), [b'\'', b'\'', ..]) => (2, 1),
            _ => (1, 1),
        };
        at += taken;
        passed += stands_for;
    }
    at.min(written.len())
}
