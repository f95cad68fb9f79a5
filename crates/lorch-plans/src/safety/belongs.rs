//! The plan is one of this task.

use lorch_types::diagnostic::Diagnostic;
use lorch_types::plan::{Plan, PlanType, TaskType};
use lorch_types::pointer::Pointer;

use crate::contract::Contract;
use crate::finding::{Rule, spelled};

pub(super) fn check(plan: &Plan, contract: &Contract<'_>, found: &mut Vec<Diagnostic>) {
    if plan.task_id != contract.task.id {
        let message =
            format!("the plan is for the task {}, not {}", plan.task_id, contract.task.id);
        found.push(Rule::OtherTask.error(Pointer::root().join("task_id"), message));
    }
    let expected = plan_type(contract.spec.task_type);
    if plan.plan_type != expected {
        let message = format!(
            "a task of type `{}` has a plan of type `{}`, not `{}`",
            spelled(&contract.spec.task_type),
            spelled(&expected),
            spelled(&plan.plan_type)
        );
        found.push(Rule::OtherTask.error(Pointer::root().join("type"), message));
    }
}

/// The kind of plan that a kind of task has.
fn plan_type(of: TaskType) -> PlanType {
    match of {
        TaskType::DriftRemediation => PlanType::DriftPlan,
        TaskType::PatchRollout => PlanType::PatchPlan,
        TaskType::ComplianceAudit => PlanType::ComplianceReport,
        TaskType::IncidentInvestigation => PlanType::IncidentAnalysis,
        TaskType::DrDrill => PlanType::DrRunbook,
        TaskType::CostOptimization => PlanType::CostOptimizationPlan,
        TaskType::SecurityScan => PlanType::SecurityReport,
        TaskType::ImageManagement => PlanType::ImageSpec,
    }
}
