//! Acting on the assets of a phase, or undoing that: as many at the same time as the phase allows.

use std::sync::Arc;

use lorch_types::plan::{AuditEvent, Truth};

use super::crew::Done;
use super::{Driver, RunError, Stopped};
use crate::run::course::Stage;
use crate::run::entry::{ACTIONS, DIRECTION, Entry, REASON};
use crate::run::hands::{Act, Direction};
use crate::run::machine::{Next, Place};
use crate::run::parallel::Parallel;
use crate::run::verdict::PauseReason;
use crate::run::watch::Watch;

impl Driver<'_, '_> {
    /// Has assets acted on, and records what came of it.
    pub(super) fn act(
        &mut self,
        stage: &Stage,
        direction: Direction,
    ) -> Result<Option<Stopped>, RunError> {
        let course = Arc::clone(self.machine.course());
        // After a crash, what may have been acted on is first.
        for place in self.machine.begun() {
            self.crew.send(&course, place, direction);
        }
        if direction == Direction::Forward {
            if self.is_to_roll_back(stage)? {
                return Ok(None);
            }
            if !self.machine.is_begun() && !self.is_open() {
                return self.close(stage).map(|()| None);
            }
        }
        let ready = self.ready();
        if !ready.is_empty() && !self.is_wanted()? {
            self.begin(&ready)?;
            return Ok(None);
        }
        let done = self.crew.gather(self.executor.pace.watch_every);
        let is_stopped = self.take(done)?;
        if is_stopped { self.interrupted().map(Some) } else { Ok(None) }
    }

    /// Records that the run waits for its window.
    fn close(&mut self, stage: &Stage) -> Result<(), RunError> {
        let reason = PauseReason::MaintenanceWindow.as_str();
        let entry = self.entry(AuditEvent::RunPaused).phase(&stage.name);
        self.commit(vec![entry.detail(REASON, reason).done()], Vec::new())
    }

    /// Records that a phase begins, once anything may be done: until then the one before it is watched.
    pub(super) fn begin_phase(&mut self, stage: &Stage) -> Result<(), RunError> {
        if !self.is_open() {
            return self.close(stage);
        }
        let count = u64::try_from(stage.assets.len()).unwrap_or(u64::MAX);
        let entry = self.entry(AuditEvent::PhaseStarted).phase(&stage.name);
        self.commit(vec![entry.detail("assets", count).done()], Vec::new())
    }

    /// Records what came of the acts that are under way, and stops.
    pub(super) fn interrupted(&mut self) -> Result<Stopped, RunError> {
        while !self.crew.is_idle() {
            let done = self.crew.gather(self.executor.pace.watch_every);
            self.take(done)?;
        }
        // Acts are stopped half way too when the lease is lost.
        self.check_lease()?;
        Ok(Stopped::Interrupted)
    }

    /// The assets that are begun next, when it is certain already that nothing comes before them.
    pub(super) fn ready_at_once(&mut self) -> Vec<Place> {
        let course = Arc::clone(self.machine.course());
        match self.machine.next_of(&course) {
            Next::Act { stage, direction: Direction::Forward } if self.may_roll_back(stage) => {
                Vec::new()
            }
            _ => self.ready(),
        }
    }

    /// The assets that are begun next; none where there is no room, or something else comes first.
    fn ready(&self) -> Vec<Place> {
        let Next::Act { stage, direction } = self.machine.next() else { return Vec::new() };
        let is_closed = direction == Direction::Forward && !self.is_open();
        if is_closed || self.is_stopped() {
            return Vec::new();
        }
        let room = self.limit(stage, direction).saturating_sub(self.machine.begun().count());
        self.machine.ready().take(room).collect()
    }

    /// Whether the rollback condition holds, or cannot be told without asking somebody.
    fn may_roll_back(&mut self, stage: &Stage) -> bool {
        if !self.machine.has_touched() {
            false
        } else if Watch::is_at_hand(stage, &self.eyes()) {
            self.rollback(stage) == Truth::True
        } else {
            self.watch.is_due(stage, self.executor.clock.elapsed())
        }
    }

    /// How many assets of a phase are acted on at the same time.
    fn limit(&self, stage: &Stage, direction: Direction) -> usize {
        let (tools, most) = (self.executor.hands.tools, self.executor.pace.max_parallel);
        Parallel { tools, most }.limit(&stage.actions, direction)
    }

    /// Records what came of acts; whether any was stopped half way, and is to be done again.
    fn take(&mut self, done: Vec<Done>) -> Result<bool, RunError> {
        let course = Arc::clone(self.machine.course());
        let Next::Act { direction, .. } = self.machine.next_of(&course) else { return Ok(false) };
        let count = done.len();
        let entries: Vec<_> = done
            .into_iter()
            .filter_map(|Done { place, act }| {
                let (stage, asset) = course.at(place)?;
                let entry = self.acted(act, direction)?;
                Some(entry.phase(&stage.name).asset(asset).done())
            })
            .collect();
        let is_stopped = entries.len() < count;
        if !entries.is_empty() {
            self.commit(entries, Vec::new())?;
        }
        Ok(is_stopped)
    }

    /// What is recorded of an act; `None` when it is to be done again.
    fn acted(&self, act: Act, direction: Direction) -> Option<Entry> {
        let count = |actions: usize| u64::try_from(actions).unwrap_or(u64::MAX);
        let entry = match act {
            Act::Changed(actions) => {
                self.entry(AuditEvent::AssetChanged).detail(ACTIONS, count(actions))
            }
            Act::Skipped(reason) => self.entry(AuditEvent::AssetSkipped).detail(REASON, reason),
            Act::Failed(actions, error) => {
                let entry = self.entry(AuditEvent::AssetFailed).error(error.message);
                entry.detail(ACTIONS, count(actions)).detail("code", error.code)
            }
            Act::Stopped => return None,
        };
        Some(match direction {
            Direction::Forward => entry,
            Direction::Rollback => entry.detail(DIRECTION, direction.as_str()),
        })
    }
}
