//! What a parser makes of the text it reads: values of their own, or the nodes of a tree.

use smol_str::SmolStr;

use super::object::{canonical_order, sort_members};
use super::scan::plain_prefix;
use super::{Number, Object, Text, Value};

/// What a parser makes of a text, whose strings have the lifetime `'t`.
pub(super) trait Build<'t> {
    /// A string.
    type Text: Key;
    /// A value.
    type Value;
    /// The items so far of an array that is still open.
    type Items;
    /// The members so far of an object that is still open.
    type Members;
    /// One of them.
    type Member;

    /// A string that stands in the text as it is meant; `quoted` has its quotes.
    fn plain(&mut self, quoted: &'t str) -> Self::Text;
    /// A string that is written with escapes, decoded.
    fn decoded(&mut self, text: String) -> Self::Text;
    /// What a string is.
    fn text<'a>(&'a self, text: &'a Self::Text) -> &'a str;

    fn null(&mut self) -> Self::Value;
    fn boolean(&mut self, value: bool) -> Self::Value;
    fn number(&mut self, number: Number) -> Self::Value;
    fn string(&mut self, text: Self::Text) -> Self::Value;

    fn open_array(&mut self) -> Self::Items;
    fn add_item(&mut self, items: &mut Self::Items, item: Self::Value);
    fn close_array(&mut self, items: Self::Items) -> Self::Value;

    /// Begins an object of probably so many members.
    fn open_object(&mut self, expected: usize) -> Self::Members;
    fn add_member(&mut self, members: &mut Self::Members, key: Self::Text, value: Self::Value);
    fn members<'a>(&'a mut self, members: &'a mut Self::Members) -> &'a mut [Self::Member];
    fn key(member: &Self::Member) -> &Self::Text;
    /// Brings members into canonical order.
    ///
    /// # Errors
    /// The key that occurs more than once, if one does.
    fn sort(&mut self, members: &mut Self::Members) -> Result<(), SmolStr>;
    /// The object of members that are in canonical order, and no two of which have one key.
    fn close_object(&mut self, members: Self::Members) -> Self::Value;
}

/// A string, as the key of a member.
pub(super) trait Key: Clone + PartialEq {
    /// Whether it stands in a text as it is meant.
    fn is_plain(&self) -> bool;
    /// The string, if it is plain.
    fn as_str(&self) -> &str;
}

/// Makes values.
#[derive(Debug)]
pub(super) struct Values;

impl Key for SmolStr {
    fn is_plain(&self) -> bool {
        plain_prefix(self.as_bytes()) == self.len()
    }

    #[inline]
    fn as_str(&self) -> &str {
        self
    }
}

impl<'t> Build<'t> for Values {
    type Text = SmolStr;
    type Value = Value;
    type Items = Vec<Value>;
    type Members = Vec<(SmolStr, Value)>;
    type Member = (SmolStr, Value);

    #[inline]
    fn plain(&mut self, quoted: &'t str) -> SmolStr {
        SmolStr::new(Text::quoted(quoted).as_str())
    }

    fn decoded(&mut self, text: String) -> SmolStr {
        text.into()
    }

    fn text<'a>(&'a self, text: &'a SmolStr) -> &'a str {
        text
    }

    #[inline]
    fn null(&mut self) -> Value {
        Value::Null
    }

    #[inline]
    fn boolean(&mut self, value: bool) -> Value {
        Value::Bool(value)
    }

    #[inline]
    fn number(&mut self, number: Number) -> Value {
        Value::Number(number)
    }

    #[inline]
    fn string(&mut self, text: SmolStr) -> Value {
        Value::String(text)
    }

    #[inline]
    fn open_array(&mut self) -> Vec<Value> {
        Vec::new()
    }

    #[inline]
    fn add_item(&mut self, items: &mut Vec<Value>, item: Value) {
        items.push(item);
    }

    #[inline]
    fn close_array(&mut self, items: Vec<Value>) -> Value {
        Value::Array(items)
    }

    #[inline]
    fn open_object(&mut self, expected: usize) -> Vec<(SmolStr, Value)> {
        Vec::with_capacity(expected)
    }

    #[inline]
    fn add_member(&mut self, members: &mut Vec<(SmolStr, Value)>, key: SmolStr, value: Value) {
        members.push((key, value));
    }

    #[inline]
    fn members<'a>(
        &'a mut self,
        members: &'a mut Vec<(SmolStr, Value)>,
    ) -> &'a mut [(SmolStr, Value)] {
        members
    }

    #[inline]
    fn key(member: &(SmolStr, Value)) -> &SmolStr {
        &member.0
    }

    fn sort(&mut self, members: &mut Vec<(SmolStr, Value)>) -> Result<(), SmolStr> {
        sort_members(members, |(a, _), (b, _)| canonical_order(a, b), |(key, _)| key.clone())
    }

    #[inline]
    fn close_object(&mut self, mut members: Vec<(SmolStr, Value)>) -> Value {
        // Room for members that were expected and did not come.
        if members.capacity() > 2 * members.len() + 4 {
            members.shrink_to_fit();
        }
        Value::Object(Object::from_sorted(members))
    }
}
