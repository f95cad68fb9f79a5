//! The strict reader: RFC 8259 and nothing beyond it, with limits, exact numbers and unique keys.

mod shape;
mod string;

use smol_str::SmolStr;

use self::shape::Shapes;
use super::decimal::decimal;
use super::outline::Track;
use super::{Number, Object, ReadError, ReadErrorKind, Value};

/// How deep arrays and objects may nest in any document.
pub(crate) const MAX_DEPTH: usize = 128;

/// How much a reader takes before it gives up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The size of one document in bytes; 16 MiB unless said otherwise.
    pub max_bytes: usize,
}

impl Limits {
    /// Arrays and objects nest at most this deep; fixed, so that no document can exhaust the stack.
    pub const MAX_DEPTH: usize = MAX_DEPTH;
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_bytes: 16 * 1024 * 1024 }
    }
}

/// Reads one JSON document.
///
/// Refused beyond what RFC 8259 refuses: duplicate keys, half surrogate pairs, numbers that no
/// `i64`, `u64` or finite `f64` holds, more than 128 levels, and more than `limits` allow.
///
/// # Errors
/// The first thing wrong, with its place.
pub fn read(text: &[u8], limits: Limits) -> Result<Value, ReadError> {
    let text = checked_text(text, limits)?;
    Parser::new(text, &mut ()).document().map_err(|failure| *failure)
}

/// The text, if its size and encoding allow reading it at all.
pub(crate) fn checked_text(text: &[u8], limits: Limits) -> Result<&str, ReadError> {
    if text.len() > limits.max_bytes {
        let kind = ReadErrorKind::TooLarge { size: text.len(), limit: limits.max_bytes };
        return Err(ReadError::at(&[], 0, kind));
    }
    str::from_utf8(text)
        .map_err(|error| ReadError::at(text, error.valid_up_to(), ReadErrorKind::NotUtf8))
}

/// A parser by recursive descent; `T` learns where each value stands.
pub(super) struct Parser<'t, T> {
    text: &'t str,
    bytes: &'t [u8],
    at: usize,
    depth: usize,
    shapes: Shapes,
    track: &'t mut T,
}

/// An error on its way out: a pointer, so that results are no larger than values.
type Failure = Box<ReadError>;

impl<'t, T: Track> Parser<'t, T> {
    pub(super) fn new(text: &'t str, track: &'t mut T) -> Self {
        Self { text, bytes: text.as_bytes(), at: 0, depth: 0, shapes: Shapes::default(), track }
    }

    pub(super) fn document(mut self) -> Result<Value, Failure> {
        if self.bytes.starts_with(b"\xEF\xBB\xBF") {
            let error = self.error(ReadErrorKind::ByteOrderMark);
            return Err(error.with_help("save the file as UTF-8 without a byte order mark"));
        }
        let mut value = Value::Null;
        self.value(&mut value)?;
        self.skip_space();
        match self.peek() {
            None => Ok(value),
            Some(_) => Err(self.unexpected("the end of the text")),
        }
    }

    /// Reads a value to where it stays: moving values about is most of what reading costs.
    fn value(&mut self, into: &mut Value) -> Result<(), Failure> {
        self.skip_space();
        self.track.begin(self.at);
        match self.peek() {
            Some(b'"') => {
                self.at += 1;
                let mut text = SmolStr::default();
                self.string(&mut text)?;
                *into = Value::String(text);
            }
            Some(b'{') => *into = Value::Object(self.object()?),
            Some(b'[') => *into = Value::Array(self.array()?),
            Some(b'-' | b'0'..=b'9') => *into = Value::Number(self.number()?),
            Some(b't') => *into = self.word("true", Value::Bool(true))?,
            Some(b'f') => *into = self.word("false", Value::Bool(false))?,
            Some(b'n') => *into = self.word("null", Value::Null)?,
            _ => return Err(self.unexpected("a value")),
        }
        self.track.end(self.at);
        Ok(())
    }

    fn array(&mut self) -> Result<Vec<Value>, Failure> {
        self.enter()?;
        let mut items = Vec::new();
        if !self.eat(b']') {
            loop {
                items.push(Value::Null);
                if let Some(last) = items.last_mut() {
                    self.value(last)?;
                }
                self.skip_space();
                if self.eat(b']') {
                    break;
                }
                if !self.eat(b',') {
                    return Err(self.unexpected("`,` or `]`"));
                }
            }
        }
        self.depth -= 1;
        Ok(items)
    }

    fn object(&mut self) -> Result<Object, Failure> {
        self.enter()?;
        let (start, depth) = (self.at, self.depth);
        let mut members = Vec::new();
        let mut expected = "a key in double quotes or `}`";
        let mut shape = self.shapes.expected(depth);
        if !self.eat(b'}') {
            loop {
                let foretold = shape.and_then(|shape| self.foretold(shape, members.len()));
                match (foretold, shape) {
                    (Some(key), Some(shape)) => {
                        if members.is_empty() {
                            members.reserve_exact(self.shapes.len(shape));
                        }
                        members.push((key, Value::Null));
                    }
                    _ => {
                        shape = None;
                        let mut key = SmolStr::default();
                        self.key(&mut key, expected)?;
                        members.push((key, Value::Null));
                    }
                }
                if let Some((_, value)) = members.last_mut() {
                    self.value(value)?;
                }
                self.skip_space();
                if self.eat(b'}') {
                    break;
                }
                if !self.eat(b',') {
                    return Err(self.unexpected("`,` or `}`"));
                }
                self.skip_space();
                expected = "a key in double quotes";
            }
        }
        self.depth -= 1;
        if let Some(shape) = shape.filter(|shape| self.shapes.len(*shape) == members.len()) {
            self.shapes.arrange(shape, &mut members);
            return Ok(Object::from_sorted(members));
        }
        self.shapes.learn(depth, &members);
        // Room for members that were foretold and did not come.
        if members.capacity() > 2 * members.len() + 4 {
            members.shrink_to_fit();
        }
        Object::from_entries(members).map_err(|key| self.duplicate(key, start))
    }

    /// The key that the shape foretells at `position`, read with its colon, if they come next.
    #[inline]
    fn foretold(&mut self, shape: usize, position: usize) -> Option<SmolStr> {
        let key = self.shapes.key(shape, position)?;
        let after = self.rest().strip_prefix(b"\"")?.strip_prefix(key.as_bytes())?;
        if after.first() != Some(&b'"') {
            return None;
        }
        let key = key.clone();
        let start = self.at;
        self.at += key.len() + 2;
        let end = self.at;
        self.skip_space();
        // Without its colon it is read again, by who says what is wrong.
        if !self.eat(b':') {
            self.at = start;
            return None;
        }
        self.track.key(&key, start..end);
        Some(key)
    }

    /// Passes an opening bracket and the space behind it.
    #[inline]
    fn enter(&mut self) -> Result<(), Failure> {
        if self.depth == MAX_DEPTH {
            return Err(self.error(ReadErrorKind::TooDeep { limit: MAX_DEPTH }));
        }
        self.depth += 1;
        self.at += 1;
        self.skip_space();
        Ok(())
    }

    /// Reads a key and its colon.
    #[inline]
    fn key(&mut self, into: &mut SmolStr, expected: &'static str) -> Result<(), Failure> {
        let start = self.at;
        if !self.eat(b'"') {
            return Err(self.unexpected(expected));
        }
        self.string(into)?;
        self.track.key(into, start..self.at);
        self.skip_space();
        if !self.eat(b':') {
            return Err(self.unexpected("`:`"));
        }
        Ok(())
    }

    fn number(&mut self) -> Result<Number, Failure> {
        let start = self.at;
        let negative = self.eat(b'-');
        let digits = self.at;
        let mut value: u64 = 0;
        while let Some(digit @ b'0'..=b'9') = self.peek() {
            value = value.wrapping_mul(10).wrapping_add(u64::from(digit - b'0'));
            self.at += 1;
        }
        let count = self.at - digits;
        if count == 0 {
            return Err(self.unexpected("a digit"));
        }
        if count > 1 && self.bytes.get(digits) == Some(&b'0') {
            self.at = digits + 1;
            return Err(self.unexpected("no digit after a leading `0`"));
        }
        let is_integer = !matches!(self.peek(), Some(b'.' | b'e' | b'E'));
        if is_integer && count <= 18 {
            let integer = i64::try_from(value).unwrap_or_default();
            return Ok(if negative { (-integer).into() } else { value.into() });
        }
        if self.eat(b'.') {
            self.digits("a digit after `.`")?;
        }
        if self.eat(b'e') || self.eat(b'E') {
            let _ = self.eat(b'+') || self.eat(b'-');
            self.digits("a digit of the exponent")?;
        }
        let text = self.slice(start);
        decimal(text).map_err(|kind| Box::new(ReadError::at(self.bytes, start, kind)))
    }

    fn digits(&mut self, expected: &'static str) -> Result<(), Failure> {
        let start = self.at;
        while let Some(b'0'..=b'9') = self.peek() {
            self.at += 1;
        }
        if self.at == start { Err(self.unexpected(expected)) } else { Ok(()) }
    }

    fn word(&mut self, word: &'static str, value: Value) -> Result<Value, Failure> {
        if self.rest().starts_with(word.as_bytes()) {
            self.at += word.len();
            return Ok(value);
        }
        Err(self.unexpected("a value"))
    }

    #[inline]
    fn skip_space(&mut self) {
        while let Some(b' ' | b'\n' | b'\t' | b'\r') = self.peek() {
            self.at += 1;
            // Indentation.
            while self.rest().starts_with(b"        ") {
                self.at += 8;
            }
        }
    }

    #[inline]
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    #[inline]
    fn eat(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        if found {
            self.at += 1;
        }
        found
    }

    #[inline]
    fn rest(&self) -> &'t [u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    /// The text from `start` to here; both are at ASCII characters.
    #[inline]
    fn slice(&self, start: usize) -> &'t str {
        self.text.get(start..self.at).unwrap_or_default()
    }

    fn unexpected(&self, expected: &'static str) -> Failure {
        let found = self.text.get(self.at..).and_then(|rest| rest.chars().next());
        self.error(match found {
            None => ReadErrorKind::UnexpectedEnd { expected },
            Some(found) => {
                let found = format!("`{}`", found.escape_debug());
                ReadErrorKind::Unexpected { found, expected }
            }
        })
    }

    fn error(&self, kind: ReadErrorKind) -> Failure {
        Box::new(ReadError::at(self.bytes, self.at, kind))
    }

    fn duplicate(&self, key: SmolStr, start: usize) -> Failure {
        let offset = second_key(self.text, start, &key).unwrap_or(start);
        Box::new(ReadError::at(self.bytes, offset, ReadErrorKind::DuplicateKey { key }))
    }
}

/// The offset of the second member `key` of the object whose first member begins at `start`.
fn second_key(text: &str, start: usize, key: &str) -> Option<usize> {
    struct Keys<'k> {
        depth: usize,
        wanted: &'k str,
        found: Vec<usize>,
    }
    impl Track for Keys<'_> {
        fn key(&mut self, key: &str, span: crate::place::Span) {
            if self.depth == 0 && key == self.wanted {
                self.found.push(span.start);
            }
        }
        fn begin(&mut self, _: usize) {
            self.depth += 1;
        }
        fn end(&mut self, _: usize) {
            self.depth -= 1;
        }
    }
    let mut keys = Keys { depth: 0, wanted: key, found: Vec::new() };
    let mut parser = Parser::new(text, &mut keys);
    parser.at = start;
    // The members were read once, so nothing can be wrong with them.
    let mut member = (SmolStr::default(), Value::Null);
    while parser.key(&mut member.0, "a key").is_ok() && parser.value(&mut member.1).is_ok() {
        parser.skip_space();
        if !parser.eat(b',') {
            break;
        }
        parser.skip_space();
    }
    keys.found.get(1).copied()
}
