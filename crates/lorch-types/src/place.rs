//! Places in a text: lines and columns for people, byte ranges for programs.

use std::fmt;
use std::ops::Range;

/// A line and a column, both counted from 1; columns count characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
}

impl Place {
    /// The place of the byte `offset` of `text`; the end of the text if it is shorter.
    ///
    /// A byte order mark at the start takes no column, and bytes that are not UTF-8 count one each.
    pub fn of(text: &[u8], offset: usize) -> Self {
        let before = text.get(..offset).unwrap_or(text);
        let line_start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let line = 1 + before.iter().filter(|byte| **byte == b'\n').count();
        let in_line = before.get(line_start..).unwrap_or_default();
        let column = 1 + match str::from_utf8(in_line) {
            Ok(text) => text.trim_start_matches('\u{feff}').chars().count(),
            Err(_) => in_line.len(),
        };
        Self { line, column }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

/// A range of bytes of a text.
pub type Span = Range<usize>;
