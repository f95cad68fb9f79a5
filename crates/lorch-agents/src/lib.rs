//! The ledger of an agents' run: every command and event as it was sent and received, durable before
//! anything depends on it, and chained, so that what was changed afterwards is found.
//!
//! In reading order: [`chain`] says how lines are chained; [`Ledger`] appends to a ledger and repairs
//! what a crash left; [`verify`](fn@verify) reads one where it stands, [`inspect`](fn@inspect) from
//! anywhere, and says what does not fit.
//!
//! The chain proves that a ledger agrees with itself. Who can write all files of a workspace can also
//! write a new chain: without a key or an anchor elsewhere nothing here proves more.

pub mod chain;
mod error;
mod file;
mod finding;
mod inspect;
mod ledger;
mod lines;
mod verify;

pub use error::LedgerError;
pub use file::open_workspace;
pub use finding::Finding;
pub use inspect::{Inspection, inspect};
pub use ledger::{Ledger, Recovery};
pub use verify::verify;
