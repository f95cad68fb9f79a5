//! One step of a run.

use std::sync::Arc;

use lorch_types::json::Value;
use lorch_types::plan::AuditEvent;

use super::heed::INCOMPLETE;
use super::{Driver, RunError, Stopped};
use crate::run::entry::{Entry, REASON};
use crate::run::machine::Next;
use crate::run::verdict::PauseReason;

/// Why a run failed that had nothing to show.
const NOTHING_CHANGED: &str = "nothing_changed";

impl Driver<'_, '_> {
    /// Does what is next; why it stops, if it does.
    pub(super) fn step(&mut self) -> Result<Option<Stopped>, RunError> {
        if let Next::End(ending) = self.machine.next() {
            return Ok(Some(Stopped::Ended(ending)));
        }
        if self.is_stopped() {
            return self.interrupted().map(Some);
        }
        let is_free = !self.machine.is_begun() && !matches!(self.machine.next(), Next::RollBack(_));
        if is_free && self.heed()? {
            return Ok(None);
        }
        let course = Arc::clone(self.machine.course());
        match self.machine.next_of(&course) {
            Next::Start => self.start()?,
            Next::BeginPhase(stage) => self.begin_phase(stage)?,
            Next::Act { stage, direction } => return self.act(stage, direction),
            Next::RollBack(stage) => self.commit(vec![self.rolling_back(stage)], Vec::new())?,
            Next::Check { stage, check, round } => return self.check(stage, check, round),
            Next::Judge { stage, health, round } => self.judge(stage, &health, round)?,
            Next::Wait { stage, since, length } => self.wait(stage, since, length)?,
            Next::Hold { reason, since } => {
                let opens = reason == PauseReason::MaintenanceWindow && self.is_open();
                if self.executor.pace.leave_when_paused && !opens {
                    return Ok(Some(Stopped::Paused(reason)));
                }
                self.hold(reason, since)?;
            }
            Next::Undone { is_complete: true } => {
                let entry = self.entry(AuditEvent::RollbackCompleted).done();
                self.commit(vec![entry], Vec::new())?;
            }
            Next::Undone { is_complete: false } => {
                let entry = self.entry(AuditEvent::RunFailed).error(INCOMPLETE).done();
                self.commit(vec![entry], Vec::new())?;
            }
            Next::Complete => self.complete()?,
            Next::NothingChanged => {
                let entry = self.entry(AuditEvent::RunFailed).error(NOTHING_CHANGED).done();
                self.end(entry)?;
            }
            Next::End(ending) => return Ok(Some(Stopped::Ended(ending))),
        }
        Ok(None)
    }

    pub(super) fn entry(&self, event: AuditEvent) -> Entry {
        Entry::new(self.executor.clock.now(), event)
    }

    fn start(&mut self) -> Result<(), RunError> {
        let mut entry = self.entry(AuditEvent::RunStarted);
        for (name, value) in self.opening.iter() {
            entry = entry.detail(name, value.clone());
        }
        self.commit(vec![entry.done()], Vec::new())
    }

    fn complete(&mut self) -> Result<(), RunError> {
        let mut entry = self.entry(AuditEvent::RunCompleted);
        let done = self.machine.completed().len();
        let course = self.machine.course();
        if done < course.stages.len() {
            let left = course.stages.iter().skip(done).map(|it| Value::from(it.name.as_str()));
            let left = Value::Array(left.collect());
            entry = entry.detail(REASON, "canary_only").detail("phases_remaining", left);
        }
        self.end(entry.done())
    }
}
