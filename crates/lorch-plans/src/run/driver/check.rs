//! Health: what checks and the rollback condition of a phase give, and what becomes of the phase.

use lorch_types::json::Value;
use lorch_types::plan::{AuditEntry, AuditEvent, Observed, RunState, Truth};

use super::{Driver, RunError, Stopped};
use crate::run::course::{Checkup, Stage};
use crate::run::entry::{Entry, OUTCOME, REASON, VERDICT, WAIT, WHY_NOT};
use crate::run::machine::Round;
use crate::run::probe::{Look, Sight};
use crate::run::verdict::{Verdict, verdict};
use crate::run::watch::Watch;

/// Why everything is undone.
const ROLLBACK_IF: &str = "rollback_if";

impl Driver<'_, '_> {
    /// Looks at the rollback condition if it is time to, and records it when it holds. While assets are
    /// acted on no more are begun then, and everything is undone once these are dealt with.
    pub(super) fn is_to_roll_back(&mut self, stage: &Stage) -> Result<bool, RunError> {
        let moment = self.executor.clock.elapsed();
        let is_due = Watch::is_at_hand(stage, &self.eyes()) || self.watch.is_due(stage, moment);
        if !self.machine.has_touched() || self.machine.is_failing() || !is_due {
            return Ok(false);
        }
        let is_true = self.rollback(stage) == Truth::True;
        if is_true {
            self.roll_back(stage)?;
        }
        Ok(is_true)
    }

    pub(super) fn rollback(&mut self, stage: &Stage) -> Truth {
        let eyes = self.eyes();
        let clock = self.executor.clock;
        self.watch.look(stage, &self.machine, &eyes, || clock.elapsed())
    }

    fn roll_back(&mut self, stage: &Stage) -> Result<(), RunError> {
        let mut entries = Vec::new();
        if self.machine.run_state() == RunState::Paused {
            entries.push(self.entry(AuditEvent::RunResumed).detail(REASON, ROLLBACK_IF).done());
        }
        let phase = self.entry(AuditEvent::PhaseFailed).phase(&stage.name);
        entries.push(phase.detail(REASON, ROLLBACK_IF).done());
        if !self.machine.is_begun() {
            entries.push(self.rolling_back(stage));
        }
        self.commit(entries, Vec::new())
    }

    /// What is recorded when everything is going to be undone.
    pub(super) fn rolling_back(&self, stage: &Stage) -> AuditEntry {
        let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
        let (failed, attempted) = self.machine.attempts();
        let mut entry = self.entry(AuditEvent::RollbackTriggered).phase(&stage.name);
        entry = entry.detail(REASON, ROLLBACK_IF);
        if let Some(condition) = &stage.rollback {
            entry = entry.detail("condition", condition.to_string());
        }
        entry = entry.detail("assets_failed", count(failed));
        entry.detail("assets_attempted", count(attempted)).done()
    }

    pub(super) fn check(
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
        let Some((truth, look, tries)) = self.tried(check)? else { return Ok(None) };
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

    /// What a health check gives, tried as often as it may be; nothing when a person wants something
    /// meanwhile.
    fn tried(&self, check: &Checkup) -> Result<Option<(Truth, Look, u32)>, RunError> {
        let eyes = self.eyes();
        let pace = self.executor.pace;
        let mut tries = 0;
        loop {
            tries += 1;
            let assets = self.machine.attempted_assets();
            let look = eyes.look(&Sight::of(check, assets, self.machine.attempts()));
            let truth = check.judge(look.as_ref().ok().copied());
            if truth == Truth::True || tries >= pace.check_tries || self.is_stopped() {
                return Ok(Some((truth, look, tries)));
            }
            if self.is_wanted()? {
                return Ok(None);
            }
            self.executor.clock.sleep(pace.check_every, &self.executor.stop);
        }
    }

    pub(super) fn judge(
        &mut self,
        stage: &Stage,
        health: &[Truth],
        round: Round,
    ) -> Result<(), RunError> {
        let rollback = self.rollback(stage);
        if self.is_stopped() {
            // It may have been stopped half way: what it gave says nothing.
            return Ok(());
        }
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
            (Verdict::Pass, Round::BeforeWait, Some(wait)) => {
                let entry = self.entry(AuditEvent::HealthCheckPassed).phase(&stage.name);
                let entry = entry.detail(VERDICT, "watch").detail("round", round.as_str());
                let entry = entry.detail(WAIT, wait.as_secs());
                self.commit(vec![entry.done()], Vec::new())
            }
            (Verdict::Pass, ..) => self.end_phase(stage),
        }
    }

    fn end_phase(&mut self, stage: &Stage) -> Result<(), RunError> {
        let entry = self.entry(AuditEvent::PhaseCompleted).phase(&stage.name).done();
        self.commit(vec![entry], Vec::new())
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
