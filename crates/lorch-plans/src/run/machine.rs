//! A run of a plan as a pure machine: what happened goes in, and it says what is next.
//!
//! The facts are the entries of the run's audit log, in their order; nothing else moves the machine but
//! that an act begins, which the store keeps beside the log.

mod fold;

use std::sync::Arc;
use std::time::Duration;

use lorch_types::plan::{AssetId, ExecutionMode, PhaseName, RunState, Truth};
use lorch_types::{SmolStr, Timestamp};

use super::course::{Checkup, Course, Stage};
use super::hands::Direction;
use super::verdict::PauseReason;

/// What is to be done next.
#[derive(Clone, Debug)]
pub enum Next<'m> {
    /// Record that the run begins.
    Start,
    /// Record that this phase begins.
    BeginPhase(&'m Stage),
    /// Act on an asset, or undo that.
    Act {
        /// The phase.
        stage: &'m Stage,
        /// The asset.
        asset: &'m AssetId,
        /// Whether it is done or undone.
        direction: Direction,
        /// How many of the phase's actions are concerned.
        actions: usize,
    },
    /// Look at one health check.
    Check {
        /// The phase.
        stage: &'m Stage,
        /// Which check.
        check: &'m Checkup,
        /// In which round.
        round: Round,
    },
    /// All checks of a round are done: what becomes of the phase?
    Judge {
        /// The phase.
        stage: &'m Stage,
        /// What the checks gave.
        health: Vec<Truth>,
        /// In which round.
        round: Round,
    },
    /// Watch the phase until its time is over.
    Wait {
        /// The phase.
        stage: &'m Stage,
        /// Since when.
        since: Timestamp,
        /// For how long.
        length: Duration,
    },
    /// Wait for a person.
    Hold {
        /// Why.
        reason: PauseReason,
        /// Since when.
        since: Timestamp,
    },
    /// Record that what was changed is undone, or why that is not complete.
    Undone {
        /// Whether all of it is undone and verified.
        is_complete: bool,
    },
    /// Record that the run is completed.
    Complete,
    /// Record that it failed: nothing was changed, and not because everything could be left alone.
    NothingChanged,
    /// Nothing.
    End(RunEnding),
}

/// When health is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Round {
    /// After the last asset.
    BeforeWait,
    /// When the phase was watched for its time.
    AfterWait,
    /// When everything is undone.
    Rollback,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RunEnding {
    /// Every phase passed.
    Completed,
    /// What it had changed is undone.
    RolledBack,
    /// It ended otherwise.
    Failed(SmolStr),
}

/// An entry that cannot stand where it stands: the log is none of a run of this plan.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{event}` cannot follow in the audit log of this run")]
pub struct OutOfPlace {
    /// What it says has happened.
    pub event: SmolStr,
}

/// What was counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Assets that were changed.
    pub changed: usize,
    /// Assets that could not be.
    pub failed: usize,
    /// Assets that were left alone.
    pub skipped: usize,
    /// Assets that were undone.
    pub undone: usize,
    /// Assets that could not be.
    pub not_undone: usize,
    /// Health checks that did not pass.
    pub checks_failed: usize,
}

/// A run of a plan.
#[derive(Clone, Debug)]
pub struct Machine {
    course: Arc<Course>,
    state: State,
    /// Whether the asset that is next may have been acted on.
    is_begun: bool,
    /// What was acted on, in this order.
    touched: Vec<Touched>,
    counts: Counts,
    /// What was attempted of the phase that is under way, and what of that failed.
    attempted: usize,
    failed: usize,
    completed: Vec<PhaseName>,
}

/// An asset that was acted on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Touched {
    stage: usize,
    asset: usize,
    /// How many actions may have had an effect.
    actions: usize,
}

#[derive(Clone, Debug, PartialEq)]
enum State {
    Queued,
    /// This phase is next; after the last there is none.
    Due(usize),
    Acting {
        stage: usize,
        asset: usize,
    },
    Checking {
        stage: usize,
        round: Round,
        results: Vec<Truth>,
    },
    Waiting {
        stage: usize,
        since: Timestamp,
    },
    Paused {
        reason: PauseReason,
        since: Timestamp,
        then: Box<State>,
    },
    /// So many of what was touched, counted from the newest, are dealt with.
    Undoing(usize),
    Ended(RunEnding),
}

impl Machine {
    /// The machine of a run of which nothing is recorded yet.
    pub fn new(course: Arc<Course>) -> Self {
        Self {
            course,
            state: State::Queued,
            is_begun: false,
            touched: Vec::new(),
            counts: Counts::default(),
            attempted: 0,
            failed: 0,
            completed: Vec::new(),
        }
    }

    /// What is to be done next.
    pub fn next(&self) -> Next<'_> {
        self.next_of(&self.course)
    }

    /// What is to be done next of a course, which is this run's.
    pub(super) fn next_of<'c>(&self, course: &'c Course) -> Next<'c> {
        let stages = &course.stages;
        match &self.state {
            State::Queued => Next::Start,
            State::Due(number) => match stages.get(*number).filter(|_| !self.is_to_stop()) {
                Some(stage) => Next::BeginPhase(stage),
                None => self.last(),
            },
            State::Acting { stage, asset } => {
                self.act(course, (*stage, *asset), Direction::Forward, None)
            }
            State::Checking { stage, round, results } => {
                self.check(course, *stage, *round, results)
            }
            State::Waiting { stage, since } => match stages.get(*stage) {
                Some(stage) => {
                    Next::Wait { stage, since: *since, length: stage.wait.unwrap_or_default() }
                }
                None => self.last(),
            },
            State::Paused { reason, since, .. } => Next::Hold { reason: *reason, since: *since },
            State::Undoing(done) => match self.touched.iter().rev().nth(*done) {
                Some(it) => {
                    let at = (it.stage, it.asset);
                    self.act(course, at, Direction::Rollback, Some(it.actions))
                }
                None => Next::Undone { is_complete: self.counts.not_undone == 0 },
            },
            State::Ended(ending) => Next::End(ending.clone()),
        }
    }

    /// How far the run is.
    pub fn run_state(&self) -> RunState {
        match &self.state {
            State::Queued => RunState::Queued,
            State::Paused { .. } => RunState::Paused,
            State::Ended(RunEnding::Completed) => RunState::Completed,
            State::Ended(RunEnding::RolledBack) => RunState::RolledBack,
            State::Ended(RunEnding::Failed(_)) => RunState::Failed,
            _ => RunState::Executing,
        }
    }

    /// Takes that the asset which is next is going to be acted on, or may have been.
    pub fn begin(&mut self) {
        self.is_begun = matches!(self.next(), Next::Act { .. });
    }

    /// Whether the asset that is next may have been acted on: then nothing else comes first.
    pub fn is_begun(&self) -> bool {
        self.is_begun
    }

    /// Whether the run is undoing what it did.
    pub fn is_undoing(&self) -> bool {
        let state = match &self.state {
            State::Paused { then, .. } => then,
            state => state,
        };
        matches!(state, State::Undoing(_))
            || matches!(state, State::Checking { round: Round::Rollback, .. })
    }

    /// Whether anything was acted on.
    pub fn has_touched(&self) -> bool {
        !self.touched.is_empty()
    }

    /// How many of the assets of the phase that is under way could not be changed, and how many were
    /// attempted; when undoing, the same of that.
    pub fn attempts(&self) -> (usize, usize) {
        if self.is_undoing() {
            let Counts { undone, not_undone, .. } = self.counts;
            (not_undone, undone + not_undone)
        } else {
            (self.failed, self.attempted)
        }
    }

    /// What was counted.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// The phases that are done.
    pub fn completed(&self) -> &[PhaseName] {
        &self.completed
    }

    /// What the plan says.
    pub fn course(&self) -> &Arc<Course> {
        &self.course
    }

    /// The phase that is under way.
    pub fn stage(&self) -> Option<&Stage> {
        let state = match &self.state {
            State::Paused { then, .. } => then,
            state => state,
        };
        let number = match state {
            State::Acting { stage, .. }
            | State::Checking { stage, .. }
            | State::Waiting { stage, .. } => *stage,
            State::Undoing(done) => self.touched.iter().rev().nth(*done)?.stage,
            State::Queued | State::Due(_) | State::Ended(_) | State::Paused { .. } => return None,
        };
        self.course.stages.get(number)
    }

    /// The assets of the phase that is under way which were attempted.
    pub fn attempted_assets(&self) -> &[AssetId] {
        let assets = self.stage().map(|stage| stage.assets.as_slice()).unwrap_or_default();
        let count = if self.is_undoing() { assets.len() } else { self.attempted };
        assets.get(..count).unwrap_or(assets)
    }

    fn act<'c>(
        &self,
        course: &'c Course,
        (stage, asset): (usize, usize),
        direction: Direction,
        actions: Option<usize>,
    ) -> Next<'c> {
        let found = course.stages.get(stage);
        match found.and_then(|stage| Some((stage, stage.assets.get(asset)?))) {
            Some((stage, asset)) => {
                let actions = actions.unwrap_or(stage.actions.len());
                Next::Act { stage, asset, direction, actions }
            }
            None => self.last(),
        }
    }

    fn check<'c>(
        &self,
        course: &'c Course,
        number: usize,
        round: Round,
        results: &[Truth],
    ) -> Next<'c> {
        let Some(stage) = course.stages.get(number) else { return self.last() };
        if let Some(check) = stage.checks.get(results.len()) {
            return Next::Check { stage, check, round };
        }
        match round {
            Round::BeforeWait | Round::AfterWait => {
                Next::Judge { stage, health: results.to_vec(), round }
            }
            Round::Rollback => Next::Undone {
                is_complete: results.iter().all(|result| *result == Truth::True)
                    && self.counts.not_undone == 0,
            },
        }
    }

    /// Whether the task lets no more than the first phase happen.
    fn is_to_stop(&self) -> bool {
        self.course.terms.mode == ExecutionMode::CanaryOnly && !self.completed.is_empty()
    }

    fn last<'c>(&self) -> Next<'c> {
        let Counts { changed, failed, skipped, .. } = self.counts;
        let is_left_alone = failed == 0 && skipped > 0;
        if changed > 0 || is_left_alone { Next::Complete } else { Next::NothingChanged }
    }
}

impl Round {
    /// The round as it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::BeforeWait => "before_wait",
            Self::AfterWait => "after_wait",
            Self::Rollback => "rollback",
        }
    }
}
