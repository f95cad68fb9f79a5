//! A document as it was read, in the form that its text allows.

use super::{Tree, Value, View};

/// A document that was read to be looked at; what is kept of it is made of its [`View`].
#[derive(Debug)]
pub enum Document<'t> {
    /// One written in JSON, which may borrow from its text.
    Tree(Tree<'t>),
    /// One written in another format.
    Value(Value),
}

impl Document<'_> {
    /// The document as a whole.
    pub fn view(&self) -> View<'_> {
        match self {
            Self::Tree(tree) => tree.view(),
            Self::Value(value) => value.into(),
        }
    }
}
