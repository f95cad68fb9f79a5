//! Reads the ledger of a run where it stands, with its chain and head.

use std::io::{self, BufRead, BufReader};

use cap_std::fs::Dir;
use lorch_types::agent::AgentRunId;
use lorch_types::json::{Limits, from_value, read};

use crate::chain::Head;
use crate::error::{LedgerError, at};
use crate::file::{HEAD, chain_path, ledger_path};
use crate::inspect::{Inspection, inspect};

/// How much of a file is read at once.
const BUFFER_BYTES: usize = 128 * 1024;

/// Reads the ledger of `run` in the workspace `root`, and says what does not fit: in the ledger, its
/// chain and its head. Nothing is changed.
///
/// # Errors
/// When a file cannot be read, or there is no such ledger.
pub fn verify(root: &Dir, run: &AgentRunId) -> Result<Inspection, LedgerError> {
    let (ledger, chain) = (ledger_path(run), chain_path(run));
    let lines = root.open(&ledger).map_err(at(&ledger))?;
    let records: Box<dyn BufRead> = match root.open(&chain) {
        Ok(chain) => Box::new(BufReader::with_capacity(BUFFER_BYTES, chain)),
        // What that means the inspection says.
        Err(error) if error.kind() == io::ErrorKind::NotFound => Box::new(io::empty()),
        Err(error) => return Err(at(&chain)(error)),
    };
    let head = head(root, run).map_err(at(HEAD))?;
    let lines = BufReader::with_capacity(BUFFER_BYTES, lines);
    inspect(run, lines, records, head.as_ref()).map_err(at(&ledger))
}

/// The head, if it is that of this run: there is one for a workspace, of its last run.
fn head(root: &Dir, run: &AgentRunId) -> io::Result<Option<Head>> {
    let text = match root.read(HEAD) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        text => text?,
    };
    let document = read(&text, Limits::default()).map_err(io::Error::other)?;
    let head: Head = from_value(&document).map_err(io::Error::other)?;
    Ok(Some(head).filter(|head| head.run_id == *run))
}
