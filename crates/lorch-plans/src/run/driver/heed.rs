//! What people want of a run takes effect at the next asset.

use lorch_store::{CommandKind, RunCommand};
use lorch_types::plan::{AuditEntry, AuditEvent, RunState};

use super::{Driver, RunError};
use crate::run::entry::{Entry, REASON};
use crate::run::verdict::PauseReason;

/// Why a run failed that a person ended.
pub(super) const CANCELLED: &str = "cancelled";
/// Why a run failed that did not undo everything.
pub(super) const INCOMPLETE: &str = "rollback_incomplete";

impl Driver<'_, '_> {
    /// Deals with the first command that nobody has dealt with; whether there was one.
    pub(super) fn heed(&mut self) -> Result<bool, RunError> {
        let open = self.executor.store.plan_run_commands(&self.crew.mark().run_id)?;
        let state = self.machine.run_state();
        // A run that has not begun can only be cancelled; the rest waits until it has.
        let can = |it: &&RunCommand| state != RunState::Queued || it.kind == CommandKind::Cancel;
        let Some(command) = open.iter().find(can) else { return Ok(false) };
        let entries = self.response(command);
        let dealt = vec![(command.number, !entries.is_empty())];
        self.commit(entries, dealt)?;
        Ok(true)
    }

    /// Whether a person wants something that nobody has dealt with.
    pub(super) fn is_wanted(&self) -> Result<bool, RunError> {
        let open = self.executor.store.plan_run_commands(&self.crew.mark().run_id)?;
        Ok(!open.is_empty())
    }

    /// What a command does; nothing when it is ignored.
    fn response(&self, command: &RunCommand) -> Vec<AuditEntry> {
        use CommandKind as Kind;
        let is_paused = self.machine.run_state() == RunState::Paused;
        let said = |event| {
            let entry = Entry::new(self.executor.clock.now(), event);
            entry.detail("by", command.by.as_str()).detail("asked_at", command.at.to_string())
        };
        let reason = PauseReason::Command.as_str();
        let resumed = || said(AuditEvent::RunResumed).done();
        let undone = || said(AuditEvent::RollbackTriggered).detail(REASON, reason).done();
        match (command.kind, is_paused) {
            (Kind::Cancel, _) if self.machine.is_undoing() => {
                let failed = said(AuditEvent::RunFailed).detail(REASON, CANCELLED);
                vec![failed.error(INCOMPLETE).done()]
            }
            (Kind::Cancel, _) => vec![said(AuditEvent::RunFailed).error(CANCELLED).done()],
            (Kind::Pause | Kind::Rollback, _) if self.machine.is_undoing() => Vec::new(),
            (Kind::Pause, false) => {
                vec![said(AuditEvent::RunPaused).detail(REASON, reason).done()]
            }
            (Kind::Resume, true) => vec![resumed()],
            (Kind::Rollback, true) => vec![resumed(), undone()],
            (Kind::Rollback, false) => vec![undone()],
            (Kind::Pause, true) | (Kind::Resume, false) => Vec::new(),
        }
    }
}
