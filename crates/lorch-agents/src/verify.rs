//! Reads the ledger of a run where it stands, with all that is derived from it.

mod compare;
mod receipts;

use std::io::{self, BufRead, BufReader};

use cap_std::fs::Dir;
use lorch_types::agent::AgentRunId;
use lorch_types::json::{Limits, from_value, read};

use self::compare::Comparison;
use self::receipts::Recorded;
use crate::chain::Head;
use crate::error::{LedgerError, at};
use crate::file::{self, HEAD, RECEIPTS, chain_path, ledger_path};
use crate::finding::Finding;
use crate::inspect::{Inspection, Show, inspect_with};

/// How much of a file is read at once.
const BUFFER_BYTES: usize = 128 * 1024;
/// How many bytes the head may have; it has far fewer.
const MAX_HEAD_BYTES: usize = 4096;

/// What came of verifying a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verification {
    /// What came of its ledger, chain and head.
    pub ledger: Inspection,
    /// How many receipts there are of its commands.
    pub receipts: u64,
    /// How many pieces of work at its end are done and have no receipt yet.
    pub unrecorded: u64,
    /// What does not fit in receipts and artifacts.
    pub findings: Vec<Finding>,
}

impl Verification {
    /// Whether nothing is wrong that a crash cannot have left.
    pub fn is_sound(&self) -> bool {
        self.ledger.is_sound() && self.findings.is_empty()
    }

    /// Everything that does not fit: first the ledger, then what is derived from it.
    pub fn all_findings(&self) -> impl Iterator<Item = &Finding> {
        self.ledger.findings.iter().chain(&self.findings)
    }
}

/// Reads the ledger of `run` in the workspace `root`, and says what does not fit: in the ledger, its
/// chain and its head, between it and the receipts, and between these and the files that they are
/// about. Nothing is changed.
///
/// # Errors
/// When a file cannot be read, or there is no such ledger.
pub fn verify(root: &Dir, run: &AgentRunId) -> Result<Verification, LedgerError> {
    let recorded = Recorded::read(root).map_err(at(RECEIPTS))?;
    let mut comparison = Comparison::new(&recorded);
    let ledger =
        inspect_run(root, run, &mut |line, brief, text| comparison.meet(line, brief, text))?;
    comparison.finish(root, run, ledger)
}

/// The same for the ledger, its chain and head alone; shows each message.
pub(crate) fn inspect_run(
    root: &Dir,
    run: &AgentRunId,
    show: &mut Show<'_>,
) -> Result<Inspection, LedgerError> {
    let (ledger, chain) = (ledger_path(run), chain_path(run));
    let lines = file::open_to_read(root, &ledger)
        .and_then(|found| found.ok_or_else(|| io::ErrorKind::NotFound.into()))
        .map_err(at(&ledger))?;
    let records: Box<dyn BufRead + Send> =
        match file::open_to_read(root, &chain).map_err(at(&chain))? {
            Some(chain) => Box::new(BufReader::with_capacity(BUFFER_BYTES, chain)),
            // What that means the inspection says.
            None => Box::new(io::empty()),
        };
    let (head, bad_head) = match head(root, run).map_err(at(HEAD))? {
        Ok(head) => (head, None),
        Err(reason) => (None, Some(Finding::BadHead { reason })),
    };
    let lines = BufReader::with_capacity(BUFFER_BYTES, lines);
    let found = inspect_with(run, lines, records, head.as_ref(), show);
    let mut found = found.map_err(at(&ledger))?;
    found.findings.extend(bad_head);
    found.findings.sort_by_key(Finding::rank);
    Ok(found)
}

/// The head, if it is that of this run: there is one for a workspace, of its last run. Or why there is
/// none in its place.
fn head(root: &Dir, run: &AgentRunId) -> io::Result<Result<Option<Head>, String>> {
    let text = match file::read(root, HEAD, MAX_HEAD_BYTES) {
        Err(error) if error.kind() == io::ErrorKind::FileTooLarge => {
            return Ok(Err(error.to_string()));
        }
        text => text?,
    };
    let Some(text) = text else { return Ok(Ok(None)) };
    let head = read(&text, Limits::default()).map_err(|error| error.to_string());
    let head = head.and_then(|head| from_value::<Head>(&head).map_err(|error| error.to_string()));
    Ok(head.map(|head| Some(head).filter(|head| head.run_id == *run)))
}
