//! Time that passes: a phase is watched, a pause lasts, and neither depends on what the clock is set to.

use std::time::Duration;

use lorch_types::Timestamp;
use lorch_types::plan::AuditEvent;

use super::{Driver, RunError};
use crate::run::course::Stage;
use crate::run::entry::REASON;
use crate::run::machine::{Next, Round};
use crate::run::verdict::PauseReason;

/// When something began that is waited for. What had passed before this process noticed is told by the clock;
/// from then on nothing that the clock is set to changes it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Begun {
    /// When it was noticed, as [`Clock::elapsed`](crate::run::Clock::elapsed) counts.
    noticed: Duration,
    /// What had passed by then.
    passed: Duration,
}

impl Driver<'_, '_> {
    pub(super) fn wait(
        &mut self,
        stage: &Stage,
        since: Timestamp,
        length: Duration,
    ) -> Result<(), RunError> {
        let left = self.left(since, length);
        if !left.is_zero() {
            if !self.is_to_roll_back(stage)? {
                self.sleep(left);
            }
            return Ok(());
        }
        match stage.checks.first() {
            Some(check) => self.check(stage, check, Round::AfterWait).map(drop),
            None => self.judge(stage, &[], Round::AfterWait),
        }
    }

    pub(super) fn hold(&mut self, reason: PauseReason, since: Timestamp) -> Result<(), RunError> {
        let is_closed = reason == PauseReason::MaintenanceWindow;
        if is_closed && self.is_open() {
            let entry = self.entry(AuditEvent::RunResumed).detail(REASON, reason.as_str()).done();
            return self.commit(vec![entry], Vec::new());
        }
        let longest = self.machine.course().terms.longest_pause();
        let left = self.left(since, longest);
        // A window opens by itself: nobody is waited for.
        if left.is_zero() && !is_closed {
            let why = format!("the pause ({}) took too long", reason.as_str());
            let entry = self.entry(AuditEvent::RunFailed).error(why).done();
            return self.end(entry);
        }
        let stage = self.machine.stage().filter(|_| !self.machine.is_undoing()).cloned();
        if let Some(stage) = stage
            && self.is_to_roll_back(&stage)?
        {
            return Ok(());
        }
        self.sleep(if is_closed { Duration::MAX } else { left });
        Ok(())
    }

    /// What is left of a time that began at a moment.
    fn left(&mut self, since: Timestamp, length: Duration) -> Duration {
        let clock = self.executor.clock;
        let begun = self.begun.entry(since).or_insert_with(|| Begun {
            noticed: clock.elapsed(),
            passed: Duration::from_millis(clock.now().millis_since(since)),
        });
        let passed = begun.passed.saturating_add(clock.elapsed().saturating_sub(begun.noticed));
        length.saturating_sub(passed)
    }

    /// Takes that what is waited for begins now.
    pub(super) fn notice(&mut self) {
        if let Next::Wait { since, .. } | Next::Hold { since, .. } = self.machine.next() {
            let noticed = self.executor.clock.elapsed();
            self.begun.entry(since).or_insert(Begun { noticed, passed: Duration::ZERO });
        }
    }

    /// Sleeps until it is time to look at something again.
    fn sleep(&self, most: Duration) {
        /// How soon a command of a person is noticed.
        const NOTICED: Duration = Duration::from_millis(500);
        let length = most.min(self.executor.pace.watch_every).min(NOTICED);
        self.executor.clock.sleep(length, &self.executor.stop);
    }
}
