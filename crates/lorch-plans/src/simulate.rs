//! How often a plan ends how, when assets fail by chance.
//!
//! A run walks the phases in order. Each asset of a phase fails with the odds of that phase, and what
//! failed of what was attempted is its error rate; whatever else is looked at is well. After each asset
//! the rollback condition is looked at, after the last the health checks as well. Where assets are acted
//! on at the same time, those that are under way when the condition holds are acted on as well.

mod odds;
mod walk;

use std::collections::BTreeMap;

use lorch_types::plan::condition::ConditionError;
use lorch_types::plan::{Metrics, PhaseName, Plan};

use crate::contract::Contract;
use crate::run::Parallel;
use walk::Course;

pub use odds::{InvalidOdds, Odds};

/// What came of many runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Simulation {
    /// How many there were.
    pub runs: u64,
    /// What they ended in, in the order in which a run gets there.
    pub endings: Vec<(Ending, Tally)>,
}

/// What a run ends in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// A phase is rolled back, with everything before it.
    RolledBack {
        /// Which.
        phase: PhaseName,
    },
    /// A health check fails, and a person has to decide.
    Paused {
        /// In which phase.
        phase: PhaseName,
    },
    /// Every phase passes.
    Completed,
}

/// How many runs ended so, and how far they had come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// How many.
    pub runs: u64,
    /// How many assets they had changed, all together.
    pub changed: u64,
    /// How many at most.
    pub most_changed: u64,
    /// How many assets had failed, all together.
    pub failed: u64,
    /// How many at most.
    pub most_failed: u64,
}

/// A condition that cannot be read, so that nothing can be simulated.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("phase `{phase}` cannot be simulated")]
pub struct Unreadable {
    /// The phase.
    pub phase: PhaseName,
    /// What is wrong with its condition.
    pub source: ConditionError,
}

/// Runs `plan` so many times. The same seed gives the same.
///
/// # Errors
/// When a condition or threshold of the plan cannot be read.
pub fn simulate(
    plan: &Plan,
    contract: &Contract<'_>,
    metrics: &Metrics,
    parallel: &Parallel<'_>,
    odds: &Odds,
    runs: u64,
    seed: u64,
) -> Result<Simulation, Unreadable> {
    let course = Course::of(plan, contract, metrics, parallel, odds)?;
    let mut chance = odds::Chance::new(seed);
    let mut tallies: BTreeMap<usize, Tally> = BTreeMap::new();
    for _ in 0..runs {
        let walked = course.walk(&mut chance);
        tallies.entry(walked.ending).or_default().count(walked.changed, walked.failed);
    }
    let endings = tallies.into_iter().map(|(ending, tally)| (course.ending(ending), tally));
    Ok(Simulation { runs, endings: endings.collect() })
}

impl Tally {
    fn count(&mut self, changed: u64, failed: u64) {
        self.runs += 1;
        self.changed += changed;
        self.most_changed = self.most_changed.max(changed);
        self.failed += failed;
        self.most_failed = self.most_failed.max(failed);
    }
}
