//! A document as it was read: its nodes in a few lists, its strings as slices of the text.
//!
//! Nothing is allocated per value, which makes it quicker to build, to walk and to drop than a
//! [`Value`](super::Value). It is looked at through [`View`]; [`View::to_value`] makes a value of it.

use std::ops::Range;

use smol_str::SmolStr;

use super::build::{self, Build};
use super::object::{canonical_order, sort_members};
use super::read::{Limits, read_tree};
use super::{Number, ReadError, Text, View};

/// A JSON document that borrows its strings from the text it was read from.
#[derive(Debug)]
pub struct Tree<'t> {
    root: Node<'t>,
    nodes: Nodes<'t>,
}

/// The nodes of a document, and the strings that do not stand in its text as they are meant.
#[derive(Debug, Default)]
pub(super) struct Nodes<'t> {
    /// The items of all arrays; those of one array stand together.
    items: Vec<Node<'t>>,
    /// The members of all objects; those of one object stand together, in canonical order.
    members: Vec<Member<'t>>,
    /// The strings that are written with escapes.
    decoded: Vec<Box<str>>,
}

/// One value of a document.
#[derive(Clone, Copy, Debug, Default)]
#[repr(u64)]
pub(super) enum Node<'t> {
    #[default]
    Null,
    Bool(bool),
    Number(Number),
    String(Spelling<'t>),
    /// Its items among all items.
    Array(Run),
    /// Its members among all members.
    Object(Run),
}

/// One member of an object.
#[derive(Clone, Copy, Debug)]
pub(super) struct Member<'t> {
    pub(super) key: Spelling<'t>,
    pub(super) value: Node<'t>,
}

/// A string of a document.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Spelling<'t> {
    /// It stands in the text as it is meant; with its quotes.
    Plain(&'t str),
    /// It is the one at this position among the decoded ones.
    Decoded(usize),
}

/// What of a list belongs to one array or object.
#[derive(Clone, Copy, Debug)]
pub(super) struct Run {
    start: usize,
    length: usize,
}

impl Run {
    fn range(self) -> Range<usize> {
        self.start..self.start + self.length
    }
}

impl<'t> Tree<'t> {
    /// Reads one JSON document, as strictly as [`read`](super::read) does.
    ///
    /// # Errors
    /// The first thing wrong, with its place.
    pub fn read(text: &'t [u8], limits: Limits) -> Result<Self, ReadError> {
        read_tree(text, limits)
    }

    /// The document as a whole.
    pub fn view(&self) -> View<'_> {
        View::of_node(self.root, &self.nodes)
    }
}

impl<'t> Nodes<'t> {
    #[inline]
    pub(super) fn text<'a>(&'a self, spelling: Spelling<'a>) -> Text<'a> {
        match spelling {
            Spelling::Plain(quoted) => Text::quoted(quoted),
            Spelling::Decoded(at) => self.decoded.get(at).map_or("", |text| text).into(),
        }
    }

    #[inline]
    pub(super) fn items(&self, run: Run) -> &[Node<'t>] {
        self.items.get(run.range()).unwrap_or_default()
    }

    #[inline]
    pub(super) fn members(&self, run: Run) -> &[Member<'t>] {
        self.members.get(run.range()).unwrap_or_default()
    }
}

/// Makes the nodes of a tree.
#[derive(Debug, Default)]
pub(super) struct Grower<'t> {
    nodes: Nodes<'t>,
    /// The items so far of the arrays that are open, those of the innermost last.
    items: Vec<Node<'t>>,
    /// The members so far of the objects that are open, those of the innermost last.
    members: Vec<Member<'t>>,
}

impl<'t> Grower<'t> {
    /// A grower with room for what a text of so many bytes probably holds: moving all of it to where
    /// there is more room costs more than growing it, and room that is not used costs next to nothing.
    pub(super) fn for_text(bytes: usize) -> Self {
        let nodes = Nodes {
            items: Vec::with_capacity(bytes / 32),
            members: Vec::with_capacity(bytes / 16),
            decoded: Vec::new(),
        };
        Self { nodes, ..Self::default() }
    }

    /// The tree with this root.
    pub(super) fn finish(self, root: Node<'t>) -> Tree<'t> {
        Tree { root, nodes: self.nodes }
    }
}

impl build::Key for Spelling<'_> {
    #[inline]
    fn is_plain(&self) -> bool {
        matches!(self, Self::Plain(_))
    }

    #[inline]
    fn as_str(&self) -> &str {
        match self {
            Self::Plain(quoted) => Text::quoted(quoted).as_str(),
            Self::Decoded(_) => "",
        }
    }
}

impl<'t> Build<'t> for Grower<'t> {
    type Text = Spelling<'t>;
    type Value = Node<'t>;
    /// Where they begin among all that are open.
    type Items = usize;
    /// Where they begin among all that are open.
    type Members = usize;
    type Member = Member<'t>;

    #[inline]
    fn plain(&mut self, quoted: &'t str) -> Spelling<'t> {
        Spelling::Plain(quoted)
    }

    fn decoded(&mut self, text: String) -> Spelling<'t> {
        self.nodes.decoded.push(text.into());
        Spelling::Decoded(self.nodes.decoded.len() - 1)
    }

    fn text<'a>(&'a self, text: &'a Spelling<'t>) -> &'a str {
        self.nodes.text(*text).as_str()
    }

    #[inline]
    fn null(&mut self) -> Node<'t> {
        Node::Null
    }

    #[inline]
    fn boolean(&mut self, value: bool) -> Node<'t> {
        Node::Bool(value)
    }

    #[inline]
    fn number(&mut self, number: Number) -> Node<'t> {
        Node::Number(number)
    }

    #[inline]
    fn string(&mut self, text: Spelling<'t>) -> Node<'t> {
        Node::String(text)
    }

    #[inline]
    fn open_array(&mut self) -> usize {
        self.items.len()
    }

    #[inline]
    fn add_item(&mut self, _: &mut usize, item: Node<'t>) {
        self.items.push(item);
    }

    #[inline]
    fn close_array(&mut self, start: usize) -> Node<'t> {
        Node::Array(moved(&mut self.items, start, &mut self.nodes.items))
    }

    #[inline]
    fn open_object(&mut self, _: usize) -> usize {
        self.members.len()
    }

    #[inline]
    fn add_member(&mut self, _: &mut usize, key: Spelling<'t>, value: Node<'t>) {
        self.members.push(Member { key, value });
    }

    #[inline]
    fn members<'a>(&'a mut self, start: &'a mut usize) -> &'a mut [Member<'t>] {
        self.members.get_mut(*start..).unwrap_or_default()
    }

    #[inline]
    fn key<'a>(member: &'a Member<'t>) -> &'a Spelling<'t> {
        &member.key
    }

    fn sort(&mut self, start: &mut usize) -> Result<(), SmolStr> {
        let (nodes, members) = (&self.nodes, self.members.get_mut(*start..).unwrap_or_default());
        let key = |member: &Member<'_>| SmolStr::new(nodes.text(member.key).as_str());
        sort_members(members, |a, b| canonical_order(&nodes.text(a.key), &nodes.text(b.key)), key)
    }

    #[inline]
    fn close_object(&mut self, start: usize) -> Node<'t> {
        Node::Object(moved(&mut self.members, start, &mut self.nodes.members))
    }
}

/// Moves what `from` ends with from `start` on to the end of `to`.
#[inline]
fn moved<T: Copy>(from: &mut Vec<T>, start: usize, to: &mut Vec<T>) -> Run {
    let run = from.get(start..).unwrap_or_default();
    let moved = Run { start: to.len(), length: run.len() };
    to.extend_from_slice(run);
    from.truncate(start);
    moved
}
