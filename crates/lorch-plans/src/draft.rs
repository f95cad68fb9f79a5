//! A plan is drafted by a planner: a language model or an agent, which is asked, corrected and never
//! believed.

mod answer;
mod judge;
mod prompt;
mod stricter;

use lorch_types::NaturalInteger;
use lorch_types::plan::{Environment, LlmUsage, Plan, PlanId, Task, TaskErrorCode};
use lorch_types::{Digest, SmolStr};

use crate::desk::Desk;
use crate::error::PlanError;
pub use answer::{Unread, read_answer};
use judge::{Judge, Judged, Wrong};
pub use prompt::Prompt;
pub use stricter::{Because, Held};
use stricter::{Given, together};

/// How often an answer is sent back, at most.
pub const MOST_CORRECTIONS: usize = 3;
/// How many bytes of an answer are sent back.
const MOST_SENT_BACK: usize = 64 * 1024;

/// Whoever writes plans: a language model, or an agent.
pub trait Planner {
    /// Asks, and returns what was said.
    ///
    /// # Errors
    /// When there is no answer, which is not asked for again.
    fn ask(&mut self, question: &Question<'_>) -> Result<Said, NoAnswer>;
}

/// What a planner is asked.
#[derive(Clone, Copy, Debug)]
pub struct Question<'q> {
    /// What is wanted, with the schemas and the tools.
    pub prompt: &'q Prompt,
    /// What is wrong with the answer before, if there was one.
    pub correction: Option<&'q Correction>,
}

/// Why an answer is sent back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Correction {
    /// Which one it is, from 1: the same answer may be wrong in the same way twice.
    pub number: usize,
    /// The answer as it was given, or its beginning.
    pub answer: String,
    /// What is wrong with it.
    pub violations: Vec<String>,
}

/// What a planner said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Said {
    /// The answer.
    pub text: String,
    /// The model that gave it.
    pub model: Option<SmolStr>,
    /// The version of the agent that gave it.
    pub agent_version: Option<SmolStr>,
    /// How many tokens that took.
    pub tokens: u64,
    /// How many milliseconds that took.
    pub latency_ms: u64,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct NoAnswer {
    /// What the task fails with.
    pub code: TaskErrorCode,
    /// Why, in words.
    pub reason: String,
}

/// What is to be drafted.
#[derive(Clone, Copy, Debug)]
pub struct Order<'a> {
    /// The task: what stands in it was given by a person, and only becomes stricter.
    pub task: &'a Task,
    /// The task of the same id as it is recorded, if it is: what stands in that only becomes stricter
    /// too.
    pub recorded: Option<&'a Task>,
    /// Where the plan is to be carried out, unless the task's specification says so; production
    /// without either.
    pub environment: Option<Environment>,
    /// The id of the plan.
    pub plan_id: &'a PlanId,
}

/// A plan that may be put before a person.
#[derive(Clone, Debug)]
pub struct Draft {
    /// The task with what was understood of it, the stricter of what was given and said.
    pub task: Task,
    /// The plan.
    pub plan: Plan,
    /// Where the planner, or who gave a task that is recorded already once more, wanted something else
    /// than is kept to.
    pub held: Vec<Held>,
    /// How often an answer was sent back.
    pub corrections: usize,
}

/// Why there is no plan.
#[derive(Debug, thiserror::Error)]
pub enum DraftError {
    /// The planner gave no answer that could be used.
    #[error("{}", failure.reason)]
    Failed {
        /// How that ended.
        failure: Box<DraftFailure>,
    },
    /// The plans that there are could not be read.
    #[error(transparent)]
    Plan(#[from] PlanError),
}

/// How drafting ended without a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DraftFailure {
    /// What the task fails with.
    pub code: TaskErrorCode,
    /// Why, in words.
    pub reason: String,
    /// What was wrong with the last answer.
    pub violations: Vec<String>,
    /// What was used.
    pub usage: LlmUsage,
    /// How often an answer was sent back.
    pub corrections: usize,
}

/// Asks `planner` for a plan until what it says may be put before a person, sending back what is wrong
/// [`MOST_CORRECTIONS`] times. Nothing is recorded.
///
/// # Errors
/// When it gives no answer, or none that may be put before a person.
pub fn draft(
    desk: &Desk<'_>,
    order: &Order<'_>,
    planner: &mut dyn Planner,
) -> Result<Draft, DraftError> {
    let (task, mut held) = together(order.recorded, order.task);
    let order = &Order { task: &task, ..*order };
    let given = Given::of(&task, order.environment);
    held.extend(given.not_as_ordered(order.environment));
    let prompt = prompt::prompt(&task, &given, desk.tools, desk.metrics);
    let mut drafting = Drafting { usage: usage(&prompt) };
    let judge = Judge { desk, order, given };
    let mut correction: Option<Correction> = None;
    let mut corrections = 0;
    loop {
        let question = Question { prompt: &prompt, correction: correction.as_ref() };
        let said = planner.ask(&question).map_err(|NoAnswer { code, reason }| {
            drafting.failed(code, reason, Vec::new(), corrections)
        })?;
        drafting.count(&said);
        let wrong = match judge.judge(&said.text, &drafting.usage)? {
            Judged::Good { task, plan, held: more } => {
                for one in more {
                    if !held.contains(&one) {
                        held.push(one);
                    }
                }
                return Ok(Draft { task: *task, plan: *plan, held, corrections });
            }
            Judged::Bad(wrong) => wrong,
        };
        if corrections == MOST_CORRECTIONS {
            let Wrong { code, violations } = wrong;
            let first = violations.first().map_or("", String::as_str);
            let reason = format!("no plan after {corrections} corrections: {first}");
            return Err(drafting.failed(code, reason, violations, corrections));
        }
        corrections += 1;
        let answer = beginning(said.text, MOST_SENT_BACK);
        correction = Some(Correction { number: corrections, answer, violations: wrong.violations });
    }
}

/// The beginning of a text, `most` bytes of it: one that a planner wrote may have no end.
fn beginning(mut text: String, most: usize) -> String {
    let end = (0..=most.min(text.len())).rev().find(|end| text.is_char_boundary(*end));
    text.truncate(end.unwrap_or_default());
    text
}

/// The usage of a prompt that nobody was asked yet.
fn usage(prompt: &Prompt) -> LlmUsage {
    LlmUsage {
        model: None,
        agent_version: None,
        prompts_version: Some(prompt.digest().as_str().into()),
        total_tokens: None,
        total_latency_ms: None,
    }
}

/// What was used so far.
struct Drafting {
    usage: LlmUsage,
}

impl Drafting {
    fn count(&mut self, said: &Said) {
        let more = |total: Option<NaturalInteger>, count: u64| {
            let sum = total.map_or(0, NaturalInteger::get).saturating_add(count);
            Some(NaturalInteger::new(sum).unwrap_or(NaturalInteger::MAX))
        };
        let usage = &mut self.usage;
        usage.total_tokens = more(usage.total_tokens, said.tokens);
        usage.total_latency_ms = more(usage.total_latency_ms, said.latency_ms);
        usage.model = said.model.clone().or_else(|| usage.model.take());
        usage.agent_version = said.agent_version.clone().or_else(|| usage.agent_version.take());
    }

    fn failed(
        &self,
        code: TaskErrorCode,
        reason: String,
        violations: Vec<String>,
        corrections: usize,
    ) -> DraftError {
        let usage = self.usage.clone();
        let failure = DraftFailure { code, reason, violations, usage, corrections };
        DraftError::Failed { failure: Box::new(failure) }
    }
}

impl Prompt {
    /// The digest of what is said in it.
    pub fn digest(&self) -> Digest {
        Digest::of_bytes(format!("{}\n\n{}", self.system, self.user).as_bytes())
    }
}
