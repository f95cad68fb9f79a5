//! Where the references of a string value stand, for messages about them.

use super::Opening;
use crate::place::Span;
use crate::reference::{Origin, Setting, has_shape, scan};

/// The bytes of each reference of a string value, in order: the whole of a reference, and what
/// `${` and `}` enclose in a template, with these.
pub fn reference_spans(text: &str) -> Vec<Span> {
    if has_shape(text) {
        return std::iter::once(0..text.len()).collect();
    }
    let mut spans = Vec::new();
    let mut at = 0;
    while let Some(opening) = Opening::find(text, at) {
        at = opening.brace + 2;
        if opening.is_live() {
            let scanned = scan(text, opening.brace + 1, Setting::Template, Origin::Compiled);
            let Ok((_, end)) = scanned else { break };
            at = end + 1;
            spans.push(opening.brace - 1..at);
        }
    }
    spans
}
