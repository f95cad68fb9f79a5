//! String values of params: literals, references and templates.
//!
//! A whole string that is a reference stands for a value; `${@...}` inside a text makes a template,
//! which is always a string; everything else is a literal. `@@` at the start stands for a literal
//! `@`, and of n dollars before `{@` half are meant: an odd one begins a template.

mod doubt;
mod place;
mod secret;
mod write;

use smol_str::SmolStr;

use crate::reference::{
    Origin, Reference, ReferenceError, ReferenceErrorKind, Setting, has_shape, scan, text_after,
    whole,
};

pub use doubt::{Doubt, DoubtKind, doubts};
pub use place::reference_spans;
pub use secret::{FillError, fill_secrets};
pub use write::escape;

/// What a string value means. `Display` writes its source text, escaped, so that it is read as
/// itself again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expression {
    /// The text itself.
    Literal(SmolStr),
    /// The value that the reference names, with its type.
    Reference(Reference),
    /// A string with values filled in.
    Template(Template),
}

/// A text with references in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    /// Its parts in order; as read, at least one is a reference and no two texts are neighbours.
    pub parts: Vec<Part>,
}

/// One part of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// Text as it is meant.
    Text(SmolStr),
    /// A reference whose value stands here.
    Reference(Reference),
}

/// Whether `text` is the literal of itself, in one quick look; when false it may still be one.
pub fn is_plain(text: &str) -> bool {
    !text.contains('@') || (!text.starts_with('@') && !text.contains("{@"))
}

impl Expression {
    /// Reads a string as an author writes it.
    ///
    /// # Errors
    /// When it has the shape of a reference or template and is none, or exceeds the limits of
    /// [`Reference`].
    pub fn parse(text: &str) -> Result<Self, ReferenceError> {
        parse(text, Origin::Authored)
    }

    /// Reads a string that compiling wrote, whose references may be longer than an author's.
    ///
    /// # Errors
    /// When it has the shape of a reference or template and is none.
    pub fn parse_compiled(text: &str) -> Result<Self, ReferenceError> {
        parse(text, Origin::Compiled)
    }

    /// The template of `parts`, or the literal that they are when none is a reference.
    pub fn from_parts(parts: impl IntoIterator<Item = Part>) -> Self {
        let mut builder = Builder::default();
        for part in parts {
            match part {
                Part::Text(text) => builder.text.push_str(&text),
                Part::Reference(reference) => builder.reference(reference),
            }
        }
        builder.finish()
    }

    /// The references in it, in order.
    pub fn references(&self) -> impl Iterator<Item = &Reference> {
        let (whole, parts) = match self {
            Self::Literal(_) => (None, [].as_slice()),
            Self::Reference(reference) => (Some(reference), [].as_slice()),
            Self::Template(template) => (None, template.parts.as_slice()),
        };
        whole.into_iter().chain(parts.iter().filter_map(|part| match part {
            Part::Text(_) => None,
            Part::Reference(reference) => Some(reference),
        }))
    }
}

fn parse(text: &str, origin: Origin) -> Result<Expression, ReferenceError> {
    if is_plain(text) {
        return Ok(Expression::Literal(text.into()));
    }
    if has_shape(text) {
        return whole(text, Setting::Value, origin).map(Expression::Reference);
    }
    let mut builder = Builder::default();
    let mut at = usize::from(text.starts_with("@@"));
    while let Some(opening) = Opening::find(text, at) {
        builder.text.push_str(text.get(at..opening.dollars_end()).unwrap_or_default());
        if opening.is_live() {
            let (reference, end) = scan(text, opening.brace + 1, Setting::Template, origin)?;
            at = closed(text, &reference, opening.brace, end)?;
            builder.reference(reference);
        } else {
            builder.text.push_str("{@");
            at = opening.brace + 2;
        }
    }
    builder.text.push_str(text.get(at..).unwrap_or_default());
    Ok(builder.finish())
}

/// A run of dollars, perhaps none, and `{@` after it.
struct Opening {
    dollars: usize,
    brace: usize,
}

impl Opening {
    /// The first one from the byte `at` of `text` on.
    fn find(text: &str, at: usize) -> Option<Self> {
        let rest = text.get(at..)?;
        let brace = rest.find("{@")?;
        let before = rest.as_bytes().get(..brace)?;
        let dollars = before.iter().rev().take_while(|byte| **byte == b'$').count();
        Some(Self { dollars, brace: at + brace })
    }

    fn is_live(&self) -> bool {
        self.dollars % 2 == 1
    }

    /// Where the half of the dollars that is meant ends.
    fn dollars_end(&self) -> usize {
        self.brace - self.dollars + self.dollars / 2
    }
}

/// The offset behind the brace that closes the template opened at `brace`, whose reference ends at
/// `end`.
fn closed(
    text: &str,
    reference: &Reference,
    brace: usize,
    end: usize,
) -> Result<usize, ReferenceError> {
    let setting = Setting::Template;
    let rest = text.get(end..).unwrap_or_default();
    match rest.chars().next() {
        Some('}') => Ok(end + 1),
        Some(_) if rest.contains('}') => {
            let stop = rest.find('}').map_or(text.len(), |length| end + length);
            let inner = text.get(..stop).unwrap_or_default();
            Err(text_after(inner, reference, end, setting))
        }
        _ => {
            let kind = ReferenceErrorKind::Unclosed { closing: '}' };
            Err(ReferenceError { kind, span: brace..end, setting })
        }
    }
}

/// Collects parts, joining neighbouring texts.
#[derive(Default)]
struct Builder {
    parts: Vec<Part>,
    text: String,
}

impl Builder {
    fn reference(&mut self, reference: Reference) {
        self.flush();
        self.parts.push(Part::Reference(reference));
    }

    fn flush(&mut self) {
        if !self.text.is_empty() {
            self.parts.push(Part::Text(self.text.as_str().into()));
            self.text.clear();
        }
    }

    fn finish(mut self) -> Expression {
        if self.parts.is_empty() {
            return Expression::Literal(self.text.into());
        }
        self.flush();
        Expression::Template(Template { parts: self.parts })
    }
}
