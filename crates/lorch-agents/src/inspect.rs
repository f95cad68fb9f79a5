//! Reads a ledger and its chain, and says what does not fit: the reader of `verify` and of recovery.

use std::io::{self, BufRead};

use lorch_types::Digest;
use lorch_types::agent::{Action, AgentRunId, CorrelationId, Message};
use lorch_types::json::{Limits, read};

use crate::chain::{Head, Link, RecordError, Root};
use crate::finding::Finding;
use crate::lines::{Line, Lines, MAX_LINE_BYTES};

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
    chain: impl BufRead,
    head: Option<&Head>,
) -> io::Result<Inspection> {
    inspect_with(run, ledger, chain, head, &mut |_, _| {})
}

/// The same, and shows each message with its line, from 1.
pub(crate) fn inspect_with(
    run: &AgentRunId,
    ledger: impl BufRead,
    chain: impl BufRead,
    head: Option<&Head>,
    show: &mut dyn FnMut(u64, &Message),
) -> io::Result<Inspection> {
    let mut reader = Inspector {
        found: Inspection::default(),
        ledger: Lines::new(ledger),
        head,
        pending: None,
        bad_line: None,
        show,
    };
    reader.chain(run, Lines::new(chain))?;
    while reader.line()?.is_some() {}
    reader.end();
    Ok(reader.found)
}

struct Inspector<'h, L> {
    found: Inspection,
    head: Option<&'h Head>,
    ledger: Lines<L>,
    /// The command that waits for its end.
    pending: Option<Pending>,
    /// A line that is no message, as long as it may be the last: then it was torn.
    bad_line: Option<(Finding, u64)>,
    show: &'h mut dyn FnMut(u64, &Message),
}

/// A command that nothing has ended yet.
struct Pending {
    line: u64,
    command: String,
    correlation: CorrelationId,
    action: Action,
}

/// A whole line of the ledger.
struct Met {
    offset: u64,
    len: u64,
    digest: Digest,
}

impl<L: BufRead> Inspector<'_, L> {
    /// Reads the chain, and beside each record the line that it is about.
    fn chain(&mut self, run: &AgentRunId, mut chain: Lines<impl BufRead>) -> io::Result<()> {
        let mut head = match self.root(run, &mut chain)? {
            Some(root) => root.hash,
            None => return Ok(()),
        };
        self.found.head = Some(head.clone());
        let mut bad_record = None;
        for number in 2.. {
            let Some(line) = chain.next()? else { break };
            if let Some(finding) = bad_record.take() {
                self.found.findings.push(finding);
                return Ok(());
            }
            let (length, read) = (len(line.text), Link::read(line.text));
            match read.ok().filter(|_| line.ended) {
                // The last one may be torn; whether it is the last shows only now.
                None => {
                    let reason = record_reason(line);
                    bad_record = Some(Finding::BadRecord { line: number, reason });
                    self.found.chain_torn = length;
                }
                Some(link) => {
                    if !self.link(&link, &head)? {
                        return Ok(());
                    }
                    head = link.hash;
                    self.found.head = Some(head.clone());
                    self.found.chain_bytes += length;
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
                let reason = record_reason(line);
                self.found.findings.push(Finding::WrongRoot { reason });
                Ok(None)
            }
        }
    }

    /// Compares a record with the line at its place; whether reading on makes sense.
    fn link(&mut self, link: &Link, head: &Digest) -> io::Result<bool> {
        let seq = link.seq.get();
        let expected = self.found.chained + 1;
        if seq != expected {
            self.found.findings.push(Finding::Gap { expected, found: seq });
            return Ok(false);
        }
        if link.prev != *head || !link.holds() {
            self.found.findings.push(Finding::WrongHash { seq });
            return Ok(false);
        }
        let Some(met) = self.line()? else {
            let lines = self.found.lines;
            self.found.findings.push(Finding::ChainAhead { records: seq, lines });
            return Ok(false);
        };
        let recorded = (link.off.get(), link.len.get(), &link.line);
        let found = (met.offset, met.len, &met.digest);
        if recorded != found {
            let shown = |(off, len, digest): (u64, u64, &Digest)| {
                format!("{len} bytes from byte {off} on with {digest}")
            };
            let (recorded, found) = (shown(recorded), shown(found));
            self.found.findings.push(Finding::WrongLine { seq, recorded, found });
            return Ok(false);
        }
        if self.head.is_some_and(|head| head.seq == link.seq && head.hash != link.hash) {
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
        let met =
            Met { offset: line.offset, len: len(line.text), digest: Digest::of_bytes(line.text) };
        match message(line.text) {
            Ok(message) => {
                self.found.lines = number;
                self.found.bytes = met.offset + met.len;
                self.follow(number, message);
            }
            Err(reason) => {
                let finding = Finding::BadLine { line: number, reason };
                self.found.lines = number;
                self.bad_line = Some((finding, met.len));
                self.found.bytes = met.offset + met.len;
            }
        }
        Ok(Some(met))
    }

    /// Follows which command an event ends.
    fn follow(&mut self, line: u64, message: Message) {
        (self.show)(line, &message);
        match message {
            Message::Command(command) => {
                let is_resent = |pending: &Pending| pending.correlation == command.correlation_id;
                if let Some(pending) = self.pending.take().filter(|it| !is_resent(it)) {
                    let Pending { line, command, .. } = pending;
                    self.found.findings.push(Finding::Unanswered { line, command });
                }
                self.pending = Some(Pending {
                    line,
                    command: command.message_id.to_string(),
                    correlation: command.correlation_id,
                    action: command.action,
                });
            }
            Message::Event(event) => {
                let ends = self.pending.as_ref().is_some_and(|pending| {
                    pending.correlation == event.correlation_id
                        && pending.action.terminal_events().contains(&event.event)
                });
                // A decision of the person is a reason that is recorded.
                if ends || event.event == lorch_types::agent::EventType::UserDecision {
                    self.pending = None;
                }
            }
            Message::Heartbeat(_) | Message::Log(_) => {}
        }
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
        if let Some(seq) = self.head.map(|head| head.seq.get()).filter(|seq| *seq > lines) {
            self.found.findings.push(Finding::HeadAhead { seq, lines });
        }
        // The head is written only once the chain is durable that far.
        let chained = self.found.chained;
        let ahead = self.head.map(|head| head.seq.get()).filter(|seq| *seq > chained);
        if let Some(seq) = ahead.filter(|_| self.found.findings.is_empty()) {
            self.found.findings.push(Finding::ChainBehindHead { seq, chained });
        }
        self.found.findings.sort_by_key(Finding::rank);
    }
}

fn record_reason(line: Line<'_>) -> String {
    match Link::read(line.text) {
        Err(RecordError::Json(error)) => error.kind.to_string(),
        Err(error) => error.to_string(),
        Ok(_) => "it has no line end".to_owned(),
    }
}

/// The message that a line of a ledger holds, or why it holds none.
pub(crate) fn message(line: &[u8]) -> Result<Message, String> {
    let document = read(line, Limits { max_bytes: MAX_LINE_BYTES + 1 });
    let document = document.map_err(|error| error.kind.to_string())?;
    match Message::from_value(&document) {
        Ok(message @ (Message::Command(_) | Message::Event(_))) => Ok(message),
        Ok(message) => Err(format!("a {} stands in no ledger", message.kind().as_str())),
        Err(error) => Err(error.to_string()),
    }
}

fn len(text: &[u8]) -> u64 {
    u64::try_from(text.len()).unwrap_or(u64::MAX)
}
