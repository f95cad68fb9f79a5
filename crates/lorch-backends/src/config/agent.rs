//! The agents that do tasks.

use std::collections::BTreeMap;

use lorch_types::PositiveInteger;
use lorch_types::agent::{Action, AgentType};
use serde::de::Error;
use serde::{Deserialize, Deserializer};

use super::EnvironmentVariable;

/// The agents of a workspace, by what they are for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Agents(BTreeMap<AgentType, Agent>);

/// `[agents.builder]`: a program that does what it is sent, and how it is started.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Agent {
    /// The program and its arguments; no shell reads them.
    pub cmd: Vec<String>,
    /// The variables of lorch's own environment that it is given; without an entry it gets none but
    /// those that every program needs.
    #[serde(default)]
    pub env: Vec<EnvironmentVariable>,
    /// How many seconds it has for an action.
    #[serde(default)]
    pub timeout_s: BTreeMap<Action, PositiveInteger>,
}

impl Agents {
    /// The agent that is configured for this.
    pub fn get(&self, agent: AgentType) -> Option<&Agent> {
        self.0.get(&agent)
    }

    /// All agents, by what they are for.
    pub fn iter(&self) -> impl Iterator<Item = (AgentType, &Agent)> {
        self.0.iter().map(|(agent, it)| (*agent, it))
    }
}

impl<'de> Deserialize<'de> for Agents {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let agents = BTreeMap::<AgentType, Agent>::deserialize(deserializer)?;
        for (agent, it) in &agents {
            let name = agent.as_str();
            if *agent == AgentType::System {
                return Err(D::Error::custom("`system` is lorch itself, and no agent"));
            }
            if it.cmd.first().is_none_or(String::is_empty) {
                return Err(D::Error::custom(format!("`cmd` of the agent `{name}` is empty")));
            }
            if let Some(action) = it.timeout_s.keys().find(|it| it.agent_type() != *agent) {
                let action = action.as_str();
                let message = format!("`{action}` in `timeout_s` is nothing that a {name} does");
                return Err(D::Error::custom(message));
            }
        }
        Ok(Self(agents))
    }
}
