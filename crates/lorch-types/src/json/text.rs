//! A string of a document, and whether it stands somewhere as JSON writes it.

use std::fmt;
use std::ops::Deref;

use super::canonical::put_string;

/// A string that is kept elsewhere.
#[derive(Clone, Copy)]
pub struct Text<'a>(Kept<'a>);

#[derive(Clone, Copy)]
enum Kept<'a> {
    /// As it is meant.
    Meant(&'a str),
    /// In quotes, and without escapes: so it is written canonically, too.
    Quoted(&'a str),
}

impl<'a> Text<'a> {
    /// The string that stands between quotes in `text`, in which nothing needs an escape.
    #[inline]
    pub(super) fn quoted(text: &'a str) -> Self {
        debug_assert!(text.len() >= 2 && text.starts_with('"') && text.ends_with('"'));
        Self(Kept::Quoted(text))
    }

    /// The string.
    #[inline]
    pub fn as_str(self) -> &'a str {
        match self.0 {
            Kept::Meant(text) => text,
            Kept::Quoted(text) => text.get(1..text.len() - 1).unwrap_or_default(),
        }
    }

    /// Puts it into `out` as a JSON string; mostly it is copied as it is.
    #[inline]
    pub(super) fn put(self, out: &mut Vec<u8>) {
        match self.0 {
            Kept::Meant(text) => put_string(text, out),
            Kept::Quoted(text) => out.extend_from_slice(text.as_bytes()),
        }
    }
}

impl<'a> From<&'a str> for Text<'a> {
    #[inline]
    fn from(text: &'a str) -> Self {
        Self(Kept::Meant(text))
    }
}

impl Deref for Text<'_> {
    type Target = str;

    #[inline]
    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl fmt::Debug for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_str().fmt(f)
    }
}
