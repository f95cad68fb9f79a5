//! What a person is asked about files, and what decisions do.

use lorch_types::agent::Action;
use lorch_types::json::{Object, Value};

use super::order::Reply;
use super::outcome::Feedback;
use super::question::{Answer, Decision, Question, QuestionKind};
use super::state::State;
use super::{End, Heed, Machine};

impl Machine {
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

    /// What a decision does.
    pub(super) fn decided(&mut self, decision: &Decision) -> Option<Heed> {
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
}

/// What asks a builder to do again what somebody else changed.
fn drifted(question: &Question) -> Object {
    let mut payload = question.details.clone();
    payload.insert("findings", Value::Array(vec![Value::from(question.text.as_str())]));
    payload
}
