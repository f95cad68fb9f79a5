//! How agents are watched.

use lorch_types::{NaturalInteger, PositiveInteger};
use serde::Deserialize;

/// `[supervision]`: how much of their own time and how many faults agents have; what is not said is
/// as the documentation says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Supervision {
    /// How many rounds of changes a task has before a person is asked; 5.
    pub max_rounds: Option<PositiveInteger>,
    /// How often the same work is asked for when errors end it that may pass; 3.
    pub max_attempts: Option<PositiveInteger>,
    /// How many seconds an agent has from its start to its first heartbeat that says it is ready; 30.
    pub ready_s: Option<PositiveInteger>,
    /// How many seconds lie between heartbeats; 10.
    pub heartbeat_s: Option<PositiveInteger>,
    /// How many heartbeats may be missed; 3.
    pub missed_heartbeats: Option<PositiveInteger>,
    /// After how many seconds without progress a busy agent counts as stalled; 120.
    pub stalled_s: Option<PositiveInteger>,
    /// How many lines of an agent are refused within a minute before it is started again; 20.
    pub strikes: Option<PositiveInteger>,
    /// How many seconds an agent has to end when it is told to; 5.
    pub stop_s: Option<NaturalInteger>,
    /// How often an agent is started again in a run; 5.
    pub max_restarts: Option<NaturalInteger>,
    /// The most seconds before it is started again, or asked again after an error; 60.
    pub max_backoff_s: Option<NaturalInteger>,
}
