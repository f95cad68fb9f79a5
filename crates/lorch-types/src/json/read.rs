//! The strict reader: RFC 8259 and nothing beyond it, with limits, exact numbers and unique keys.

use smol_str::SmolStr;

use super::outline::Track;
use super::scan::plain_prefix;
use super::{Number, Object, Value};
use crate::place::Place;

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

/// Why a text could not be read, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{kind}")]
pub struct ReadError {
    /// What is wrong.
    pub kind: ReadErrorKind,
    /// The byte at which it was noticed.
    pub offset: usize,
    /// The same place as line and column.
    pub place: Place,
    /// What to write instead, where that is clear.
    pub help: Option<String>,
}

/// What can be wrong with a text before anyone asks what it means.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReadErrorKind {
    /// It is larger than [`Limits::max_bytes`].
    #[error("the document has {size} bytes, the limit is {limit}")]
    TooLarge {
        /// Its size in bytes.
        size: usize,
        /// The limit in bytes.
        limit: usize,
    },
    /// It is not UTF-8.
    #[error("the text is not valid UTF-8")]
    NotUtf8,
    /// It begins with a byte order mark, which JSON texts do not (RFC 8259, section 8.1).
    #[error("the text begins with a byte order mark")]
    ByteOrderMark,
    /// It ends too early.
    #[error("the text ends where {expected} should stand")]
    UnexpectedEnd {
        /// What was missing.
        expected: &'static str,
    },
    /// Something stands where something else should.
    #[error("found {found} where {expected} should stand")]
    Unexpected {
        /// The character found, readable.
        found: String,
        /// What was expected.
        expected: &'static str,
    },
    /// One object has one key twice, after unescaping.
    #[error("the key `{}` occurs twice in this object", key.escape_debug())]
    DuplicateKey {
        /// The key.
        key: SmolStr,
    },
    /// Arrays and objects nest deeper than [`Limits::MAX_DEPTH`].
    #[error("arrays and objects nest deeper than {limit} levels")]
    TooDeep {
        /// The limit.
        limit: usize,
    },
    /// A number that no `i64`, `u64` or finite `f64` holds.
    #[error("the number `{text}` {reason}")]
    Number {
        /// The number as written, shortened when it is long.
        text: String,
        /// Why it cannot be kept.
        reason: &'static str,
    },
    /// Half of a surrogate pair, which is no character.
    #[error("the escape `{escape}` is half of a surrogate pair and names no character")]
    LoneSurrogate {
        /// The escape as written.
        escape: String,
    },
    /// A feature of YAML that lorch does not read.
    #[error("{feature} are not read")]
    Refused {
        /// The feature, in the plural.
        feature: &'static str,
    },
    /// Not YAML, in the words of the parser.
    #[error("not valid YAML: {message}")]
    Yaml {
        /// The parser's message.
        message: String,
    },
}

impl ReadError {
    /// An error at the byte `offset` of `text`.
    pub(crate) fn at(text: &[u8], offset: usize, kind: ReadErrorKind) -> Self {
        Self { kind, offset, place: Place::of(text, offset), help: None }
    }

    /// The same error with advice.
    pub(crate) fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
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
    Parser::new(text, limits, &mut ()).document()
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
    limits: Limits,
    track: &'t mut T,
}

impl<'t, T: Track> Parser<'t, T> {
    pub(super) fn new(text: &'t str, limits: Limits, track: &'t mut T) -> Self {
        Self { text, bytes: text.as_bytes(), at: 0, depth: 0, limits, track }
    }

    pub(super) fn document(mut self) -> Result<Value, ReadError> {
        debug_assert!(self.bytes.len() <= self.limits.max_bytes);
        if self.bytes.starts_with(b"\xEF\xBB\xBF") {
            let error = self.error(ReadErrorKind::ByteOrderMark);
            return Err(error.with_help("save the file as UTF-8 without a byte order mark"));
        }
        let value = self.value("a value")?;
        self.skip_space();
        match self.peek() {
            None => Ok(value),
            Some(_) => Err(self.unexpected("the end of the text")),
        }
    }

    fn value(&mut self, expected: &'static str) -> Result<Value, ReadError> {
        self.skip_space();
        self.track.begin(self.at);
        let value = match self.peek() {
            Some(b'"') => {
                self.at += 1;
                Value::String(self.string()?)
            }
            Some(b'{') => self.nested(Self::object)?,
            Some(b'[') => self.nested(Self::array)?,
            Some(b'-' | b'0'..=b'9') => Value::Number(self.number()?),
            Some(b't') => self.word("true", Value::Bool(true))?,
            Some(b'f') => self.word("false", Value::Bool(false))?,
            Some(b'n') => self.word("null", Value::Null)?,
            _ => return Err(self.unexpected(expected)),
        };
        self.track.end(self.at);
        Ok(value)
    }

    fn nested(
        &mut self,
        inner: impl FnOnce(&mut Self) -> Result<Value, ReadError>,
    ) -> Result<Value, ReadError> {
        if self.depth == MAX_DEPTH {
            return Err(self.error(ReadErrorKind::TooDeep { limit: MAX_DEPTH }));
        }
        self.depth += 1;
        self.at += 1;
        let value = inner(self);
        self.depth -= 1;
        value
    }

    fn array(&mut self) -> Result<Value, ReadError> {
        let mut items = Vec::new();
        self.skip_space();
        if self.eat(b']') {
            return Ok(Value::Array(items));
        }
        loop {
            items.push(self.value("a value")?);
            self.skip_space();
            if self.eat(b']') {
                return Ok(Value::Array(items));
            }
            if !self.eat(b',') {
                return Err(self.unexpected("`,` or `]`"));
            }
        }
    }

    fn object(&mut self) -> Result<Value, ReadError> {
        let start = self.at;
        let mut entries = Vec::new();
        self.skip_space();
        if self.eat(b'}') {
            return Ok(Value::object());
        }
        loop {
            self.skip_space();
            let key_start = self.at;
            if !self.eat(b'"') {
                return Err(self.unexpected(if entries.is_empty() {
                    "a key in double quotes or `}`"
                } else {
                    "a key in double quotes"
                }));
            }
            let key = self.string()?;
            self.track.key(&key, key_start..self.at);
            self.skip_space();
            if !self.eat(b':') {
                return Err(self.unexpected("`:`"));
            }
            let value = self.value("a value")?;
            entries.push((key, value));
            self.skip_space();
            if self.eat(b'}') {
                break;
            }
            if !self.eat(b',') {
                return Err(self.unexpected("`,` or `}`"));
            }
        }
        match Object::from_entries(entries) {
            Ok(object) => Ok(Value::Object(object)),
            Err(key) => {
                let offset = second_key(self.text, start, &key).unwrap_or(start);
                let kind = ReadErrorKind::DuplicateKey { key };
                Err(ReadError::at(self.bytes, offset, kind))
            }
        }
    }

    /// The rest of a string whose opening quote has been read.
    fn string(&mut self) -> Result<SmolStr, ReadError> {
        let start = self.at;
        self.at += plain_prefix(self.rest());
        if self.peek() == Some(b'"') {
            let text = SmolStr::new(self.slice(start));
            self.at += 1;
            return Ok(text);
        }
        let mut text = self.slice(start).to_owned();
        loop {
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(text.into());
                }
                Some(b'\\') => text.push(self.escape()?),
                Some(_) => {
                    return Err(self
                        .unexpected("a character of the string")
                        .with_help("write control characters as escapes, such as `\\n`"));
                }
                None => return Err(self.unexpected("the closing `\"`")),
            }
            let start = self.at;
            self.at += plain_prefix(self.rest());
            text.push_str(self.slice(start));
        }
    }

    fn escape(&mut self) -> Result<char, ReadError> {
        let start = self.at;
        self.at += 1;
        let character = match self.peek() {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => {
                self.at += 1;
                return self.unicode_escape(start);
            }
            _ => return Err(self.unexpected("one of `\"\\/bfnrtu` after `\\`")),
        };
        self.at += 1;
        Ok(character)
    }

    fn unicode_escape(&mut self, start: usize) -> Result<char, ReadError> {
        let unit = self.hex4()?;
        if let Some(character) = char::from_u32(unit) {
            return Ok(character);
        }
        if unit < 0xDC00 && self.rest().starts_with(b"\\u") {
            let end_of_first = self.at;
            self.at += 2;
            let low = self.hex4()?;
            if (0xDC00..0xE000).contains(&low) {
                let code = 0x1_0000 + ((unit - 0xD800) << 10) + (low - 0xDC00);
                return char::from_u32(code).ok_or_else(|| self.unexpected("a character"));
            }
            self.at = end_of_first;
        }
        let escape = self.slice(start).to_owned();
        self.at = start;
        Err(self.error(ReadErrorKind::LoneSurrogate { escape }))
    }

    fn hex4(&mut self) -> Result<u32, ReadError> {
        let mut unit = 0;
        for _ in 0..4 {
            let digit = self.peek().and_then(|byte| char::from(byte).to_digit(16));
            let digit = digit.ok_or_else(|| self.unexpected("four hexadecimal digits"))?;
            unit = unit * 16 + digit;
            self.at += 1;
        }
        Ok(unit)
    }

    fn number(&mut self) -> Result<Number, ReadError> {
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
        decimal(text).map_err(|kind| ReadError::at(self.bytes, start, kind))
    }

    fn digits(&mut self, expected: &'static str) -> Result<(), ReadError> {
        let start = self.at;
        while let Some(b'0'..=b'9') = self.peek() {
            self.at += 1;
        }
        if self.at == start { Err(self.unexpected(expected)) } else { Ok(()) }
    }

    fn word(&mut self, word: &'static str, value: Value) -> Result<Value, ReadError> {
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

    fn unexpected(&self, expected: &'static str) -> ReadError {
        let found = self.text.get(self.at..).and_then(|rest| rest.chars().next());
        self.error(match found {
            None => ReadErrorKind::UnexpectedEnd { expected },
            Some(found) => {
                let found = format!("`{}`", found.escape_debug());
                ReadErrorKind::Unexpected { found, expected }
            }
        })
    }

    fn error(&self, kind: ReadErrorKind) -> ReadError {
        ReadError::at(self.bytes, self.at, kind)
    }
}

/// The offset of the second member `key` of the object whose members begin at `start`.
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
    let mut parser = Parser::new(text, Limits { max_bytes: usize::MAX }, &mut keys);
    parser.at = start;
    // This fails at the same duplicate again; the keys passed on the way are what is wanted.
    let _ = parser.object_keys();
    keys.found.get(1).copied()
}

impl<T: Track> Parser<'_, T> {
    /// Passes over the members of an object without building it.
    fn object_keys(&mut self) -> Result<(), ReadError> {
        loop {
            self.skip_space();
            let key_start = self.at;
            if !self.eat(b'"') {
                return Err(self.unexpected("a key"));
            }
            let key = self.string()?;
            self.track.key(&key, key_start..self.at);
            self.skip_space();
            if !self.eat(b':') {
                return Err(self.unexpected("`:`"));
            }
            self.value("a value")?;
            self.skip_space();
            if !self.eat(b',') {
                return Ok(());
            }
        }
    }
}

/// The number that a decimal text in JSON's number grammar stands for, exactly where it is integral.
pub(crate) fn decimal(text: &str) -> Result<Number, ReadErrorKind> {
    let error = |reason| ReadErrorKind::Number { text: shortened(text), reason };
    if !text.contains(['.', 'e', 'E']) {
        let natural = text.parse::<u64>().map(Number::from);
        return natural
            .or_else(|_| text.parse::<i64>().map(Number::from))
            .map_err(|_| error("is an integer beyond 64 bits"));
    }
    if let Some(integer) = exact_integer(text) {
        return Ok(integer);
    }
    let float: f64 = text.parse().map_err(|_| error("is no number"))?;
    if float == 0.0 {
        return Err(error("is too small for a 64-bit float and would become 0"));
    }
    Number::from_f64(float).ok_or_else(|| error("is too large for a 64-bit float"))
}

/// The integer that a decimal with a fraction or an exponent is equal to, if 64 bits hold it.
fn exact_integer(text: &str) -> Option<Number> {
    let (negative, magnitude) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (mantissa, exponent) = match magnitude.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (magnitude, None),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = [whole, fraction].concat();
    let significant = digits.trim_end_matches('0');
    if significant.trim_start_matches('0').is_empty() {
        return Some(Number::from(0_u64));
    }
    let exponent: i64 = match exponent {
        // An exponent too long for an i64 is far outside the range of integers either way.
        Some(exponent) => exponent.parse().ok()?,
        None => 0,
    };
    let dropped = i64::try_from(digits.len() - significant.len()).ok()?;
    let scale = exponent.checked_sub(i64::try_from(fraction.len()).ok()?)?.checked_add(dropped)?;
    let scale = u32::try_from(scale).ok()?;
    let value = significant.parse::<u64>().ok()?.checked_mul(10_u64.checked_pow(scale)?)?;
    if negative {
        0_i64.checked_sub_unsigned(value).map(Number::from)
    } else {
        Some(Number::from(value))
    }
}

fn shortened(text: &str) -> String {
    const SHOWN: usize = 40;
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}
