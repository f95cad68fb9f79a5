//! Walks through a text along the nodes of a matcher. `None` everywhere means: not sure.

use lorch_types::json::plain_prefix;

use super::node::{Node, NodeId, ObjectNode};
use super::scan::{Number, number, string_length};

/// How deep arrays and objects may nest, as the strict reader says.
const MAX_DEPTH: usize = lorch_types::json::Limits::MAX_DEPTH;
/// How many keys without a node of their own an object may have: each is compared with all others.
const MAX_OTHER_KEYS: usize = 32;

/// What one document tells about the next: which field came after which.
#[derive(Debug)]
pub(super) struct Memory {
    /// For each object, for the beginning and each field, which field came next.
    next: Vec<Vec<usize>>,
    /// The keys, where they begin and end, of the objects with unknown fields that are being read.
    keys: Vec<(usize, usize)>,
}

impl Memory {
    /// The memory of a matcher that has seen nothing yet.
    pub(super) fn for_nodes(nodes: &[Node]) -> Self {
        let mut next = Vec::new();
        for node in nodes {
            if let Node::Object(object) = node {
                if next.len() <= object.number {
                    next.resize(object.number + 1, Vec::new());
                }
                if let Some(next) = next.get_mut(object.number) {
                    *next = (0..=object.fields.len()).collect();
                }
            }
        }
        Self { next, keys: Vec::new() }
    }
}

/// A way through a text.
pub(super) struct Walk<'t, 'm> {
    text: &'t str,
    bytes: &'t [u8],
    at: usize,
    depth: usize,
    nodes: &'m [Node],
    memory: &'m mut Memory,
}

impl<'t, 'm> Walk<'t, 'm> {
    pub(super) fn new(text: &'t str, nodes: &'m [Node], memory: &'m mut Memory) -> Self {
        memory.keys.clear();
        Self { text, bytes: text.as_bytes(), at: 0, depth: 0, nodes, memory }
    }

    /// Where the document ends that begins the text.
    pub(super) fn document(mut self, root: NodeId) -> Option<usize> {
        self.skip_space();
        self.value(root)?;
        self.skip_space();
        Some(self.at)
    }

    fn value(&mut self, node: NodeId) -> Option<()> {
        match self.nodes.get(node)? {
            Node::Any => self.any(),
            Node::Nullable(_) if self.peek() == Some(b'n') => self.word(b"null"),
            Node::Nullable(node) => self.value(*node),
            Node::Boolean => self.word(b"true").or_else(|| self.word(b"false")),
            Node::Integer { least, most } => self.integer(*least, *most),
            Node::Number { least, most } => self.number(*least, *most),
            Node::Text => self.string(),
            Node::Length { least, most } => self.string_of_length(*least, *most),
            Node::Rule { holds, length } => self.string_by_rule(*holds, *length),
            Node::Listed(options) => {
                let rest = self.rest();
                let option = options.iter().find(|option| rest.starts_with(option))?;
                self.at += option.len();
                Some(())
            }
            Node::Array { items, least, most } => self.array(*items, *least, *most),
            Node::Object(object) => self.object(object),
        }
    }

    fn any(&mut self) -> Option<()> {
        match self.peek()? {
            b'"' => self.string(),
            b'{' => self.open_object(),
            b'[' => self.array_of(|walk| walk.any()).map(drop),
            b't' => self.word(b"true"),
            b'f' => self.word(b"false"),
            b'n' => self.word(b"null"),
            _ => {
                self.at += number(self.rest())?.1;
                Some(())
            }
        }
    }

    fn integer(&mut self, least: i64, most: i64) -> Option<()> {
        let (Number::Integer(value), length) = number(self.rest())? else { return None };
        self.at += length;
        (least..=most).contains(&value).then_some(())
    }

    fn number(&mut self, least: f64, most: f64) -> Option<()> {
        let start = self.at;
        self.at += number(self.rest())?.1;
        let value: f64 = self.text.get(start..self.at)?.parse().ok()?;
        (least..=most).contains(&value).then_some(())
    }

    /// A string of any content.
    #[inline]
    fn string(&mut self) -> Option<()> {
        self.eat(b'"')?;
        self.at += string_length(self.rest())? + 1;
        Some(())
    }

    /// The content of a string without escapes.
    #[inline]
    fn plain_string(&mut self) -> Option<&'t str> {
        self.eat(b'"')?;
        let length = plain_prefix(self.rest());
        let text = self.text.get(self.at..self.at + length)?;
        self.at += length;
        self.eat(b'"')?;
        Some(text)
    }

    fn string_of_length(&mut self, least: usize, most: usize) -> Option<()> {
        let text = self.plain_string()?;
        // A character has at most 4 bytes, so that mostly nothing need be counted.
        let surely = text.len() <= most && text.len() / 4 >= least;
        (surely || (least..=most).contains(&text.chars().count())).then_some(())
    }

    #[inline]
    fn string_by_rule(&mut self, holds: fn(&str) -> bool, length: Option<usize>) -> Option<()> {
        let text = match length {
            None => self.plain_string()?,
            Some(length) => {
                self.eat(b'"')?;
                let text = self.text.get(self.at..self.at + length)?;
                self.at += length;
                self.eat(b'"')?;
                text
            }
        };
        holds(text).then_some(())
    }

    fn array(&mut self, items: NodeId, least: usize, most: usize) -> Option<()> {
        let count = self.array_of(|walk| walk.value(items))?;
        (least..=most).contains(&count).then_some(())
    }

    /// An array, and how many items it has.
    fn array_of(&mut self, mut item: impl FnMut(&mut Self) -> Option<()>) -> Option<usize> {
        self.enter(b'[')?;
        let mut count = 0;
        if self.eat(b']').is_none() {
            loop {
                item(self)?;
                count += 1;
                self.skip_space();
                if self.eat(b']').is_some() {
                    break;
                }
                self.eat(b',')?;
                self.skip_space();
            }
        }
        self.depth -= 1;
        Some(count)
    }

    fn object(&mut self, object: &ObjectNode) -> Option<()> {
        if object.fields.is_empty() && object.others.is_some_and(|others| self.is_any(others)) {
            return self.open_object();
        }
        self.enter(b'{')?;
        let first_key = self.memory.keys.len();
        let mut present = 0_u64;
        // Which field came last, from 1; 0 is the beginning.
        let mut last = 0;
        if self.eat(b'}').is_none() {
            loop {
                match self.known_field(object, last) {
                    Some(at) => {
                        let bit = 1_u64 << (at & 63);
                        if present & bit != 0 {
                            return None;
                        }
                        present |= bit;
                        last = at + 1;
                        self.colon()?;
                        self.value(object.fields.get(at)?.value)?;
                    }
                    None => {
                        let others = object.others?;
                        self.other_key(first_key)?;
                        self.value(others)?;
                    }
                }
                self.skip_space();
                if self.eat(b'}').is_some() {
                    break;
                }
                self.eat(b',')?;
                self.skip_space();
            }
        }
        self.memory.keys.truncate(first_key);
        self.depth -= 1;
        (present & object.required == object.required).then_some(())
    }

    fn is_any(&self, node: NodeId) -> bool {
        matches!(self.nodes.get(node), Some(Node::Any))
    }

    /// The field of `object` whose name comes next, which is passed: mostly the one that followed
    /// the last one before, too.
    #[inline]
    fn known_field(&mut self, object: &ObjectNode, last: usize) -> Option<usize> {
        let rest = self.rest();
        let next = self.memory.next.get_mut(object.number)?.get_mut(last)?;
        let foretold = object.fields.get(*next).filter(|field| rest.starts_with(&field.quoted));
        if let Some(field) = foretold {
            self.at += field.quoted.len();
            return Some(*next);
        }
        let found = object.fields.iter().position(|field| rest.starts_with(&field.quoted))?;
        *next = found;
        self.at += object.fields.get(found)?.quoted.len();
        Some(found)
    }

    /// An object with any fields.
    fn open_object(&mut self) -> Option<()> {
        self.enter(b'{')?;
        let first_key = self.memory.keys.len();
        if self.eat(b'}').is_none() {
            loop {
                self.other_key(first_key)?;
                self.any()?;
                self.skip_space();
                if self.eat(b'}').is_some() {
                    break;
                }
                self.eat(b',')?;
                self.skip_space();
            }
        }
        self.memory.keys.truncate(first_key);
        self.depth -= 1;
        Some(())
    }

    /// A key and its colon, if no key of its object since `first_key` is the same.
    fn other_key(&mut self, first_key: usize) -> Option<()> {
        let start = self.at;
        self.plain_string()?;
        let key = self.bytes.get(start..self.at)?;
        let before = self.memory.keys.get(first_key..)?;
        let same = |(start, end): &(usize, usize)| self.bytes.get(*start..*end) == Some(key);
        if before.len() == MAX_OTHER_KEYS || before.iter().any(same) {
            return None;
        }
        self.memory.keys.push((start, self.at));
        self.colon()
    }

    #[inline]
    fn colon(&mut self) -> Option<()> {
        self.skip_space();
        self.eat(b':')?;
        self.skip_space();
        Some(())
    }

    #[inline]
    fn enter(&mut self, bracket: u8) -> Option<()> {
        self.eat(bracket)?;
        if self.depth == MAX_DEPTH {
            return None;
        }
        self.depth += 1;
        self.skip_space();
        Some(())
    }

    #[inline]
    fn word(&mut self, word: &[u8]) -> Option<()> {
        self.rest().starts_with(word).then(|| self.at += word.len())
    }

    #[inline]
    fn skip_space(&mut self) {
        while let Some(b' ' | b'\t' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    #[inline]
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    #[inline]
    fn eat(&mut self, byte: u8) -> Option<()> {
        if self.peek() != Some(byte) {
            return None;
        }
        self.at += 1;
        Some(())
    }

    #[inline]
    fn rest(&self) -> &'t [u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }
}
