//! Decisions of a person.

use super::{Run, RunError};
use crate::machine::{Answer, Decision, Next, Question};

impl Run {
    /// The question that waits for a person.
    pub fn question(&self) -> Option<&Question> {
        match self.fold.machine().next() {
            Some(Next::Ask(question) | Next::Decide(question)) => Some(question),
            _ => None,
        }
    }

    /// Records what a person decided, and what follows from it at once.
    ///
    /// # Errors
    /// When nothing is asked that this answers, or it cannot be recorded.
    pub fn decide(&mut self, decision: &Decision) -> Result<(), RunError> {
        if let Some(Next::Ask(question)) = self.fold.machine().next() {
            let question = question.clone();
            let event = self.question_event(&question);
            self.note(&event)?;
        }
        if !self.is_asked(decision) {
            let (run, answer) = (self.id.clone(), decision.answer.as_str().to_owned());
            return Err(RunError::NoQuestion { run, answer });
        }
        self.record_decision(decision)?;
        self.ledger.sync()?;
        self.catch_up().map(drop)
    }

    /// Whether a decision answers what is asked; a run can be stopped whatever is asked.
    fn is_asked(&self, decision: &Decision) -> bool {
        match self.fold.machine().next() {
            None | Some(Next::End(_)) => false,
            _ if decision.answer == Answer::Abort => true,
            Some(Next::Decide(question)) => decision.answers(question),
            _ => false,
        }
    }
}
