//! One step of a run.

use std::sync::Arc;
use std::time::Duration;

use lorch_types::Timestamp;
use lorch_types::json::Value;
use lorch_types::plan::{AuditEvent, Observed, RunState, Truth};

use super::heed::INCOMPLETE;
use super::{Driver, RunError, Stopped};
use crate::run::course::{Checkup, Stage};
use crate::run::entry::{ACTIONS, DIRECTION, Entry, OUTCOME, REASON, VERDICT, WHY_NOT};
use crate::run::hands::{Act, Direction};
use crate::run::machine::{Next, Round};
use crate::run::probe::{Look, Sight};
use crate::run::verdict::{PauseReason, Verdict, verdict};
use crate::run::watch::Watch;

/// Why a run failed that had nothing to show.
const NOTHING_CHANGED: &str = "nothing_changed";
/// Why everything is undone.
const ROLLBACK_IF: &str = "rollback_if";

impl Driver<'_> {
    /// Does what is next; why it stops, if it does.
    pub(super) fn step(&mut self) -> Result<Option<Stopped>, RunError> {
        if let Next::End(ending) = self.machine.next() {
            return Ok(Some(Stopped::Ended(ending)));
        }
        if self.is_stopped() {
            return Ok(Some(Stopped::Interrupted));
        }
        if !self.machine.is_begun() && self.heed()? {
            return Ok(None);
        }
        let course = Arc::clone(self.machine.course());
        match self.machine.next_of(&course) {
            Next::Start => self.start()?,
            Next::BeginPhase(stage) => {
                let count = u64::try_from(stage.assets.len()).unwrap_or(u64::MAX);
                let entry = self.entry(AuditEvent::PhaseStarted).phase(&stage.name);
                self.commit(vec![entry.detail("assets", count).done()], Vec::new())?;
            }
            Next::Act { stage, asset, direction, actions } => {
                if !self.machine.is_begun() {
                    if direction == Direction::Forward && self.is_to_roll_back(stage)? {
                        return Ok(None);
                    }
                    if direction == Direction::Forward && !self.is_open() {
                        let reason = PauseReason::MaintenanceWindow.as_str();
                        let entry = self.entry(AuditEvent::RunPaused).phase(&stage.name);
                        self.commit(vec![entry.detail(REASON, reason).done()], Vec::new())?;
                        return Ok(None);
                    }
                    self.begin(asset.clone())?;
                    return Ok(None);
                }
                let act = match direction {
                    Direction::Forward => self.executor.hands.act(&self.mark, stage, asset),
                    Direction::Rollback => {
                        self.executor.hands.undo(&self.mark, stage, asset, actions)
                    }
                };
                let Some(entry) = self.acted(act, direction) else {
                    return Ok(Some(Stopped::Interrupted));
                };
                let entry = entry.phase(&stage.name).asset(asset).done();
                self.commit(vec![entry], Vec::new())?;
            }
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
                self.commit(vec![entry], Vec::new())?;
            }
            Next::End(ending) => return Ok(Some(Stopped::Ended(ending))),
        }
        Ok(None)
    }

    fn entry(&self, event: AuditEvent) -> Entry {
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
        self.commit(vec![entry.done()], Vec::new())
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

    /// Looks at the rollback condition if it is time to, and records it when it holds.
    fn is_to_roll_back(&mut self, stage: &Stage) -> Result<bool, RunError> {
        let now = self.executor.clock.now();
        let is_due = Watch::is_at_hand(stage, &self.eyes()) || self.watch.is_due(stage, now);
        if !self.machine.has_touched() || !is_due {
            return Ok(false);
        }
        let is_true = self.rollback(stage) == Truth::True;
        if is_true {
            self.roll_back(stage)?;
        }
        Ok(is_true)
    }

    fn rollback(&mut self, stage: &Stage) -> Truth {
        let eyes = self.eyes();
        let clock = self.executor.clock;
        self.watch.look(stage, &self.machine, &eyes, || clock.now())
    }

    fn roll_back(&mut self, stage: &Stage) -> Result<(), RunError> {
        let mut entries = Vec::new();
        if self.machine.run_state() == RunState::Paused {
            entries.push(self.entry(AuditEvent::RunResumed).detail(REASON, ROLLBACK_IF).done());
        }
        let phase = self.entry(AuditEvent::PhaseFailed).phase(&stage.name);
        entries.push(phase.detail(REASON, ROLLBACK_IF).done());
        let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
        let (failed, attempted) = self.machine.attempts();
        let (failed, attempted) = (count(failed), count(attempted));
        let mut entry = self.entry(AuditEvent::RollbackTriggered).phase(&stage.name);
        entry = entry.detail(REASON, ROLLBACK_IF);
        if let Some(condition) = &stage.rollback {
            entry = entry.detail("condition", condition.to_string());
        }
        entry = entry.detail("assets_failed", failed).detail("assets_attempted", attempted);
        entries.push(entry.done());
        self.commit(entries, Vec::new())
    }

    fn check(
        &mut self,
        stage: &Stage,
        check: &Checkup,
        round: Round,
    ) -> Result<Option<Stopped>, RunError> {
        let said = |entry: Entry| {
            let entry = entry.phase(&stage.name).detail("check", check.metric.as_str());
            entry.detail("round", round.as_str())
        };
        let entry = said(self.entry(AuditEvent::HealthCheckStarted)).done();
        self.commit(vec![entry], Vec::new())?;
        let (truth, look, tries) = self.tried(check);
        if self.is_stopped() {
            return Ok(Some(Stopped::Interrupted));
        }
        let event = match truth {
            Truth::True => AuditEvent::HealthCheckPassed,
            Truth::False | Truth::Unknown => AuditEvent::HealthCheckFailed,
        };
        let mut entry = said(self.entry(event)).detail("tries", u64::from(tries));
        if let Some(threshold) = check.threshold {
            entry = entry.detail("threshold", threshold.to_string());
        }
        if truth != Truth::True {
            entry = entry.detail(OUTCOME, if truth == Truth::False { "failed" } else { WHY_NOT });
        }
        entry = match look {
            Ok(observed) => entry.detail("observed", observed_value(observed)),
            Err(why) => entry.error(why),
        };
        self.commit(vec![entry.done()], Vec::new())?;
        Ok(None)
    }

    /// What a health check gives, tried as often as it may be.
    fn tried(&self, check: &Checkup) -> (Truth, Look, u32) {
        let eyes = self.eyes();
        let pace = self.executor.pace;
        let mut tries = 0;
        loop {
            tries += 1;
            let assets = self.machine.attempted_assets();
            let look = eyes.look(&Sight::of(check, assets, self.machine.attempts()));
            let truth = check.judge(look.as_ref().ok().copied());
            if truth == Truth::True || tries >= pace.check_tries || self.is_stopped() {
                return (truth, look, tries);
            }
            self.executor.clock.sleep(pace.check_every, &self.executor.stop);
        }
    }

    fn judge(&mut self, stage: &Stage, health: &[Truth], round: Round) -> Result<(), RunError> {
        let rollback = self.rollback(stage);
        let mut health = health.to_vec();
        // Where nothing else says how the phase is, it is not well when every asset failed.
        let (failed, attempted) = self.machine.attempts();
        if health.is_empty() && failed == attempted {
            health.push(Truth::False);
        }
        match (verdict(rollback, &health), round, stage.wait) {
            (Verdict::RollBack, ..) => self.roll_back(stage),
            (Verdict::Pause(reason), ..) => {
                let entry = self.entry(AuditEvent::RunPaused).phase(&stage.name);
                let entry = entry.detail(REASON, reason.as_str());
                let entry = entry.detail(ROLLBACK_IF, rollback.as_str()).done();
                self.commit(vec![entry], Vec::new())
            }
            (Verdict::Pass, Round::BeforeWait, Some(_)) => {
                let entry = self.entry(AuditEvent::HealthCheckPassed).phase(&stage.name);
                let entry = entry.detail(VERDICT, "watch").detail("round", round.as_str());
                self.commit(vec![entry.done()], Vec::new())
            }
            (Verdict::Pass, ..) => self.end_phase(stage),
        }
    }

    fn end_phase(&mut self, stage: &Stage) -> Result<(), RunError> {
        let entry = self.entry(AuditEvent::PhaseCompleted).phase(&stage.name).done();
        self.commit(vec![entry], Vec::new())
    }

    fn wait(&mut self, stage: &Stage, since: Timestamp, length: Duration) -> Result<(), RunError> {
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

    fn hold(&mut self, reason: PauseReason, since: Timestamp) -> Result<(), RunError> {
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
            return self.commit(vec![entry], Vec::new());
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

    fn left(&self, since: Timestamp, length: Duration) -> Duration {
        let passed = self.executor.clock.now().millis_since(since);
        length.saturating_sub(Duration::from_millis(passed))
    }

    /// Sleeps until it is time to look at something again.
    fn sleep(&self, most: Duration) {
        /// How soon a command of a person is noticed.
        const NOTICED: Duration = Duration::from_millis(500);
        let length = most.min(self.executor.pace.watch_every).min(NOTICED);
        self.executor.clock.sleep(length, &self.executor.stop);
    }
}

/// What was observed, as an entry says it.
fn observed_value(observed: Observed) -> Value {
    match observed {
        Observed::Flag(flag) => flag.into(),
        Observed::Ratio { part, whole } => {
            Value::Object([("part", part), ("whole", whole)].into_iter().collect())
        }
        Observed::Duration(length) => format!("{} ms", length.as_millis()).into(),
        Observed::Bytes(bytes) => bytes.into(),
        Observed::Rate { count, over } => format!("{count} in {} s", over.as_secs()).into(),
        Observed::Number(number) => number.to_string().into(),
    }
}
