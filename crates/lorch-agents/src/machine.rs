//! The loop of a task as a pure machine: facts go in, and it says what is to be done next.
//!
//! The facts are the messages of the ledger, in their order; nothing else moves the machine but the
//! loss of an answer, which no message tells. So a run that goes on after a crash is a fold of its
//! ledger through the machine that the run itself uses. It knows no files, no processes and no clock.

mod observation;
mod order;
mod outcome;
mod question;
mod remark;
mod state;
#[cfg(test)]
mod tests;

use lorch_types::agent::{Action, AgentType, Command, Event, EventType, SnapshotId, Stage};
use lorch_types::json::{Object, Value};

pub use observation::Observation;
pub(crate) use observation::Part;
use order::Reply;
pub use order::{Assignment, OWN_INPUTS, Order};
pub use outcome::{Failure, Feedback};
pub use question::{Answer, Decision, Question, QuestionKind};
pub(crate) use remark::Remark;

use self::outcome::Outcome;
use self::state::{Pending, State};
use crate::protocol::{ends, refusal};
use crate::receipt::Work;

/// How much a run does by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// How many rounds of changes there are before a person is asked.
    pub max_rounds: u64,
    /// How often the same work is asked for when errors end it that may pass.
    pub max_attempts: u64,
}

/// What is to be done next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next<'m> {
    /// Ask an agent for this.
    Send(Order),
    /// Ask again what was asked before: its answer can no longer come, or this many errors ended it
    /// that may pass.
    SendAgain(&'m Command, u64),
    /// Wait for the end of this command.
    Await(&'m Command),
    /// Look at what the work on this command, which this event ended, did to the workspace.
    Observe(&'m Command, &'m Event),
    /// Record this question.
    Ask(&'m Question),
    /// Wait until a person decides this.
    Decide(&'m Question),
    /// Nothing.
    End(&'m End),
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// The task is done.
    Completed,
    /// The task cannot be done this way.
    Failed(Failure),
    /// A person stopped it.
    Aborted,
}

/// What became of a message that the machine was told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heed {
    /// It is taken.
    Taken,
    /// It is taken, and work is done by it.
    Finished(Box<Work>),
    /// It breaks the protocol in this way, and moves nothing.
    Refused(String),
}

/// A message that cannot stand where it stands: the ledger is none of a run of this loop.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}: {reason}")]
pub struct OutOfPlace {
    /// Its id.
    pub message: String,
    /// Why.
    pub reason: String,
}

/// The loop of one task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Machine {
    rules: Rules,
    assignment: Option<Assignment>,
    state: State,
    /// 1 and the number of `implement_changes` that were asked for.
    round: u64,
    /// The last round that needs no asking.
    last_round: u64,
    feedback: Option<Feedback>,
    /// The snapshots after each turn of a builder.
    turns: Vec<SnapshotId>,
    /// What the first parts of an observation say.
    found: Option<Observation>,
    /// What a person said to an orchestrating agent.
    replies: Vec<Reply>,
    proposed: Vec<Assignment>,
}

impl Machine {
    /// The machine of a run that is about to begin; `assignment` is not known yet where its ledger
    /// says it.
    pub fn new(rules: Rules, assignment: Option<Assignment>) -> Self {
        let first = assignment.as_ref().map_or(Action::Implement, |assignment| assignment.first);
        Self {
            rules,
            assignment,
            state: State::Due(first),
            round: 1,
            last_round: rules.max_rounds,
            feedback: None,
            turns: Vec::new(),
            found: None,
            replies: Vec::new(),
            proposed: Vec::new(),
        }
    }

    /// What is to be done next; `None` when it is to begin and nothing says with what.
    pub fn next(&self) -> Option<Next<'_>> {
        Some(match &self.state {
            State::Due(action) => Next::Send(self.order(*action)?),
            State::Sent(pending) => Next::Await(&pending.command),
            State::Lost(pending) => Next::SendAgain(&pending.command, pending.errors),
            State::Answered(pending, event) => Next::Observe(&pending.command, event),
            State::Asking(asked) => Next::Ask(&asked.question),
            State::Asked(asked) => Next::Decide(&asked.question),
            State::Ended(end) => Next::End(end),
        })
    }

    /// What the run is doing.
    pub fn stage(&self) -> Stage {
        self.state.stage()
    }

    /// What the task is about, once that is known.
    pub fn assignment(&self) -> Option<&Assignment> {
        self.assignment.as_ref()
    }

    /// The tasks that an orchestrating agent proposed last.
    pub fn proposed(&self) -> &[Assignment] {
        &self.proposed
    }

    /// The command that waits for its end.
    pub fn pending(&self) -> Option<&Command> {
        match &self.state {
            State::Sent(pending) | State::Lost(pending) => Some(&pending.command),
            _ => None,
        }
    }

    /// Takes a command that was sent.
    ///
    /// # Errors
    /// When nothing, or something else, was to be sent.
    pub fn command(&mut self, command: &Command) -> Result<Heed, OutOfPlace> {
        let out_of_place = |reason: &str| OutOfPlace {
            message: command.message_id.to_string(),
            reason: reason.to_owned(),
        };
        let heed = match &mut self.state {
            State::Sent(pending) | State::Lost(pending) if pending.is_again(command) => {
                *pending.command = command.clone();
                let pending = pending.clone();
                self.state = State::Sent(pending);
                return Ok(Heed::Taken);
            }
            // Other programs record no observation: what the next command is about was found.
            State::Answered(_, event) => {
                let snapshot = command.version.snapshot_id.clone();
                let found = Observation::implied(event, snapshot);
                self.finished(found)
            }
            _ => Heed::Taken,
        };
        match self.state {
            State::Due(action) if action == command.action => {}
            // The first command says itself what kind of run it begins.
            State::Due(_) if self.assignment.is_none() && begins(command.action) => {}
            State::Due(due) => {
                let (due, found) = (due.as_str(), command.action.as_str());
                return Err(out_of_place(&format!("it asks for {found}, and {due} comes next")));
            }
            _ => return Err(out_of_place("no command comes next")),
        }
        let assignment = self.assignment.get_or_insert_with(|| Assignment::of_command(command));
        if assignment.task_id != command.task_id {
            return Err(out_of_place(&format!("it is not about {}", assignment.task_id)));
        }
        self.round = self.round_of(command.action);
        self.state = State::Sent(Pending::new(command));
        Ok(heed)
    }

    /// Takes an event that an agent sent, or that lorch recorded itself.
    ///
    /// # Errors
    /// When lorch itself cannot have recorded it here.
    pub fn event(&mut self, event: &Event) -> Result<Heed, OutOfPlace> {
        let heed = match event.from.agent_type {
            AgentType::System => self.own(event),
            _ => Some(self.said(event)),
        };
        heed.ok_or_else(|| OutOfPlace {
            message: event.message_id.to_string(),
            reason: format!("no `{}` of lorch itself can stand here", event.event.as_str()),
        })
    }

    /// Takes an event that ends nothing, of which no more is known than this.
    pub(crate) fn remark(&mut self, remark: &Remark<'_>) -> Heed {
        match &mut self.state {
            State::Sent(pending) | State::Lost(pending) => pending.remark(remark),
            _ => Heed::Refused(not_pending(remark)),
        }
    }

    /// Takes that the answer to the pending command can no longer come: whoever was to give or to
    /// hear it is gone.
    pub fn lose(&mut self) {
        if let State::Sent(pending) = &self.state {
            self.state = State::Lost(pending.clone());
        }
    }

    /// Takes that files of work that is done were changed by somebody else. That is a question only
    /// while no agent is at work that may have changed them.
    pub fn drift(&mut self, text: String, details: Object) {
        let is_still = match &self.state {
            State::Due(_) | State::Asking(_) | State::Asked(_) => true,
            State::Sent(pending) | State::Lost(pending) => pending.command.action == Action::Review,
            State::Answered(..) | State::Ended(_) => false,
        };
        if is_still {
            let question = Question { kind: QuestionKind::ArtifactDrift, text, details };
            let before = std::mem::replace(&mut self.state, State::Ended(End::Aborted));
            self.state = State::asking(question, before);
        }
    }

    fn order(&self, action: Action) -> Option<Order> {
        let (round, feedback) = (self.round_of(action), self.feedback.as_ref());
        Some(self.assignment.as_ref()?.order(action, round, feedback, &self.replies))
    }

    /// The round that an action belongs to when it is asked for next.
    fn round_of(&self, action: Action) -> u64 {
        let replies = u64::try_from(self.replies.len()).unwrap_or(u64::MAX);
        match action {
            Action::ImplementChanges => self.round + 1,
            Action::Intake | Action::TaskDiscovery => 1 + replies,
            Action::Implement | Action::Review | Action::UpdateSpec => self.round,
        }
    }

    /// Takes an event of an agent.
    fn said(&mut self, event: &Event) -> Heed {
        let remark = Remark::of(event);
        let (State::Sent(pending) | State::Lost(pending)) = &mut self.state else {
            return Heed::Refused(not_pending(&remark));
        };
        let is_about = pending.command.correlation_id == event.correlation_id;
        if !is_about || !ends(pending.command.action, event.from.agent_type, event.event) {
            return pending.remark(&remark);
        }
        if let Some(reason) = refusal(event) {
            return Heed::Refused(reason.to_owned());
        }
        pending.events.push(event.message_id.clone());
        if event.event == EventType::Error {
            self.failed(Failure::of(event));
        } else {
            let pending = pending.clone();
            self.state = State::Answered(pending, Box::new(event.clone()));
        }
        Heed::Taken
    }

    /// Takes an event of lorch itself; `None` when it cannot be one here.
    fn own(&mut self, event: &Event) -> Option<Heed> {
        match event.event {
            EventType::Error => {
                let pending = self.pending()?;
                (pending.correlation_id == event.correlation_id).then_some(())?;
                self.failed(Failure::of(event));
            }
            EventType::ArtifactProduced => {
                let State::Answered(pending, _) = &self.state else { return None };
                (pending.command.correlation_id == event.correlation_id).then_some(())?;
                return Some(self.observed(Part::recorded(event)?));
            }
            EventType::NeedsClarification => {
                let question = Question::recorded(event)?;
                if !matches!(self.state, State::Ended(_) | State::Asked(_)) {
                    let state = std::mem::replace(&mut self.state, State::Ended(End::Aborted));
                    self.state = state.asked(question);
                }
            }
            EventType::UserDecision => return self.decided(&Decision::recorded(event)?),
            _ => return None,
        }
        Some(Heed::Taken)
    }

    /// What an error does that ended the pending command.
    fn failed(&mut self, failure: Failure) {
        let (State::Sent(pending) | State::Lost(pending)) = &mut self.state else { return };
        pending.errors += 1;
        self.state = if failure.retriable && pending.errors < self.rules.max_attempts {
            State::Lost(pending.clone())
        } else {
            State::Ended(End::Failed(failure))
        };
    }

    /// What a decision does.
    fn decided(&mut self, decision: &Decision) -> Option<Heed> {
        match (&self.state, decision.answer) {
            (State::Ended(_), _) => return None,
            (_, Answer::Abort) => self.state = State::Ended(End::Aborted),
            (State::Asked(asked), answer) => {
                let kind = asked.question.kind;
                decision.answers(&asked.question).then_some(())?;
                let asked = asked.clone();
                self.state = match (kind, answer) {
                    (QuestionKind::ArtifactDrift, Answer::Redo) => {
                        self.feedback = Some(Feedback::of(&drifted(&asked.question)));
                        State::Due(Action::ImplementChanges)
                    }
                    (QuestionKind::MaxRounds, Answer::Continue) => {
                        self.last_round = self.round + self.rules.max_rounds;
                        *asked.then
                    }
                    (_, Answer::Reply) => {
                        let reply = decision.comment.clone().unwrap_or_default();
                        self.replies.push(Reply { question: asked.question.text, reply });
                        *asked.then
                    }
                    (
                        QuestionKind::MaxRounds
                        | QuestionKind::Oscillation
                        | QuestionKind::ProposedTasks,
                        Answer::Accept,
                    ) => *asked.accepted,
                    _ => *asked.then,
                };
            }
            _ => return None,
        }
        Some(Heed::Taken)
    }

    /// Takes a part of what was found after work.
    fn observed(&mut self, Part { observation, number, has_more }: Part) -> Heed {
        let found = match self.found.take().filter(|_| number > 1) {
            None => observation,
            Some(mut found) => {
                found.extend(observation);
                found
            }
        };
        if has_more {
            self.found = Some(found);
            return Heed::Taken;
        }
        self.finished(found)
    }

    /// What comes after work of which this was found.
    fn finished(&mut self, found: Observation) -> Heed {
        let State::Answered(pending, event) = &self.state else { return Heed::Taken };
        let action = pending.command.action;
        let work = Box::new(pending.work(found.artifacts.clone()));
        let mut outcome = Outcome::of(event);
        if outcome == Outcome::Done && !found.missing.is_empty() {
            outcome = Outcome::Changes(Feedback::of(&missing(&found)));
        }
        let next = match outcome {
            Outcome::Failed(failure) => State::Ended(End::Failed(failure)),
            Outcome::Done => after(action),
            Outcome::Changes(feedback) => {
                self.feedback = Some(feedback);
                self.changes(action)
            }
            Outcome::Asks(question) => State::asking(question, State::Due(action)),
            Outcome::Proposes(tasks) => {
                let question = proposal(&tasks);
                self.proposed = tasks;
                State::asking_or(question, State::Due(action), State::Ended(End::Completed))
            }
        };
        self.state = match action {
            Action::Implement | Action::ImplementChanges => self.turned(found.snapshot_id, next),
            _ => next,
        };
        Heed::Finished(work)
    }

    /// What comes when changes are wanted of work on `action`.
    fn changes(&self, action: Action) -> State {
        let then = State::Due(Action::ImplementChanges);
        if self.round < self.last_round {
            return then;
        }
        let round = self.round;
        let rounds = if round == 1 { "a round".to_owned() } else { format!("{round} rounds") };
        let text = format!("changes are wanted once more after {rounds}");
        let mut details = Object::new();
        details.insert("round", round);
        if let Some(feedback) = &self.feedback {
            details.insert("findings", feedback.findings.clone());
        }
        let question = Question { kind: QuestionKind::MaxRounds, text, details };
        State::asking_or(question, then, after(action))
    }

    /// What comes after a builder's turn that left the workspace like this, if `next` came otherwise.
    fn turned(&mut self, snapshot: SnapshotId, next: State) -> State {
        let turn = self.turns.iter().position(|earlier| *earlier == snapshot);
        self.turns.push(snapshot.clone());
        let Some(turn) = turn.filter(|_| !matches!(next, State::Ended(_))) else { return next };
        let turn = turn + 1;
        let text = format!("the builder left the workspace as it had left it in its turn {turn}");
        let mut details = Object::new();
        details.insert("snapshot_id", snapshot.as_str());
        let question = Question { kind: QuestionKind::Oscillation, text, details };
        State::asking_or(question, next, State::Due(Action::UpdateSpec))
    }
}

/// What comes after an action that is done.
fn after(action: Action) -> State {
    match action {
        Action::Implement | Action::ImplementChanges => State::Due(Action::Review),
        Action::Review => State::Due(Action::UpdateSpec),
        Action::UpdateSpec | Action::Intake | Action::TaskDiscovery => State::Ended(End::Completed),
    }
}

/// Whether a run can begin with this action.
fn begins(action: Action) -> bool {
    matches!(action, Action::Implement | Action::Intake | Action::TaskDiscovery)
}

/// What asks a person whether these are the tasks.
fn proposal(tasks: &[Assignment]) -> Question {
    let said = |task: &Assignment| {
        let goal = task.inputs.get("goal").and_then(Value::as_str).unwrap_or_default();
        format!("{} {goal}", task.task_id)
    };
    let text = tasks.iter().map(said).collect::<Vec<_>>().join("; ");
    let ids = tasks.iter().map(|task| Value::from(task.task_id.as_str()));
    let mut details = Object::new();
    details.insert("tasks", Value::Array(ids.collect()));
    Question { kind: QuestionKind::ProposedTasks, text, details }
}

/// What asks a builder for the files that it owes.
fn missing(found: &Observation) -> Object {
    let finding = |path| Value::from(format!("the required file `{path}` is not there"));
    let findings = Value::Array(found.missing.iter().map(finding).collect());
    std::iter::once(("findings", findings)).collect()
}

/// What asks a builder to do again what somebody else changed.
fn drifted(question: &Question) -> Object {
    let mut payload = question.details.clone();
    payload.insert("findings", Value::Array(vec![Value::from(question.text.as_str())]));
    payload
}

fn not_pending(remark: &Remark<'_>) -> String {
    let Remark { from, event, .. } = remark;
    let (from, event) = (from.as_str(), event.as_str());
    format!("the {from} says `{event}`, and no command waits for its end")
}
