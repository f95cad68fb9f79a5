//! Run records, plans with their approvals, and content-addressed documents, in SQLite.
//!
//! [`Store`] is the way in. A run is created with the instance that it is pinned to, and recorded
//! attempt by attempt as a list of [`Change`]s; whoever records holds the run's [`Lease`]. A plan
//! changes by [`PlanDecision`]s, each of which names the revision that it was taken on. Documents
//! are [`Blob`]s under the digest of their canonical text. Everything is readable with plain SQL:
//! the tables are in `migrations/`, and the view `steps` has the outcomes as the documents name them.

mod blob;
mod change;
mod error;
mod lease;
mod open;
mod owner;
mod plan;
mod record;
mod store;
mod writer;

pub use blob::Blob;
pub use change::{Change, StepChange};
pub use error::StoreError;
pub use lease::{Claim, Holder, Lease};
pub use open::sqlite_version;
pub use owner::{Owner, Process};
pub use plan::{
    Approval, ApprovalEntry, AuditRecord, BreakGlass, CommandKind, NewPlan, PlanChange,
    PlanDecision, PlanEntry, PlanRun, PlanRunCounts, PlanRunEntry, PlanRunLease, RunChange,
    RunCommand, TaskEntry, chain,
};
pub use record::{RunStatus, RunSummary};
pub use store::{Attempt, Store};
