//! What a plan says about its execution, read once: nothing in it is left to parse.

use std::time::Duration;

use lorch_types::plan::condition::{ConditionError, RollbackCondition};
use lorch_types::plan::{
    AssetId, DurationError, DurationField, ExecutionMode, HealthCheck, HealthCheckType,
    MaintenanceWindow, Metric, MetricType, Metrics, Observed, Phase, PhaseName, Plan, PlanAction,
    Threshold, Truth,
};
use lorch_types::{PositiveInteger, SmolStr};

use super::machine::Place;
use crate::contract::Contract;

/// The phases of a plan, made ready to be carried out.
#[derive(Clone, Debug)]
pub struct Course {
    /// The phases, in order.
    pub stages: Vec<Stage>,
    /// What the task demanded when the run began.
    pub terms: Terms,
}

/// What a task demands of a run; recorded when it begins, so that it stays so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    /// How much of the plan is carried out.
    pub mode: ExecutionMode,
    /// After how many minutes a pause fails the run.
    pub timeout_minutes: u64,
    /// When any phase is rolled back that does not say so itself.
    pub rollback_trigger: Option<SmolStr>,
    /// When anything may be done to assets.
    pub window: Option<MaintenanceWindow>,
}

/// One phase.
#[derive(Clone, Debug)]
pub struct Stage {
    /// Its name.
    pub name: PhaseName,
    /// Its assets, in the order in which they are acted on.
    pub assets: Vec<AssetId>,
    /// What is done to each.
    pub actions: Vec<PlanAction>,
    /// What shows that they are well.
    pub checks: Vec<Checkup>,
    /// How long it is watched.
    pub wait: Option<Duration>,
    /// When everything is undone.
    pub rollback: Option<RollbackCondition>,
}

/// One health check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkup {
    /// What kind it is.
    pub check_type: HealthCheckType,
    /// What is looked at.
    pub metric: Metric,
    /// Of which type that is.
    pub of: MetricType,
    /// Where to look.
    pub target: Option<SmolStr>,
    /// What is well; of a flag, that it is set.
    pub threshold: Option<Threshold>,
    /// How long an answer is waited for.
    pub timeout: Duration,
}

/// A plan that cannot be carried out, since a part of it cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unclear {
    /// A condition or threshold.
    #[error("phase `{phase}`")]
    Condition {
        /// The phase.
        phase: PhaseName,
        /// What is wrong.
        source: ConditionError,
    },
    /// A duration.
    #[error("phase `{phase}`")]
    Duration {
        /// The phase.
        phase: PhaseName,
        /// What is wrong.
        source: DurationError,
    },
    /// A metric that is not declared, or a check without what it compares with.
    #[error("phase `{phase}`: the health check of `{metric}` has no metric or threshold")]
    Check {
        /// The phase.
        phase: PhaseName,
        /// What the check names.
        metric: SmolStr,
    },
}

/// How long an answer is waited for where a check does not say.
const TIMEOUT: Duration = Duration::from_secs(30);

impl Terms {
    /// What the task demands now.
    pub fn of(contract: &Contract<'_>) -> Self {
        let constraints = contract.spec.constraints.as_ref();
        let minutes = contract.task.execution_policy.as_ref().and_then(|it| it.timeout_minutes);
        Self {
            mode: contract.mode(),
            timeout_minutes: minutes.map_or(30, PositiveInteger::get),
            rollback_trigger: contract.rollback_trigger().map(SmolStr::new),
            window: constraints.and_then(|it| it.maintenance_window.clone()),
        }
    }

    /// How long a pause may last.
    pub fn longest_pause(&self) -> Duration {
        Duration::from_secs(self.timeout_minutes.saturating_mul(60))
    }
}

impl Course {
    /// The course of a plan.
    ///
    /// # Errors
    /// The first part of it that cannot be read; never for a plan that was validated with these
    /// metrics.
    pub fn of(plan: &Plan, terms: Terms, metrics: &Metrics) -> Result<Self, Unclear> {
        let phases = plan.payload.phases.iter().flatten();
        let stages = phases.map(|phase| Stage::of(phase, &terms, metrics));
        Ok(Self { stages: stages.collect::<Result<_, _>>()?, terms })
    }

    /// The phase and the asset at a place.
    pub(super) fn at(&self, place: Place) -> Option<(&Stage, &AssetId)> {
        let stage = self.stages.get(place.stage)?;
        Some((stage, stage.assets.get(place.asset)?))
    }

    /// How many assets there are.
    pub fn assets(&self) -> usize {
        self.stages.iter().map(|stage| stage.assets.len()).sum()
    }
}

impl Stage {
    fn of(phase: &Phase, terms: &Terms, metrics: &Metrics) -> Result<Self, Unclear> {
        let name = || phase.name.clone();
        let duration = |field: DurationField, text: &SmolStr| {
            let parsed = field.parse(text).map(Duration::from);
            parsed.map_err(|source| Unclear::Duration { phase: name(), source })
        };
        let condition = |source| Unclear::Condition { phase: name(), source };
        let wait = phase.wait_time.as_ref().map(|text| duration(DurationField::WaitTime, text));
        let rollback = phase.rollback_if.as_ref().or(terms.rollback_trigger.as_ref());
        let rollback = rollback.map(|text| RollbackCondition::parse(text, metrics)).transpose();
        let checks = phase.health_checks.iter().flatten().map(|check| {
            let timeout = check.timeout.as_ref().map(|text| duration(DurationField::Timeout, text));
            let timeout = timeout.transpose()?.unwrap_or(TIMEOUT);
            checkup(check, timeout, metrics, &phase.name)
        });
        Ok(Self {
            name: name(),
            assets: phase.assets.clone(),
            actions: phase.actions.clone().unwrap_or_default(),
            checks: checks.collect::<Result<_, _>>()?,
            wait: wait.transpose()?.filter(|wait| !wait.is_zero()),
            rollback: rollback.map_err(condition)?,
        })
    }
}

fn checkup(
    check: &HealthCheck,
    timeout: Duration,
    metrics: &Metrics,
    phase: &PhaseName,
) -> Result<Checkup, Unclear> {
    const BUILT_IN: [Metric; 3] = [Metric::HTTP_200, Metric::ERROR_RATE, Metric::LATENCY_P99];
    let [http_200, error_rate, latency_p99] = &BUILT_IN;
    let name = match check.check_type {
        HealthCheckType::Http200 => http_200.as_str(),
        HealthCheckType::ErrorRate => error_rate.as_str(),
        HealthCheckType::LatencyP99 => latency_p99.as_str(),
        HealthCheckType::CustomMetric => check.target.as_deref().unwrap_or_default(),
    };
    let unclear = || Unclear::Check { phase: phase.clone(), metric: name.into() };
    let (metric, of) =
        metrics.iter().find(|(metric, _)| metric.as_str() == name).ok_or_else(unclear)?;
    let threshold = check.threshold.as_deref().map(|text| Threshold::parse(text, of)).transpose();
    let threshold =
        threshold.map_err(|source| Unclear::Condition { phase: phase.clone(), source })?;
    if threshold.is_none() && of != MetricType::Flag {
        return Err(unclear());
    }
    let target = check.target.clone();
    let (check_type, metric) = (check.check_type, metric.clone());
    Ok(Checkup { check_type, metric, of, target, threshold, timeout })
}

impl Checkup {
    /// Whether what was observed is well; unknown when nothing was.
    pub fn judge(&self, observed: Option<Observed>) -> Truth {
        match (self.threshold, observed) {
            (Some(threshold), observed) => threshold.judge(observed),
            (None, Some(Observed::Flag(flag))) => flag.into(),
            (None, _) => Truth::Unknown,
        }
    }
}
