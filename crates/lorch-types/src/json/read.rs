//! The strict reader: RFC 8259 and nothing beyond it, with limits, exact numbers and unique keys.

mod number;
mod shape;
mod string;

use smol_str::SmolStr;

use self::shape::Shapes;
use super::build::{Build, Key, Values};
use super::outline::Track;
use super::tree::{Grower, Tree};
use super::{ReadError, ReadErrorKind, Value};

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
    let parser = Parser::new(text, Values, ());
    parser.document().map(|(value, _)| value).map_err(|failure| *failure)
}

/// The same, as a tree that borrows from the text.
pub(super) fn read_tree(text: &[u8], limits: Limits) -> Result<Tree<'_>, ReadError> {
    let text = checked_text(text, limits)?;
    let parser = Parser::new(text, Grower::for_text(text.len()), ());
    parser.document().map(|(root, grower)| grower.finish(root)).map_err(|failure| *failure)
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

/// A parser by recursive descent; `B` is what it builds, and `T` learns where each value stands.
pub(super) struct Parser<'t, B: Build<'t>, T> {
    text: &'t str,
    bytes: &'t [u8],
    at: usize,
    depth: usize,
    shapes: Shapes<B::Text>,
    build: B,
    track: T,
}

/// An error on its way out: a pointer, so that results are no larger than values.
type Failure = Box<ReadError>;

impl<'t, B: Build<'t>, T: Track> Parser<'t, B, T> {
    pub(super) fn new(text: &'t str, build: B, track: T) -> Self {
        let bytes = text.as_bytes();
        Self { text, bytes, at: 0, depth: 0, shapes: Shapes::default(), build, track }
    }

    pub(super) fn document(mut self) -> Result<(B::Value, B), Failure> {
        if self.bytes.starts_with(b"\xEF\xBB\xBF") {
            let error = self.error(ReadErrorKind::ByteOrderMark);
            return Err(error.with_help("save the file as UTF-8 without a byte order mark"));
        }
        let root = self.value()?;
        self.skip_space();
        match self.peek() {
            None => Ok((root, self.build)),
            Some(_) => Err(self.unexpected("the end of the text")),
        }
    }

    fn value(&mut self) -> Result<B::Value, Failure> {
        self.skip_space();
        self.track.begin(self.at);
        let value = match self.peek() {
            Some(b'"') => {
                self.at += 1;
                let text = self.string()?;
                self.build.string(text)
            }
            Some(b'{') => self.object()?,
            Some(b'[') => self.array()?,
            Some(b'-' | b'0'..=b'9') => {
                let number = self.number()?;
                self.build.number(number)
            }
            Some(b't') => {
                self.word("true")?;
                self.build.boolean(true)
            }
            Some(b'f') => {
                self.word("false")?;
                self.build.boolean(false)
            }
            Some(b'n') => {
                self.word("null")?;
                self.build.null()
            }
            _ => return Err(self.unexpected("a value")),
        };
        self.track.end(self.at);
        Ok(value)
    }

    fn array(&mut self) -> Result<B::Value, Failure> {
        self.enter()?;
        let mut items = self.build.open_array();
        if !self.eat(b']') {
            loop {
                let item = self.value()?;
                self.build.add_item(&mut items, item);
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
        Ok(self.build.close_array(items))
    }

    fn object(&mut self) -> Result<B::Value, Failure> {
        self.enter()?;
        let (start, depth) = (self.at, self.depth);
        let mut shape = self.shapes.expected(depth);
        let mut count = 0;
        let mut members = None;
        let mut expected = "a key in double quotes or `}`";
        if !self.eat(b'}') {
            loop {
                let key = match shape.and_then(|shape| self.foretold(shape, count)) {
                    Some(key) => key,
                    None => {
                        shape = None;
                        self.key(expected)?
                    }
                };
                let members = members.get_or_insert_with(|| {
                    self.build.open_object(shape.map_or(0, |shape| self.shapes.len(shape)))
                });
                let value = self.value()?;
                self.build.add_member(members, key, value);
                count += 1;
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
        let mut members = members.unwrap_or_else(|| self.build.open_object(0));
        match shape.filter(|shape| self.shapes.len(*shape) == count) {
            Some(shape) => self.shapes.arrange(shape, self.build.members(&mut members)),
            None => {
                let unsorted = self.build.members(&mut members);
                self.shapes.learn(depth, unsorted.iter().map(B::key));
                self.build.sort(&mut members).map_err(|key| self.duplicate(key, start))?;
            }
        }
        Ok(self.build.close_object(members))
    }

    /// The key that the shape foretells at `position`, read with its colon, if they come next.
    #[inline]
    fn foretold(&mut self, shape: usize, position: usize) -> Option<B::Text> {
        let (key, quoted) = self.shapes.key(shape, position)?;
        if !self.rest().starts_with(quoted.as_bytes()) {
            return None;
        }
        let (key, length) = (key.clone(), quoted.len());
        let start = self.at;
        self.at += length;
        let end = self.at;
        self.skip_space();
        // Without its colon it is read again, by who says what is wrong.
        if !self.eat(b':') {
            self.at = start;
            return None;
        }
        self.track.key(key.as_str(), start..end);
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
    fn key(&mut self, expected: &'static str) -> Result<B::Text, Failure> {
        let start = self.at;
        if !self.eat(b'"') {
            return Err(self.unexpected(expected));
        }
        let key = self.string()?;
        self.track.key(self.build.text(&key), start..self.at);
        self.skip_space();
        if !self.eat(b':') {
            return Err(self.unexpected("`:`"));
        }
        Ok(key)
    }

    fn word(&mut self, word: &'static str) -> Result<(), Failure> {
        if self.rest().starts_with(word.as_bytes()) {
            self.at += word.len();
            return Ok(());
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
    let mut parser = Parser::new(text, Values, &mut keys);
    parser.at = start;
    // The members were read once, so nothing can be wrong with them.
    while parser.key("a key").is_ok() && parser.value().is_ok() {
        parser.skip_space();
        if !parser.eat(b',') {
            break;
        }
        parser.skip_space();
    }
    keys.found.get(1).copied()
}
