//! Lines of a file, with where they begin.

use std::io::{self, BufRead, Read};

/// How many bytes a line may have, without its line feed.
pub(crate) const MAX_LINE_BYTES: usize = 256 * 1024;

/// Reads one line after the other, each up to the most that a line may have.
pub(crate) struct Lines<R> {
    reader: R,
    /// Where the next line begins.
    pub(crate) offset: u64,
    text: Vec<u8>,
}

/// What stands between two line feeds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Line<'t> {
    /// The line with its line feed, if it has one.
    pub(crate) text: &'t [u8],
    /// Where it begins.
    pub(crate) offset: u64,
    /// Whether it has a line feed; only the last one may have none. One that is too long has none
    /// either, and nothing is read after it.
    pub(crate) ended: bool,
}

impl<R: BufRead> Lines<R> {
    pub(crate) fn new(reader: R) -> Self {
        Self { reader, offset: 0, text: Vec::new() }
    }

    /// The next line; `None` at the end.
    pub(crate) fn next(&mut self) -> io::Result<Option<Line<'_>>> {
        self.text.clear();
        let room = u64::try_from(MAX_LINE_BYTES).unwrap_or(u64::MAX) + 1;
        let read = self.reader.by_ref().take(room).read_until(b'\n', &mut self.text)?;
        if read == 0 {
            return Ok(None);
        }
        let offset = self.offset;
        self.offset += u64::try_from(read).unwrap_or(u64::MAX);
        let ended = self.text.last() == Some(&b'\n');
        Ok(Some(Line { text: &self.text, offset, ended }))
    }
}
