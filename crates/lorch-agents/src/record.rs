//! A record of a chain as it is checked: numbers and hashes, not their texts.

use std::io::{self, BufRead};
use std::sync::mpsc::{SyncSender, sync_channel};

use lorch_types::{Digest, MAX_SAFE_INTEGER, NaturalInteger};

use crate::chain::{Direction, Link, RecordError, entry};
use crate::lines::{Line, Lines};

/// How many records are passed on at once, and how often before they are taken.
const BATCH: usize = 512;
const BATCHES: usize = 4;

/// The record of one line of the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) seq: u64,
    pub(crate) off: u64,
    pub(crate) len: u64,
    pub(crate) line: [u8; 32],
    pub(crate) prev: [u8; 32],
    pub(crate) hash: [u8; 32],
    /// Whether the hash is that of the content.
    pub(crate) holds: bool,
}

/// A line of a chain.
pub(crate) struct Parsed {
    /// How many bytes it has.
    pub(crate) len: u64,
    /// The record that it holds, or why it holds none.
    pub(crate) record: Result<Record, String>,
}

/// Has another thread read the records of a chain while this one takes them.
pub(crate) fn read_ahead<T>(
    chain: Lines<impl BufRead + Send>,
    take: impl FnOnce(&mut dyn Iterator<Item = io::Result<Parsed>>) -> T,
) -> T {
    std::thread::scope(|scope| {
        let (sender, receiver) = sync_channel(BATCHES);
        scope.spawn(move || send(chain, &sender));
        take(&mut receiver.into_iter().flatten())
    })
}

/// Sends the records of a chain, until its end or until nobody takes them any more.
fn send(mut chain: Lines<impl BufRead>, sender: &SyncSender<Vec<io::Result<Parsed>>>) {
    let mut batch = Vec::with_capacity(BATCH);
    loop {
        let parsed = match chain.next() {
            Ok(None) => break,
            Ok(Some(line)) => Ok(Parsed::of(&line)),
            Err(error) => Err(error),
        };
        let is_last = parsed.is_err();
        batch.push(parsed);
        if is_last {
            break;
        }
        if batch.len() == BATCH && sender.send(std::mem::take(&mut batch)).is_err() {
            return;
        }
    }
    // That nobody takes the rest is no failure.
    let _ = sender.send(batch);
}

impl Parsed {
    fn of(line: &Line<'_>) -> Self {
        let len = u64::try_from(line.text.len()).unwrap_or(u64::MAX);
        let record = match Record::read(line.text) {
            Ok(record) if line.ended => Ok(record),
            _ => Err(record_reason(line)),
        };
        Self { len, record }
    }
}

/// Why a line of a chain is no record.
pub(crate) fn record_reason(line: &Line<'_>) -> String {
    match Link::read(line.text) {
        Err(RecordError::Json(error)) => error.kind.to_string(),
        Err(error) => error.to_string(),
        Ok(_) => "it has no line end".to_owned(),
    }
}

impl Record {
    /// The record that a line holds.
    ///
    /// # Errors
    /// When it holds none, or one of another version.
    pub(crate) fn read(line: &[u8]) -> Result<Self, RecordError> {
        match Self::quick(line) {
            Some(record) => Ok(record),
            None => Link::read(line).map(Self::from),
        }
    }

    /// The record of a line that is written as lorch writes it.
    fn quick(line: &[u8]) -> Option<Self> {
        let mut rest = Rest(line.strip_suffix(b"\n").unwrap_or(line));
        rest.skip(b"{\"v\":1,\"seq\":")?;
        let seq = rest.natural()?;
        rest.skip(b",\"off\":")?;
        let off = rest.natural()?;
        rest.skip(b",\"len\":")?;
        let len = rest.natural()?;
        rest.skip(b",\"dir\":\"")?;
        let dir = match rest.skip(b"in") {
            Some(()) => Direction::In,
            None => rest.skip(b"out").map(|()| Direction::Out)?,
        };
        rest.skip(b"\",\"at\":\"")?;
        let at = rest.until_quote()?.parse().ok()?;
        rest.skip(b"\",\"line\":\"sha256:")?;
        let line = rest.hash()?;
        rest.skip(b"\",\"prev\":\"sha256:")?;
        let prev = rest.hash()?;
        rest.skip(b"\",\"hash\":\"sha256:")?;
        let hash = rest.hash()?;
        rest.skip(b"\"}")?;
        let holds = hash == entry(seq, &prev, len, &line, dir, at);
        rest.0.is_empty().then_some(Self { seq, off, len, line, prev, hash, holds })
    }
}

impl From<Link> for Record {
    fn from(link: Link) -> Self {
        let holds = link.holds();
        let [line, prev, hash] = [&link.line, &link.prev, &link.hash].map(Digest::bytes);
        let [seq, off, len] = [link.seq, link.off, link.len].map(NaturalInteger::get);
        Self { seq, off, len, line, prev, hash, holds }
    }
}

/// What is left of a line.
struct Rest<'l>(&'l [u8]);

impl<'l> Rest<'l> {
    fn skip(&mut self, text: &[u8]) -> Option<()> {
        self.0 = self.0.strip_prefix(text)?;
        Some(())
    }

    /// A number, as canonical JSON has it.
    fn natural(&mut self) -> Option<u64> {
        let count = self.0.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let (digits, rest) = self.0.split_at_checked(count)?;
        let has_leading_zero = digits.len() > 1 && digits.starts_with(b"0");
        let number: u64 = str::from_utf8(digits).ok()?.parse().ok()?;
        self.0 = rest;
        (!has_leading_zero && number <= MAX_SAFE_INTEGER).then_some(number)
    }

    fn until_quote(&mut self) -> Option<&'l str> {
        let end = self.0.iter().position(|byte| *byte == b'"')?;
        let (text, rest) = self.0.split_at_checked(end)?;
        self.0 = rest;
        str::from_utf8(text).ok()
    }

    /// 64 hexadecimal digits.
    fn hash(&mut self) -> Option<[u8; 32]> {
        let (digits, rest) = self.0.split_first_chunk::<64>()?;
        let mut hash = [0; 32];
        let (pairs, _) = digits.as_chunks::<2>();
        for (byte, [high, low]) in hash.iter_mut().zip(pairs) {
            *byte = (nibble(*high)? << 4) | nibble(*low)?;
        }
        self.0 = rest;
        Some(hash)
    }
}

fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Both ways say the same of whatever becomes of a record when bytes of it are changed or cut off.
    #[test]
    fn the_quick_way_says_what_the_thorough_way_says() {
        let at = "2025-10-20T14:08:20.5Z".parse().unwrap();
        let (line, prev) = (b"a line\n", Digest::of_bytes(b"before"));
        for dir in [Direction::In, Direction::Out] {
            let link = Link::new(7, 1200, line, dir, at, prev.clone());
            let text = serde_json::to_string(&link).unwrap() + "\n";
            let record = Record::quick(text.as_bytes()).unwrap();
            assert_eq!(record, Record::from(link));
            assert!(record.holds);
            for at in 0..text.len() {
                let cut = &text.as_bytes()[..at];
                let agrees = |text: &[u8]| {
                    let thorough = Link::read(text).ok().map(Record::from);
                    assert_eq!(Record::read(text).ok(), thorough);
                };
                agrees(cut);
                for byte in [b'0', b'"', b'A', b'f', b'-', b' ', b'\n'] {
                    let mut changed = text.clone().into_bytes();
                    changed[at] = byte;
                    agrees(&changed);
                    changed.insert(at, byte);
                    agrees(&changed);
                }
            }
        }
    }
}
