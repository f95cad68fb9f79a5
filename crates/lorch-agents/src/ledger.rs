//! Appends to a ledger, and repairs what a crash left of one.

use std::io::{self, BufReader, Read as _, Seek as _, SeekFrom, Write as _};

use cap_std::fs::{Dir, File};
use fail::fail_point;
use lorch_types::agent::{AgentRunId, MessageKind};
use lorch_types::json::{Limits, read};
use lorch_types::{Digest, Timestamp};
use serde::Serialize;

use crate::brief::Briefs;
use crate::chain::{Direction, Head, Link, Root};
use crate::error::{LedgerError, at};
use crate::file::{self, EVENTS, HEAD, STATE, chain_path, ledger_path};
use crate::inspect::Show;
use crate::lines::{Lines, MAX_LINE_BYTES};
use crate::verify::inspect_run;

/// The ledger of one run, open for appending.
///
/// Invariant: a line that [`Ledger::append`] returned from is durable. Once anything failed to become
/// durable the ledger takes nothing more: what is on the disk then is known only after reopening.
#[derive(Debug)]
pub struct Ledger {
    run: AgentRunId,
    root: Dir,
    lines: File,
    chain: File,
    seq: u64,
    offset: u64,
    head: Digest,
    briefs: Briefs,
    /// The records of lines that are not durable yet: the chain never leads.
    unchained: Vec<u8>,
    /// Whether nothing was written since the ledger was last made durable.
    is_durable: bool,
    poisoned: bool,
}

/// The chain of a ledger as it is to be made durable, whoever does that and when.
#[derive(Debug)]
pub(crate) struct Settlement {
    root: Dir,
    chain: File,
    head: Head,
}

/// How many bytes of records may wait until lines are durable.
const MAX_UNCHAINED_BYTES: usize = 1024 * 1024;

/// What opening a ledger repaired.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recovery {
    /// The file to which the torn end of the ledger was copied before it was cut off.
    pub torn: Option<String>,
    /// How many records were missing from the end of the chain, and were appended.
    pub chained: u64,
}

impl Ledger {
    /// Makes the ledger of a new run in the workspace `root`.
    ///
    /// # Errors
    /// When there is one already, or its files cannot be made.
    pub fn create(
        root: &Dir,
        run: &AgentRunId,
        schema_set_digest: Digest,
        config_digest: Digest,
    ) -> Result<Self, LedgerError> {
        let (lines_path, chain_path) = (ledger_path(run), chain_path(run));
        for folder in [EVENTS, STATE] {
            file::make_folder(root, folder).map_err(at(folder))?;
        }
        let lines = file::open(root, &lines_path).map_err(at(&lines_path))?;
        let is_new = lines.metadata().map_err(at(&lines_path))?.len() == 0;
        if !is_new || root.exists(&chain_path) {
            return Err(LedgerError::Exists { run: run.clone() });
        }
        // The chain comes last and as a whole: without it nothing has begun, and this is done again.
        let first = Root::new(run, schema_set_digest, config_digest);
        lines.sync_all().map_err(at(&lines_path))?;
        fail_point!("ledger-created-before");
        file::replace(root, EVENTS, &chain_path, &record(&first)).map_err(at(&chain_path))?;
        let chain = file::open(root, &chain_path).map_err(at(&chain_path))?;
        let root = root.try_clone().map_err(at("."))?;
        let (run, head) = (run.clone(), first.hash);
        Ok(Self {
            run,
            root,
            lines,
            chain,
            seq: 0,
            offset: 0,
            head,
            briefs: Briefs::new(),
            unchained: Vec::new(),
            is_durable: true,
            poisoned: false,
        })
    }

    /// Opens the ledger of a run, and repairs what a crash left: a torn last line is copied aside and
    /// cut off, records that the chain lacks at its end are appended, as written at `now`. It can be
    /// cut off itself at any moment, and done again.
    ///
    /// # Errors
    /// [`LedgerError::Unsound`] for what no crash explains; nothing is changed then.
    pub fn open(
        root: &Dir,
        run: &AgentRunId,
        now: Timestamp,
    ) -> Result<(Self, Recovery), LedgerError> {
        Self::open_showing(root, run, now, &mut |_, _, _| {})
    }

    /// The same, and shows each message that is there; of a ledger that is opened none is shown twice.
    pub(crate) fn open_showing(
        root: &Dir,
        run: &AgentRunId,
        now: Timestamp,
        show: &mut Show<'_>,
    ) -> Result<(Self, Recovery), LedgerError> {
        let (lines_path, chain_path) = (ledger_path(run), chain_path(run));
        let found = inspect_run(root, run, show)?;
        if !found.is_intact() {
            return Err(LedgerError::Unsound { path: lines_path, findings: found.findings });
        }
        let lines = file::open(root, &lines_path).map_err(at(&lines_path))?;
        let chain = file::open(root, &chain_path).map_err(at(&chain_path))?;
        let mut recovery = Recovery::default();
        // What a process that was killed wrote last may not be durable yet, and the chain never leads.
        lines.sync_all().map_err(at(&lines_path))?;
        if found.torn > 0 {
            let aside = cut_off(root, &lines_path, &lines, found.bytes).map_err(at(&lines_path))?;
            recovery.torn = Some(aside);
        }
        if found.chain_torn > 0 {
            chain.set_len(found.chain_bytes).map_err(at(&chain_path))?;
        }
        let mut ledger = Self {
            run: run.clone(),
            root: root.try_clone().map_err(at("."))?,
            lines,
            chain,
            seq: found.chained,
            offset: found.chained_bytes,
            // A sound chain has a first record.
            head: found.head.unwrap_or_else(|| Digest::of_bytes(b"")),
            briefs: Briefs::new(),
            unchained: Vec::new(),
            is_durable: true,
            poisoned: false,
        };
        recovery.chained = ledger.catch_up(now).map_err(at(&chain_path))?;
        Ok((ledger, recovery))
    }

    /// How many lines it has.
    pub fn lines(&self) -> u64 {
        self.seq
    }

    /// Appends the line of a message that went this way at this time, and makes it durable, with all
    /// lines before it. The chain follows, and may lag behind until [`Ledger::settle`].
    ///
    /// # Errors
    /// When the line cannot be one, or did not become durable; nothing can be appended then.
    pub fn append(
        &mut self,
        line: &[u8],
        dir: Direction,
        at_time: Timestamp,
    ) -> Result<(), LedgerError> {
        self.note(line, dir, at_time)?;
        self.sync()
    }

    /// Makes all lines durable.
    ///
    /// # Errors
    /// When they did not become so; nothing can be appended then.
    pub fn sync(&mut self) -> Result<(), LedgerError> {
        if self.poisoned {
            return Err(LedgerError::Poisoned);
        }
        if self.is_durable {
            return Ok(());
        }
        fail_point!("ledger-synced-before");
        self.poisoned = true;
        self.lines.sync_data().map_err(at(&ledger_path(&self.run)))?;
        fail_point!("ledger-synced-after");
        self.write_links().map_err(at(&chain_path(&self.run)))?;
        (self.poisoned, self.is_durable) = (false, true);
        Ok(())
    }

    /// Appends the line of a message that nothing depends on yet: it becomes durable with the next one
    /// that [`Ledger::append`] appends.
    ///
    /// # Errors
    /// When the line cannot be one, or cannot be written; nothing can be appended then.
    pub fn note(
        &mut self,
        line: &[u8],
        dir: Direction,
        at_time: Timestamp,
    ) -> Result<(), LedgerError> {
        if self.poisoned {
            return Err(LedgerError::Poisoned);
        }
        if line.len() > MAX_LINE_BYTES || line.contains(&b'\n') {
            return Err(LedgerError::NoLine);
        }
        self.briefs.read(line).map_err(|reason| LedgerError::NoMessage { reason })?;
        let mut text = Vec::with_capacity(line.len() + 1);
        text.extend_from_slice(line);
        text.push(b'\n');
        self.poisoned = true;
        // One write: a crash leaves nothing of the line, or its beginning.
        self.lines.write_all(&text).map_err(at(&ledger_path(&self.run)))?;
        fail_point!("ledger-written");
        self.link(&text, dir, at_time);
        (self.poisoned, self.is_durable) = (false, false);
        if self.unchained.len() > MAX_UNCHAINED_BYTES { self.sync() } else { Ok(()) }
    }

    /// Makes the chain durable, and then the head that says how far it is.
    ///
    /// # Errors
    /// When that fails; nothing can be appended then.
    pub fn settle(&mut self) -> Result<(), LedgerError> {
        self.settlement()?.settle().inspect_err(|_| self.poisoned = true)
    }

    /// Makes all lines durable, and returns what makes the chain so.
    ///
    /// # Errors
    /// When that fails; nothing can be appended then.
    pub(crate) fn settlement(&mut self) -> Result<Settlement, LedgerError> {
        self.sync()?;
        let root = self.root.try_clone().map_err(at("."))?;
        let chain = self.chain.try_clone().map_err(at(&chain_path(&self.run)))?;
        let head = Head::new(self.run.clone(), self.seq, self.head.clone());
        Ok(Settlement { root, chain, head })
    }

    fn link(&mut self, text: &[u8], dir: Direction, at_time: Timestamp) {
        let link = Link::new(self.seq + 1, self.offset, text, dir, at_time, self.head.clone());
        self.unchained.extend(record(&link));
        self.seq += 1;
        self.offset += link.len.get();
        self.head = link.hash;
    }

    fn write_links(&mut self) -> io::Result<()> {
        self.chain.write_all(&self.unchained)?;
        self.unchained.clear();
        Ok(())
    }

    /// Appends records of the lines that the chain lacks: how many.
    fn catch_up(&mut self, now: Timestamp) -> io::Result<u64> {
        let mut lines = self.lines.try_clone()?;
        lines.seek(SeekFrom::Start(self.offset))?;
        let mut missing = Lines::new(BufReader::new(lines));
        let before = self.seq;
        while let Some(line) = missing.next()? {
            let kind = read(line.text, Limits::default()).ok();
            let kind = kind.and_then(|document| MessageKind::of(&document));
            let dir = Direction::of(kind.unwrap_or(MessageKind::Event));
            let text = line.text.to_vec();
            self.link(&text, dir, now);
            if self.unchained.len() > MAX_UNCHAINED_BYTES {
                self.write_links()?;
            }
        }
        if self.seq > before {
            self.write_links()?;
            self.chain.sync_data()?;
        }
        Ok(self.seq - before)
    }
}

impl Settlement {
    /// Makes the chain durable, and then the head that says how far it is.
    ///
    /// # Errors
    /// When that fails.
    pub(crate) fn settle(&self) -> Result<(), LedgerError> {
        fail_point!("chain-synced-before");
        self.chain.sync_data().map_err(at(&chain_path(&self.head.run_id)))?;
        fail_point!("head-written-before");
        file::replace(&self.root, STATE, HEAD, &record(&self.head)).map_err(at(HEAD))
    }
}

/// Copies what a ledger has from byte `from` on to a file beside it, and cuts it off.
fn cut_off(root: &Dir, path: &str, lines: &File, from: u64) -> io::Result<String> {
    let mut torn = Vec::new();
    let mut reader = lines.try_clone()?;
    reader.seek(SeekFrom::Start(from))?;
    reader.read_to_end(&mut torn)?;
    let aside = free_name(root, &format!("{path}.torn-{from}"));
    file::replace(root, EVENTS, &aside, &torn)?;
    lines.set_len(from)?;
    lines.sync_all()?;
    Ok(aside)
}

/// A name that no file has: `name`, or with the first number behind it that is free. What was torn
/// before at the same place stays.
fn free_name(root: &Dir, name: &str) -> String {
    let numbered = (2..).map(|number: u64| format!("{name}-{number}"));
    let mut names = std::iter::once(name.to_owned()).chain(numbered);
    names.find(|name| !root.exists(name)).unwrap_or_else(|| name.to_owned())
}

/// A record as a line.
fn record(document: &impl Serialize) -> Vec<u8> {
    // Writing plain data into memory does not fail.
    let mut text = serde_json::to_vec(document).unwrap_or_default();
    text.push(b'\n');
    text
}
