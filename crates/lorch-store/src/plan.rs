//! What is recorded of tasks, their plans, and who approved them.

mod audit;
mod change;
mod read;
pub(crate) mod run;
mod task;

use std::collections::BTreeMap;

use lorch_types::plan::{
    Environment, Plan, PlanId, PlanState, Role, RunId, RunState, Task, TaskId, TaskState, UserId,
};
use lorch_types::{Digest, SmolStr, Timestamp};

pub(crate) use audit::entries;
pub use audit::{AuditRecord, chain};
pub(crate) use change::{change, insert};
pub(crate) use read::{approvals, plan, plans, plans_of, run_counts, runs_of};
pub use run::{CommandKind, PlanRun, PlanRunLease, RunChange, RunCommand};
pub(crate) use task::{advance as advance_task, put as put_task, task};

/// A task as it is recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskEntry {
    /// The document as it was last given.
    pub task: Task,
    /// How far it is.
    pub state: TaskState,
}

/// A plan as it is recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanEntry {
    /// The document as it was given.
    pub plan: Plan,
    /// How far it is.
    pub state: PlanState,
    /// Grows with every change.
    pub revision: u64,
    /// Why it is in this state, where that was said.
    pub reason: Option<String>,
    /// The plan that took its place.
    pub superseded_by: Option<PlanId>,
    /// When it was first recorded.
    pub recorded_at: Timestamp,
    /// Since when it is in this state.
    pub updated_at: Timestamp,
}

/// One person's approval of a plan, and everything that it is bound to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Approval {
    /// Who.
    pub approver: UserId,
    /// In which role.
    pub role: Role,
    /// What tells it from every other.
    pub nonce: SmolStr,
    /// The digest of the plan.
    pub plan_digest: Digest,
    /// The digest of what the task demands.
    pub task_digest: Digest,
    /// The digest of what the tools of the plan are; none of an approval by a lorch that bound it to none.
    pub tools_digest: Option<Digest>,
    /// Where it may be carried out.
    pub environment: Environment,
    /// The digests of the policy packs that allowed it.
    pub policies: BTreeMap<SmolStr, Digest>,
    /// When.
    pub approved_at: Timestamp,
    /// Until when it holds.
    pub expires_at: Timestamp,
    /// What was said with it.
    pub comment: Option<String>,
    /// Why the usual way was not taken, if it was not.
    pub break_glass: Option<BreakGlass>,
}

/// Why an approval did not take the usual way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BreakGlass {
    /// What it is justified by.
    pub justification: String,
    /// The incident that it is about.
    pub incident_id: SmolStr,
}

/// What became of an approval.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApprovalEntry {
    /// The approval.
    pub approval: Approval,
    /// The run that used it.
    pub used_by: Option<RunId>,
    /// When it was withdrawn.
    pub withdrawn_at: Option<Timestamp>,
}

impl ApprovalEntry {
    /// Whether it was neither used nor withdrawn.
    pub fn is_open(&self) -> bool {
        self.used_by.is_none() && self.withdrawn_at.is_none()
    }
}

/// An execution of a plan as it is recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanRunEntry {
    /// Its id.
    pub run_id: RunId,
    /// How far it is.
    pub state: RunState,
    /// Who began it.
    pub initiated_by: UserId,
    /// When.
    pub started_at: Timestamp,
}

/// How many runs there were of plans of one kind, in one environment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PlanRunCounts {
    /// How many have ended.
    pub ended: u64,
    /// How many of them completed.
    pub completed: u64,
}

/// One thing to record of a plan; several are recorded at once, all or none of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PlanChange {
    /// It gets into another state.
    Move {
        /// Which.
        to: PlanState,
        /// Why, where that is worth keeping.
        reason: Option<String>,
    },
    /// Its document is another one: of a draft only.
    Redraft(Box<Plan>),
    /// Its task is given anew.
    Task(Box<Task>),
    /// It is approved, by one person.
    Approve(Box<Approval>),
    /// The open approvals with these nonces are withdrawn. To leave `approved` for any state, and
    /// `awaiting_approval` for an end, withdraws all of them.
    Withdraw(Vec<SmolStr>),
    /// Another plan took its place.
    ReplacedBy(PlanId),
    /// It is going to be carried out: exactly the approvals with these nonces are used for it.
    Use {
        /// The run.
        run_id: RunId,
        /// Who begins it.
        initiated_by: UserId,
        /// The approvals, each of which must be open.
        nonces: Vec<SmolStr>,
    },
}

/// Changes of one plan that were decided on as it was at one revision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanDecision {
    /// The plan.
    pub plan_id: PlanId,
    /// Its revision when this was decided.
    pub revision: u64,
    /// When.
    pub at: Timestamp,
    /// By whom.
    pub by: UserId,
    /// What is recorded, in this order.
    pub changes: Vec<PlanChange>,
    /// What the audit log says of it: the event, and more about it.
    pub event: &'static str,
    /// More about it.
    pub details: lorch_types::json::Object,
}

/// A plan that is new.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewPlan {
    /// The document.
    pub plan: Plan,
    /// The task that it is for, which is recorded.
    pub task_id: TaskId,
    /// When.
    pub at: Timestamp,
    /// By whom.
    pub by: UserId,
}
