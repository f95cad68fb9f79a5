//! What can go wrong with the store.

use std::path::PathBuf;
use std::sync::Arc;

use lorch_types::Digest;
use lorch_types::job::{AttemptStatus, RunId, StepPath};
use lorch_types::machine::IllegalTransition;
use lorch_types::plan::{PlanId, RunId as PlanRunId, RunState, TaskId, UserId};

use crate::Holder;

/// Why the store could not be opened, read or written.
///
/// After any of these nothing of the call is recorded, and everything recorded before it is.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The file cannot be opened or made: its folder is missing or may not be written.
    #[error("cannot open the run store `{}`", path.display())]
    Open {
        /// The store's file.
        path: PathBuf,
        /// Why.
        #[source]
        source: Arc<dyn std::error::Error + Send + Sync>,
    },
    /// The file is no SQLite database.
    #[error("`{}` is no run store: it is not a SQLite database", path.display())]
    NotADatabase {
        /// The file.
        path: PathBuf,
    },
    /// The database belongs to another program.
    #[error("`{}` is no run store: it is a database of another program", path.display())]
    Foreign {
        /// The database.
        path: PathBuf,
        /// The `application_id` it carries; 0 when it carries none.
        application_id: i32,
    },
    /// The store was written by a newer lorch.
    #[error(
        "the run store `{}` has version {found}, and this lorch reads up to {known}: use a newer lorch",
        path.display()
    )]
    Newer {
        /// The store.
        path: PathBuf,
        /// Its version.
        found: i32,
        /// The newest version that this program knows.
        known: i32,
    },
    /// The SQLite linked into this program can corrupt a WAL file.
    #[error("SQLite {version} can corrupt a store; 3.51.3 or later is needed")]
    UnsafeSqlite {
        /// The version linked.
        version: &'static str,
    },
    /// There is no such run.
    #[error("there is no run {run_id}")]
    NoSuchRun {
        /// The id asked for.
        run_id: RunId,
    },
    /// A run with this id is recorded already.
    #[error("the run {run_id} exists already")]
    RunExists {
        /// The id.
        run_id: RunId,
    },
    /// Another owner holds the run.
    #[error("the run {run_id} is held by {holder}")]
    Held {
        /// The run.
        run_id: RunId,
        /// Who holds it.
        holder: Box<Holder>,
    },
    /// The lease was taken over, or given back, since it was taken.
    #[error("the lease on the run {run_id} is lost: {}", lost_to(holder.as_deref(), *status))]
    LeaseLost {
        /// The run.
        run_id: RunId,
        /// Who holds it now, if anybody does.
        holder: Option<Box<Holder>>,
        /// How far the newest attempt is.
        status: AttemptStatus,
    },
    /// What was to be recorded does not follow from what is recorded.
    #[error("step `{step_id}` of the run {run_id}")]
    IllegalStep {
        /// The run.
        run_id: RunId,
        /// The step.
        step_id: StepPath,
        /// The change that cannot be.
        source: Box<IllegalTransition>,
    },
    /// The attempt is no longer under way.
    #[error("attempt {attempt_n} of the run {run_id} has ended")]
    AttemptEnded {
        /// The run.
        run_id: RunId,
        /// The attempt.
        attempt_n: u64,
    },
    /// There is no such task.
    #[error("there is no task {task_id}")]
    NoSuchTask {
        /// The id asked for.
        task_id: TaskId,
    },
    /// The task is recorded with another creator or another organization.
    #[error("the task {task_id} is recorded as that of another creator or organization")]
    TaskOfAnother {
        /// The task.
        task_id: TaskId,
    },
    /// A task's state does not lead to the other.
    #[error("the task {task_id}")]
    IllegalTask {
        /// The task.
        task_id: TaskId,
        /// The change that cannot be.
        source: Box<IllegalTransition>,
    },
    /// There is no such plan.
    #[error("there is no plan {plan_id}")]
    NoSuchPlan {
        /// The id asked for.
        plan_id: PlanId,
    },
    /// A plan with this id is recorded already, with another content.
    #[error("there is a plan {plan_id} already, and a changed plan is another one")]
    PlanExists {
        /// The id.
        plan_id: PlanId,
    },
    /// The plan changed between the decision and its record.
    #[error("the plan {plan_id} has changed meanwhile")]
    PlanChanged {
        /// The plan.
        plan_id: PlanId,
    },
    /// A plan's state does not lead to the other.
    #[error("the plan {plan_id}")]
    IllegalPlan {
        /// The plan.
        plan_id: PlanId,
        /// The change that cannot be.
        source: Box<IllegalTransition>,
    },
    /// A run of the plan has not ended.
    #[error("the plan {plan_id} is being carried out")]
    PlanRuns {
        /// The plan.
        plan_id: PlanId,
    },
    /// Another plan of the same task awaits approval, or has it.
    #[error("another plan of the task of {plan_id} awaits approval, or has it")]
    PlanHasRival {
        /// The plan.
        plan_id: PlanId,
    },
    /// There is an open approval of this person.
    #[error("`{approver}` has approved the plan {plan_id} already")]
    ApprovedAlready {
        /// The plan.
        plan_id: PlanId,
        /// Who.
        approver: UserId,
    },
    /// An approval was used, or withdrawn, meanwhile.
    #[error("an approval of the plan {plan_id} is used already")]
    ApprovalUsed {
        /// The plan.
        plan_id: PlanId,
    },
    /// No execution of a plan has this id.
    #[error("there is no run {run_id} of a plan")]
    NoSuchPlanRun {
        /// The id asked for.
        run_id: PlanRunId,
    },
    /// Another process carries the run out.
    #[error("the run {run_id} is carried out by {holder}")]
    PlanRunHeld {
        /// The run.
        run_id: PlanRunId,
        /// Who.
        holder: Box<Holder>,
    },
    /// Another process took the run over.
    #[error("the run {run_id} was taken over by another process")]
    PlanRunLost {
        /// The run.
        run_id: PlanRunId,
    },
    /// The run has ended: nothing can be wanted of it.
    #[error("the run {run_id} is {} already", state.as_str())]
    PlanRunEnded {
        /// The run.
        run_id: PlanRunId,
        /// How it ended.
        state: RunState,
    },
    /// The state of a run does not lead to the one wanted.
    #[error("the run {run_id}")]
    IllegalPlanRun {
        /// The run.
        run_id: PlanRunId,
        /// The change that cannot be.
        source: Box<IllegalTransition>,
    },
    /// No document has this digest.
    #[error("the store has no document {digest}")]
    NoSuchBlob {
        /// The digest asked for.
        digest: Digest,
    },
    /// What is stored is not what was stored, or no document that this program reads.
    #[error("the run store is damaged: {what}")]
    Damaged {
        /// What was noticed, and where.
        what: String,
    },
    /// The disk is full.
    #[error("the disk is full: nothing more can be recorded until there is space")]
    Full,
    /// Another process kept the store locked.
    #[error("the run store is busy: another process has kept it locked for {seconds} s")]
    Busy {
        /// How long it was waited for.
        seconds: u64,
    },
    /// The store may be read, but not written.
    #[error("the run store cannot be written: the file or its folder is read-only")]
    ReadOnly,
    /// Reading or writing the file failed. After a failed write nothing more is written, since what is
    /// on the disk is no longer known.
    #[error("reading or writing the run store failed")]
    Io(#[source] Arc<rusqlite::Error>),
    /// An earlier write failed in a way after which nothing more may be written.
    #[error("the run store stopped after a failed write: start again to go on")]
    Stopped,
    /// SQLite failed for another reason.
    #[error("the run store failed")]
    Database(#[source] Arc<rusqlite::Error>),
}

fn lost_to(holder: Option<&Holder>, status: AttemptStatus) -> String {
    match (holder, status) {
        (Some(holder), _) => format!("it is held by {holder} now"),
        (None, AttemptStatus::Running) => "nobody holds it now".to_owned(),
        (None, AttemptStatus::Completed) => "the run has completed meanwhile".to_owned(),
        (None, AttemptStatus::Failed) => "the run has failed meanwhile".to_owned(),
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode;
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::Full,
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
                Self::Busy { seconds: crate::open::BUSY_TIMEOUT.as_secs() }
            }
            Some(ErrorCode::ReadOnly) => Self::ReadOnly,
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
                Self::Damaged { what: error.to_string() }
            }
            Some(ErrorCode::SystemIoFailure) => Self::Io(Arc::new(error)),
            _ => Self::Database(Arc::new(error)),
        }
    }
}

impl StoreError {
    /// What is stored under `place` cannot be read as what it should be.
    pub(crate) fn damaged(place: &str, reason: impl std::fmt::Display) -> Self {
        Self::Damaged { what: format!("{place}: {reason}") }
    }
}
