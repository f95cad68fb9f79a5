//! Looks at runs without owning the workspace: nothing is repaired and nothing is changed.

use std::io::{self, BufReader, Seek as _, SeekFrom};

use cap_std::fs::Dir;
use lorch_types::agent::{AgentRunId, Message, RunState, TaskId};

use crate::brief::Spoken;
use crate::error::{LedgerError, at};
use crate::file::{self, EVENTS, ledger_path};
use crate::fold::Fold;
use crate::lines::Lines;
use crate::machine::{Assignment, End, Next, OutOfPlace, Question, Rules};
use crate::verify::inspect_run;

/// What a run has come to, as far as its ledger says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Look {
    /// Its state; `None` before its first command.
    pub state: Option<RunState>,
    /// What it asks a person.
    pub question: Option<Question>,
    /// How it ended.
    pub end: Option<End>,
    /// What is wrong with the ledger, if it is none of a run of the loop.
    pub out_of_place: Option<OutOfPlace>,
}

/// A message of a ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its line as it stands there, without its line feed.
    pub line: Vec<u8>,
    /// A command or an event.
    pub message: Message,
}

/// Reads the messages of a ledger that may be growing.
#[derive(Debug)]
pub struct Entries {
    root: Dir,
    path: String,
    offset: u64,
}

/// What the run `run` has come to.
///
/// # Errors
/// When its ledger cannot be read, or there is none.
pub fn look(root: &Dir, run: &AgentRunId, rules: Rules) -> Result<Look, LedgerError> {
    let (fold, out_of_place) = fold_of(root, run, rules)?;
    let (question, end) = match fold.machine().next() {
        Some(Next::Ask(question) | Next::Decide(question)) => (Some(question.clone()), None),
        Some(Next::End(end)) => (None, Some(end.clone())),
        _ => (None, None),
    };
    Ok(Look { state: fold.run_state(run), question, end, out_of_place })
}

/// The task as an orchestrating agent proposed it last and a person took it.
///
/// # Errors
/// When a ledger cannot be read.
pub fn proposed_task(
    root: &Dir,
    task: &TaskId,
    rules: Rules,
) -> Result<Option<Assignment>, LedgerError> {
    for run in runs(root)?.iter().rev() {
        let (fold, out_of_place) = fold_of(root, run, rules)?;
        let machine = fold.machine();
        if out_of_place.is_none() && machine.next() == Some(Next::End(&End::Completed)) {
            let known = machine.proposed().iter().find(|proposed| proposed.task_id == *task);
            if let Some(known) = known {
                return Ok(Some(known.clone()));
            }
        }
    }
    Ok(None)
}

fn fold_of(
    root: &Dir,
    run: &AgentRunId,
    rules: Rules,
) -> Result<(Fold, Option<OutOfPlace>), LedgerError> {
    let mut fold = Fold::new(rules, None);
    let mut out_of_place = None;
    inspect_run(root, run, &mut |_, brief, text| {
        if out_of_place.is_none() {
            out_of_place = fold.line(brief, text).err();
        }
    })?;
    Ok((fold, out_of_place))
}

/// The runs that have a ledger, oldest first.
///
/// # Errors
/// When the folder of ledgers cannot be read.
pub fn runs(root: &Dir) -> Result<Vec<AgentRunId>, LedgerError> {
    listed(root).map_err(at(EVENTS))
}

fn listed(root: &Dir) -> io::Result<Vec<AgentRunId>> {
    let entries = match root.read_dir(EVENTS) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut runs: Vec<AgentRunId> = Vec::new();
    for entry in entries {
        let name = entry?.file_name();
        // The chain is made last: without it nothing has begun.
        let chain = name.to_str().and_then(|name| name.strip_suffix(".chain.ndjson"));
        runs.extend(chain.and_then(|run| run.parse().ok()));
    }
    runs.sort_unstable();
    Ok(runs)
}

impl Entries {
    /// From the beginning of the ledger of a run.
    pub fn new(root: Dir, run: &AgentRunId) -> Self {
        Self { root, path: ledger_path(run), offset: 0 }
    }

    /// The messages that are there and were not returned before, as far as lines are whole.
    ///
    /// # Errors
    /// When the ledger cannot be read, there is none, or a line holds no message.
    pub fn read(&mut self) -> Result<Vec<Entry>, LedgerError> {
        let file = file::open_to_read(&self.root, &self.path)
            .and_then(|found| found.ok_or_else(|| io::ErrorKind::NotFound.into()))
            .and_then(|mut file| {
                file.seek(SeekFrom::Start(self.offset))?;
                Ok(file)
            })
            .map_err(at(&self.path))?;
        let mut lines = Lines::new(BufReader::new(file));
        let mut entries = Vec::new();
        while let Some(line) = lines.next().map_err(at(&self.path))? {
            if !line.ended {
                break;
            }
            self.offset += u64::try_from(line.text.len()).unwrap_or(u64::MAX);
            let line = line.text.strip_suffix(b"\n").unwrap_or(line.text).to_vec();
            let spoken = Spoken::read(&line).map_err(|reason| LedgerError::NoMessage { reason })?;
            let message = match spoken {
                Spoken::Command(command) => Message::Command(command),
                Spoken::Event(event) => Message::Event(event),
            };
            entries.push(Entry { line, message });
        }
        Ok(entries)
    }
}
