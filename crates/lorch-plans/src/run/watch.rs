//! Whether the rollback condition of a phase holds, by what was seen of its metrics.

use std::time::Duration;

use lorch_types::plan::condition::RollbackCondition;
use lorch_types::plan::{HealthCheckType, History, Metric, MetricType, Metrics, PhaseName, Truth};

use super::course::Stage;
use super::machine::Machine;
use super::probe::{Eyes, Sight};

/// What was seen while a phase is watched; moments are counted as [`Clock::elapsed`](super::Clock::elapsed)
/// counts them.
pub(super) struct Watch<'a> {
    metrics: &'a Metrics,
    every: Duration,
    seen: Option<(PhaseName, History)>,
    /// When it was looked last.
    last: Option<Duration>,
}

/// How long a look may take where no health check says so.
const TIMEOUT: Duration = Duration::from_secs(10);

impl<'a> Watch<'a> {
    pub(super) fn new(metrics: &'a Metrics, every: Duration) -> Self {
        Self { metrics, every, seen: None, last: None }
    }

    /// Whether a look at the condition asks nobody.
    pub(super) fn is_at_hand(stage: &Stage, eyes: &Eyes<'_>) -> bool {
        metrics_of(stage).into_iter().all(|metric| eyes.is_at_hand(metric))
    }

    /// Whether it is time to look again.
    pub(super) fn is_due(&self, stage: &Stage, moment: Duration) -> bool {
        let is_same = self.seen.as_ref().is_some_and(|(name, _)| *name == stage.name);
        !is_same || self.last.is_none_or(|last| moment.saturating_sub(last) >= self.every)
    }

    /// Looks at all that the condition is about, and says whether it holds; false without one.
    pub(super) fn look(
        &mut self,
        stage: &Stage,
        machine: &Machine,
        eyes: &Eyes<'_>,
        elapsed: impl Fn() -> Duration,
    ) -> Truth {
        let Some(condition) = &stage.rollback else { return Truth::False };
        let metrics = metrics_of(stage);
        // Looks that fail take time too, one after another: what was seen counts until the next but one.
        let longest = TIMEOUT.saturating_mul(u32::try_from(metrics.len()).unwrap_or(u32::MAX));
        let fresh_for = self.every.saturating_add(longest).saturating_mul(2);
        if self.seen.as_ref().is_none_or(|(name, _)| *name != stage.name) {
            self.seen = Some((stage.name.clone(), History::new(fresh_for)));
        }
        let Some((_, history)) = &mut self.seen else { return Truth::Unknown };
        for metric in metrics {
            let target = stage.checks.iter().find(|it| it.check_type == HealthCheckType::Http200);
            let sight = Sight {
                metric,
                of: self.metrics.get(metric.as_str()).unwrap_or(MetricType::Number),
                target: target.and_then(|check| check.target.as_deref()),
                assets: machine.attempted_assets(),
                attempts: machine.attempts(),
                timeout: TIMEOUT,
            };
            let seen = eyes.look(&sight).ok();
            history.record(metric, elapsed(), seen);
        }
        let moment = elapsed();
        self.last = Some(moment);
        let truth = condition.evaluate(history, moment);
        history.forget_before(moment.saturating_sub(condition.horizon()));
        truth
    }
}

/// The metrics that the rollback condition of a phase is about, each once.
fn metrics_of(stage: &Stage) -> Vec<&Metric> {
    stage.rollback.as_ref().map(RollbackCondition::metrics).unwrap_or_default()
}
