//! What a run has come to: its ledger, folded through the machine of the loop.

use std::collections::BTreeMap;

use lorch_types::agent::{
    AgentRunId, AgentType, Artifact, Command, CommandId, CorrelationId, Event, EventId, EventType,
    RunState, RunStatus, SnapshotId, TaskId, WorkspacePath,
};
use lorch_types::{SmolStr, Timestamp};

use crate::brief::{About, Brief, Spoken};
use crate::machine::{Assignment, End, Heed, Machine, Next, OutOfPlace, Remark, Rules};
use crate::receipt::Work;

/// What a run has come to, message by message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fold {
    machine: Machine,
    base: Option<SnapshotId>,
    correlation: Option<CorrelationId>,
    last_command: Option<CommandId>,
    last_event: Option<EventId>,
    terminal_events: BTreeMap<SmolStr, EventType>,
    last_event_at: Option<Timestamp>,
    /// The work that is done, with when it was found to be.
    works: Vec<(Work, Timestamp)>,
    /// What lorch found last of each file that work was about; nothing where it is gone.
    known: BTreeMap<WorkspacePath, Option<Artifact>>,
}

impl Fold {
    /// The fold of no message.
    pub fn new(rules: Rules, assignment: Option<Assignment>) -> Self {
        Self {
            machine: Machine::new(rules, assignment),
            base: None,
            correlation: None,
            last_command: None,
            last_event: None,
            terminal_events: BTreeMap::new(),
            last_event_at: None,
            works: Vec::new(),
            known: BTreeMap::new(),
        }
    }

    /// Where the loop stands.
    pub fn machine(&self) -> &Machine {
        &self.machine
    }

    /// The same, to be told what no message tells.
    pub fn machine_mut(&mut self) -> &mut Machine {
        &mut self.machine
    }

    /// The correlation of the last command.
    pub(crate) fn correlation(&self) -> Option<&CorrelationId> {
        self.correlation.as_ref()
    }

    /// What lorch found last of each file that work was about; nothing where it is gone.
    pub(crate) fn known(&self) -> &BTreeMap<WorkspacePath, Option<Artifact>> {
        &self.known
    }

    /// The work that was done since this was asked last, oldest first, with when it was found to be.
    pub fn take_works(&mut self) -> Vec<(Work, Timestamp)> {
        std::mem::take(&mut self.works)
    }

    /// Takes a command that was sent.
    ///
    /// # Errors
    /// When it cannot stand here.
    pub fn command(&mut self, command: &Command) -> Result<Heed, OutOfPlace> {
        let heed = self.machine.command(command)?;
        self.base.get_or_insert_with(|| command.version.snapshot_id.clone());
        self.correlation = Some(command.correlation_id.clone());
        self.last_command = Some(command.message_id.clone());
        let found_at = self.last_event_at.unwrap_or(command.deadline);
        Ok(self.keep(heed, found_at))
    }

    /// Takes an event that was received, or that lorch recorded itself.
    ///
    /// # Errors
    /// When lorch itself cannot have recorded it here.
    pub fn event(&mut self, event: &Event) -> Result<Heed, OutOfPlace> {
        let was_pending = self.machine.pending().is_some();
        let heed = self.machine.event(event)?;
        self.last_event = Some(event.message_id.clone());
        let from = event.from.agent_type;
        let is_heeded = !matches!(heed, Heed::Refused(_));
        if is_heeded && was_pending && self.machine.pending().is_none() && from != AgentType::System
        {
            self.terminal_events.insert(from.as_str().into(), event.event);
        }
        if is_heeded {
            self.last_event_at = Some(event.occurred_at);
            self.known.extend(event.words_on_files());
        }
        Ok(self.keep(heed, event.occurred_at))
    }

    /// Takes a message of a ledger.
    ///
    /// # Errors
    /// When it cannot stand here.
    pub(crate) fn line(&mut self, brief: &Brief<'_>, text: &[u8]) -> Result<Heed, OutOfPlace> {
        if let About::Event(event, from) = brief.about
            && from != AgentType::System
            && matches!(event, EventType::BuilderProgress | EventType::ArtifactProduced)
        {
            self.last_event = brief.message_id.parse().ok();
            let (message_id, correlation_id) = (&*brief.message_id, &*brief.correlation_id);
            return Ok(self.machine.remark(&Remark { message_id, correlation_id, from, event }));
        }
        match Spoken::read(text) {
            Ok(Spoken::Command(command)) => self.command(&command),
            Ok(Spoken::Event(event)) => self.event(&event),
            Err(reason) => Err(OutOfPlace { message: brief.message_id.to_string(), reason }),
        }
    }

    /// The state of the run; `None` before its first command.
    pub fn run_state(&self, run: &AgentRunId) -> Option<RunState> {
        let task_id = self.machine.assignment()?.task_id.clone();
        Some(self.state_of(run, task_id, self.base.clone()?))
    }

    /// The state of a run about this task that began with this snapshot.
    pub(crate) fn state_of(
        &self,
        run: &AgentRunId,
        task_id: TaskId,
        snapshot_id: SnapshotId,
    ) -> RunState {
        let status = match self.machine.next() {
            Some(Next::End(End::Completed)) => RunStatus::Completed,
            Some(Next::End(End::Failed(_))) => RunStatus::Failed,
            Some(Next::End(End::Aborted)) => RunStatus::Aborted,
            _ => RunStatus::Running,
        };
        let terminal_events = self.terminal_events.clone();
        RunState {
            run_id: run.clone(),
            status,
            task_id,
            snapshot_id,
            current_stage: self.machine.stage(),
            started_at: run.began().unwrap_or_else(Timestamp::unix_epoch),
            correlation_id: self.correlation.clone().filter(|_| self.machine.pending().is_some()),
            completed_at: self.last_event_at.filter(|_| status != RunStatus::Running),
            last_command_id: self.last_command.clone(),
            last_event_id: self.last_event.clone(),
            terminal_events: Some(terminal_events).filter(|events| !events.is_empty()),
        }
    }

    fn keep(&mut self, heed: Heed, found_at: Timestamp) -> Heed {
        if let Heed::Finished(work) = &heed {
            let artifacts = work.artifacts.iter();
            self.known.extend(artifacts.map(|it| (it.path.clone(), Some(it.clone()))));
            self.works.push((Work::clone(work), found_at));
        }
        heed
    }
}
