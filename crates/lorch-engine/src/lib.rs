//! Runs compiled jobs: attempts, leases, resumption.
//!
//! [`Engine::start`] begins a run and [`Engine::resume`] goes on with one; both return when the
//! attempt has ended, and tell an [`Observer`] what happens on the way. Whatever is dispatched was
//! made durable before, and an outcome is durable before anything that depends on it begins; the
//! end of one step and the start of the next share one commit.
//!
//! An engine is shared by as many threads as there are to be runs at once: their commits are
//! grouped by the store.

mod attempt;
mod engine;
mod error;
mod event;
mod heartbeat;
mod outputs;

pub use engine::{Conclusion, Engine, Settings, system_clock};
pub use error::EngineError;
pub use event::{Event, Observer};
