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
            Ok(text) if line == 1 => text.trim_start_matches('\u{feff}').chars().count(),
            Ok(text) => text.chars().count(),
            Err(_) => in_line.len(),
        };
        Self { line, column }
    }
}

/// Places along a text, so that others are found without counting from its start: a document can
/// have thousands of errors.
#[derive(Debug, Default)]
pub(crate) struct Marks(Vec<(usize, Place)>);

impl Marks {
    /// Bytes from one mark to the next, about.
    const DISTANCE: usize = 4096;

    /// Marks along `text`.
    pub(crate) fn along(text: &str) -> Self {
        let mut marks = Vec::with_capacity(text.len() / Self::DISTANCE);
        let mut place = Place { line: 1, column: 1 };
        let mut next = Self::DISTANCE;
        for (at, character) in text.char_indices() {
            if at >= next {
                marks.push((at, place));
                next = at + Self::DISTANCE;
            }
            place.pass(character, at);
        }
        Self(marks)
    }

    /// The same as [`Place::of`]; `text` is that of these marks.
    pub(crate) fn place(&self, text: &[u8], offset: usize) -> Place {
        let after = self.0.partition_point(|(at, _)| *at <= offset);
        let mark = after.checked_sub(1).and_then(|before| self.0.get(before));
        let Some((start, mut place)) = mark.copied() else { return Place::of(text, offset) };
        let between = text.get(start..offset.min(text.len())).unwrap_or_default();
        for character in String::from_utf8_lossy(between).chars() {
            place.pass(character, start);
        }
        place
    }
}

impl Place {
    /// Goes on behind `character`, which stands at the byte `at`.
    fn pass(&mut self, character: char, at: usize) {
        match character {
            '\n' => *self = Self { line: self.line + 1, column: 1 },
            '\u{feff}' if at == 0 => {}
            _ => self.column += 1,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

/// A range of bytes of a text.
pub type Span = Range<usize>;
