//! The workspace of agents: what was said in a run, and what came of it.
//!
//! The ledger has every command and event as it was sent and received, durable before anything
//! depends on it, and chained, so that what was changed afterwards is found. Receipts and the run's
//! state are derived from it.
//!
//! In reading order: [`chain`] says how lines are chained; [`Ledger`] appends to a ledger and repairs
//! what a crash left; [`inspect`](fn@inspect) reads one from anywhere. [`snapshot`](fn@snapshot) says
//! what the workspace holds. [`Receipts`] and [`Lock`] are
//! the rest of what a run keeps. [`verify`](fn@verify) reads all of it where it stands, and says what
//! does not fit.
//!
//! [`Agent`] keeps an agent's process running. A [`Framer`] cuts what it writes into lines, an
//! [`InboundReader`] reads each of them, and [`launch`](fn@launch) is the process between lorch and the
//! agent that ends everything the agent started. [`sdk`] is for programs that are agents.
//!
//! The chain proves that a ledger agrees with itself. Who can write all files of a workspace can also
//! write a new chain: without a key or an anchor elsewhere nothing here proves more.

mod brief;
pub mod chain;
mod chance;
mod clock;
mod content;
mod document;
mod error;
mod file;
mod finding;
mod fold;
mod frame;
mod inbound;
mod inspect;
mod launch;
mod ledger;
mod lines;
mod lock;
mod look;
mod machine;
mod observe;
mod protocol;
mod receipt;
mod record;
mod run;
mod run_state;
pub mod sdk;
mod snapshot;
mod supervise;
mod time;
mod verify;

pub use content::Unread;
pub use error::{LedgerError, WorkspaceError};
pub use file::open_workspace;
pub use finding::Finding;
pub use fold::Fold;
pub use frame::{Frame, Framer};
pub use inbound::{Inbound, InboundReader, Refused};
pub use inspect::{Inspection, inspect};
pub use launch::launch;
pub use ledger::{Ledger, Recovery};
pub use lock::{Lock, LockError, Owner};
pub use look::{Entries, Entry, Look, look, proposed_task, runs};
pub use machine::{
    Answer, Assignment, Decision, End, Failure, Feedback, Heed, Machine, Next, OWN_INPUTS,
    Observation, Order, OutOfPlace, Question, QuestionKind, Rules,
};
pub use receipt::{Receipts, Work};
pub use run::{Audience, Configured, Ending, Run, RunError, RunSettings, Told, default_timeout};
pub use run_state::{read_run_state, write_run_state};
pub use snapshot::{
    GitIgnore, Refusal, Snapshot, SnapshotError, SnapshotOptions, read_snapshot, snapshot,
    write_snapshot,
};
pub use supervise::{
    Agent, AgentEnvironment, AgentSpec, Fault, GaveUp, Heard, SendError, Supervision, What,
};
pub use verify::{Verification, verify};
