//! Text that is a literal by the rules, but probably was meant as a reference.

use crate::diagnostic::Code;
use crate::place::Span;
use crate::reference::{has_shape, prefix};

/// Literal text that probably was meant as a reference.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{kind}")]
pub struct Doubt {
    /// What it looks like.
    pub kind: DoubtKind,
    /// The bytes of the string that look so.
    pub span: Span,
    /// What was probably meant, to be written in the place of `span`.
    pub meant: String,
}

/// What literal text looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DoubtKind {
    /// A reference inside a text, without `${` and `}`.
    #[error("a reference inside a text is not replaced unless it stands in `${{...}}`")]
    BareReference,
    /// A template with a space before the `@`.
    #[error("`${{` is ordinary text unless `@` follows it at once")]
    SpacedTemplate,
}

impl Doubt {
    /// The stable code of this kind of warning.
    pub fn code(&self) -> Code {
        Code(match self.kind {
            DoubtKind::BareReference => "L1001",
            DoubtKind::SpacedTemplate => "L1002",
        })
    }

    /// What to write instead.
    pub fn help(&self) -> String {
        format!("did you mean `{}`?", self.meant)
    }
}

/// What in the source text of an expression probably was meant as a reference, and is text.
///
/// An `@` after a letter or digit is taken for an address (`user@ctx.org`), and what is escaped or
/// has a second `@` for what it says.
pub fn doubts(text: &str) -> Vec<Doubt> {
    let mut found = Vec::new();
    if !text.contains('@') || has_shape(text) {
        return found;
    }
    // An `@` at the start is a reference, an escape or a literal: it cannot be mistaken.
    let mut at = if text.starts_with("@@") { 2 } else { usize::from(text.starts_with('@')) };
    while let Some(sign) = text.get(at..).and_then(|rest| rest.find('@')).map(|more| at + more) {
        at = sign + 1;
        let Some((reference, end)) = prefix(text, sign) else { continue };
        let Some((kind, span)) = look(text, sign, end) else {
            at = end;
            continue;
        };
        at = span.end;
        found.push(Doubt { kind, span, meant: format!("${{{reference}}}") });
    }
    found
}

/// What the reference from `sign` to `end` looks like, unless it is live, escaped or an address.
fn look(text: &str, sign: usize, end: usize) -> Option<(DoubtKind, Span)> {
    let before = text.get(..sign)?;
    let after = text.get(end..)?;
    if let Some(before) = before.strip_suffix('{') {
        let closing = usize::from(after.starts_with('}'));
        let bare = (DoubtKind::BareReference, sign - 1..end + closing);
        return (!before.ends_with('$')).then_some(bare);
    }
    let unspaced = before.trim_end();
    if unspaced.len() < before.len() && unspaced.ends_with("${") {
        let inner = after.trim_start();
        let closing = if inner.starts_with('}') { after.len() - inner.len() + 1 } else { 0 };
        return Some((DoubtKind::SpacedTemplate, unspaced.len() - 2..end + closing));
    }
    match before.chars().next_back() {
        Some(previous) if previous == '@' || previous.is_alphanumeric() => None,
        Some('$') => Some((DoubtKind::BareReference, sign - 1..end)),
        _ => Some((DoubtKind::BareReference, sign..end)),
    }
}
