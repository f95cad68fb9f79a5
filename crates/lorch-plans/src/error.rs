//! What can go wrong with a decision about a plan.

use std::time::Duration;

use lorch_store::StoreError;
use lorch_types::json::ToValueError;
use lorch_types::machine::IllegalTransition;
use lorch_types::plan::{PlanId, PlanState, TaskId, UserId};

use crate::approval::Clause;

/// Why a decision about a plan was not taken.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PlanError {
    /// It could not be recorded, or what is recorded not read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A document cannot be written as JSON.
    #[error(transparent)]
    Document(#[from] ToValueError),
    /// Nothing was understood of the task yet.
    #[error("the task {task_id} has no `task_spec`: there is nothing to judge a plan by")]
    NoSpec {
        /// The task.
        task_id: TaskId,
    },
    /// The plan is not one of the task.
    #[error("the plan {plan_id} is for another task than {task_id}")]
    OtherTask {
        /// The plan.
        plan_id: PlanId,
        /// The task that was given with it.
        task_id: TaskId,
    },
    /// The plan is in a state that does not lead to the one wanted.
    #[error("the plan {plan_id}")]
    State {
        /// The plan.
        plan_id: PlanId,
        /// Both states.
        source: Box<IllegalTransition>,
    },
    /// The plan is not approved.
    #[error("the plan {plan_id} is {}, not approved", state.as_str())]
    NotApproved {
        /// The plan.
        plan_id: PlanId,
        /// What it is.
        state: PlanState,
    },
    /// The approval is refused: it would not hold.
    #[error("the approval is refused: {0}")]
    Refused(Clause),
    /// The plan is sent back: a clause of its approval no longer holds.
    #[error("the plan {plan_id} awaits approval again: {clause}")]
    SentBack {
        /// The plan.
        plan_id: PlanId,
        /// The clause.
        clause: Clause,
    },
    /// A person has a name that only policies have.
    #[error("`{approver}` is no person: names that begin with `policy:` are those of policies")]
    Reserved {
        /// The name.
        approver: UserId,
    },
    /// A person has a name that looks like another.
    #[error(
        "`{}` is no name of a person: it has letters, digits and signs of ASCII, and no space around it",
        approver.as_str().escape_debug()
    )]
    Unseen {
        /// The name.
        approver: UserId,
    },
    /// An approval was to hold for longer than it may, or for no time.
    #[error("an approval holds for {} minutes at most, and at least one", most.as_secs() / 60)]
    Validity {
        /// How long it may.
        most: Duration,
    },
    /// Something that must be said is empty.
    #[error("the {what} is empty")]
    Empty {
        /// What.
        what: &'static str,
    },
}
