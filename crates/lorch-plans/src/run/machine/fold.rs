//! What each entry of the audit log does to a run.

use std::sync::Arc;

use lorch_types::json::{Object, Value};
use lorch_types::plan::{AuditEntry, AuditEvent, Truth};

use super::work::Work;
use super::{Machine, Next, OutOfPlace, Place, Round, RunEnding, State};
use crate::run::entry::{ACTIONS, OUTCOME, REASON, VERDICT, WHY_NOT};
use crate::run::verdict::PauseReason;

impl Machine {
    /// Takes an entry of the log.
    ///
    /// # Errors
    /// When it cannot stand here.
    pub fn apply(&mut self, entry: &AuditEntry) -> Result<(), OutOfPlace> {
        use AuditEvent as Event;
        let out_of_place = || OutOfPlace { event: entry.event.as_str().into() };
        match (&self.state, entry.event) {
            (State::Queued, Event::RunStarted) => self.state = State::Due(0),
            (State::Due(number), Event::PhaseStarted) => self.begin_phase(*number),
            (
                State::Acting { .. } | State::Undoing(_),
                Event::AssetChanged | Event::AssetFailed | Event::AssetSkipped,
            ) => self.acted(entry).ok_or_else(out_of_place)?,
            (State::Waiting { stage, .. }, Event::HealthCheckStarted) => {
                self.state = checking(*stage, Round::AfterWait);
            }
            (State::Checking { .. }, Event::HealthCheckStarted) => {}
            (State::Checking { .. }, Event::HealthCheckPassed | Event::HealthCheckFailed) => {
                self.checked(entry);
            }
            (State::Acting { .. }, Event::PhaseFailed) => {
                if let State::Acting { is_failing, .. } = &mut self.state {
                    *is_failing = true;
                }
            }
            (_, Event::PhaseFailed) => {}
            (
                State::Checking { stage, .. } | State::Waiting { stage, .. },
                Event::PhaseCompleted,
            ) => {
                let stage = *stage;
                let name = self.course.stages.get(stage).map(|stage| stage.name.clone());
                self.completed.extend(name);
                self.state = State::Due(stage + 1);
            }
            (State::Paused { then, .. }, Event::RunResumed) => self.state = (**then).clone(),
            (State::Queued | State::Paused { .. } | State::Ended(_), Event::RunPaused)
            | (State::Ended(_) | State::Queued, Event::RollbackTriggered) => {
                return Err(out_of_place());
            }
            (_, Event::RunPaused) => self.pause(entry).ok_or_else(out_of_place)?,
            (_, Event::RollbackTriggered) if !self.is_undoing() => {
                self.state = State::Undoing(Work::new(self.touched.iter().rev().copied()));
                self.verify();
            }
            (_, Event::RollbackCompleted) if self.is_undone() => {
                self.state = State::Ended(RunEnding::RolledBack);
            }
            (State::Due(_), Event::RunCompleted) => self.state = State::Ended(RunEnding::Completed),
            (state, Event::RunFailed) if !matches!(state, State::Ended(_)) => {
                let why = entry.error.clone().unwrap_or_default();
                self.state = State::Ended(RunEnding::Failed(why));
            }
            _ => return Err(out_of_place()),
        }
        Ok(())
    }

    fn is_undone(&self) -> bool {
        matches!(self.next(), Next::Undone { is_complete: true })
    }

    fn begin_phase(&mut self, number: usize) {
        (self.attempted, self.failed) = (Vec::new(), 0);
        let stage = self.course.stages.get(number);
        let (assets, actions) =
            stage.map_or((0, 0), |stage| (stage.assets.len(), stage.actions.len()));
        let places = (0..assets).map(|asset| Place { stage: number, asset, actions });
        let work = Work::new(places);
        self.state = State::Acting { stage: number, work, is_failing: false };
    }

    /// Takes what became of an asset.
    fn acted(&mut self, entry: &AuditEntry) -> Option<()> {
        let asset = entry.asset_id.as_ref()?;
        let course = Arc::clone(&self.course);
        let is_it = |place: Place| course.at(place).is_some_and(|(_, it)| it == asset);
        let place = self.work_mut()?.finish(is_it)?;
        if let State::Undoing(_) = self.state {
            match entry.event {
                AuditEvent::AssetFailed => self.counts.not_undone += 1,
                _ => self.counts.undone += 1,
            }
            self.verify();
        } else {
            self.attempted.push(asset.clone());
            self.done(place, entry);
        }
        Some(())
    }

    /// Takes what became of acting on an asset.
    fn done(&mut self, place: Place, entry: &AuditEntry) {
        match entry.event {
            AuditEvent::AssetChanged => self.counts.changed += 1,
            AuditEvent::AssetFailed => {
                self.counts.failed += 1;
                self.failed += 1;
            }
            _ => self.counts.skipped += 1,
        }
        let actions = detail(entry, ACTIONS).and_then(Value::as_u64).unwrap_or(0);
        let actions = usize::try_from(actions).unwrap_or(usize::MAX);
        if actions > 0 {
            self.touched.push(Place { actions, ..place });
        }
        if let State::Acting { stage, work, is_failing: false } = &self.state
            && work.is_over()
        {
            self.state = checking(*stage, Round::BeforeWait);
        }
    }

    fn checked(&mut self, entry: &AuditEntry) {
        let State::Checking { stage, round, results } = &mut self.state else { return };
        if detail(entry, VERDICT).is_some() {
            self.state = State::Waiting { stage: *stage, since: entry.timestamp };
            return;
        }
        let outcome = detail(entry, OUTCOME).and_then(Value::as_str);
        results.push(match (entry.event, outcome) {
            (AuditEvent::HealthCheckPassed, _) => Truth::True,
            (_, Some(WHY_NOT)) => Truth::Unknown,
            _ => Truth::False,
        });
        if entry.event == AuditEvent::HealthCheckFailed {
            self.counts.checks_failed += 1;
        }
        let (stage, round) = (*stage, *round);
        let is_well = results.iter().all(|result| *result == Truth::True);
        let count = self.course.stages.get(stage).map_or(0, |stage| stage.checks.len());
        if round == Round::Rollback
            && is_well
            && results.len() >= count
            && let Some(earlier) = self.to_verify(Some(stage))
        {
            self.state = checking(earlier, Round::Rollback);
        }
    }

    /// Once everything is undone, health is checked of each phase that was touched, the newest first.
    fn verify(&mut self) {
        if matches!(&self.state, State::Undoing(work) if work.is_over())
            && self.counts.not_undone == 0
            && let Some(stage) = self.to_verify(None)
        {
            self.state = checking(stage, Round::Rollback);
        }
    }

    /// The newest phase before this one that was touched and has checks.
    fn to_verify(&self, before: Option<usize>) -> Option<usize> {
        let stages = self.touched.iter().map(|touched| touched.stage);
        let has_checks =
            |stage: &usize| self.course.stages.get(*stage).is_some_and(|it| !it.checks.is_empty());
        stages.filter(|stage| before.is_none_or(|before| *stage < before)).filter(has_checks).max()
    }

    fn pause(&mut self, entry: &AuditEntry) -> Option<()> {
        let reason = detail(entry, REASON).and_then(Value::as_str)?;
        let reason = PauseReason::ALL.into_iter().find(|it| it.as_str() == reason)?;
        // What was found before the pause says nothing about after it.
        let then = match &self.state {
            State::Checking { stage, round, .. } => checking(*stage, *round),
            state => state.clone(),
        };
        self.state = State::Paused { reason, since: entry.timestamp, then: Box::new(then) };
        Some(())
    }
}

fn checking(stage: usize, round: Round) -> State {
    State::Checking { stage, round, results: Vec::new() }
}

fn detail<'e>(entry: &'e AuditEntry, name: &str) -> Option<&'e Value> {
    entry.details.as_ref().and_then(|details: &Object| details.get(name))
}
