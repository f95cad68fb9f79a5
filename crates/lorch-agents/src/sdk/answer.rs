//! What an agent answers to a command.

use lorch_types::agent::{EventType, ReviewStatus, WorkspacePath};
use lorch_types::json::{Object, Value};

/// What ends a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// What has happened.
    pub event: EventType,
    /// The verdict of a review.
    pub status: Option<ReviewStatus>,
    /// More about it.
    pub payload: Object,
    /// The files that were written. Their digests are taken when the answer is sent.
    pub artifacts: Vec<WorkspacePath>,
}

impl Answer {
    /// One that says no more than what has happened.
    pub fn new(event: EventType) -> Self {
        Self { event, status: None, payload: Object::new(), artifacts: Vec::new() }
    }

    /// A builder's, whose tests have passed.
    pub fn completed(artifacts: Vec<WorkspacePath>) -> Self {
        let tests = Object::from_iter([("status", Value::from("pass"))]);
        Self { artifacts, ..Self::new(EventType::BuilderCompleted) }.with("tests", tests)
    }

    /// A reviewer's, who has nothing to say against it.
    pub fn approval() -> Self {
        let status = Some(ReviewStatus::Approved);
        Self { status, ..Self::new(EventType::ReviewCompleted) }
    }

    /// A reviewer's, who wants changes.
    pub fn changes_requested(findings: Vec<Value>) -> Self {
        let status = Some(ReviewStatus::ChangesRequested);
        Self { status, ..Self::new(EventType::ReviewCompleted) }.with("findings", findings)
    }

    /// That the command failed, and would fail again.
    pub fn error(code: &str, message: &str) -> Self {
        Self::failure(code, message, false)
    }

    /// That the command failed, and may not fail again. It is not remembered: the same key is worked on
    /// again.
    pub fn retriable_error(code: &str, message: &str) -> Self {
        Self::failure(code, message, true)
    }

    fn failure(code: &str, message: &str, retriable: bool) -> Self {
        Self::new(EventType::Error)
            .with("code", code)
            .with("message", message)
            .with("retriable", retriable)
    }

    /// The same with something more in its payload.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.payload.insert(key, value);
        self
    }

    /// Whether the same key is worked on again.
    pub(super) fn is_retriable(&self) -> bool {
        let retriable = self.payload.get("retriable").and_then(Value::as_bool);
        self.event == EventType::Error && retriable == Some(true)
    }
}
