//! Files of work that is done, and that are not as it left them.

use lorch_types::agent::{Artifact, EventType, WorkspacePath};
use lorch_types::json::{Object, Value};

use super::{Run, RunError};
use crate::error::WorkspaceError;
use crate::file::RECEIPTS;
use crate::machine::{Decision, Next, Question, QuestionKind};
use crate::observe::held_artifact;

/// How many files a question or a decision about them names; those beyond are asked about next.
const MAX_FILES: usize = 200;

/// A file that is not as work left it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Drift {
    path: WorkspacePath,
    /// What it is now; `None` when it is not there.
    found: Option<Artifact>,
}

impl Run {
    /// Has the machine ask about files that are not as work left them, unless it asks already.
    pub(super) fn look_for_drift(&mut self) -> Result<(), RunError> {
        let is_drift = |question: &Question| question.kind == QuestionKind::ArtifactDrift;
        if let Some(Next::Decide(question)) = self.fold.machine().next()
            && is_drift(question)
        {
            return Ok(());
        }
        let drifted = self.drifted()?;
        if let Some(first) = drifted.first() {
            let (text, details) = (in_words(first, drifted.len()), details(&drifted));
            self.fold.machine_mut().drift(text, details);
        }
        Ok(())
    }

    fn drifted(&self) -> Result<Vec<Drift>, RunError> {
        let mut drifted = Vec::new();
        for (path, known) in self.fold.known() {
            let found = held_artifact(&self.root, path).map_err(|error| {
                let error = std::io::Error::other(error);
                WorkspaceError::at(path.as_str())(error)
            })?;
            if found != *known {
                drifted.push(Drift { path: path.clone(), found });
            }
        }
        Ok(drifted)
    }

    /// Records a decision, and with it the files that it is about as they are now.
    pub(super) fn record_decision(&mut self, decision: &Decision) -> Result<(), RunError> {
        let mut event = self.own_event(EventType::UserDecision, decision.payload());
        if decision.settles_drift() {
            let mut drifted = self.drifted()?;
            drifted.truncate(MAX_FILES);
            let removed = drifted.iter().filter(|drift| drift.found.is_none());
            let removed: Vec<Value> =
                removed.map(|drift| Value::from(drift.path.as_str())).collect();
            if !removed.is_empty() {
                event.payload.insert("removed", Value::Array(removed));
            }
            let found: Vec<Artifact> = drifted.into_iter().filter_map(|it| it.found).collect();
            event.artifacts = Some(found).filter(|found| !found.is_empty());
        }
        self.note(&event)
    }
}

fn in_words(first: &Drift, count: usize) -> String {
    let is = if first.found.is_some() { "is not as" } else { "is gone, which was there when" };
    let more = match count {
        1 => String::new(),
        _ => format!(", and so are {} more", count - 1),
    };
    format!("`{}` {is} the work on it was recorded{more}; see {RECEIPTS}", first.path)
}

fn details(drifted: &[Drift]) -> Object {
    let paths = drifted.iter().take(MAX_FILES).map(|drift| Value::from(drift.path.as_str()));
    let mut details = Object::new();
    details.insert("files", Value::Array(paths.collect()));
    details
}
