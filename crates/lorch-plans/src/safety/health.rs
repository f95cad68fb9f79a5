//! Health checks and rollback conditions: there where they must be, readable, and of one mind.

use std::collections::BTreeSet;

use lorch_types::diagnostic::{Diagnostic, Part};
use lorch_types::plan::condition::{ConditionError, RollbackCondition};
use lorch_types::plan::{
    DurationField, HealthCheck, HealthCheckType, Metric, MetricType, Metrics, Threshold,
};
use lorch_types::pointer::Pointer;

use super::duration;
use super::task::trigger;
use crate::conditions::{Check, Health, Rollback, compare_phase};
use crate::finding::{Placed, Rule, few};
use crate::validate::Setting;

pub(super) fn check(phases: &[Placed<'_>], setting: &Setting<'_>, found: &mut Vec<Diagnostic>) {
    let trigger = trigger(setting.contract.spec, setting.metrics, found);
    for placed in phases {
        presence(placed, setting, found);
        if let Some(text) = &placed.phase.wait_time {
            duration(DurationField::WaitTime, text, || placed.at("wait_time"), found);
        }
        let health = health(placed, setting.metrics, found);
        let own = own(placed, setting.metrics, found);
        let rollback = match (&own, &trigger) {
            (Own::Condition(condition), _) => Some(Rollback { condition, is_own: true }),
            (Own::None, Some(condition)) => Some(Rollback { condition, is_own: false }),
            (Own::None, None) | (Own::Unreadable, _) => None,
        };
        if let (Some(health), Some(rollback)) = (&health, rollback) {
            compare_phase(placed, health, rollback, trigger.as_ref(), found);
        }
        let checks = health.iter().flat_map(|health| &health.checks).map(|check| &check.metric);
        let mut named: BTreeSet<&Metric> = checks.collect();
        named.extend(rollback.into_iter().flat_map(|rollback| rollback.condition.metrics()));
        unmeasured(placed, &named, setting.metrics, found);
    }
}

/// What is never known never passes: the run would pause, and nothing would tell that assets are ill.
fn unmeasured(
    placed: &Placed<'_>,
    named: &BTreeSet<&Metric>,
    metrics: &Metrics,
    found: &mut Vec<Diagnostic>,
) {
    let unmeasured: Vec<&Metric> =
        named.iter().copied().filter(|metric| !metrics.is_measured(metric)).collect();
    let Some(first) = unmeasured.first() else { return };
    let (name, all) = (&placed.phase.name, few(&unmeasured));
    let message = format!("phase `{name}` is judged by what nothing measures: {all}");
    let help = format!("the run would pause there: `[probes.{first}]` in lorch.toml says how");
    found.push(Rule::Unmeasured.warning(placed.pointer(), message).with_help(help));
}

/// In production a phase can be checked and rolled back.
fn presence(placed: &Placed<'_>, setting: &Setting<'_>, found: &mut Vec<Diagnostic>) {
    if !setting.contract.is_production() {
        return;
    }
    let name = &placed.phase.name;
    if placed.phase.health_checks.iter().flatten().next().is_none() {
        let message = format!("phase `{name}` has no health check, and this is production");
        found.push(Rule::NoHealthCheck.error(placed.pointer(), message));
    }
    if placed.phase.rollback_if.is_none() && setting.contract.rollback_trigger().is_none() {
        let message =
            format!("phase `{name}` has no `rollback_if`, and the task no `rollback_trigger`");
        found.push(Rule::NoRollback.error(placed.pointer(), message));
    }
}

/// A phase's own rollback condition.
enum Own {
    None,
    Unreadable,
    Condition(RollbackCondition),
}

fn own(placed: &Placed<'_>, metrics: &Metrics, found: &mut Vec<Diagnostic>) -> Own {
    let Some(text) = &placed.phase.rollback_if else { return Own::None };
    match RollbackCondition::parse(text, metrics) {
        Ok(condition) => Own::Condition(condition),
        Err(error) => {
            found.push(no_condition(&error, placed.at("rollback_if")));
            Own::Unreadable
        }
    }
}

/// The phase's health checks; `None` when one of them cannot be read.
fn health(placed: &Placed<'_>, metrics: &Metrics, found: &mut Vec<Diagnostic>) -> Option<Health> {
    let before = found.len();
    let mut checks = Vec::new();
    for (index, check) in placed.phase.health_checks.iter().flatten().enumerate() {
        let at = || placed.at("health_checks").join(index);
        if let Some(text) = &check.timeout {
            duration(DurationField::Timeout, text, || at().join("timeout"), found);
            if DurationField::Timeout.parse(text).is_ok_and(|it| it.seconds() == 0) {
                let message = "the health check can never pass: no answer is waited for";
                found.push(Rule::Constant.error(at().join("timeout"), message));
            }
        }
        checks.extend(read_check(check, metrics, at, found));
    }
    (found.len() == before).then_some(Health { checks })
}

fn read_check(
    check: &HealthCheck,
    metrics: &Metrics,
    at: impl Fn() -> Pointer,
    found: &mut Vec<Diagnostic>,
) -> Option<Check> {
    let (metric, of) = match check.check_type {
        HealthCheckType::Http200 => (Metric::HTTP_200, MetricType::Flag),
        HealthCheckType::ErrorRate => (Metric::ERROR_RATE, MetricType::Ratio),
        HealthCheckType::LatencyP99 => (Metric::LATENCY_P99, MetricType::Duration),
        HealthCheckType::CustomMetric => custom(check, metrics, &at, found)?,
    };
    let threshold = match (&check.threshold, of) {
        (None, MetricType::Flag) => None,
        (None, _) => {
            let message = format!("the health check of `{metric}` has no threshold");
            let diagnostic = Rule::Condition.error(at(), message);
            found.push(diagnostic.with_help("say what is well, such as `\"threshold\": \"< 1%\"`"));
            return None;
        }
        (Some(text), of) => match Threshold::parse(text, of) {
            Ok(threshold) => Some(threshold),
            Err(error) => {
                found.push(no_condition(&error, at().join("threshold")));
                return None;
            }
        },
    };
    Some(Check { metric, threshold })
}

/// The declared metric that a check of type `custom_metric` looks at.
fn custom(
    check: &HealthCheck,
    metrics: &Metrics,
    at: impl Fn() -> Pointer,
    found: &mut Vec<Diagnostic>,
) -> Option<(Metric, MetricType)> {
    let Some(target) = &check.target else {
        let message = "a check of a `custom_metric` names it as its `target`";
        found.push(Rule::Condition.error(at(), message));
        return None;
    };
    let declared = metrics.iter().find(|(metric, _)| metric.as_str() == *target);
    if declared.is_none() {
        let message = format!("there is no metric `{target}`");
        let help = match metrics.nearest(target) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => {
                let known: Vec<&Metric> = metrics.iter().map(|(metric, _)| metric).collect();
                format!("`[metrics]` in lorch.toml declares them; there are {}", few(&known))
            }
        };
        found.push(Rule::Condition.error(at().join("target"), message).with_help(help));
    }
    declared.map(|(metric, of)| (metric.clone(), of))
}

pub(super) fn no_condition(error: &ConditionError, at: Pointer) -> Diagnostic {
    let diagnostic =
        Rule::Condition.error(at, error.to_string()).about(Part::Within(error.span.clone()));
    match error.help() {
        Some(help) => diagnostic.with_help(help),
        None => diagnostic,
    }
}
