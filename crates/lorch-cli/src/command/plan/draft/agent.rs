//! The agent `[agents.orchestration]` as a planner.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use cap_std::fs::Dir;
use lorch_agents::{
    Agent as Process, AgentSpec, Heard, RunError, RunSettings, SnapshotOptions, What,
    default_timeout, snapshot,
};
use lorch_plans::{NoAnswer, Planner, Question, Said};
use lorch_types::agent::{
    Action, AgentRunId, AgentType, Command, CommandId, CommandKind, CorrelationId, Event,
    EventType, Recipient, Retry, SnapshotId, WorkspaceVersion,
};
use lorch_types::json::{Object, Value, canonical, from_value, to_value};
use lorch_types::plan::{LlmUsage, TaskErrorCode};
use lorch_types::{NaturalInteger, PositiveInteger, Priority};

use crate::agents::{Owned, failed, settings};
use crate::clock::{now, word};
use crate::exit::Failure;
use crate::site::Site;
use crate::verdict::count;

const PLANNER: AgentType = AgentType::Orchestration;
/// How long a look at Ctrl-C may be away.
const TICK: Duration = Duration::from_millis(100);

/// The agent, kept running as in any run.
pub(super) struct Agent<'w> {
    process: Process,
    heard: Receiver<Heard>,
    /// The life in which it is ready.
    ready: Option<u64>,
    root: &'w Dir,
    snapshot: SnapshotOptions,
    stop: Arc<AtomicBool>,
    until: Instant,
    each: Duration,
}

impl<'w> Agent<'w> {
    /// Starts the agent; all answers together may take `timeout`.
    pub(super) fn start(site: &Site, owned: &'w Owned, timeout: Duration) -> Result<Self, Failure> {
        let settings = settings(site)?;
        let RunSettings { agents, supervision, timeouts, snapshot, launcher, dir, .. } = settings;
        let missing = || failed(None, RunError::NoAgent { agent: PLANNER });
        let configured = agents.get(&PLANNER).ok_or_else(missing)?.clone();
        let spec = AgentSpec {
            agent: PLANNER,
            run: AgentRunId::new(now(), number()),
            cmd: configured.cmd,
            environment: configured.environment,
            dir,
            launcher,
        };
        let (tell, heard) = channel();
        let process = Process::start(spec, supervision, tell).map_err(Failure::work)?;
        let each = timeouts.get(&Action::Intake).copied();
        let now = Instant::now();
        Ok(Self {
            process,
            heard,
            ready: None,
            root: &owned.root,
            snapshot,
            stop: Arc::clone(&owned.stop),
            until: now.checked_add(timeout).unwrap_or(now),
            each: each.unwrap_or_else(|| default_timeout(Action::Intake)),
        })
    }

    fn command(&self, question: &Question<'_>) -> Result<Command, NoAnswer> {
        let task_id = "T-0000".parse().map_err(|error| unknown(&error))?;
        let taken = snapshot(self.root, &self.snapshot, now()).map_err(|error| unknown(&error))?;
        let snapshot_id: SnapshotId = taken.manifest.snapshot_id;
        let inputs = inputs(question);
        let key = Command::key(Action::Intake, &task_id, &snapshot_id, &inputs, &[]);
        Ok(Command {
            kind: CommandKind::Command,
            message_id: CommandId::of_number(number()),
            correlation_id: CorrelationId::of_number(word()),
            task_id,
            idempotency_key: key.map_err(|error| unknown(&error))?,
            to: Recipient { agent_type: PLANNER, agent_id: None },
            action: Action::Intake,
            inputs,
            expected_outputs: Vec::new(),
            version: WorkspaceVersion { snapshot_id, specs_hash: None, code_hash: None },
            deadline: now().saturating_add(self.each),
            retry: Retry { attempt: NaturalInteger::MIN, max_attempts: PositiveInteger::MIN },
            priority: Priority::MIN,
        })
    }

    /// The event that ends `command`. An agent that was started again is asked again.
    fn answered(&mut self, command: &Command) -> Result<Box<Event>, NoAnswer> {
        let line = canonical(&to_value(command).map_err(|error| unknown(&error))?);
        let now = Instant::now();
        let until = now.checked_add(self.each).unwrap_or(now).min(self.until);
        let mut sent = None;
        loop {
            if let Some(life) = self.ready.filter(|life| sent != Some(*life)) {
                // One that has just ended is asked in its next life.
                match self.process.send_in(life, line.as_bytes()) {
                    Ok(()) => sent = Some(life),
                    Err(lorch_agents::SendError::NotRunning) => self.ready = None,
                    Err(error) => return Err(llm_error(error.to_string())),
                }
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(timed_out());
            }
            if self.stop.load(Ordering::Relaxed) {
                return Err(unknown(&"a person stopped it"));
            }
            let heard = match self.heard.recv_timeout(left.min(TICK)) {
                Ok(heard) => heard,
                Err(RecvTimeoutError::Timeout) => continue,
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(llm_error("the agent has ended".to_owned()));
                }
            };
            match heard.what {
                What::Ready => self.ready = Some(heard.life),
                What::Exited { .. } => self.ready = None,
                What::GaveUp { reason } => return Err(llm_error(format!("the agent: {reason}"))),
                What::Event { event, .. } if is_end(command, &event) => return Ok(event),
                What::Started { .. }
                | What::Event { .. }
                | What::Stalled { .. }
                | What::Recovered
                | What::Unhealthy { .. }
                | What::Quarantined { .. }
                | What::Oversize { .. }
                | What::SeqBack { .. }
                | What::Restarting { .. } => {}
            }
        }
    }
}

impl Planner for Agent<'_> {
    fn ask(&mut self, question: &Question<'_>) -> Result<Said, NoAnswer> {
        let begun = Instant::now();
        let command = self.command(question)?;
        let event = self.answered(&command)?;
        let said = said(&event)?;
        let latency_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        Ok(Said { latency_ms, ..said })
    }
}

/// What the agent is sent: the request, the rules of the answer, and what was wrong with the one before.
fn inputs(question: &Question<'_>) -> Object {
    let request = &question.prompt.request;
    let mut inputs = Object::new();
    inputs.insert("goal", request.get("user_intent").cloned().unwrap_or_default());
    inputs.insert("wanted", "plan");
    inputs.insert("request", Value::Object(request.clone()));
    inputs.insert("rules", question.prompt.system.as_str());
    if let Some(correction) = question.correction {
        let violations = correction.violations.iter().map(|it| Value::from(it.as_str()));
        // Without it the same correction twice would have one key, and be answered once.
        inputs.insert("correction", count(correction.number));
        inputs.insert("answer", correction.answer.as_str());
        inputs.insert("violations", Value::Array(violations.collect()));
    }
    inputs
}

fn is_end(command: &Command, event: &Event) -> bool {
    event.correlation_id == command.correlation_id
        && event.from.agent_type == PLANNER
        && Action::Intake.terminal_events().contains(&event.event)
}

fn said(event: &Event) -> Result<Said, NoAnswer> {
    let code = match event.event {
        EventType::ProposedTasks => return Ok(proposed(&event.payload)),
        EventType::NeedsClarification => TaskErrorCode::ParseError,
        EventType::PlanConflict => TaskErrorCode::ScopeError,
        _ => TaskErrorCode::LlmError,
    };
    let payload = canonical(&Value::Object(event.payload.clone()));
    Err(NoAnswer { code, reason: format!("the agent says {}: {payload}", event.event.as_str()) })
}

fn proposed(payload: &Object) -> Said {
    let documents = payload.iter().filter(|(key, _)| ["task_spec", "plan"].contains(&key.as_str()));
    let documents = documents.map(|(key, value)| (key.clone(), value.clone())).collect();
    let usage = payload.get("llm_profile").map(from_value::<LlmUsage>).and_then(Result::ok);
    let tokens = usage.as_ref().and_then(|usage| usage.total_tokens);
    Said {
        text: canonical(&Value::Object(documents)),
        model: usage.as_ref().and_then(|usage| usage.model.clone()),
        agent_version: usage.and_then(|usage| usage.agent_version),
        tokens: tokens.map_or(0, NaturalInteger::get),
        latency_ms: 0,
    }
}

fn unknown(error: &dyn std::fmt::Display) -> NoAnswer {
    NoAnswer { code: TaskErrorCode::Unknown, reason: error.to_string() }
}

fn llm_error(reason: String) -> NoAnswer {
    NoAnswer { code: TaskErrorCode::LlmError, reason }
}

fn timed_out() -> NoAnswer {
    let reason = "the agent did not answer in time".to_owned();
    NoAnswer { code: TaskErrorCode::Timeout, reason }
}

fn number() -> u32 {
    u32::try_from(word() >> 32).unwrap_or_default()
}
