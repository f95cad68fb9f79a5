//! What is lost if a whole phase fails.

use std::fmt;

use lorch_types::plan::{PhaseName, Plan};

use crate::finding::share;

/// What is lost if a whole phase fails.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorstCase {
    /// The phase.
    pub phase: PhaseName,
    /// How many assets it concerns.
    pub assets: usize,
    /// How many assets the plan affects.
    pub total: usize,
}

/// The worst case of each phase.
pub fn worst_cases(plan: &Plan) -> Vec<WorstCase> {
    let total = plan.payload.affected_assets.len();
    let phases = plan.payload.phases.iter().flatten();
    phases
        .map(|phase| WorstCase { phase: phase.name.clone(), assets: phase.assets.len(), total })
        .collect()
}

impl fmt::Display for WorstCase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { phase, assets, total } = self;
        write!(f, "if all of {phase} fails: {assets} of {total}, {}", share(*assets, *total))
    }
}
