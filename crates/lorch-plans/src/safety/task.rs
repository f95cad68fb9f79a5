//! What is wrong with a task, so that no plan of it could be right.

use lorch_types::diagnostic::Diagnostic;
use lorch_types::plan::condition::RollbackCondition;
use lorch_types::plan::{Metrics, TaskSpec};
use lorch_types::pointer::Pointer;

use super::health::no_condition;
use crate::conditions::compare_trigger;
use crate::contract::Contract;
use crate::finding::{Rule, TASK_FILE};
use crate::run::{InvalidWindow, Window};

/// Everything that is wrong with what a task demands, whatever its plans say: findings in the file
/// [`TASK_FILE`].
pub fn validate_task(contract: &Contract<'_>, metrics: &Metrics) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    trigger(contract.spec, metrics, &mut found);
    demands(contract, &mut found);
    found
}

/// What is wrong with it beside its rollback trigger.
pub(super) fn demands(contract: &Contract<'_>, found: &mut Vec<Diagnostic>) {
    window(contract.spec, found);
    approvers(contract, found);
}

/// A plan that nobody may approve would wait for ever.
fn approvers(contract: &Contract<'_>, found: &mut Vec<Diagnostic>) {
    let is_nobody = contract.approver_roles().is_some_and(|roles| roles.is_empty());
    if !is_nobody || !contract.needs_person() {
        return;
    }
    let of_task = contract.task.execution_policy.as_ref();
    let at: &[&str] = match of_task.and_then(|it| it.allowed_approver_roles.as_ref()) {
        Some(_) => &["execution_policy", "allowed_approver_roles"],
        None => &["task_spec", "execution_policy", "allowed_approver_roles"],
    };
    let message = "nobody may approve plans of this task: no role is allowed";
    let help = "`allowed_approver_roles` of the task and of its `task_spec` have a role in common, or only \
                one of the two says any";
    found.push(Rule::Approvers.error(below_root(at), message).with_help(help).in_file(TASK_FILE));
}

/// The task's rollback trigger, when it has one that can be read.
pub(super) fn trigger(
    spec: &TaskSpec,
    metrics: &Metrics,
    found: &mut Vec<Diagnostic>,
) -> Option<RollbackCondition> {
    let text = spec.constraints.as_ref()?.rollback_trigger.as_deref()?;
    let at = in_constraints("rollback_trigger");
    match RollbackCondition::parse(text, metrics) {
        Ok(condition) => {
            compare_trigger(&condition, &at, found);
            Some(condition)
        }
        Err(error) => {
            found.push(no_condition(&error, at).in_file(TASK_FILE));
            None
        }
    }
}

/// A window that says no time would keep every run of the plan from beginning.
fn window(spec: &TaskSpec, found: &mut Vec<Diagnostic>) {
    let given = spec.constraints.as_ref().and_then(|it| it.maintenance_window.as_ref());
    let Some(Err(error)) = given.map(Window::of) else { return };
    let at = in_constraints("maintenance_window");
    let at = match &error {
        InvalidWindow::Zone(_) => at.join("timezone"),
        InvalidWindow::Bounds { .. } => at,
    };
    found.push(Rule::Window.error(at, error.to_string()).in_file(TASK_FILE));
}

fn in_constraints(field: &str) -> Pointer {
    below_root(&["task_spec", "constraints", field])
}

fn below_root(fields: &[&str]) -> Pointer {
    fields.iter().fold(Pointer::root(), |at, field| at.join(field))
}
