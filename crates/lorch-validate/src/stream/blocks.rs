//! Cuts a stream into blocks of whole lines.

use std::io::{self, Read};

use memchr::{memchr, memrchr};

/// How much is read at once, in bytes: little enough to stay in a processor's own cache.
const READ: usize = 256 * 1024;

/// A stream, cut into blocks of whole lines.
///
/// Invariant: no more than two reads and the longest line that is allowed is ever held.
#[derive(Debug)]
pub(super) struct Blocks<R> {
    reader: R,
    /// How many bytes a line may have.
    limit: usize,
    /// What was read and belongs to the next block.
    carry: Vec<u8>,
    ended: bool,
}

/// What the next block is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Block {
    /// Whole lines, in the buffer; the last one of a stream may lack its line end.
    Lines,
    /// One line that is too long to be held; the buffer holds nothing.
    TooLong {
        /// How many bytes it has without its line end.
        size: usize,
    },
}

impl<R: Read> Blocks<R> {
    pub(super) fn new(reader: R, limit: usize) -> Self {
        Self { reader, limit, carry: Vec::new(), ended: false }
    }

    /// Reads the next block into `text`; `None` at the end of the stream.
    pub(super) fn next(&mut self, text: &mut Vec<u8>) -> io::Result<Option<Block>> {
        text.clear();
        text.append(&mut self.carry);
        loop {
            let searched = text.len();
            if self.read_more(text)? == 0 {
                return Ok((!text.is_empty()).then_some(Block::Lines));
            }
            let new = text.get(searched..).unwrap_or_default();
            if let Some(at) = memrchr(b'\n', new) {
                let end = searched + at + 1;
                self.carry.extend_from_slice(text.get(end..).unwrap_or_default());
                text.truncate(end);
                return Ok(Some(Block::Lines));
            }
            // One byte beyond the limit may be the carriage return of the line end.
            if text.len() > self.limit.saturating_add(1) {
                return self.pass_line(text).map(Some);
            }
        }
    }

    /// Passes the rest of a line that is too long, and counts it.
    fn pass_line(&mut self, text: &mut Vec<u8>) -> io::Result<Block> {
        let mut size = text.len();
        let mut last = text.last().copied();
        loop {
            text.clear();
            if self.read_more(text)? == 0 {
                return Ok(Block::TooLong { size });
            }
            let end = memchr(b'\n', text);
            let part = text.get(..end.unwrap_or(text.len())).unwrap_or_default();
            size += part.len();
            last = part.last().copied().or(last);
            if let Some(end) = end {
                self.carry.extend_from_slice(text.get(end + 1..).unwrap_or_default());
                text.clear();
                let size = size - usize::from(last == Some(b'\r'));
                return Ok(Block::TooLong { size });
            }
        }
    }

    /// Reads once, behind what `text` holds; 0 bytes at the end of the stream.
    fn read_more(&mut self, text: &mut Vec<u8>) -> io::Result<usize> {
        let start = text.len();
        text.resize(start + READ, 0);
        let read = loop {
            // Some readers go on after their end, such as terminals.
            if self.ended {
                break 0;
            }
            match self.reader.read(text.get_mut(start..).unwrap_or_default()) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
                Ok(read) => break read,
            }
        };
        self.ended |= read == 0;
        text.truncate(start + read);
        Ok(read)
    }
}
