//! Writes what is derived from the ledger, while the run goes on.
//!
//! Nothing waits for it: after a crash whatever it did not come to is derived again. So it writes only
//! the newest state and the newest head, when several wait.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use cap_std::fs::Dir;
use lorch_types::Timestamp;
use lorch_types::agent::{Receipt, RunState, SnapshotId};

use super::RunError;
use crate::error::WorkspaceError;
use crate::ledger::Settlement;
use crate::receipt::{Receipts, Work};
use crate::run_state::write_run_state;
use crate::snapshot::sync_snapshot;

/// How long it waits for more before it writes: agents that answer at once must not wait for the
/// disk twice.
const GATHERING: Duration = Duration::from_millis(20);

/// What is derived from the ledger since it was written last.
#[derive(Debug)]
pub(super) struct Derived {
    /// Work that is done, with when it was found to be.
    pub(super) works: Vec<(Work, Timestamp)>,
    /// The state of the run.
    pub(super) state: Option<RunState>,
    /// A snapshot whose manifest is not durable yet.
    pub(super) snapshot: Option<SnapshotId>,
    /// The chain.
    pub(super) settlement: Settlement,
}

/// A thread that writes.
#[derive(Debug)]
pub(super) struct Scribe {
    jobs: Option<Sender<Derived>>,
    written: Receiver<Receipt>,
    thread: Option<JoinHandle<Result<Receipts, RunError>>>,
}

impl Derived {
    /// Writes all of it: the receipts that were.
    pub(super) fn write(
        self,
        root: &Dir,
        receipts: &mut Receipts,
    ) -> Result<Vec<Receipt>, RunError> {
        let mut written = Vec::new();
        for (work, at) in self.works {
            written.push(receipts.record(root, work, at)?);
        }
        if let Some(snapshot) = &self.snapshot {
            sync_snapshot(root, snapshot)?;
        }
        if let Some(state) = &self.state {
            write_run_state(root, state)?;
        }
        self.settlement.settle()?;
        Ok(written)
    }

    /// Takes what was derived later.
    fn join(&mut self, later: Self) {
        self.works.extend(later.works);
        self.state = later.state.or(self.state.take());
        self.snapshot = later.snapshot.or(self.snapshot.take());
        self.settlement = later.settlement;
    }
}

impl Scribe {
    /// One that writes into the workspace `root`, in which there are these receipts.
    pub(super) fn start(root: &Dir, receipts: Receipts) -> Result<Self, WorkspaceError> {
        let root = root.try_clone().map_err(WorkspaceError::at("."))?;
        let (jobs, inbox) = channel();
        let (tell, written) = channel();
        let thread = thread::Builder::new()
            .name("scribe".to_owned())
            .spawn(move || write_all(&root, receipts, &inbox, &tell))
            .map_err(WorkspaceError::at("."))?;
        Ok(Self { jobs: Some(jobs), written, thread: Some(thread) })
    }

    /// Has something written; one that failed writes nothing more.
    pub(super) fn write(&self, derived: Derived) {
        if let Some(jobs) = &self.jobs {
            let _ = jobs.send(derived);
        }
    }

    /// The receipts that were written since this was asked last.
    pub(super) fn written(&self) -> impl Iterator<Item = Receipt> {
        self.written.try_iter()
    }

    /// Whether something could not be written; [`Scribe::finish`] says what.
    pub(super) fn has_failed(&self) -> bool {
        self.thread.as_ref().is_some_and(JoinHandle::is_finished)
    }

    /// Waits until everything is written: the receipts that there are now.
    ///
    /// # Errors
    /// What could not be written.
    pub(super) fn finish(&mut self) -> Result<Option<Receipts>, RunError> {
        self.jobs = None;
        match self.thread.take().map(JoinHandle::join) {
            Some(Ok(receipts)) => receipts.map(Some),
            Some(Err(_)) | None => Ok(None),
        }
    }
}

fn write_all(
    root: &Dir,
    mut receipts: Receipts,
    inbox: &Receiver<Derived>,
    tell: &Sender<Receipt>,
) -> Result<Receipts, RunError> {
    while let Ok(mut derived) = inbox.recv() {
        let until = Instant::now() + GATHERING;
        while let Ok(later) = inbox.recv_timeout(until.saturating_duration_since(Instant::now())) {
            derived.join(later);
        }
        for receipt in derived.write(root, &mut receipts)? {
            // The run may have ended.
            let _ = tell.send(receipt);
        }
    }
    Ok(receipts)
}
