//! A plan is drafted by a planner: a language model or an agent, which is asked, corrected and never
//! believed.

mod answer;
mod prompt;
mod stricter;

use lorch_store::Approval;
use lorch_types::NaturalInteger;
use lorch_types::diagnostic::Severity;
use lorch_types::json::{Object, Value, from_value, to_value};
use lorch_types::plan::{
    Environment, LlmUsage, Plan, PlanId, PlanState, Task, TaskErrorCode, TaskSpec, ToolName,
};
use lorch_types::{Digest, Kind, SmolStr};
use lorch_validate::Validator;

use crate::contract::Contract;
use crate::desk::Desk;
use crate::error::PlanError;
use crate::policy::Entry;
pub use answer::{Unread, read_answer};
pub use prompt::Prompt;
use stricter::Given;
pub use stricter::Held;

/// How often an answer is sent back, at most.
pub const MOST_CORRECTIONS: usize = 3;
/// How many violations are sent back at once.
const MOST_VIOLATIONS: usize = 30;

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
    /// The answer, as it was given.
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
    /// Where the planner wanted less than is kept to.
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
    let given = Given::of(order.task, order.environment);
    let prompt = prompt::prompt(order.task, &given, desk.tools, desk.metrics);
    let mut drafting = Drafting { desk, order, given, usage: usage(&prompt) };
    let mut correction: Option<Correction> = None;
    let mut corrections = 0;
    loop {
        let question = Question { prompt: &prompt, correction: correction.as_ref() };
        let said = planner.ask(&question).map_err(|NoAnswer { code, reason }| {
            drafting.failed(code, reason, Vec::new(), corrections)
        })?;
        drafting.count(&said);
        let wrong = match drafting.judge(&said.text)? {
            Judged::Good { task, plan, held } => {
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
        correction = Some(Correction { answer: said.text, violations: wrong.violations });
    }
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

struct Drafting<'a> {
    desk: &'a Desk<'a>,
    order: &'a Order<'a>,
    given: Given<'a>,
    usage: LlmUsage,
}

enum Judged {
    Good { task: Box<Task>, plan: Box<Plan>, held: Vec<Held> },
    Bad(Wrong),
}

struct Wrong {
    code: TaskErrorCode,
    violations: Vec<String>,
}

impl Wrong {
    fn of(code: TaskErrorCode, mut violations: Vec<String>) -> Judged {
        violations.truncate(MOST_VIOLATIONS);
        Judged::Bad(Self { code, violations })
    }
}

impl Drafting<'_> {
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

    fn judge(&self, text: &str) -> Result<Judged, PlanError> {
        let answer = match read_answer(text) {
            Ok(answer) => answer,
            Err(unread) => {
                return Ok(Wrong::of(TaskErrorCode::ParseError, vec![unread.to_string()]));
            }
        };
        let (spec, plan) = match self.documents(answer) {
            Ok(documents) => documents,
            Err(violations) => return Ok(Wrong::of(TaskErrorCode::ValidationError, violations)),
        };
        let unknown = self.forbidden(&spec, &plan);
        if !unknown.is_empty() {
            return Ok(Wrong::of(TaskErrorCode::PermissionError, unknown));
        }
        let (spec, held) = self.given.with(spec);
        let task = Task {
            task_spec: Some(spec),
            llm_profile: Some(self.usage.clone()),
            ..self.order.task.clone()
        };
        let violations = self.violations(&task, &plan)?;
        if violations.is_empty() {
            return Ok(Judged::Good { task: Box::new(task), plan: Box::new(plan), held });
        }
        let held = held.iter().map(ToString::to_string);
        Ok(Wrong::of(TaskErrorCode::ValidationError, violations.into_iter().chain(held).collect()))
    }

    /// The documents of an answer, or where they break their schemas.
    fn documents(&self, answer: Object) -> Result<(TaskSpec, Plan), Vec<String>> {
        let mut violations = Vec::new();
        for key in answer.keys().filter(|key| !["task_spec", "plan"].contains(&key.as_str())) {
            violations.push(format!("`{key}` is neither `task_spec` nor `plan`"));
        }
        let given = self.given.spec.map(to_value).and_then(Result::ok);
        let spec = match answer.get("task_spec").cloned().or(given) {
            Some(spec) => typed::<TaskSpec>("/task_spec", Kind::TaskSpec, &spec),
            None => Err(vec!["/task_spec is missing".to_owned()]),
        };
        let plan = match answer.get("plan") {
            Some(Value::Object(plan)) => {
                typed::<Plan>("/plan", Kind::Plan, &Value::Object(self.own(plan.clone())))
            }
            Some(_) => Err(vec!["/plan is no object".to_owned()]),
            None => Err(vec!["/plan is missing".to_owned()]),
        };
        match (spec, plan) {
            (Ok(spec), Ok(plan)) if violations.is_empty() => Ok((spec, plan)),
            (spec, plan) => {
                violations.extend(spec.err().into_iter().chain(plan.err()).flatten());
                Err(violations)
            }
        }
    }

    /// A plan with the fields that are never the planner's: which plan it is, and what became of it.
    fn own(&self, mut plan: Object) -> Object {
        let state = [("state", Value::from(PlanState::Draft.as_str()))].into_iter().collect();
        plan.insert("id", self.order.plan_id.as_str());
        plan.insert("task_id", self.order.task.id.as_str());
        plan.insert("status", Value::Object(state));
        for field in ["created_at", "validation", "quality_score"] {
            plan.remove(field);
        }
        plan
    }

    /// Tools that are not there, or not for this task.
    fn forbidden(&self, spec: &TaskSpec, plan: &Plan) -> Vec<String> {
        let allowed: Vec<&ToolName> = match self.given.spec {
            Some(given) => given.tools_required.iter().collect(),
            None => self.desk.tools.names().collect(),
        };
        let phases = plan.payload.phases.iter().flatten();
        let actions = phases.flat_map(|phase| phase.actions.iter().flatten());
        let used = actions.map(|action| ("an action of the plan", &action.tool));
        let required = spec.tools_required.iter().map(|tool| ("`tools_required`", tool));
        let names: Vec<&str> = allowed.iter().map(|tool| tool.as_str()).collect();
        let mut found: Vec<String> = Vec::new();
        for (place, tool) in required.chain(used).filter(|(_, tool)| !allowed.contains(tool)) {
            let text = format!(
                "{place} names the tool `{}`, which is not allowed: allowed are {}",
                tool.as_str(),
                names.join(", ")
            );
            if !found.contains(&text) {
                found.push(text);
            }
        }
        found
    }

    fn violations(&self, task: &Task, plan: &Plan) -> Result<Vec<String>, PlanError> {
        let Some(contract) = Contract::of(task) else { return Ok(Vec::new()) };
        let nobody: &[Approval] = &[];
        let judgement = self.desk.judge(Entry::Admit, plan, contract, nobody)?;
        let errors = judgement.validation.findings().filter(|it| it.severity == Severity::Error);
        let told = errors.map(|it| match &it.help {
            Some(help) => format!("{it} (help: {help})"),
            None => it.to_string(),
        });
        Ok(told.collect())
    }
}

/// A document of an answer, or where it breaks its schema.
fn typed<T: serde::de::DeserializeOwned>(
    place: &str,
    kind: Kind,
    value: &Value,
) -> Result<T, Vec<String>> {
    from_value::<T>(value).map_err(|error| {
        let violations = Validator::for_kind(kind).validate(value);
        let found: Vec<String> = violations
            .iter()
            .map(|it| it.diagnostic())
            .map(|it| format!("{} {place}{}: {}", it.code, it.pointer, it.message))
            .collect();
        if found.is_empty() { vec![format!("{place}: {error}")] } else { found }
    })
}

impl Prompt {
    /// The digest of what is said in it.
    pub fn digest(&self) -> Digest {
        Digest::of_bytes(format!("{}\n\n{}", self.system, self.user).as_bytes())
    }
}
