//! The agents that work on a run.

use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, Sender, channel};

use lorch_types::agent::{AgentRunId, AgentType};

use super::RunError;
use super::settings::{Configured, RunSettings};
use crate::error::WorkspaceError;
use crate::file::LOGS;
use crate::supervise::{Agent, AgentSpec, Heard, SendError};

/// The agents that work on a run; each is started when it is first needed.
#[derive(Debug)]
pub(super) struct Crew {
    agents: BTreeMap<AgentType, Member>,
    heard: Sender<Heard>,
}

#[derive(Debug)]
struct Member {
    agent: Agent,
    /// The life in which it is ready for commands.
    ready: Option<u64>,
}

impl Crew {
    /// No agents yet, and where they are heard.
    pub(super) fn new() -> (Self, Receiver<Heard>) {
        let (heard, inbox) = channel();
        (Self { agents: BTreeMap::new(), heard }, inbox)
    }

    /// Starts an agent, unless it works already.
    pub(super) fn start(
        &mut self,
        agent: AgentType,
        settings: &RunSettings,
        run: &AgentRunId,
    ) -> Result<(), RunError> {
        if self.agents.contains_key(&agent) {
            return Ok(());
        }
        let Configured { cmd, environment } =
            settings.agents.get(&agent).ok_or(RunError::NoAgent { agent })?.clone();
        let spec = AgentSpec {
            agent,
            run: run.clone(),
            cmd,
            environment,
            dir: settings.dir.clone(),
            launcher: settings.launcher.clone(),
        };
        let started = Agent::start(spec, settings.supervision.clone(), self.heard.clone());
        let started = started.map_err(WorkspaceError::at(LOGS))?;
        self.agents.insert(agent, Member { agent: started, ready: None });
        Ok(())
    }

    pub(super) fn is_ready(&self, agent: AgentType) -> bool {
        self.agents.get(&agent).is_some_and(|member| member.ready.is_some())
    }

    /// Takes that an agent is ready for commands in this life.
    pub(super) fn ready(&mut self, agent: AgentType, life: u64) {
        self.set_ready(agent, Some(life));
    }

    /// Takes that the process of an agent is not the one any more that was ready.
    pub(super) fn lost(&mut self, agent: AgentType) {
        self.set_ready(agent, None);
    }

    fn set_ready(&mut self, agent: AgentType, ready: Option<u64>) {
        if let Some(member) = self.agents.get_mut(&agent) {
            member.ready = ready;
        }
    }

    /// Sends a line to an agent in the life in which it was ready: the next one is asked anew, once it
    /// is known that this one is over.
    ///
    /// # Errors
    /// Why it cannot be sent.
    pub(super) fn send(&self, agent: AgentType, line: &[u8]) -> Result<(), SendError> {
        let member = self.agents.get(&agent).ok_or(SendError::NotRunning)?;
        member.agent.send_in(member.ready.ok_or(SendError::NotRunning)?, line)
    }

    /// Has an agent started again.
    pub(super) fn restart(&mut self, agent: AgentType, reason: String) {
        if let Some(member) = self.agents.get_mut(&agent) {
            member.ready = None;
            member.agent.restart(&reason);
        }
    }

    /// Takes that an agent broke the protocol.
    pub(super) fn strike(&self, agent: AgentType) {
        if let Some(member) = self.agents.get(&agent) {
            member.agent.strike();
        }
    }

    /// Stops all agents, all at once, and waits for their ends.
    pub(super) fn stop(&mut self) {
        let members = std::mem::take(&mut self.agents);
        std::thread::scope(|scope| {
            for (_, member) in members {
                scope.spawn(move || member.agent.stop());
            }
        });
    }
}
