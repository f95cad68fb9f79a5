//! The receipts of a task: one for each piece of work that is done, numbered, never overwritten.

use std::collections::BTreeMap;
use std::io;

use cap_std::fs::Dir;
use lorch_types::agent::{
    Action, Artifact, CommandId, CorrelationId, EventId, Receipt, SnapshotId, TaskId,
};
use lorch_types::{IdempotencyKey, PositiveInteger, Timestamp};

use crate::document;
use crate::error::WorkspaceError;
use crate::file::{self, RECEIPTS};

/// All receipts of one task, as they stand in its folder.
///
/// Invariant: each stands in the file of its task and number, and no two are of one command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipts {
    task: TaskId,
    of_step: BTreeMap<u64, Receipt>,
}

/// What a receipt says of work, before it has its number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Work {
    /// What was asked for.
    pub action: Action,
    /// The key of the command that asked.
    pub idempotency_key: IdempotencyKey,
    /// What the workspace held when it was asked.
    pub snapshot_id: SnapshotId,
    /// The command that asked.
    pub command_message_id: CommandId,
    /// The correlation of that command.
    pub correlation_id: CorrelationId,
    /// The files that were produced.
    pub artifacts: Vec<Artifact>,
    /// The events that were received about it.
    pub events: Vec<EventId>,
}

impl Receipts {
    /// Reads all receipts of `task`.
    ///
    /// # Errors
    /// When one cannot be read, is no receipt, or is not the one that its place says.
    pub fn read(root: &Dir, task: &TaskId) -> Result<Self, WorkspaceError> {
        let mut of_step: BTreeMap<u64, Receipt> = BTreeMap::new();
        let folder = folder(task);
        for step in steps(root, &folder).map_err(WorkspaceError::at(&folder))? {
            let path = path(task, step);
            let receipt: Receipt = document::read(root, &path)?
                .ok_or_else(|| WorkspaceError::at(&path)(io::ErrorKind::NotFound.into()))?;
            let others = of_step.values();
            let misplaced = |reason: String| WorkspaceError::Misplaced { path, reason };
            if let Some(reason) = misplacement(&receipt, task, step) {
                return Err(misplaced(reason));
            }
            if let Some(first) = others.rev().find(|it| is_of(it, &receipt.command_message_id)) {
                let (command, first) = (&receipt.command_message_id, first.step);
                return Err(misplaced(format!("step {first} is of the command {command} too")));
            }
            of_step.insert(step, receipt);
        }
        Ok(Self { task: task.clone(), of_step })
    }

    /// The receipts, in the order of their numbers.
    pub fn iter(&self) -> impl Iterator<Item = &Receipt> {
        self.of_step.values()
    }

    /// The receipt of the work that a command asked for.
    pub fn of_command(&self, command: &CommandId) -> Option<&Receipt> {
        self.of_step.values().find(|receipt| is_of(receipt, command))
    }

    /// Records work that was done, with the number after the highest: the receipt that there is now.
    /// Work that has a receipt keeps it as it is.
    ///
    /// # Errors
    /// When it cannot be written, or a file stands in its place that was not there before.
    pub fn record(
        &mut self,
        root: &Dir,
        work: Work,
        now: Timestamp,
    ) -> Result<Receipt, WorkspaceError> {
        if let Some(receipt) = self.of_command(&work.command_message_id) {
            return Ok(receipt.clone());
        }
        let highest = self.of_step.last_key_value().map_or(0, |(step, _)| *step);
        let step = PositiveInteger::new(highest + 1)
            .ok_or_else(|| WorkspaceError::at(RECEIPTS)(io::ErrorKind::InvalidData.into()))?;
        let receipt = work.into_receipt(self.task.clone(), step, now);
        let (folder, path) = (folder(&self.task), path(&self.task, step.get()));
        for folder in [RECEIPTS, &folder] {
            file::make_folder(root, folder).map_err(WorkspaceError::at(folder))?;
        }
        file::create(root, &folder, &path, &document::text(&receipt))
            .map_err(WorkspaceError::at(&path))?;
        self.of_step.insert(step.get(), receipt.clone());
        Ok(receipt)
    }
}

impl Work {
    fn into_receipt(
        self,
        task_id: TaskId,
        step: PositiveInteger,
        created_at: Timestamp,
    ) -> Receipt {
        let Self { action, idempotency_key, snapshot_id, .. } = self;
        let Self { command_message_id, correlation_id, artifacts, events, .. } = self;
        Receipt {
            task_id,
            step,
            action,
            idempotency_key,
            snapshot_id,
            command_message_id,
            correlation_id,
            artifacts,
            events,
            created_at,
        }
    }
}

/// Why a receipt is not the one with the number `step` of `task`.
pub(crate) fn misplacement(receipt: &Receipt, task: &TaskId, step: u64) -> Option<String> {
    (receipt.task_id != *task || receipt.step.get() != step)
        .then(|| format!("it is the receipt of step {} of {}", receipt.step, receipt.task_id))
}

/// The numbers of the receipts in the folder of a task, lowest first.
pub(crate) fn steps(root: &Dir, folder: &str) -> io::Result<Vec<u64>> {
    let entries = match root.read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut steps = Vec::new();
    for entry in entries {
        steps.extend(entry?.file_name().to_str().and_then(step));
    }
    steps.sort_unstable();
    Ok(steps)
}

/// The number that the name of a receipt's file says: `step-3.json`.
fn step(name: &str) -> Option<u64> {
    let digits = name.strip_prefix("step-")?.strip_suffix(".json")?;
    let step = digits.parse().ok()?;
    // No sign and no leading zero: each number has one name.
    (step > 0 && digits == u64::to_string(&step)).then_some(step)
}

/// The folder of a task's receipts.
pub(crate) fn folder(task: &TaskId) -> String {
    format!("{RECEIPTS}/{task}")
}

/// The file of the receipt with this number.
pub(crate) fn path(task: &TaskId, step: u64) -> String {
    format!("{RECEIPTS}/{task}/step-{step}.json")
}

fn is_of(receipt: &Receipt, command: &CommandId) -> bool {
    receipt.command_message_id == *command
}
