//! Where each value of a document stands in its text.
//!
//! Values carry no places, which keeps reading fast; a document with an error is read once more for
//! its outline, and the places are looked up by pointer.

use smol_str::SmolStr;

use super::read::Parser;
use super::tree::Grower;
use crate::place::{Marks, Place, Span};
use crate::pointer::Pointer;

/// The spans of all values and keys of one document.
#[derive(Debug, Default)]
pub struct Outline {
    nodes: Vec<Node>,
    marks: Marks,
}

#[derive(Debug, Default)]
struct Node {
    /// The name it has in the object around it, and where that stands.
    key: Option<(SmolStr, Span)>,
    value: Span,
    children: Vec<usize>,
}

/// Where one value stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spot {
    /// Its key, if it is a member of an object.
    pub key: Option<Span>,
    /// The value itself.
    pub value: Span,
    /// Whether the pointer was found whole; otherwise this is the nearest value around it.
    pub exact: bool,
}

impl Outline {
    /// The outline of a JSON text, as far as it can be read.
    pub fn of_json(text: &str) -> Self {
        let mut builder = Builder::default();
        // An error only ends the outline early: what was read so far keeps its places.
        let _ = Parser::new(text, Grower::default(), &mut builder).document();
        builder.finish(text)
    }

    /// Where `pointer` leads, or the nearest value around it that there is.
    pub fn find(&self, pointer: &Pointer) -> Spot {
        let mut at = 0;
        let mut exact = true;
        for token in pointer.tokens() {
            let child = self.nodes.get(at).and_then(|node| self.child(node, token));
            match child {
                Some(child) => at = child,
                None => {
                    exact = false;
                    break;
                }
            }
        }
        match self.nodes.get(at) {
            Some(node) => Spot {
                key: node.key.as_ref().map(|(_, span)| span.clone()),
                value: node.value.clone(),
                exact,
            },
            None => Spot { key: None, value: 0..0, exact: false },
        }
    }

    /// The place of the byte `offset` of `text`, which is the text of this outline.
    pub fn place(&self, text: &[u8], offset: usize) -> Place {
        self.marks.place(text, offset)
    }

    fn child(&self, node: &Node, token: &str) -> Option<usize> {
        let key = |child: &usize| self.nodes.get(*child).and_then(|node| node.key.as_ref());
        let is_array = key(node.children.first()?).is_none();
        if is_array {
            return node.children.get(token.parse::<usize>().ok()?).copied();
        }
        let mut children = node.children.iter().copied();
        children.find(|child| key(child).is_some_and(|(name, _)| name == token))
    }
}

/// What a reader tells about the values it passes.
pub(crate) trait Track {
    /// The next value is the member `key`, which stands at `span`.
    fn key(&mut self, key: &str, span: Span);
    /// A value begins at `offset`.
    fn begin(&mut self, offset: usize);
    /// The value begun last and not yet ended ends before `offset`.
    fn end(&mut self, offset: usize);
}

/// Reading without places.
impl Track for () {
    #[inline]
    fn key(&mut self, _: &str, _: Span) {}
    #[inline]
    fn begin(&mut self, _: usize) {}
    #[inline]
    fn end(&mut self, _: usize) {}
}

impl<T: Track> Track for &mut T {
    fn key(&mut self, key: &str, span: Span) {
        T::key(self, key, span);
    }

    fn begin(&mut self, offset: usize) {
        T::begin(self, offset);
    }

    fn end(&mut self, offset: usize) {
        T::end(self, offset);
    }
}

/// Builds an [`Outline`] from what a reader tells.
#[derive(Debug, Default)]
pub(crate) struct Builder {
    outline: Outline,
    open: Vec<usize>,
    key: Option<(SmolStr, Span)>,
}

impl Builder {
    /// The outline of `text`; values still open are taken to reach to its end.
    pub(crate) fn finish(mut self, text: &str) -> Outline {
        while !self.open.is_empty() {
            Track::end(&mut self, text.len());
        }
        self.outline.marks = Marks::along(text);
        self.outline
    }
}

impl Track for Builder {
    fn key(&mut self, key: &str, span: Span) {
        self.key = Some((key.into(), span));
    }

    fn begin(&mut self, offset: usize) {
        let at = self.outline.nodes.len();
        let parent = self.open.last().and_then(|open| self.outline.nodes.get_mut(*open));
        if let Some(parent) = parent {
            parent.children.push(at);
        }
        self.outline.nodes.push(Node {
            key: self.key.take(),
            value: offset..offset,
            children: Vec::new(),
        });
        self.open.push(at);
    }

    fn end(&mut self, offset: usize) {
        let node = self.open.pop().and_then(|at| self.outline.nodes.get_mut(at));
        if let Some(node) = node {
            node.value.end = offset;
        }
    }
}
