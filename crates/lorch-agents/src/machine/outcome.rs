//! What an agent's answer to a command means for the task.

use lorch_types::Digest;
use lorch_types::agent::{Event, EventType, ReviewStatus};
use lorch_types::json::{Object, Value};

use super::order::Assignment;
use super::question::{Question, QuestionKind};

/// What came of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It is done, and what comes next may come.
    Done,
    /// Somebody wants what was built to be changed.
    Changes(Feedback),
    /// The task fails, though the work on it is done.
    Failed(Failure),
    /// An orchestrating agent asks a person.
    Asks(Question),
    /// An orchestrating agent proposes tasks.
    Proposes(Vec<Assignment>),
}

/// What a payload that asked for changes says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Feedback {
    /// What to change: the field `findings` of the payload, or all of it where it has none.
    pub findings: Value,
    /// The digest of the payload.
    pub digest: Digest,
}

/// Why a task fails.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// A stable code: that of the agent's error, or lorch's own.
    pub code: String,
    /// One sentence for people.
    pub message: String,
    /// Whether the same work may be asked for again.
    pub retriable: bool,
}

/// How many characters of a question are handed on.
const MAX_QUESTION: usize = 10_000;
/// How many bytes of findings are handed on; a command must fit on a line.
const MAX_FINDINGS_BYTES: usize = 128 * 1024;

impl Outcome {
    /// What an event means that ends a command otherwise than by an error.
    pub(crate) fn of(event: &Event) -> Self {
        match event.event {
            EventType::BuilderCompleted => {
                tests_failed(&event.payload).map_or(Self::Done, Self::Failed)
            }
            EventType::ReviewCompleted => match event.status {
                Some(ReviewStatus::Approved) => Self::Done,
                // One without a status was refused before.
                Some(ReviewStatus::ChangesRequested) | None => {
                    Self::Changes(Feedback::of(&event.payload))
                }
            },
            EventType::SpecChangesRequested => Self::Changes(Feedback::of(&event.payload)),
            EventType::ProposedTasks => {
                proposals(&event.payload).map_or_else(Self::Failed, Self::Proposes)
            }
            EventType::NeedsClarification => {
                Self::Asks(asked(QuestionKind::NeedsClarification, &event.payload))
            }
            EventType::PlanConflict => {
                Self::Asks(asked(QuestionKind::PlanConflict, &event.payload))
            }
            EventType::SpecUpdated
            | EventType::SpecNoChangesNeeded
            | EventType::BuilderProgress
            | EventType::ArtifactProduced
            | EventType::Error
            | EventType::UserDecision => Self::Done,
        }
    }
}

impl Feedback {
    /// What a payload says that asks for changes.
    pub(crate) fn of(payload: &Object) -> Self {
        let whole = Value::Object(payload.clone());
        let digest = Digest::of(&whole);
        let findings = payload.get("findings").cloned().unwrap_or(whole);
        let size = findings.to_string().len();
        let findings = match size {
            0..=MAX_FINDINGS_BYTES => findings,
            _ => Value::from(format!(
                "{size} bytes of findings, too many for a command; they stand in the run's ledger"
            )),
        };
        Self { findings, digest }
    }

    /// The input `feedback` of a command.
    pub(crate) fn input(&self) -> Object {
        let mut input = Object::new();
        input.insert("findings", self.findings.clone());
        input.insert("digest", self.digest.to_string());
        input
    }
}

impl Failure {
    /// One that ends the task.
    pub(crate) fn new(code: &str, message: impl Into<String>) -> Self {
        Self { code: code.to_owned(), message: message.into(), retriable: false }
    }

    /// What an event of the type `error` says.
    pub(crate) fn of(event: &Event) -> Self {
        let text = |field| event.payload.get(field).and_then(Value::as_str).map(str::to_owned);
        let agent = event.from.agent_type.as_str();
        Self {
            code: text("code").unwrap_or_else(|| "command_failed".to_owned()),
            message: text("message").unwrap_or_else(|| format!("the {agent} says no more of it")),
            retriable: event.payload.get("retriable").and_then(Value::as_bool).unwrap_or(false),
        }
    }

    /// What the event that records it says.
    pub(crate) fn payload(&self) -> Object {
        let mut payload = Object::new();
        payload.insert("code", self.code.as_str());
        payload.insert("message", self.message.as_str());
        payload.insert("retriable", self.retriable);
        payload
    }
}

/// The question that an orchestrating agent asks: the first of these fields that its payload has.
fn asked(kind: QuestionKind, payload: &Object) -> Question {
    let said = ["question", "questions", "conflict", "message", "summary"];
    let said = said.iter().find_map(|field| payload.get(field));
    let text = match said {
        Some(value) => value.as_str().map_or_else(|| value.to_string(), str::to_owned),
        None => Value::Object(payload.clone()).to_string(),
    };
    let text = text.chars().take(MAX_QUESTION).collect();
    Question { kind, text, details: Object::new() }
}

/// The tasks that a payload proposes, in `tasks`.
fn proposals(payload: &Object) -> Result<Vec<Assignment>, Failure> {
    let invalid = |reason: String| Failure::new("invalid_proposal", reason);
    let tasks = payload.get("tasks").and_then(Value::as_array).filter(|tasks| !tasks.is_empty());
    let tasks = tasks.ok_or_else(|| invalid("the proposal has no `tasks`".to_owned()))?;
    let numbered = tasks.iter().enumerate();
    numbered
        .map(|(at, task)| {
            Assignment::proposed(task).map_err(|reason| invalid(format!("tasks[{at}]: {reason}")))
        })
        .collect()
}

/// Why the tests of what was built do not let it pass: they passed, or their failing is allowed.
fn tests_failed(payload: &Object) -> Option<Failure> {
    let tests = payload.get("tests");
    let field = |name| tests.and_then(|tests| tests.get(name));
    let is_allowed = field("allowed_failures").and_then(Value::as_bool) == Some(true);
    let message = match field("status").and_then(Value::as_str) {
        Some("pass") => return None,
        Some("fail") if is_allowed => return None,
        Some("fail") => "the builder is done, and its tests fail",
        _ => "the builder is done, and does not say whether tests pass (`payload.tests.status`)",
    };
    Some(Failure::new("tests_failed", message))
}
