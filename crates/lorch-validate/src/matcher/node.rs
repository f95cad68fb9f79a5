//! What a value must be, as data that is quick to follow.

/// Which node of a matcher.
pub(super) type NodeId = usize;

/// What a value must be.
#[derive(Debug)]
pub(super) enum Node {
    /// Anything.
    Any,
    /// `null`, or what the node says.
    Nullable(NodeId),
    /// `true` or `false`.
    Boolean,
    /// An integer between two bounds.
    Integer { least: i64, most: i64 },
    /// A number between two bounds.
    Number { least: f64, most: f64 },
    /// Any text.
    Text,
    /// A text of so many characters.
    Length { least: usize, most: usize },
    /// A text that keeps a rule, and has no quotes, backslashes or control characters if it does.
    Rule { holds: fn(&str) -> bool, length: Option<usize> },
    /// One of some texts, each with its quotes.
    Listed(Vec<Box<[u8]>>),
    /// An array of so many items, each of which is what the node says.
    Array { items: NodeId, least: usize, most: usize },
    /// An object.
    Object(ObjectNode),
}

/// What an object must be.
#[derive(Debug)]
pub(super) struct ObjectNode {
    /// The fields that are known; at most 64.
    pub(super) fields: Vec<Field>,
    /// Which of them must be there, a bit for each.
    pub(super) required: u64,
    /// What all other fields must be; `None` if there may be no other.
    pub(super) others: Option<NodeId>,
    /// Which of the matcher's objects it is.
    pub(super) number: usize,
}

/// A field of an object.
#[derive(Debug)]
pub(super) struct Field {
    /// Its name with its quotes, as it is mostly written.
    pub(super) quoted: Box<[u8]>,
    /// What its value must be.
    pub(super) value: NodeId,
}
