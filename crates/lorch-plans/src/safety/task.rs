//! What is wrong with a task, so that no plan of it could be right.

use lorch_types::diagnostic::Diagnostic;
use lorch_types::plan::condition::RollbackCondition;
use lorch_types::plan::{Metrics, TaskSpec};
use lorch_types::pointer::Pointer;

use super::health::no_condition;
use crate::conditions::compare_trigger;
use crate::finding::{Rule, TASK_FILE};
use crate::run::{InvalidWindow, Window};

/// Everything that is wrong with what a task demands, whatever its plans say: findings in the file
/// [`TASK_FILE`].
pub fn validate_task(spec: &TaskSpec, metrics: &Metrics) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    trigger(spec, metrics, &mut found);
    window(spec, &mut found);
    found
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
pub(super) fn window(spec: &TaskSpec, found: &mut Vec<Diagnostic>) {
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
    ["task_spec", "constraints", field].iter().fold(Pointer::root(), |at, field| at.join(field))
}
