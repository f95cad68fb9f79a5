//! A run of a plan as a pure machine: what happened goes in, and it says what is next.
//!
//! The facts are the entries of the run's audit log, in their order; nothing else moves the machine but
//! that an act begins, which the store keeps beside the log. Several assets can be acted on at the same
//! time: what became of them is taken in any order.

mod fold;
mod work;

use std::sync::Arc;
use std::time::Duration;

use lorch_types::plan::{AssetId, ExecutionMode, PhaseName, RunState, Truth};
use lorch_types::{SmolStr, Timestamp};

use super::course::{Checkup, Course, Stage};
use super::hands::Direction;
use super::verdict::PauseReason;
pub(super) use work::Place;
use work::Work;

/// What is to be done next.
#[derive(Clone, Debug)]
pub enum Next<'m> {
    /// Record that the run begins.
    Start,
    /// Record that this phase begins.
    BeginPhase(&'m Stage),
    /// Act on assets of a phase, or undo that: those that are begun, and those that are ready.
    Act {
        /// The phase.
        stage: &'m Stage,
        /// Whether it is done or undone.
        direction: Direction,
    },
    /// Record that what was changed is to be undone, as was found while this phase was acted on.
    RollBack(&'m Stage),
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
    /// What was acted on, in the order in which that ended, with the actions that may have had an effect.
    touched: Vec<Place>,
    counts: Counts,
    /// What was attempted of the phase that is under way, and how many of that failed.
    attempted: Vec<AssetId>,
    failed: usize,
    completed: Vec<PhaseName>,
}

#[derive(Clone, Debug, PartialEq)]
enum State {
    Queued,
    /// This phase is next; after the last there is none.
    Due(usize),
    Acting {
        stage: usize,
        work: Work,
        /// Whether nothing more is begun, since everything is to be undone.
        is_failing: bool,
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
    /// What was touched is undone, the newest first.
    Undoing(Work),
    Ended(RunEnding),
}

impl Machine {
    /// The machine of a run of which nothing is recorded yet.
    pub fn new(course: Arc<Course>) -> Self {
        Self {
            course,
            state: State::Queued,
            touched: Vec::new(),
            counts: Counts::default(),
            attempted: Vec::new(),
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
            State::Acting { stage, work, is_failing } => match stages.get(*stage) {
                Some(stage) if *is_failing && !work.is_begun() => Next::RollBack(stage),
                Some(stage) => Next::Act { stage, direction: Direction::Forward },
                None => self.last(),
            },
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
            State::Undoing(work) => match work.stage().and_then(|stage| stages.get(stage)) {
                Some(stage) => Next::Act { stage, direction: Direction::Rollback },
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

    /// Takes that an asset is going to be acted on.
    pub(super) fn begin(&mut self, place: Place) {
        if let Some(work) = self.work_mut() {
            work.begin(|it| it == place);
        }
    }

    /// Takes that an asset may have been acted on.
    ///
    /// # Errors
    /// When it is none that could be acted on now.
    pub(super) fn resume(&mut self, asset: &AssetId) -> Result<(), OutOfPlace> {
        let course = Arc::clone(&self.course);
        let is_it = |place: Place| course.at(place).is_some_and(|(_, it)| it == asset);
        let is_begun = self.work_mut().is_some_and(|work| work.begin(is_it));
        let out_of_place = || OutOfPlace { event: format!("acting on {asset}").into() };
        is_begun.then_some(()).ok_or_else(out_of_place)
    }

    /// The assets that may have been acted on and of which nothing is recorded yet: as long as there are
    /// any, nothing but an act comes next.
    pub(super) fn begun(&self) -> impl Iterator<Item = Place> {
        self.work().into_iter().flat_map(Work::begun)
    }

    /// Whether any asset may have been acted on of which nothing is recorded yet.
    pub fn is_begun(&self) -> bool {
        self.work().is_some_and(Work::is_begun)
    }

    /// Whether no more assets of the phase are begun, since everything is to be undone.
    pub fn is_failing(&self) -> bool {
        matches!(self.state, State::Acting { is_failing: true, .. })
    }

    /// The assets that can be begun beside those that are, in order.
    pub(super) fn ready(&self) -> impl Iterator<Item = Place> {
        self.work().filter(|_| !self.is_failing()).into_iter().flat_map(Work::ready)
    }

    fn work(&self) -> Option<&Work> {
        match &self.state {
            State::Acting { work, .. } | State::Undoing(work) => Some(work),
            _ => None,
        }
    }

    fn work_mut(&mut self) -> Option<&mut Work> {
        match &mut self.state {
            State::Acting { work, .. } | State::Undoing(work) => Some(work),
            _ => None,
        }
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
            (self.failed, self.attempted.len())
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

    /// The phase that is under way; between two phases the one that is done.
    pub fn stage(&self) -> Option<&Stage> {
        let state = match &self.state {
            State::Paused { then, .. } => then,
            state => state,
        };
        let number = match state {
            State::Acting { stage, .. }
            | State::Checking { stage, .. }
            | State::Waiting { stage, .. } => *stage,
            State::Undoing(work) => work.stage()?,
            State::Due(number) => number.checked_sub(1)?,
            State::Queued | State::Ended(_) | State::Paused { .. } => return None,
        };
        self.course.stages.get(number)
    }

    /// The assets of the phase that is under way which were attempted.
    pub fn attempted_assets(&self) -> &[AssetId] {
        if self.is_undoing() {
            self.stage().map(|stage| stage.assets.as_slice()).unwrap_or_default()
        } else {
            &self.attempted
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
