//! The built-in rules: what no plan may do, whatever policies say.

mod assets;
mod batch;
mod belongs;
mod destructive;
mod health;
mod task;
mod tools;

use lorch_types::diagnostic::{Diagnostic, Part};
use lorch_types::plan::{DurationError, DurationField, Plan, PlanType};
use lorch_types::pointer::Pointer;

use crate::finding::{Placed, Rule, in_payload};
use crate::validate::Setting;
pub use task::validate_task;

/// Everything that is wrong with `plan` by the built-in rules, and warnings.
pub(crate) fn check(plan: &Plan, setting: &Setting<'_>) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    let phases = placed(plan);
    belongs::check(plan, &setting.contract, &mut found);
    assets::check(plan, &phases, &setting.contract, &mut found);
    presence(plan, &mut found);
    batch::check(plan, &phases, &setting.contract, &mut found);
    health::check(&phases, setting, &mut found);
    tools::check(&phases, setting, &mut found);
    task::demands(&setting.contract, &mut found);
    if let Some(text) = &plan.payload.estimated_duration {
        let at = || in_payload("estimated_duration");
        duration(DurationField::EstimatedDuration, text, at, &mut found);
    }
    found
}

/// The phases with their places.
pub(crate) fn placed(plan: &Plan) -> Vec<Placed<'_>> {
    let phases = plan.payload.phases.iter().flatten().enumerate();
    phases.map(|(index, phase)| Placed { index, phase }).collect()
}

/// A plan that is to change something says how.
fn presence(plan: &Plan, found: &mut Vec<Diagnostic>) {
    let is_report = match plan.plan_type {
        PlanType::ComplianceReport
        | PlanType::IncidentAnalysis
        | PlanType::SecurityReport
        | PlanType::ImageSpec => true,
        PlanType::DriftPlan
        | PlanType::PatchPlan
        | PlanType::DrRunbook
        | PlanType::CostOptimizationPlan => false,
    };
    if plan.payload.phases.iter().flatten().next().is_none() && !is_report {
        let at = Pointer::root().join("payload");
        found.push(Rule::Phases.error(at, "the plan has no phases: nothing would be done"));
    }
}

/// Notes what is wrong with a duration.
fn duration(
    field: DurationField,
    text: &str,
    at: impl FnOnce() -> Pointer,
    found: &mut Vec<Diagnostic>,
) {
    if let Err(error) = field.parse(text) {
        found.push(no_duration(&error, at()));
    }
}

fn no_duration(error: &DurationError, at: Pointer) -> Diagnostic {
    let diagnostic =
        Rule::Duration.error(at, error.to_string()).about(Part::Within(error.span.clone()));
    match error.help() {
        Some(help) => diagnostic.with_help(help),
        None => diagnostic,
    }
}
