//! What `lorch.toml` may say.
//!
//! Everything is optional: [`Config::default`] is what holds without the file. Nothing secret
//! stands in it; a secret names the environment variable that holds it.

mod agent;
mod data_plane;
mod host;
mod limits;
mod llm;
mod notify;
mod probe;
mod program;
mod secret;
mod snapshot;
mod supervision;
mod task;
mod tool;

use std::collections::BTreeMap;
use std::ops::Range;

use lorch_types::Digest;
use lorch_types::agent::TaskId;
use lorch_types::json::Value;
use lorch_types::plan::{Metric, MetricType};
use serde::de::Error;
use serde::{Deserialize, Deserializer};

pub use agent::{Agent, Agents};
pub use data_plane::{DataPlane, DataPlaneUrl, InvalidDataPlaneUrl};
pub use host::{AllowedHost, InvalidHost};
pub use limits::Limits;
pub use llm::{BaseUrl, InvalidBaseUrl, Llm};
pub use notify::Notify;
pub use probe::{Assets, Execution, NoProbe, Probe};
pub use program::{AllowedProgram, InvalidProgram};
pub use secret::{
    EnvironmentVariable, InvalidSecretName, InvalidVariable, SecretName, SecretSource,
};
pub use snapshot::Snapshot;
pub use supervision::Supervision;
pub use task::Task;
pub use tool::{NoSuchInverse, Tool, ToolRisk, ToolScope, Tools};

/// The configuration of a workspace.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Where runs are recorded.
    pub store: Store,
    /// Where tables are.
    pub data_plane: DataPlane,
    /// What steps may reach and start.
    pub allow: Allow,
    /// The language model that `compute.llm` asks.
    pub llm: Option<Llm>,
    /// The webhook that is told when a person is needed.
    pub notify: Option<Notify>,
    /// Where each secret comes from, by the name that jobs use.
    pub secrets: BTreeMap<SecretName, SecretSource>,
    /// How large things may become.
    pub limits: Limits,
    /// What snapshots take.
    pub snapshot: Snapshot,
    /// The agents that do tasks.
    pub agents: Agents,
    /// How agents are watched.
    pub supervision: Supervision,
    /// What tasks are about.
    pub tasks: BTreeMap<TaskId, Task>,
    /// The tools that plans may name.
    pub tools: Tools,
    /// The metrics that conditions of plans may name besides those that are always there.
    pub metrics: BTreeMap<Metric, MetricType>,
    /// How metrics are measured.
    pub probes: BTreeMap<Metric, Probe>,
    /// Where the assets of plans are reached.
    pub assets: Assets,
    /// The pace at which plans are carried out.
    pub execution: Execution,
}

/// `[store]`: where runs are recorded.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Store {
    /// The SQLite file, relative to the workspace or absolute.
    pub path: String,
}

/// `[allow]`: what steps may reach and start; nothing without an entry.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Allow {
    /// The hosts that `compute.http` may reach.
    pub hosts: Vec<AllowedHost>,
    /// The programs that `compute.exec` may start.
    pub programs: Vec<AllowedProgram>,
}

/// A `lorch.toml` that says something it cannot say.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {message}")]
pub struct ConfigError {
    /// What is wrong; lower case, no full stop.
    pub message: String,
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// The bytes of the text that are at fault.
    pub span: Range<usize>,
}

impl Config {
    /// The configuration that `text` holds.
    ///
    /// # Errors
    /// The first thing in it that is no TOML, no known field, or no valid value.
    pub fn parse(text: &str) -> Result<Self, ConfigError> {
        toml::from_str(text).map_err(|error| ConfigError::at(text, &error))
    }

    /// The digest of what `text` says, however it is laid out.
    ///
    /// # Errors
    /// When it is no TOML, or holds a number that documents have not.
    pub fn digest(text: &str) -> Result<Digest, ConfigError> {
        let said: Value = toml::from_str(text).map_err(|error| ConfigError::at(text, &error))?;
        Ok(Digest::of(&said))
    }
}

impl ConfigError {
    fn at(text: &str, error: &toml::de::Error) -> Self {
        let span = error.span().unwrap_or(0..0);
        let before = text.get(..span.start).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let column = before.get(line_start..).unwrap_or_default().chars().count() + 1;
        let line = before.matches('\n').count() + 1;
        let message = error.message().trim_end().replace('\n', "; ");
        Self { message, line, column, span }
    }
}

impl Default for Store {
    fn default() -> Self {
        Self { path: ".lorch/lorch.db".to_owned() }
    }
}

/// Serde through `FromStr`.
macro_rules! through_text {
    ($($name:ty),*) => {$(
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(Error::custom)
            }
        }
    )*};
}

through_text!(AllowedHost, AllowedProgram, BaseUrl, DataPlaneUrl, EnvironmentVariable, SecretName);
