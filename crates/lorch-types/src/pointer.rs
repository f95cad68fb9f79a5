//! JSON pointers (RFC 6901).

use std::fmt;
use std::str::FromStr;

use smol_str::SmolStr;

use crate::json::Value;

/// A JSON pointer: the way from a document's root to one of its values.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pointer(Vec<SmolStr>);

/// A text that is no JSON pointer: it begins with something else than `/`, or has a `~` that is
/// followed by neither `0` nor `1`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is no JSON pointer (RFC 6901): {reason}")]
pub struct InvalidPointer {
    text: String,
    reason: &'static str,
}

impl Pointer {
    /// The pointer to the document itself, written as the empty string.
    pub const fn root() -> Self {
        Self(Vec::new())
    }

    /// This pointer and one step further: a key, or an index in decimal.
    #[must_use]
    pub fn join(&self, token: impl fmt::Display) -> Self {
        let mut tokens = self.0.clone();
        tokens.push(smol_str::format_smolstr!("{token}"));
        Self(tokens)
    }

    /// Goes one step further: a key, or an index in decimal.
    pub fn push(&mut self, token: impl fmt::Display) {
        self.0.push(smol_str::format_smolstr!("{token}"));
    }

    /// Goes one step back, and returns the last token.
    pub fn pop(&mut self) -> Option<SmolStr> {
        self.0.pop()
    }

    /// The tokens, unescaped.
    pub fn tokens(&self) -> impl ExactSizeIterator<Item = &str> {
        self.0.iter().map(SmolStr::as_str)
    }

    /// Whether it points at the document itself.
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    /// The value it leads to in `document`.
    pub fn find<'v>(&self, document: &'v Value) -> Option<&'v Value> {
        self.tokens().try_fold(document, |value, token| match value {
            Value::Object(object) => object.get(token),
            Value::Array(items) => items.get(array_index(token)?),
            _ => None,
        })
    }

    /// The value it leads to in `document`, to be changed.
    pub fn find_mut<'v>(&self, document: &'v mut Value) -> Option<&'v mut Value> {
        self.tokens().try_fold(document, |value, token| match value {
            Value::Object(object) => object.get_mut(token),
            Value::Array(items) => items.get_mut(array_index(token)?),
            _ => None,
        })
    }
}

/// The index that a token stands for: digits without a leading zero (RFC 6901, section 4).
fn array_index(token: &str) -> Option<usize> {
    let plain = token == "0" || !token.starts_with(['0', '+']);
    if plain { token.parse().ok() } else { None }
}

impl fmt::Display for Pointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.tokens()
            .try_for_each(|token| write!(f, "/{}", token.replace('~', "~0").replace('/', "~1")))
    }
}

impl FromStr for Pointer {
    type Err = InvalidPointer;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let error = |reason| InvalidPointer { text: text.to_owned(), reason };
        if text.is_empty() {
            return Ok(Self::root());
        }
        let rest = text.strip_prefix('/').ok_or_else(|| error("it does not begin with `/`"))?;
        rest.split('/')
            .map(|token| unescape(token).ok_or_else(|| error("a `~` needs `0` or `1` after it")))
            .collect::<Result<_, _>>()
            .map(Self)
    }
}

fn unescape(token: &str) -> Option<SmolStr> {
    let mut parts = token.split('~');
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (character, rest) = match part.as_bytes().first()? {
            b'0' => ('~', part.get(1..)?),
            b'1' => ('/', part.get(1..)?),
            _ => return None,
        };
        out.push(character);
        out.push_str(rest);
    }
    Some(out.into())
}
