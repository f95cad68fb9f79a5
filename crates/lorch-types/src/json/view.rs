//! A look at a JSON value, wherever it is kept: in a [`Value`] or in a [`Tree`](super::Tree).

use std::fmt;
use std::slice;

use super::tree::{Member, Node, Nodes};
use super::{Number, Object, Text, Value, ValueType};
use crate::SmolStr;

/// A JSON value that is kept elsewhere; as small to pass on as a reference or two.
#[derive(Clone, Copy)]
#[repr(u64)]
pub enum View<'a> {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number.
    Number(Number),
    /// A string.
    String(Text<'a>),
    /// An array.
    Array(ArrayView<'a>),
    /// An object, its keys in canonical order.
    Object(ObjectView<'a>),
}

/// An array that is kept elsewhere.
#[derive(Clone, Copy)]
pub struct ArrayView<'a>(Kept<'a, &'a [Value], &'a [Node<'a>]>);

/// An object that is kept elsewhere.
#[derive(Clone, Copy)]
pub struct ObjectView<'a>(Kept<'a, &'a Object, &'a [Member<'a>]>);

/// Where something is kept.
#[derive(Clone, Copy)]
enum Kept<'a, V, N> {
    InValue(V),
    InTree(&'a Nodes<'a>, N),
}

impl<'a> From<&'a Value> for View<'a> {
    #[inline]
    fn from(value: &'a Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(value) => Self::Bool(*value),
            Value::Number(number) => Self::Number(*number),
            Value::String(text) => Self::String(text.as_str().into()),
            Value::Array(items) => Self::Array(ArrayView(Kept::InValue(items))),
            Value::Object(object) => Self::Object(object.into()),
        }
    }
}

impl<'a> From<&'a Object> for ObjectView<'a> {
    #[inline]
    fn from(object: &'a Object) -> Self {
        Self(Kept::InValue(object))
    }
}

impl<'a> From<&'a Object> for View<'a> {
    #[inline]
    fn from(object: &'a Object) -> Self {
        Self::Object(object.into())
    }
}

impl<'a> View<'a> {
    #[inline]
    pub(super) fn of_node(node: Node<'a>, nodes: &'a Nodes<'a>) -> Self {
        match node {
            Node::Null => Self::Null,
            Node::Bool(value) => Self::Bool(value),
            Node::Number(number) => Self::Number(number),
            Node::String(text) => Self::String(nodes.text(text)),
            Node::Array(run) => Self::Array(ArrayView(Kept::InTree(nodes, nodes.items(run)))),
            Node::Object(run) => Self::Object(ObjectView(Kept::InTree(nodes, nodes.members(run)))),
        }
    }

    /// Which of the six JSON types this is.
    pub fn value_type(self) -> ValueType {
        match self {
            Self::Null => ValueType::Null,
            Self::Bool(_) => ValueType::Boolean,
            Self::Number(_) => ValueType::Number,
            Self::String(_) => ValueType::String,
            Self::Array(_) => ValueType::Array,
            Self::Object(_) => ValueType::Object,
        }
    }

    /// The string, if it is one.
    pub fn as_str(self) -> Option<&'a str> {
        match self {
            Self::String(text) => Some(text.as_str()),
            _ => None,
        }
    }

    /// The boolean, if it is one.
    pub fn as_bool(self) -> Option<bool> {
        match self {
            Self::Bool(value) => Some(value),
            _ => None,
        }
    }

    /// The array, if it is one.
    pub fn as_array(self) -> Option<ArrayView<'a>> {
        match self {
            Self::Array(array) => Some(array),
            _ => None,
        }
    }

    /// Whether it is `null`.
    pub fn is_null(self) -> bool {
        matches!(self, Self::Null)
    }

    /// The member `key`, if this is an object that has it.
    pub fn get(self, key: &str) -> Option<View<'a>> {
        match self {
            Self::Object(object) => object.get(key),
            _ => None,
        }
    }

    /// A value of its own.
    pub fn to_value(self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Bool(value) => Value::Bool(value),
            Self::Number(number) => Value::Number(number),
            Self::String(text) => Value::String(SmolStr::new(text.as_str())),
            Self::Array(array) => Value::Array(array.iter().map(Self::to_value).collect()),
            Self::Object(object) => Value::Object(object.to_object()),
        }
    }
}

impl<'a> ArrayView<'a> {
    /// How many items there are.
    #[inline]
    pub fn len(self) -> usize {
        match self.0 {
            Kept::InValue(items) => items.len(),
            Kept::InTree(_, items) => items.len(),
        }
    }

    /// Whether there are no items.
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// The items in order.
    #[inline]
    pub fn iter(self) -> impl ExactSizeIterator<Item = View<'a>> {
        Items(match self.0 {
            Kept::InValue(items) => Kept::InValue(items.iter()),
            Kept::InTree(nodes, items) => Kept::InTree(nodes, items.iter()),
        })
    }
}

impl<'a> ObjectView<'a> {
    /// The value of `key`.
    pub fn get(self, key: &str) -> Option<View<'a>> {
        match self.0 {
            Kept::InValue(object) => object.get(key).map(View::from),
            Kept::InTree(..) => {
                self.iter().find(|(candidate, _)| candidate.as_str() == key).map(|(_, value)| value)
            }
        }
    }

    /// Whether there is a member `key`.
    pub fn contains_key(self, key: &str) -> bool {
        self.get(key).is_some()
    }

    /// How many members there are.
    #[inline]
    pub fn len(self) -> usize {
        match self.0 {
            Kept::InValue(object) => object.len(),
            Kept::InTree(_, members) => members.len(),
        }
    }

    /// Whether there are no members.
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// The members in canonical order.
    #[inline]
    pub fn iter(self) -> impl ExactSizeIterator<Item = (Text<'a>, View<'a>)> {
        Members(match self.0 {
            Kept::InValue(object) => Kept::InValue(object.entries().iter()),
            Kept::InTree(nodes, members) => Kept::InTree(nodes, members.iter()),
        })
    }

    /// An object of its own.
    pub fn to_object(self) -> Object {
        self.map(|_, value| value.to_value())
    }

    /// The object with the same keys, and what `make` makes of each value.
    pub fn map(self, mut make: impl FnMut(&'a str, View<'a>) -> Value) -> Object {
        let members =
            self.iter().map(|(key, value)| (SmolStr::new(key.as_str()), make(key.as_str(), value)));
        Object::from_sorted(members.collect())
    }
}

/// The items of an array that is kept elsewhere.
struct Items<'a>(Kept<'a, slice::Iter<'a, Value>, slice::Iter<'a, Node<'a>>>);

impl<'a> Iterator for Items<'a> {
    type Item = View<'a>;

    #[inline]
    fn next(&mut self) -> Option<View<'a>> {
        match &mut self.0 {
            Kept::InValue(items) => items.next().map(View::from),
            Kept::InTree(nodes, items) => items.next().map(|item| View::of_node(*item, nodes)),
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        match &self.0 {
            Kept::InValue(items) => items.size_hint(),
            Kept::InTree(_, items) => items.size_hint(),
        }
    }

    /// Where the items are kept is looked at once, not for each of them.
    #[inline]
    fn fold<A, F: FnMut(A, View<'a>) -> A>(self, start: A, mut fold: F) -> A {
        match self.0 {
            Kept::InValue(items) => items.fold(start, |all, item| fold(all, item.into())),
            Kept::InTree(nodes, items) => {
                items.fold(start, |all, item| fold(all, View::of_node(*item, nodes)))
            }
        }
    }
}

impl ExactSizeIterator for Items<'_> {}

/// The members of an object that is kept elsewhere.
struct Members<'a>(Kept<'a, slice::Iter<'a, (SmolStr, Value)>, slice::Iter<'a, Member<'a>>>);

impl<'a> Iterator for Members<'a> {
    type Item = (Text<'a>, View<'a>);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        match &mut self.0 {
            Kept::InValue(members) => {
                members.next().map(|(key, value)| (key.as_str().into(), View::from(value)))
            }
            Kept::InTree(nodes, members) => members
                .next()
                .map(|member| (nodes.text(member.key), View::of_node(member.value, nodes))),
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        match &self.0 {
            Kept::InValue(members) => members.size_hint(),
            Kept::InTree(_, members) => members.size_hint(),
        }
    }

    /// Where the members are kept is looked at once, not for each of them.
    #[inline]
    fn fold<A, F: FnMut(A, Self::Item) -> A>(self, start: A, mut fold: F) -> A {
        match self.0 {
            Kept::InValue(members) => members
                .fold(start, |all, (key, value)| fold(all, (key.as_str().into(), value.into()))),
            Kept::InTree(nodes, members) => members.fold(start, |all, member| {
                fold(all, (nodes.text(member.key), View::of_node(member.value, nodes)))
            }),
        }
    }
}

impl ExactSizeIterator for Members<'_> {}

impl fmt::Debug for View<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.to_value().fmt(f)
    }
}

impl fmt::Debug for ObjectView<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        View::Object(*self).fmt(f)
    }
}
