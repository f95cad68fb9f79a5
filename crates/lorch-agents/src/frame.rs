//! Cuts what an agent writes into lines: bytes in, split at 0x0A only, in bounded memory.

use memchr::memchr;

use crate::lines::MAX_LINE_BYTES;

/// How many bytes are kept of a line that is too long.
const KEPT: usize = 4096;

/// Cuts a stream of bytes into lines, wherever the pieces of it begin and end.
///
/// Invariant: it never holds more than the longest line that is allowed.
#[derive(Debug)]
pub struct Framer {
    limit: usize,
    /// The line that has not ended yet, or the first bytes of one that is too long.
    begun: Vec<u8>,
    /// How many bytes the line that has not ended yet has, if it is too long.
    oversize: Option<u64>,
}

/// What stands between two line feeds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Frame<'b> {
    /// A line without its line feed.
    Line(&'b [u8]),
    /// A line that is too long, which was dropped.
    Oversize {
        /// How many bytes it had.
        bytes: u64,
        /// The first of them.
        start: &'b [u8],
    },
    /// The last line of a stream that ended without a line feed.
    Torn(&'b [u8]),
}

impl Default for Framer {
    fn default() -> Self {
        Self::with_limit(MAX_LINE_BYTES)
    }
}

impl Framer {
    /// One for lines of at most `limit` bytes.
    pub fn with_limit(limit: usize) -> Self {
        Self { limit, begun: Vec::new(), oversize: None }
    }

    /// Takes the next piece of the stream, and hands each line that ends in it to `each`.
    pub fn feed(&mut self, mut piece: &[u8], mut each: impl FnMut(Frame<'_>)) {
        while let Some(end) = memchr(b'\n', piece) {
            let (line, rest) = piece.split_at_checked(end).unwrap_or_default();
            piece = rest.get(1..).unwrap_or_default();
            if self.begun.is_empty() && self.oversize.is_none() && line.len() <= self.limit {
                each(Frame::Line(line));
                continue;
            }
            self.hold(line);
            each(self.held());
            self.clear();
        }
        self.hold(piece);
    }

    /// What is left when the stream has ended.
    pub fn finish(&mut self, each: impl FnOnce(Frame<'_>)) {
        match self.held() {
            Frame::Line([]) => {}
            Frame::Line(begun) => each(Frame::Torn(begun)),
            frame => each(frame),
        }
        self.clear();
    }

    /// Adds to the line that has not ended yet.
    fn hold(&mut self, bytes: &[u8]) {
        let total = |before: u64| before.saturating_add(u64::try_from(bytes.len()).unwrap_or(0));
        if let Some(before) = self.oversize {
            self.oversize = Some(total(before));
        } else if self.begun.len() + bytes.len() <= self.limit {
            self.begun.extend_from_slice(bytes);
        } else {
            self.oversize = Some(total(u64::try_from(self.begun.len()).unwrap_or(0)));
            let kept = KEPT.min(self.limit);
            let room = kept.saturating_sub(self.begun.len());
            self.begun.extend_from_slice(bytes.get(..room.min(bytes.len())).unwrap_or_default());
            self.begun.truncate(kept);
        }
    }

    /// The line that has not ended yet, as if it did.
    fn held(&self) -> Frame<'_> {
        match self.oversize {
            Some(bytes) => Frame::Oversize { bytes, start: &self.begun },
            None => Frame::Line(&self.begun),
        }
    }

    fn clear(&mut self) {
        self.begun.clear();
        // A long line is rare, and its memory is not kept for the next one.
        self.begun.shrink_to(64 * 1024);
        self.oversize = None;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn frames(pieces: &[&[u8]], limit: usize) -> Vec<String> {
        let mut framer = Framer::with_limit(limit);
        let mut frames = Vec::new();
        for piece in pieces {
            framer.feed(piece, |frame| frames.push(shown(frame)));
        }
        framer.finish(|frame| frames.push(shown(frame)));
        frames
    }

    fn shown(frame: Frame<'_>) -> String {
        let text = |bytes: &[u8]| bytes.escape_ascii().to_string();
        match frame {
            Frame::Line(line) => text(line),
            Frame::Oversize { bytes, start } => format!("{bytes}: {}…", text(start)),
            Frame::Torn(rest) => format!("{}|", text(rest)),
        }
    }

    #[test]
    fn lines_end_at_line_feeds_and_nowhere_else() {
        assert_eq!(
            frames(&[b"a\r\n\n\xe2\x80", b"\xa8b\nc"], 8),
            [r"a\r", "", r"\xe2\x80\xa8b", "c|"]
        );
        assert_eq!(frames(&[b""], 8), [""; 0]);
    }

    #[test]
    fn a_line_over_the_limit_is_dropped_up_to_its_end() {
        assert_eq!(frames(&[b"12345678\n123456789\n1"], 8), ["12345678", "9: 12345678…", "1|"]);
        assert_eq!(frames(&[b"1234", b"56789", b"abc\nd\n"], 8), ["12: 12345678…", "d"]);
        assert_eq!(frames(&[b"123456789"], 8), ["9: 12345678…"]);
    }

    #[test]
    fn the_limit_is_that_of_the_protocol() {
        let mut framer = Framer::default();
        for (length, fits) in [(262_143, true), (262_144, true), (262_145, false)] {
            let mut line = vec![b'x'; length];
            line.push(b'\n');
            framer.feed(&line, |frame| {
                assert_eq!(matches!(frame, Frame::Line(_)), fits, "{length}");
            });
        }
    }

    #[test]
    fn an_endless_line_takes_no_memory() {
        let mut framer = Framer::default();
        for _ in 0..1000 {
            framer.feed(&[b'x'; 65_536], |_| unreachable!());
        }
        assert!(framer.begun.capacity() <= 2 * MAX_LINE_BYTES);
        framer.finish(|frame| {
            assert!(
                matches!(frame, Frame::Oversize { bytes: 65_536_000, start } if start.len() == KEPT)
            );
        });
    }

    proptest! {
        #[test]
        fn it_does_not_matter_where_pieces_end(
            bytes in prop::collection::vec(prop_oneof![Just(b'\n'), any::<u8>()], 0..200),
            cuts in prop::collection::vec(0_usize..200, 0..10),
            limit in 0_usize..20,
        ) {
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(bytes.len())).collect();
            cuts.extend([0, bytes.len()]);
            cuts.sort_unstable();
            let pieces: Vec<&[u8]> = cuts.windows(2).map(|cut| &bytes[cut[0]..cut[1]]).collect();
            prop_assert_eq!(frames(&pieces, limit), frames(&[&bytes], limit));
        }
    }
}
