//! One run through the phases of a plan, by chance.

use std::time::Duration;

use lorch_types::plan::condition::RollbackCondition;
use lorch_types::plan::{
    HealthCheckType, History, Metric, MetricType, Metrics, Observed, Phase, PhaseName, Plan,
    Threshold, Truth,
};

use super::odds::{Chance, Odds};
use super::{Ending, Unreadable};
use crate::contract::Contract;
use crate::run::{Direction, Parallel};

/// The phases of a plan, made ready to be walked often.
pub(super) struct Course {
    phases: Vec<Stretch>,
}

/// One phase.
struct Stretch {
    name: PhaseName,
    assets: usize,
    /// How many of them are acted on at the same time.
    parallel: usize,
    /// An asset fails when chance stays below; always when there is no bound.
    bound: Option<u64>,
    checks: Vec<Threshold>,
    rollback: Option<RollbackCondition>,
    /// Whether `f` failed of `a` roll back, at `a (a + 1) / 2 + f`; empty for phases that are large.
    known: Vec<bool>,
}

/// How a run ended.
pub(super) struct Walked {
    /// Twice the index of the phase, and one more when it is paused; after the last when completed.
    pub(super) ending: usize,
    pub(super) changed: u64,
    pub(super) failed: u64,
}

/// Up to so many assets a phase knows beforehand what rolls it back.
const SMALL: usize = 512;

impl Course {
    pub(super) fn of(
        plan: &Plan,
        contract: &Contract<'_>,
        metrics: &Metrics,
        parallel: &Parallel<'_>,
        odds: &Odds,
    ) -> Result<Self, Unreadable> {
        let phases = plan.payload.phases.iter().flatten();
        let stretches = phases.map(|phase| Stretch::of(phase, contract, metrics, parallel, odds));
        Ok(Self { phases: stretches.collect::<Result<_, _>>()? })
    }

    pub(super) fn walk(&self, chance: &mut Chance) -> Walked {
        let (mut changed, mut failed) = (0, 0);
        for (index, stretch) in self.phases.iter().enumerate() {
            let mut failed_here = 0;
            for attempted in 1..=stretch.assets {
                changed += 1;
                failed_here += usize::from(stretch.fails(chance));
                if stretch.rolls_back(failed_here, attempted) {
                    let under_way = (stretch.parallel - 1).min(stretch.assets - attempted);
                    changed += under_way as u64;
                    failed_here += (0..under_way).filter(|_| stretch.fails(chance)).count();
                    failed += failed_here as u64;
                    return Walked { ending: 2 * index, changed, failed };
                }
            }
            failed += failed_here as u64;
            if !stretch.is_well(failed_here) {
                return Walked { ending: 2 * index + 1, changed, failed };
            }
        }
        Walked { ending: 2 * self.phases.len(), changed, failed }
    }

    pub(super) fn ending(&self, number: usize) -> Ending {
        match self.phases.get(number / 2).map(|stretch| stretch.name.clone()) {
            None => Ending::Completed,
            Some(phase) if number.is_multiple_of(2) => Ending::RolledBack { phase },
            Some(phase) => Ending::Paused { phase },
        }
    }
}

impl Stretch {
    fn of(
        phase: &Phase,
        contract: &Contract<'_>,
        metrics: &Metrics,
        parallel: &Parallel<'_>,
        odds: &Odds,
    ) -> Result<Self, Unreadable> {
        let unreadable = |source| Unreadable { phase: phase.name.clone(), source };
        let text = phase.rollback_if.as_deref().or(contract.rollback_trigger());
        let rollback = text.map(|text| RollbackCondition::parse(text, metrics)).transpose();
        let rates = phase.health_checks.iter().flatten();
        let rates = rates.filter(|check| check.check_type == HealthCheckType::ErrorRate);
        let checks = rates
            .filter_map(|check| check.threshold.as_deref())
            .map(|text| Threshold::parse(text, MetricType::Ratio))
            .collect::<Result<_, _>>();
        let actions = phase.actions.as_deref().unwrap_or_default();
        let mut stretch = Self {
            name: phase.name.clone(),
            assets: phase.assets.len(),
            parallel: parallel.limit(actions, Direction::Forward),
            bound: odds.bound(&phase.name),
            checks: checks.map_err(unreadable)?,
            rollback: rollback.map_err(unreadable)?,
            known: Vec::new(),
        };
        if stretch.assets <= SMALL {
            let all = (0..=stretch.assets).flat_map(|all| (0..=all).map(move |part| (part, all)));
            stretch.known = all.map(|(part, all)| stretch.judge(part, all)).collect();
        }
        Ok(stretch)
    }

    fn fails(&self, chance: &mut Chance) -> bool {
        self.bound.is_none_or(|bound| chance.next() < bound)
    }

    fn rolls_back(&self, failed: usize, attempted: usize) -> bool {
        let at = attempted * (attempted + 1) / 2 + failed;
        self.known.get(at).copied().unwrap_or_else(|| self.judge(failed, attempted))
    }

    /// Whether the phase is rolled back when it has been so for as long as its condition looks back.
    fn judge(&self, failed: usize, attempted: usize) -> bool {
        let Some(rollback) = &self.rollback else { return false };
        let end = rollback.horizon();
        let mut history = History::new(end.saturating_add(Duration::from_secs(1)));
        history.record(&Metric::ERROR_RATE, Duration::ZERO, Some(rate(failed, attempted)));
        rollback.evaluate(&history, end) == Truth::True
    }

    fn is_well(&self, failed: usize) -> bool {
        let rate = rate(failed, self.assets);
        self.checks.iter().all(|check| check.judge(Some(rate)) == Truth::True)
    }
}

fn rate(failed: usize, attempted: usize) -> Observed {
    Observed::Ratio { part: failed as u64, whole: attempted as u64 }
}
