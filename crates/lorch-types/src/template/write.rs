//! Writes expressions as source text that is read as the same again.

use std::borrow::Cow;
use std::fmt;

use super::{Expression, Part, Template, is_plain};
use crate::reference::has_shape;

/// The source text of the literal `data`: `data` itself when it would be read as that.
pub fn escape(data: &str) -> Cow<'_, str> {
    if is_plain(data) || !(needs_at(data) || data.contains("${@")) {
        return Cow::Borrowed(data);
    }
    let mut out = String::with_capacity(data.len() + 2);
    if needs_at(data) {
        out.push('@');
    }
    push_text(data, Follows::Nothing, &mut out);
    Cow::Owned(out)
}

/// Whether a literal that begins like `data` needs `@@` at the start.
fn needs_at(data: &str) -> bool {
    data.starts_with("@@") || has_shape(data)
}

/// What stands behind a text.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Follows {
    Nothing,
    Reference,
}

/// Appends `text`, its dollars doubled where they stand before `{@` or a template.
fn push_text(text: &str, follows: Follows, out: &mut String) {
    let double = |before: &str, out: &mut String| {
        let dollars = before.len() - before.trim_end_matches('$').len();
        out.push_str(before);
        out.extend(std::iter::repeat_n('$', dollars));
    };
    let mut rest = text;
    while let Some(brace) = rest.find("{@") {
        let (before, from_brace) = rest.split_at(brace);
        double(before, out);
        let (opening, after) = from_brace.split_at(2);
        out.push_str(opening);
        rest = after;
    }
    match follows {
        Follows::Nothing => out.push_str(rest),
        Follows::Reference => double(rest, out),
    }
}

impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Literal(text) => f.write_str(&escape(text)),
            Self::Reference(reference) => reference.fmt(f),
            Self::Template(template) => template.fmt(f),
        }
    }
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = String::new();
        let mut text = String::new();
        for part in &self.parts {
            match part {
                Part::Text(more) => text.push_str(more),
                Part::Reference(reference) => {
                    if out.is_empty() && needs_at(&text) {
                        out.push('@');
                    }
                    push_text(&text, Follows::Reference, &mut out);
                    text.clear();
                    out.push_str(&format!("${{{reference}}}"));
                }
            }
        }
        if out.is_empty() {
            return f.write_str(&escape(&text));
        }
        push_text(&text, Follows::Nothing, &mut out);
        f.write_str(&out)
    }
}
