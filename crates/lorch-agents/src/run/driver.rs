//! Drives a run: does what the machine of the loop says, with the agents that work on it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use fail::fail_point;
use lorch_types::Timestamp;
use lorch_types::agent::{
    Action, AgentType, Command, Event, EventType, SnapshotId, SnapshotManifest,
};
use lorch_types::json::Object;

use super::crew::Crew;
use super::scribe::Scribe;
use super::{Audience, Ending, Run, RunError, Told, message};
use crate::chain::Direction;
use crate::error::WorkspaceError;
use crate::machine::{Decision, Failure, Heed, Next, Order, Question};
use crate::observe::observe;
use crate::snapshot::{note_snapshot, read_snapshot, snapshot};
use crate::supervise::{Heard, SendError, What};

/// How long a wait goes on before it is looked whether a person wants the run to stop.
const GLANCE: Duration = Duration::from_millis(100);

/// A run with the agents that work on it.
pub(super) struct Driver<'d> {
    pub(super) run: &'d mut Run,
    pub(super) crew: &'d mut Crew,
    pub(super) inbox: Receiver<Heard>,
    pub(super) stop: &'d AtomicBool,
    pub(super) audience: &'d mut dyn Audience,
    pub(super) scribe: &'d Scribe,
}

/// Why waiting for agents ended.
enum Woken {
    /// One of them said something.
    Heard,
    /// The time is over.
    TimeOut,
    /// A person wants this process to stop.
    Stopped,
}

impl Driver<'_> {
    /// Drives the run until it ends, a person is needed who is not there, or this process is to stop.
    pub(super) fn drive(&mut self) -> Result<Ending, RunError> {
        loop {
            if self.stop.load(Ordering::Relaxed) || self.scribe.has_failed() {
                return Ok(Ending::Interrupted);
            }
            let audience = &mut *self.audience;
            self.scribe.written().for_each(|receipt| audience.told(Told::Receipt(&receipt)));
            let machine = self.run.fold.machine();
            let next =
                machine.next().ok_or_else(|| RunError::NoTask { run: self.run.id.clone() })?;
            match next {
                Next::Send(order) => self.send(&order)?,
                Next::SendAgain(command, errors) => {
                    let command = command.clone();
                    self.send_again(&command, errors)?;
                }
                Next::Await(command) => {
                    let action = command.action;
                    self.wait(action)?;
                }
                Next::Observe(command, event) => {
                    let (command, event) = (command.clone(), event.clone());
                    self.observe(&command, &event)?;
                }
                Next::Ask(question) => {
                    let question = question.clone();
                    self.ask(&question)?;
                }
                Next::Decide(question) => {
                    let question = question.clone();
                    match self.audience.decide(&question) {
                        Some(decision) => self.decide(&decision)?,
                        None => return Ok(Ending::Paused(question)),
                    }
                }
                Next::End(end) => {
                    let end = end.clone();
                    self.run.ledger.sync()?;
                    return Ok(Ending::Ended(end));
                }
            }
        }
    }

    /// Asks an agent for something new.
    fn send(&mut self, order: &Order) -> Result<(), RunError> {
        if !self.is_ready(order.action.agent_type(), None)? {
            return Ok(());
        }
        let before = match self.run.fresh.take() {
            Some(fresh) => fresh,
            None => self.snapshot()?,
        };
        note_snapshot(&self.run.root, &before)?;
        let command = self.run.command(order, &before)?;
        self.dispatch(&command, Some(before.snapshot_id))
    }

    /// Asks an agent again for what it was asked for before.
    fn send_again(&mut self, before: &Command, errors: u64) -> Result<(), RunError> {
        let agent = before.action.agent_type();
        let delay = match errors {
            0 => Duration::ZERO,
            errors => self.run.settings.delay(errors, &mut self.run.chance),
        };
        if !self.is_ready(agent, Some(Instant::now() + delay))? {
            return Ok(());
        }
        let command = self.run.again(before);
        self.dispatch(&command, None)
    }

    /// Makes a command durable, sends it, and writes what lags behind while the agent works.
    fn dispatch(
        &mut self,
        command: &Command,
        snapshot: Option<SnapshotId>,
    ) -> Result<(), RunError> {
        let line = message::line(command)?;
        let now = self.run.now();
        fail_point!("command-recorded-before");
        self.run.ledger.append(&line, Direction::Out, now)?;
        fail_point!("command-recorded-after");
        self.run.fold.command(command)?;
        let agent = command.action.agent_type();
        self.run.deadline = Some(Instant::now() + self.run.settings.timeout(command.action));
        self.audience.told(Told::Sent(command));
        match self.crew.send(agent, &line) {
            Ok(()) => {}
            // Its end is about to be heard.
            Err(SendError::NotRunning) => {
                self.crew.lost(agent);
                self.run.fold.machine_mut().lose();
            }
            Err(error) => self.crew.restart(agent, error.to_string()),
        }
        fail_point!("command-sent");
        self.write_derived(snapshot)
    }

    /// Has written what lags behind, while an agent works.
    fn write_derived(&mut self, snapshot: Option<SnapshotId>) -> Result<(), RunError> {
        let derived = self.run.derived(snapshot)?;
        self.scribe.write(derived);
        Ok(())
    }

    /// Waits until an agent is ready, and at least until a moment; `false` when something else comes
    /// first.
    fn is_ready(&mut self, agent: AgentType, from: Option<Instant>) -> Result<bool, RunError> {
        self.crew.start(agent, &self.run.settings, &self.run.id)?;
        loop {
            let is_early = from.is_some_and(|from| Instant::now() < from);
            if self.crew.is_ready(agent) && !is_early {
                return Ok(true);
            }
            self.run.fresh = None;
            let before = self.run.ledger.lines();
            match self.hear(from.filter(|_| is_early))? {
                Woken::Stopped => return Ok(false),
                // The answer came after all.
                Woken::Heard if self.run.ledger.lines() > before => return Ok(false),
                Woken::Heard | Woken::TimeOut => {}
            }
        }
    }

    /// Waits for what ends the pending command, or does so where its time is over.
    fn wait(&mut self, action: Action) -> Result<(), RunError> {
        self.run.fresh = None;
        match self.hear(self.run.deadline)? {
            Woken::Heard | Woken::Stopped => Ok(()),
            Woken::TimeOut => {
                let agent = action.agent_type();
                let seconds = self.run.settings.timeout(action).as_secs();
                let message = format!("no answer to `{}` within {seconds} s", action.as_str());
                self.crew.restart(agent, message.clone());
                let failure =
                    Failure { code: "deadline_exceeded".to_owned(), message, retriable: true };
                self.record_about_pending(EventType::Error, failure.payload())
            }
        }
    }

    /// Hears one thing of an agent, if anything comes in time.
    fn hear(&mut self, until: Option<Instant>) -> Result<Woken, RunError> {
        loop {
            if self.stop.load(Ordering::Relaxed) || self.scribe.has_failed() {
                return Ok(Woken::Stopped);
            }
            let left = until.map(|until| until.saturating_duration_since(Instant::now()));
            if left == Some(Duration::ZERO) {
                return Ok(Woken::TimeOut);
            }
            match self.inbox.recv_timeout(left.map_or(GLANCE, |left| left.min(GLANCE))) {
                Ok(heard) => {
                    self.take(heard)?;
                    return Ok(Woken::Heard);
                }
                Err(RecvTimeoutError::Timeout) => {}
                // The crew holds the other end.
                Err(RecvTimeoutError::Disconnected) => return Ok(Woken::Stopped),
            }
        }
    }

    fn take(&mut self, heard: Heard) -> Result<(), RunError> {
        let agent = heard.agent;
        let is_asked = |command: &Command| command.action.agent_type() == agent;
        match &heard.what {
            What::Event { line, event } => self.event(agent, line, event, heard.at)?,
            What::Ready => self.crew.ready(agent, heard.life),
            What::Started { .. } | What::Restarting { .. } | What::Exited { .. } => {
                self.crew.lost(agent);
                if self.run.fold.machine().pending().is_some_and(is_asked) {
                    self.run.fold.machine_mut().lose();
                }
            }
            What::GaveUp { reason } => {
                let reason = reason.to_string();
                self.audience.told(Told::Agent(&heard));
                return Err(RunError::GaveUp { agent, reason });
            }
            _ => {}
        }
        if !matches!(heard.what, What::Event { .. }) {
            self.audience.told(Told::Agent(&heard));
        }
        Ok(())
    }

    /// Takes an event that an agent sent.
    fn event(
        &mut self,
        agent: AgentType,
        line: &[u8],
        event: &Event,
        at: Timestamp,
    ) -> Result<(), RunError> {
        if let Some(reason) = self.run.forgery(agent, event) {
            // It stands in no ledger: read again, it could not be told from a true one.
            self.crew.strike(agent);
            self.audience.told(Told::Event { event, refused: Some(&reason) });
            return Ok(());
        }
        self.run.ledger.note(line, Direction::In, at)?;
        let heed = self.run.fold.event(event)?;
        if self.run.fold.machine().pending().is_none() {
            // Whatever follows from it comes after it.
            fail_point!("answer-recorded-before");
            self.run.ledger.sync()?;
            fail_point!("answer-recorded-after");
        }
        let refused = match &heed {
            Heed::Refused(reason) => Some(reason.as_str()),
            Heed::Taken | Heed::Finished(_) => None,
        };
        if refused.is_some() {
            self.crew.strike(agent);
        }
        self.audience.told(Told::Event { event, refused });
        Ok(())
    }

    /// Looks at what the work on a command did.
    fn observe(&mut self, command: &Command, claim: &Event) -> Result<(), RunError> {
        let after = self.snapshot()?;
        note_snapshot(&self.run.root, &after)?;
        let before = match read_snapshot(&self.run.root, &command.version.snapshot_id) {
            // It was not durable yet when the power failed: only what the agent claims is found.
            Err(WorkspaceError::NoDocument { .. }) => None,
            before => before?,
        };
        let found = observe(&self.run.root, command, claim, before.as_ref(), &after);
        self.audience.told(Told::Observed { command, found: &found });
        for part in found.parts() {
            let event = self.run.observation_event(command, part);
            self.run.note(&event)?;
        }
        fail_point!("observation-noted");
        self.run.fresh = Some(after);
        Ok(())
    }

    fn ask(&mut self, question: &Question) -> Result<(), RunError> {
        let event = self.run.question_event(question);
        self.run.note(&event)?;
        self.run.ledger.sync()?;
        fail_point!("question-recorded");
        self.write_derived(None)
    }

    fn decide(&mut self, decision: &Decision) -> Result<(), RunError> {
        self.run.fresh = None;
        self.run.record_decision(decision)?;
        self.run.ledger.sync()?;
        self.audience.told(Told::Decided(decision));
        Ok(())
    }

    fn record_about_pending(&mut self, event: EventType, payload: Object) -> Result<(), RunError> {
        let event = self.run.own_event(event, payload);
        self.run.note(&event)?;
        self.run.ledger.sync()?;
        self.audience.told(Told::Event { event: &event, refused: None });
        Ok(())
    }

    fn snapshot(&mut self) -> Result<SnapshotManifest, RunError> {
        let now = self.run.now();
        Ok(snapshot(&self.run.root, &self.run.settings.snapshot, now)?.manifest)
    }
}
