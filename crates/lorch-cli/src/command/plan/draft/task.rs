//! The task that a plan is drafted for: the one given, or a new one.

use std::time::Duration;

use lorch_plans::{Contract, DraftFailure};
use lorch_types::plan::{ExecutionMode, Task, TaskExecutionPolicy, TaskState, TaskStatus};

use super::Draft;
use crate::clock::{new_uuid, now};
use crate::exit::Failure;
use crate::planning::Planning;

/// The task that the command line is about.
pub(super) fn wanted(arguments: &Draft, planning: &Planning) -> Result<Task, Failure> {
    if let Some(path) = &arguments.task {
        let (source, mut task) = planning.asked(path)?;
        if let Some(contract) = Contract::of(&task) {
            planning.refuse_unsound(&contract, &source)?;
        }
        if let Some(intent) = &arguments.intent {
            task.user_intent = intent.clone();
        }
        return Ok(task);
    }
    let (Some(created_by), Some(user_intent)) = (&arguments.creator, &arguments.intent) else {
        return Err(Failure::usage("a new task needs `--intent` and `--as`"));
    };
    let mode = arguments.mode.map(ExecutionMode::from);
    Ok(Task {
        id: new_uuid().parse().map_err(Failure::work)?,
        org_id: arguments.org.clone(),
        created_by: created_by.clone(),
        user_intent: user_intent.clone(),
        status: status(TaskState::Created),
        project_id: None,
        created_at: Some(now()),
        task_spec: None,
        execution_policy: mode.map(|mode| TaskExecutionPolicy {
            mode: Some(mode),
            allowed_approver_roles: None,
            require_two_approvers: None,
            timeout_minutes: None,
        }),
        llm_profile: None,
        metadata: None,
    })
}

/// How long drafting may take.
pub(super) fn timeout(arguments: &Draft, task: &Task) -> Duration {
    const DEFAULT_MINUTES: u64 = 30;
    let of_task = task.execution_policy.as_ref().map(TaskExecutionPolicy::timeout_minutes);
    let minutes = of_task.unwrap_or(DEFAULT_MINUTES);
    arguments
        .timeout
        .map_or_else(|| Duration::from_secs(minutes.saturating_mul(60)), Duration::from)
}

/// The task as it is recorded when there is no plan for it.
pub(super) fn failed(task: &Task, failure: &DraftFailure) -> Task {
    let error = Some(failure.reason.as_str().into());
    let status = TaskStatus { error, error_code: Some(failure.code), ..status(TaskState::Failed) };
    Task { status, llm_profile: Some(failure.usage.clone()), ..task.clone() }
}

fn status(state: TaskState) -> TaskStatus {
    TaskStatus { state, updated_at: Some(now()), error: None, error_code: None }
}
