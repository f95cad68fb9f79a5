//! Takes a value piece by piece, and makes its canonical text or the value itself of the pieces.

use smol_str::SmolStr;

use super::canonical::put_number;
use super::{Number, Object, Text, Value, View};

/// Takes one JSON value piece by piece.
///
/// Whoever gives the pieces closes what it opens, and gives an object's keys in canonical order.
#[derive(Debug)]
pub struct Writer(Form);

/// What is made of the pieces.
#[derive(Debug)]
enum Form {
    Text(TextWriter),
    Value(ValueWriter),
}

/// Makes canonical text of the pieces.
#[derive(Debug)]
struct TextWriter {
    out: Vec<u8>,
    /// Whether the next piece stands behind another one in the same array or object.
    is_next: bool,
}

/// Makes a value of the pieces.
#[derive(Debug, Default)]
struct ValueWriter {
    open: Vec<Open>,
    whole: Value,
}

/// An array or object that is not closed yet.
#[derive(Debug)]
enum Open {
    Array(Vec<Value>),
    Object(Vec<(SmolStr, Value)>),
}

impl Writer {
    /// A writer that makes a value.
    pub fn of_value() -> Self {
        Self(Form::Value(ValueWriter::default()))
    }

    /// A writer that appends text to `out`.
    pub(crate) fn of_text(out: Vec<u8>) -> Self {
        Self(Form::Text(TextWriter { out, is_next: false }))
    }

    /// The text so far; none if a value is made.
    pub(crate) fn into_text(self) -> Vec<u8> {
        match self.0 {
            Form::Text(text) => text.out,
            Form::Value(_) => Vec::new(),
        }
    }

    /// The value; null if text is made.
    pub fn into_value(self) -> Value {
        match self.0 {
            Form::Text(_) => Value::Null,
            Form::Value(value) => value.whole,
        }
    }

    /// Takes a string.
    pub fn string(&mut self, text: &str) {
        self.text(text.into());
    }

    /// Takes a string.
    #[inline]
    fn text(&mut self, text: Text<'_>) {
        match &mut self.0 {
            Form::Text(writer) => text.put(writer.next()),
            Form::Value(writer) => writer.put(text.as_str().into()),
        }
    }

    /// Takes a number.
    pub fn number(&mut self, number: Number) {
        match &mut self.0 {
            Form::Text(writer) => put_number(number, writer.next()),
            Form::Value(writer) => writer.put(number.into()),
        }
    }

    /// Takes a boolean.
    pub fn boolean(&mut self, value: bool) {
        match &mut self.0 {
            Form::Text(writer) => {
                writer.next().extend_from_slice(if value { b"true" } else { b"false" });
            }
            Form::Value(writer) => writer.put(value.into()),
        }
    }

    /// Takes `null`.
    pub fn null(&mut self) {
        match &mut self.0 {
            Form::Text(writer) => writer.next().extend_from_slice(b"null"),
            Form::Value(writer) => writer.put(Value::Null),
        }
    }

    /// Takes a whole value.
    pub fn value(&mut self, value: View<'_>) {
        match value {
            View::Null => self.null(),
            View::Bool(value) => self.boolean(value),
            View::Number(number) => self.number(number),
            View::String(text) => self.text(text),
            View::Array(items) => {
                self.begin_array();
                items.iter().for_each(|item| self.value(item));
                self.end_array();
            }
            View::Object(object) => {
                self.begin_object();
                object.iter().for_each(|(key, value)| {
                    self.key(key);
                    self.value(value);
                });
                self.end_object();
            }
        }
    }

    /// Begins an array; its items follow.
    #[inline]
    pub fn begin_array(&mut self) {
        match &mut self.0 {
            Form::Text(writer) => writer.begin(b'['),
            Form::Value(writer) => writer.open.push(Open::Array(Vec::new())),
        }
    }

    /// Ends the array begun last.
    #[inline]
    pub fn end_array(&mut self) {
        match &mut self.0 {
            Form::Text(writer) => writer.end(b']'),
            Form::Value(writer) => writer.close(),
        }
    }

    /// Begins an object; its members follow, each a key and a value.
    #[inline]
    pub fn begin_object(&mut self) {
        match &mut self.0 {
            Form::Text(writer) => writer.begin(b'{'),
            Form::Value(writer) => writer.open.push(Open::Object(Vec::new())),
        }
    }

    /// Takes the key of the value that follows.
    #[inline]
    pub fn key(&mut self, key: Text<'_>) {
        match &mut self.0 {
            Form::Text(writer) => {
                key.put(writer.next());
                writer.out.push(b':');
                writer.is_next = false;
            }
            Form::Value(writer) => writer.key(&key),
        }
    }

    /// Ends the object begun last.
    #[inline]
    pub fn end_object(&mut self) {
        match &mut self.0 {
            Form::Text(writer) => writer.end(b'}'),
            Form::Value(writer) => writer.close(),
        }
    }
}

impl TextWriter {
    /// Where the next piece goes.
    #[inline]
    fn next(&mut self) -> &mut Vec<u8> {
        if self.is_next {
            self.out.push(b',');
        }
        self.is_next = true;
        &mut self.out
    }

    #[inline]
    fn begin(&mut self, bracket: u8) {
        self.next().push(bracket);
        self.is_next = false;
    }

    #[inline]
    fn end(&mut self, bracket: u8) {
        self.out.push(bracket);
        self.is_next = true;
    }
}

impl ValueWriter {
    fn put(&mut self, value: Value) {
        match self.open.last_mut() {
            None => self.whole = value,
            Some(Open::Array(items)) => items.push(value),
            Some(Open::Object(members)) => {
                if let Some((_, last)) = members.last_mut() {
                    *last = value;
                }
            }
        }
    }

    fn key(&mut self, key: &str) {
        if let Some(Open::Object(members)) = self.open.last_mut() {
            members.push((key.into(), Value::Null));
        }
    }

    fn close(&mut self) {
        match self.open.pop() {
            None => {}
            Some(Open::Array(items)) => self.put(Value::Array(items)),
            Some(Open::Object(members)) => self.put(Value::Object(Object::from_sorted(members))),
        }
    }
}
