//! What a run goes by.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use lorch_types::agent::{Action, AgentType};
use lorch_types::{Digest, Timestamp};

use crate::chance::Chance;
use crate::machine::Rules;
use crate::snapshot::SnapshotOptions;
use crate::supervise::{AgentEnvironment, Supervision};

/// What a run goes by.
#[derive(Clone, Debug)]
pub struct RunSettings {
    /// The folder of the workspace, in which agents run.
    pub dir: PathBuf,
    /// How much the run does by itself.
    pub rules: Rules,
    /// How agents are watched.
    pub supervision: Supervision,
    /// The agents that there are.
    pub agents: BTreeMap<AgentType, Configured>,
    /// How long an action may take, where it is not as [`default_timeout`] says.
    pub timeouts: BTreeMap<Action, Duration>,
    /// What snapshots take.
    pub snapshot: SnapshotOptions,
    /// The program that starts agents; see [`AgentSpec`](crate::AgentSpec).
    pub launcher: Option<Vec<OsString>>,
    /// The digest of the schemas of all documents.
    pub schema_set_digest: Digest,
    /// The digest of the configuration.
    pub config_digest: Digest,
    /// What tells the time.
    pub clock: fn() -> Timestamp,
    /// What ids and waiting times are drawn from.
    pub seed: u64,
}

/// An agent as it is configured.
#[derive(Clone, Debug)]
pub struct Configured {
    /// The program and its arguments.
    pub cmd: Vec<String>,
    /// Its environment.
    pub environment: AgentEnvironment,
}

impl RunSettings {
    /// How long an action may take.
    pub(super) fn timeout(&self, action: Action) -> Duration {
        self.timeouts.get(&action).copied().unwrap_or_else(|| default_timeout(action))
    }

    /// How long to wait after the `errors`-th error that may pass.
    pub(super) fn delay(&self, errors: u64, chance: &mut Chance) -> Duration {
        let before = u32::try_from(errors.saturating_sub(1)).unwrap_or(u32::MAX);
        self.supervision.backoff(before, chance)
    }
}

/// How long an action may take by default.
pub const fn default_timeout(action: Action) -> Duration {
    Duration::from_secs(match action {
        Action::Implement | Action::ImplementChanges => 600,
        Action::Review => 300,
        Action::UpdateSpec | Action::Intake | Action::TaskDiscovery => 180,
    })
}
