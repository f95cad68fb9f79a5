//! What a run asks a person, and what can be answered.

use lorch_types::agent::Event;
use lorch_types::json::{Object, Value};

/// Why a run cannot go on by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum QuestionKind {
    /// As many rounds of changes were made as may be without asking.
    MaxRounds,
    /// A builder left the workspace as an earlier turn of the task had left it.
    Oscillation,
    /// A file is not what the receipt of the work on it says.
    ArtifactDrift,
    /// An orchestrating agent wants to know more.
    NeedsClarification,
    /// What is wanted contradicts what is planned, as an orchestrating agent finds.
    PlanConflict,
    /// An orchestrating agent proposes tasks.
    ProposedTasks,
}

/// What a person can answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Answer {
    /// Go on as if nothing had been asked.
    Continue,
    /// Take the work as it stands.
    Accept,
    /// Have the work done again.
    Redo,
    /// Say more about what is wanted; the comment says it.
    Reply,
    /// Stop the run for good.
    Abort,
}

/// A question that a run asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// Why it asks.
    pub kind: QuestionKind,
    /// The question in words.
    pub text: String,
    /// What programs may want to know of it.
    pub details: Object,
}

/// What a person decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// What was asked; `None` when nobody asked, and the run is to be stopped.
    pub question: Option<QuestionKind>,
    /// What was answered.
    pub answer: Answer,
    /// What the person says to it.
    pub comment: Option<String>,
}

impl QuestionKind {
    /// All kinds.
    pub const ALL: [Self; 6] = [
        Self::MaxRounds,
        Self::Oscillation,
        Self::ArtifactDrift,
        Self::NeedsClarification,
        Self::PlanConflict,
        Self::ProposedTasks,
    ];

    /// The kind as it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::MaxRounds => "max_rounds",
            Self::Oscillation => "oscillation",
            Self::ArtifactDrift => "artifact_drift",
            Self::NeedsClarification => "needs_clarification",
            Self::PlanConflict => "plan_conflict",
            Self::ProposedTasks => "proposed_tasks",
        }
    }

    /// What can be answered.
    pub const fn answers(self) -> &'static [Answer] {
        match self {
            Self::MaxRounds | Self::Oscillation => {
                &[Answer::Continue, Answer::Accept, Answer::Abort]
            }
            Self::ArtifactDrift => &[Answer::Accept, Answer::Redo, Answer::Abort],
            Self::NeedsClarification | Self::PlanConflict => &[Answer::Reply, Answer::Abort],
            Self::ProposedTasks => &[Answer::Accept, Answer::Reply, Answer::Abort],
        }
    }
}

impl Answer {
    /// All answers.
    pub const ALL: [Self; 5] = [Self::Continue, Self::Accept, Self::Redo, Self::Reply, Self::Abort];

    /// The answer as it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Continue => "continue",
            Self::Accept => "accept",
            Self::Redo => "redo",
            Self::Reply => "reply",
            Self::Abort => "abort",
        }
    }

    /// What comes of it as the answer to a question, for people.
    pub const fn meaning(self, question: QuestionKind) -> &'static str {
        match (self, question) {
            (Self::Continue, QuestionKind::MaxRounds) => "as many rounds again",
            (Self::Continue, _) => "go on as if nothing were the matter",
            (Self::Accept, QuestionKind::ArtifactDrift) => "take the files as they are now",
            (Self::Accept, QuestionKind::ProposedTasks) => "these are the tasks",
            (Self::Accept, _) => "take the work as it stands",
            (Self::Reply, _) => "say more about what is wanted, in the comment",
            (Self::Redo, _) => "have the builder do it again",
            (Self::Abort, _) => "stop the run for good",
        }
    }
}

impl Question {
    /// What the event that records the question says.
    pub(crate) fn payload(&self) -> Object {
        let options = self.kind.answers().iter().map(|answer| Value::from(answer.as_str()));
        let mut payload = self.details.clone();
        payload.insert("question", self.kind.as_str());
        payload.insert("text", self.text.as_str());
        payload.insert("options", Value::Array(options.collect()));
        payload
    }

    /// The question that an event of lorch itself records.
    pub(crate) fn recorded(event: &Event) -> Option<Self> {
        let kind = named(&QuestionKind::ALL, QuestionKind::as_str, event.payload.get("question")?)?;
        let text = event.payload.get("text")?.as_str()?.to_owned();
        let mut details = event.payload.clone();
        for field in ["question", "text", "options"] {
            details.remove(field);
        }
        Some(Self { kind, text, details })
    }
}

impl Decision {
    /// The end of a run that nobody asked about.
    pub fn abort(comment: Option<String>) -> Self {
        Self { question: None, answer: Answer::Abort, comment }
    }

    /// Whether it can be the answer to a question: a reply says something.
    pub fn answers(&self, question: &Question) -> bool {
        let says_something =
            self.comment.as_ref().is_some_and(|comment| !comment.trim().is_empty());
        self.question == Some(question.kind)
            && question.kind.answers().contains(&self.answer)
            && (self.answer != Answer::Reply || says_something)
    }

    /// Whether files that differ are no question any more: they are taken as they are, or are about to
    /// be done again.
    pub(crate) fn settles_drift(&self) -> bool {
        self.question == Some(QuestionKind::ArtifactDrift)
            && matches!(self.answer, Answer::Accept | Answer::Redo)
    }

    /// What the event that records the decision says.
    pub(crate) fn payload(&self) -> Object {
        let mut payload = Object::new();
        payload.insert("decision", self.answer.as_str());
        if let Some(question) = self.question {
            payload.insert("question", question.as_str());
        }
        if let Some(comment) = &self.comment {
            payload.insert("comment", comment.as_str());
        }
        payload
    }

    /// The decision that an event of lorch itself records.
    pub(crate) fn recorded(event: &Event) -> Option<Self> {
        let answer = named(&Answer::ALL, Answer::as_str, event.payload.get("decision")?)?;
        let question = match event.payload.get("question") {
            Some(question) => Some(named(&QuestionKind::ALL, QuestionKind::as_str, question)?),
            None => None,
        };
        let comment = event.payload.get("comment").and_then(Value::as_str).map(str::to_owned);
        Some(Self { question, answer, comment })
    }
}

fn named<T: Copy>(all: &[T], name: impl Fn(T) -> &'static str, wanted: &Value) -> Option<T> {
    let wanted = wanted.as_str()?;
    all.iter().copied().find(|it| name(*it) == wanted)
}
