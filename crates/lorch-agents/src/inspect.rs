//! Reads a ledger and its chain, and says what does not fit: the reader of `verify` and of recovery.

use std::io::{self, BufRead};

use lorch_types::Digest;
use lorch_types::agent::{Action, AgentRunId};
use sha2::{Digest as _, Sha256};

use crate::brief::{About, Brief, Briefs};
use crate::chain::{Head, Root};
use crate::finding::Finding;
use crate::lines::{Lines, MAX_LINE_BYTES};
use crate::protocol::ends;
use crate::record::{Parsed, Record, read_ahead, record_reason};

/// What came of reading a ledger and its chain.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inspection {
    /// How many whole lines the ledger has.
    pub lines: u64,
    /// How many bytes those are.
    pub bytes: u64,
    /// How many of them the chain has records of.
    pub chained: u64,
    /// Where in the ledger the line chained last ends.
    pub chained_bytes: u64,
    /// How many bytes of the chain are whole records.
    pub chain_bytes: u64,
    /// The hash of the last record.
    pub head: Option<Digest>,
    /// How many bytes at the end of the ledger are no whole line.
    pub torn: u64,
    /// How many bytes at the end of the chain are no whole record.
    pub chain_torn: u64,
    /// What does not fit, in the order in which it was met.
    pub findings: Vec<Finding>,
}

impl Inspection {
    /// Whether nothing is wrong that a crash cannot have left.
    pub fn is_sound(&self) -> bool {
        self.findings.is_empty()
    }

    /// Whether ledger, chain and head agree as far as a crash lets them, whatever was said in it.
    pub fn is_intact(&self) -> bool {
        self.findings.iter().all(|finding| matches!(finding, Finding::Unanswered { .. }))
    }
}

/// Reads the ledger of `run` and its chain to their ends; `head` is what is known of them otherwise.
///
/// # Errors
/// When reading fails.
pub fn inspect(
    run: &AgentRunId,
    ledger: impl BufRead,
    chain: impl BufRead + Send,
    head: Option<&Head>,
) -> io::Result<Inspection> {
    inspect_with(run, ledger, chain, head, &mut |_, _, _| {})
}

/// What a message of a ledger is shown to: its line, from 1, what it says of itself, and its text.
pub(crate) type Show<'s> = dyn FnMut(u64, &Brief<'_>, &[u8]) + 's;

/// The same, and shows each message.
pub(crate) fn inspect_with(
    run: &AgentRunId,
    ledger: impl BufRead,
    chain: impl BufRead + Send,
    head: Option<&Head>,
    show: &mut Show<'_>,
) -> io::Result<Inspection> {
    let mut reader = Inspector {
        found: Inspection::default(),
        ledger: Lines::new(ledger),
        briefs: Briefs::new(),
        head: head.map(|head| (head.seq.get(), head.hash.bytes())),
        pending: None,
        bad_line: None,
        show,
    };
    reader.chain(run, Lines::new(chain))?;
    while reader.line()?.is_some() {}
    reader.end();
    Ok(reader.found)
}

struct Inspector<'s, 'f, L> {
    found: Inspection,
    /// What the head says: how many lines there are, and the hash of the last record.
    head: Option<(u64, [u8; 32])>,
    ledger: Lines<L>,
    briefs: Briefs,
    /// The command that waits for its end.
    pending: Option<Pending>,
    /// A line that is no message, as long as it may be the last: then it was torn.
    bad_line: Option<(Finding, u64)>,
    show: &'s mut Show<'f>,
}

/// A command that nothing has ended yet.
struct Pending {
    line: u64,
    command: String,
    correlation: String,
    action: Action,
}

/// A whole line of the ledger.
struct Met {
    offset: u64,
    len: u64,
    hash: [u8; 32],
}

impl<L: BufRead> Inspector<'_, '_, L> {
    /// Reads the chain, and beside each record the line that it is about.
    fn chain(&mut self, run: &AgentRunId, mut chain: Lines<impl BufRead + Send>) -> io::Result<()> {
        let Some(root) = self.root(run, &mut chain)? else { return Ok(()) };
        let mut head = root.hash.bytes();
        let outcome = read_ahead(chain, |records| self.records(&mut head, records));
        self.found.head = Some(Digest::of_hash(head));
        outcome
    }

    /// Takes the records after the first; `head` is the hash of the one before.
    fn records(
        &mut self,
        head: &mut [u8; 32],
        records: &mut dyn Iterator<Item = io::Result<Parsed>>,
    ) -> io::Result<()> {
        let mut bad_record = None;
        for (number, parsed) in (2..).zip(records) {
            let Parsed { len, record } = parsed?;
            if let Some(finding) = bad_record.take() {
                self.found.findings.push(finding);
                return Ok(());
            }
            match record {
                // The last one may be torn; whether it is the last shows only now.
                Err(reason) => {
                    bad_record = Some(Finding::BadRecord { line: number, reason });
                    self.found.chain_torn = len;
                }
                Ok(record) => {
                    if !self.record(&record, head)? {
                        return Ok(());
                    }
                    *head = record.hash;
                    self.found.chain_bytes += len;
                }
            }
        }
        Ok(())
    }

    fn root(
        &mut self,
        run: &AgentRunId,
        chain: &mut Lines<impl BufRead>,
    ) -> io::Result<Option<Root>> {
        let Some(line) = chain.next()? else {
            self.found.findings.push(Finding::NoRoot);
            return Ok(None);
        };
        let root = Root::read(line.text).ok().filter(|root| line.ended && root.holds(run));
        match root {
            Some(root) => {
                self.found.chain_bytes = len(line.text);
                Ok(Some(root))
            }
            None => {
                let reason = record_reason(&line);
                self.found.findings.push(Finding::WrongRoot { reason });
                Ok(None)
            }
        }
    }

    /// Compares a record with the line at its place; whether reading on makes sense.
    fn record(&mut self, record: &Record, head: &[u8; 32]) -> io::Result<bool> {
        let seq = record.seq;
        let expected = self.found.chained + 1;
        if seq != expected {
            self.found.findings.push(Finding::Gap { expected, found: seq });
            return Ok(false);
        }
        if record.prev != *head || !record.holds {
            self.found.findings.push(Finding::WrongHash { seq });
            return Ok(false);
        }
        let Some(met) = self.line()? else {
            let lines = self.found.lines;
            self.found.findings.push(Finding::ChainAhead { records: seq, lines });
            return Ok(false);
        };
        let recorded = (record.off, record.len, record.line);
        let found = (met.offset, met.len, met.hash);
        if recorded != found {
            let shown = |(off, len, hash): (u64, u64, [u8; 32])| {
                format!("{len} bytes from byte {off} on with {}", Digest::of_hash(hash))
            };
            let (recorded, found) = (shown(recorded), shown(found));
            self.found.findings.push(Finding::WrongLine { seq, recorded, found });
            return Ok(false);
        }
        if self.head.is_some_and(|(of, hash)| of == seq && hash != record.hash) {
            self.found.findings.push(Finding::WrongHead { seq });
        }
        self.found.chained = seq;
        self.found.chained_bytes = met.offset + met.len;
        Ok(true)
    }

    /// Reads the next whole line of the ledger.
    fn line(&mut self) -> io::Result<Option<Met>> {
        let Some(line) = self.ledger.next()? else { return Ok(None) };
        if let Some((finding, _)) = self.bad_line.take() {
            self.found.findings.push(finding);
        }
        if !line.ended && line.text.len() <= MAX_LINE_BYTES {
            self.found.torn = len(line.text);
            return Ok(None);
        }
        let number = self.found.lines + 1;
        let hash = Sha256::digest(line.text).into();
        let met = Met { offset: line.offset, len: len(line.text), hash };
        match self.briefs.read(line.text) {
            Ok(brief) => {
                (self.show)(number, &brief, line.text);
                let unanswered = follow(&mut self.pending, number, &brief);
                self.found.findings.extend(unanswered);
            }
            Err(reason) => {
                let finding = Finding::BadLine { line: number, reason };
                self.bad_line = Some((finding, met.len));
            }
        }
        self.found.lines = number;
        self.found.bytes = met.offset + met.len;
        Ok(Some(met))
    }

    fn end(&mut self) {
        // A last line that is no message was torn, unless the chain knows it.
        if let Some((finding, length)) = self.bad_line.take() {
            if self.found.chained == self.found.lines {
                self.found.findings.push(finding);
            } else {
                self.found.lines -= 1;
                self.found.bytes -= length;
                self.found.torn += length;
            }
        }
        let lines = self.found.lines;
        if let Some(seq) = self.head.map(|(seq, _)| seq).filter(|seq| *seq > lines) {
            self.found.findings.push(Finding::HeadAhead { seq, lines });
        }
        // The head is written only once the chain is durable that far.
        let chained = self.found.chained;
        let ahead = self.head.map(|(seq, _)| seq).filter(|seq| *seq > chained);
        if let Some(seq) = ahead.filter(|_| self.found.findings.is_empty()) {
            self.found.findings.push(Finding::ChainBehindHead { seq, chained });
        }
        self.found.findings.sort_by_key(Finding::rank);
    }
}

/// Follows which command an event ends: the one that nothing ended before another came.
fn follow(pending: &mut Option<Pending>, line: u64, brief: &Brief<'_>) -> Option<Finding> {
    match brief.about {
        About::Command(action) => {
            let before = pending.replace(Pending {
                line,
                command: brief.message_id.to_string(),
                correlation: brief.correlation_id.to_string(),
                action,
            });
            // It may be sent again.
            let before = before.filter(|before| before.correlation != brief.correlation_id)?;
            Some(Finding::Unanswered { line: before.line, command: before.command })
        }
        About::Event(event, from) => {
            let is_ended = |it: &mut Pending| {
                it.correlation == brief.correlation_id && ends(it.action, from, event)
            };
            let _ended = pending.take_if(is_ended);
            None
        }
    }
}

fn len(text: &[u8]) -> u64 {
    u64::try_from(text.len()).unwrap_or(u64::MAX)
}
