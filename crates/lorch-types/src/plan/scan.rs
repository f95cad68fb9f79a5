//! Reads the words and signs of thresholds and conditions, and says what should stand there instead.

use smol_str::{SmolStr, format_smolstr};

use super::Comparison;
use super::condition::{ConditionError, ConditionErrorKind, RollbackCondition};
use super::metric::is_name_byte;

/// An error on its way out: a pointer, so that results are no larger than what is read.
pub(super) type Failure = Box<ConditionError>;

/// A text and how far it is read; what comes next is never space.
pub(super) struct Scan<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Scan<'t> {
    /// The start of `text`, unless it is too long.
    pub(super) fn new(text: &'t str) -> Result<Self, Failure> {
        let mut scan = Self { text, at: 0 };
        if let Some((limit, _)) = text.char_indices().nth(RollbackCondition::MAX_LENGTH) {
            let kind = ConditionErrorKind::TooLong { length: text.chars().count() };
            return Err(Box::new(ConditionError { kind, span: limit..text.len() }));
        }
        scan.skip_space();
        Ok(scan)
    }

    /// The comparison that comes next, if one does.
    pub(super) fn comparison(&mut self) -> Result<Option<Comparison>, Failure> {
        const FOREIGN: [(&str, &str); 9] = [
            ("===", "`==`"),
            ("!==", "`!=`"),
            ("=>", "`>=`"),
            ("=<", "`<=`"),
            ("<>", "`!=`"),
            ("≥", "`>=`"),
            ("≤", "`<=`"),
            ("≠", "`!=`"),
            ("~", "`==` or `!=`"),
        ];
        for (sign, instead) in FOREIGN {
            if self.rest().starts_with(sign) {
                return Err(self.foreign(sign.len(), instead));
            }
        }
        let (comparison, length) = match self.rest().as_bytes() {
            [b'<', b'=', ..] => (Comparison::LessOrEqual, 2),
            [b'<', ..] => (Comparison::Less, 1),
            [b'>', b'=', ..] => (Comparison::GreaterOrEqual, 2),
            [b'>', ..] => (Comparison::Greater, 1),
            [b'=', b'=', ..] => (Comparison::Equal, 2),
            [b'!', b'=', ..] => (Comparison::NotEqual, 2),
            [b'=', ..] => return Err(self.foreign(1, "`==`")),
            [byte, ..] if byte.is_ascii_alphabetic() => return self.comparison_in_words(),
            _ => return Ok(None),
        };
        self.skip(length);
        Ok(Some(comparison))
    }

    fn comparison_in_words(&self) -> Result<Option<Comparison>, Failure> {
        let word = self.word();
        let instead = match word.to_ascii_lowercase().as_str() {
            "above" | "over" | "exceeds" | "greater" | "more" | "gt" => "`>`",
            "below" | "under" | "less" | "lt" => "`<`",
            "ge" | "gte" => "`>=`",
            "le" | "lte" => "`<=`",
            "is" | "eq" | "equals" => "`==`",
            "ne" | "neq" => "`!=`",
            _ => return Ok(None),
        };
        Err(self.foreign(word.len(), instead))
    }

    /// The letters, digits, `_` and `.` that come next.
    pub(super) fn word(&self) -> &'t str {
        self.leading(|c| c == '.' || u8::try_from(c).is_ok_and(is_name_byte))
    }

    /// What comes next, as far as `is_part` says.
    pub(super) fn leading(&self, is_part: impl Fn(char) -> bool) -> &'t str {
        let rest = self.rest();
        let length = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
        rest.get(..length).unwrap_or_default()
    }

    /// Reads `token` and the space after it, if it comes next.
    pub(super) fn eat(&mut self, token: &str) -> bool {
        let found = self.rest().starts_with(token);
        if found {
            self.skip(token.len());
        }
        found
    }

    /// Reads the word `word` and the space after it, if it comes next as a whole.
    pub(super) fn eat_word(&mut self, word: &str) -> bool {
        let found = self.word() == word;
        if found {
            self.skip(word.len());
        }
        found
    }

    /// Goes on behind `length` bytes and the space after them.
    pub(super) fn skip(&mut self, length: usize) {
        self.at += length;
        self.skip_space();
    }

    fn skip_space(&mut self) {
        self.at += self.leading(|c| matches!(c, ' ' | '\t' | '\n' | '\r')).len();
    }

    /// What is not read yet.
    pub(super) fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// How many bytes are read.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    /// Where what was read last ends, without the space after it.
    pub(super) fn end(&self) -> usize {
        self.text.get(..self.at).map_or(self.at, |read| read.trim_ascii_end().len())
    }

    /// The bytes from `start` to where what was read last ends.
    pub(super) fn since(&self, start: usize) -> &'t str {
        self.text.get(start..self.end()).unwrap_or_default()
    }

    /// Whether a digit or a sign before one comes next.
    pub(super) fn number_follows(&self) -> bool {
        self.rest().trim_start_matches(['-', '.']).starts_with(|c: char| c.is_ascii_digit())
    }

    /// What comes next is not `expected`.
    pub(super) fn unexpected(&self, expected: &'static str) -> Failure {
        let word = self.word();
        let (found, length): (SmolStr, usize) = match self.rest().chars().next() {
            None => ("the end".into(), 0),
            Some(_) if !word.is_empty() => (format_smolstr!("`{word}`"), word.len()),
            Some(found) => (format_smolstr!("`{}`", found.escape_debug()), found.len_utf8()),
        };
        self.error(ConditionErrorKind::Unexpected { found, expected }, length)
    }

    /// The next `length` bytes are how others say `instead`.
    pub(super) fn foreign(&self, length: usize, instead: &'static str) -> Failure {
        let found = self.rest().get(..length).unwrap_or_default().into();
        self.error(ConditionErrorKind::Foreign { found, instead }, length)
    }

    /// An error at the next `length` bytes, which are whole characters.
    pub(super) fn error(&self, kind: ConditionErrorKind, length: usize) -> Failure {
        Box::new(ConditionError { kind, span: self.at..self.at + length })
    }
}
