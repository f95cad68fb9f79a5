//! A run of a task: what the machine of the loop says is to be done is done here, with real files and
//! real agents.
//!
//! Every command is in the ledger before an agent sees it, and every event before anything follows
//! from it. What is derived from the ledger is written while an agent works.

mod crew;
mod decide;
mod drift;
mod driver;
mod message;
mod open;
mod scribe;
mod settings;
mod told;

use std::collections::HashSet;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use cap_std::fs::Dir;
use lorch_types::Timestamp;
use lorch_types::agent::{
    AgentRunId, AgentType, Receipt, RunStatus, SnapshotId, SnapshotManifest, TaskId,
};

use self::crew::Crew;
use self::driver::Driver;
use self::scribe::{Derived, Scribe};
pub use self::settings::{Configured, RunSettings, default_timeout};
pub use self::told::{Audience, Told};
use crate::chance::Chance;
use crate::error::{LedgerError, WorkspaceError};
use crate::fold::Fold;
use crate::ledger::Ledger;
use crate::machine::{Assignment, End, OutOfPlace, Question};
use crate::receipt::Receipts;
use crate::snapshot::SnapshotError;

/// A run of a task in a workspace that this process owns.
#[derive(Debug)]
pub struct Run {
    root: Dir,
    id: AgentRunId,
    task: TaskId,
    settings: RunSettings,
    ledger: Ledger,
    fold: Fold,
    receipts: Receipts,
    /// The numbers of the events that the ledger has.
    seen: HashSet<u32>,
    chance: Chance,
    /// What the workspace held at a moment since which nothing was waited for.
    fresh: Option<SnapshotManifest>,
    /// When the answer to the pending command comes too late.
    deadline: Option<Instant>,
}

/// How driving a run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The run is over.
    Ended(End),
    /// A person is to decide this; until then the run waits.
    Paused(Question),
    /// A person stopped this process; the run can be gone on with.
    Interrupted,
}

/// A run that cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The ledger cannot be used.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// A document of the workspace cannot be used.
    #[error(transparent)]
    Workspace(#[from] WorkspaceError),
    /// What the workspace holds cannot be recorded.
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
    /// The ledger is none of a run of the loop.
    #[error("the ledger is none of this loop: {0}")]
    OutOfPlace(#[from] OutOfPlace),
    /// Nothing says what the task of a run is that has sent no command.
    #[error("nothing says what the task of {run} was; start it anew")]
    NoTask {
        /// The run.
        run: AgentRunId,
    },
    /// The run is over.
    #[error("{run} is over: it {}", verb(*status))]
    Over {
        /// The run.
        run: AgentRunId,
        /// How it ended.
        status: RunStatus,
    },
    /// No agent is configured for what is to be done.
    #[error("no {} is configured", agent.as_str())]
    NoAgent {
        /// Which.
        agent: AgentType,
    },
    /// An agent is not started again.
    #[error("the {} gave up: {reason}", agent.as_str())]
    GaveUp {
        /// Which.
        agent: AgentType,
        /// Why.
        reason: String,
    },
    /// A message of lorch itself does not fit on a line, or is none.
    #[error("a message cannot be made: {reason}")]
    NoMessage {
        /// Why.
        reason: String,
    },
    /// A decision answers no question that the run asks.
    #[error("{run} asks nothing that `{answer}` answers")]
    NoQuestion {
        /// The run.
        run: AgentRunId,
        /// What was to be answered.
        answer: String,
    },
}

impl Run {
    /// The id of the run.
    pub fn id(&self) -> &AgentRunId {
        &self.id
    }

    /// The task.
    pub fn task(&self) -> &TaskId {
        &self.task
    }

    /// The tasks that an orchestrating agent proposed, of a run that began with a wish.
    pub fn proposed(&self) -> &[Assignment] {
        self.fold.machine().proposed()
    }

    /// Drives the run until it ends, a person is needed who is not there, or `stop` is set; then all
    /// agents are stopped, and what is derived from the ledger is written.
    ///
    /// # Errors
    /// When it cannot go on. What is recorded stays, and the run can be gone on with.
    pub fn drive(
        &mut self,
        stop: &AtomicBool,
        audience: &mut dyn Audience,
    ) -> Result<Ending, RunError> {
        let (mut crew, inbox) = Crew::new();
        let mut scribe = Scribe::start(&self.root, self.receipts.clone())?;
        let mut driver =
            Driver { run: self, crew: &mut crew, inbox, stop, audience, scribe: &scribe };
        let ending = driver.drive();
        crew.stop();
        let finished = scribe.finish();
        scribe.written().for_each(|receipt| audience.told(Told::Receipt(&receipt)));
        // What could not be written may be why the run could not go on.
        if let Some(receipts) = finished? {
            self.receipts = receipts;
        }
        let ending = ending?;
        for receipt in self.catch_up()? {
            audience.told(Told::Receipt(&receipt));
        }
        if let Ending::Ended(end) = &ending {
            audience.told(Told::Ended(end));
        }
        Ok(ending)
    }

    /// Writes what is derived from the ledger and lags behind it: the receipts that were.
    fn catch_up(&mut self) -> Result<Vec<Receipt>, RunError> {
        let derived = self.derived(None)?;
        derived.write(&self.root, &mut self.receipts)
    }

    /// What is derived from the ledger and not written yet.
    fn derived(&mut self, snapshot: Option<SnapshotId>) -> Result<Derived, RunError> {
        let settlement = self.ledger.settlement()?;
        let (works, state) = (self.fold.take_works(), self.fold.run_state(&self.id));
        Ok(Derived { works, state, snapshot, settlement })
    }

    fn now(&self) -> Timestamp {
        (self.settings.clock)()
    }
}

fn verb(status: RunStatus) -> &'static str {
    match status {
        RunStatus::Running => "goes on",
        RunStatus::Completed => "completed",
        RunStatus::Failed => "failed",
        RunStatus::Aborted => "was stopped for good",
    }
}
