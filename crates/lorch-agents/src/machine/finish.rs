//! What comes after work, once lorch has looked at what it did.

use lorch_types::agent::{Action, SnapshotId};
use lorch_types::json::{Object, Value};

use super::observation::{Observation, Part};
use super::order::Assignment;
use super::outcome::{Feedback, Outcome};
use super::question::{Question, QuestionKind};
use super::state::State;
use super::{End, Heed, Machine};

impl Machine {
    /// Takes a part of what was found after work.
    pub(super) fn observed(&mut self, Part { observation, number, has_more }: Part) -> Heed {
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
    pub(super) fn finished(&mut self, found: Observation) -> Heed {
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

/// What asks a builder for the files that it owes.
fn missing(found: &Observation) -> Object {
    let finding = |path| Value::from(format!("the required file `{path}` is not there"));
    let findings = Value::Array(found.missing.iter().map(finding).collect());
    std::iter::once(("findings", findings)).collect()
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
