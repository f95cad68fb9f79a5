//! Why a text could not be read.

use smol_str::SmolStr;

use crate::place::Place;

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
    /// It is larger than [`Limits::max_bytes`](super::Limits::max_bytes).
    #[error("the document is larger than the limit of {limit} bytes")]
    TooLarge {
        /// How many bytes of it were read: all, or enough to see that it is too large.
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
    /// Arrays and objects nest deeper than [`Limits::MAX_DEPTH`](super::Limits::MAX_DEPTH).
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
    pub(crate) fn with_help(mut self: Box<Self>, help: impl Into<String>) -> Box<Self> {
        self.help = Some(help.into());
        self
    }
}
