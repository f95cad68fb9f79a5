//! Beginning a run, and going on with one.

use std::collections::HashSet;

use cap_std::fs::Dir;
use lorch_types::agent::{AgentRunId, RunStatus, TaskId};

use super::message::number;
use super::{Run, RunError, RunSettings};
use crate::brief::About;
use crate::chance::Chance;
use crate::error::{LedgerError, WorkspaceError};
use crate::file::{self, SNAPSHOTS};
use crate::fold::Fold;
use crate::ledger::{Ledger, Recovery};
use crate::machine::Assignment;
use crate::receipt::{Receipts, folder};
use crate::run_state::{read_run_state, write_run_state};
use crate::snapshot::{snapshot, write_snapshot};

impl Run {
    /// Begins a run of a task in the workspace `root`, which this process owns.
    ///
    /// # Errors
    /// When its files cannot be made, or what the workspace holds cannot be recorded.
    pub fn start(
        root: Dir,
        assignment: Assignment,
        settings: RunSettings,
    ) -> Result<Self, RunError> {
        let mut chance = Chance::new(settings.seed);
        let task = assignment.task_id.clone();
        let receipts = Receipts::read(&root, &task)?;
        let now = (settings.clock)();
        let base = snapshot(&root, &settings.snapshot, now)?.manifest;
        write_snapshot(&root, &base)?;
        let (id, ledger) = loop {
            let id = AgentRunId::new(now, chance.word());
            let schemas = settings.schema_set_digest.clone();
            match Ledger::create(&root, &id, schemas, settings.config_digest.clone()) {
                Err(LedgerError::Exists { .. }) => {}
                ledger => break (id, ledger?),
            }
        };
        let fold = Fold::new(settings.rules, Some(assignment));
        // Without a command the ledger does not say what the run is about.
        write_run_state(&root, &fold.state_of(&id, task.clone(), base.snapshot_id.clone()))?;
        let (seen, fresh, deadline) = (HashSet::new(), Some(base), None);
        Ok(Self { root, id, task, settings, ledger, fold, receipts, seen, chance, fresh, deadline })
    }

    /// Opens a run that a crash, a question or a person interrupted: repairs what a crash left, and
    /// writes what is derived from the ledger. What a task is about, which no command of it says yet,
    /// `assignment` knows.
    ///
    /// # Errors
    /// When the run is over, or its ledger cannot be used.
    pub fn open(
        root: Dir,
        id: &AgentRunId,
        settings: RunSettings,
        assignment: impl FnOnce(&TaskId) -> Option<Assignment>,
    ) -> Result<(Self, Recovery), RunError> {
        let mut fold = Fold::new(settings.rules, None);
        let mut seen = HashSet::new();
        let mut out_of_place = None;
        let (ledger, recovery) =
            Ledger::open_showing(&root, id, (settings.clock)(), &mut |_, brief, text| {
                if let About::Event(..) = brief.about {
                    seen.extend(brief.message_id.parse().as_ref().map(number));
                }
                if out_of_place.is_none() {
                    out_of_place = fold.line(brief, text).err();
                }
            })?;
        if let Some(error) = out_of_place {
            return Err(error.into());
        }
        let last = read_run_state(&root)?;
        let is_last = last.as_ref().is_none_or(|last| last.run_id == *id);
        let state = last.filter(|last| last.run_id == *id);
        // What ended just now may not be written yet; what is written of it has ended before.
        let written = state.as_ref().map(|state| state.status);
        let ended = fold.run_state(id).map(|state| state.status).filter(|_| !is_last);
        let over = written.or(ended).filter(|status| *status != RunStatus::Running);
        if let Some(status) = over {
            return Err(RunError::Over { run: id.clone(), status });
        }
        if fold.machine().assignment().is_none() {
            let no_task = || RunError::NoTask { run: id.clone() };
            let known = state.and_then(|state| assignment(&state.task_id));
            fold = Fold::new(settings.rules, Some(known.ok_or_else(no_task)?));
        }
        let task = fold.machine().assignment().map(|it| it.task_id.clone());
        let task = task.ok_or_else(|| RunError::NoTask { run: id.clone() })?;
        for folder in [SNAPSHOTS, &folder(&task)] {
            file::sweep(&root, folder).map_err(WorkspaceError::at(folder))?;
        }
        let receipts = Receipts::read(&root, &task)?;
        // Numbers must not be those of the process before.
        let chance = Chance::new(settings.seed ^ ledger.lines().rotate_left(32));
        let (id, fresh, deadline) = (id.clone(), None, None);
        let mut run = Self {
            root,
            id,
            task,
            settings,
            ledger,
            fold,
            receipts,
            seen,
            chance,
            fresh,
            deadline,
        };
        run.fold.machine_mut().lose();
        run.catch_up()?;
        run.look_for_drift()?;
        Ok((run, recovery))
    }
}
