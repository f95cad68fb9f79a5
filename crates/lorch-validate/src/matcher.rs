//! The quick way to say that a document is valid: it is matched against its schema byte by byte,
//! and nothing is made of it.
//!
//! Invariant: what the matcher accepts is JSON that the strict reader reads and the schema accepts.
//! The reverse does not hold: where it is not sure (a text with escapes that has a rule, a number
//! with an exponent, an object with very many keys) it does not accept, and the document is read
//! and judged the thorough way, which alone says what is wrong.

mod compile;
mod node;
mod scan;
#[cfg(test)]
mod tests;
mod walk;

use lorch_types::Kind;
use serde_json::Value as Json;

use self::node::{Node, NodeId};
use self::walk::{Memory, Walk};
use crate::embedded::embedded_schema;

/// A schema, ready to match documents against.
#[derive(Debug)]
pub(crate) struct Matcher {
    nodes: Vec<Node>,
    root: NodeId,
    memory: Memory,
}

impl Matcher {
    /// A matcher of documents of this kind; `None` for those that only the thorough way knows.
    pub(crate) fn of(kind: Kind) -> Option<Self> {
        let schema: Json = serde_json::from_str(embedded_schema(kind)).ok()?;
        Self::compile(&schema)
    }

    /// A matcher of documents that keep `schema`; `None` if it uses keywords that only the thorough
    /// way knows, such as rules between fields.
    pub(crate) fn compile(schema: &Json) -> Option<Self> {
        let (nodes, root) = compile::compile(schema)?;
        let memory = Memory::for_nodes(&nodes);
        Some(Self { nodes, root, memory })
    }

    /// Where the document that begins `text` ends, if it is surely valid; `text` may go on after
    /// it. Line feeds are no space to a document here.
    #[inline]
    pub(crate) fn accepted_prefix(&mut self, text: &str) -> Option<usize> {
        Walk::new(text, &self.nodes, &mut self.memory).document(self.root)
    }
}
