//! Whether an answer may be put before a person: read strictly, judged like any plan.

use lorch_store::Approval;
use lorch_types::Kind;
use lorch_types::diagnostic::Severity;
use lorch_types::json::{Object, Value, from_value, to_value};
use lorch_types::plan::{LlmUsage, Plan, PlanState, Task, TaskErrorCode, TaskSpec, ToolName};
use lorch_validate::Validator;

use super::answer::read_answer;
use super::stricter::{Given, Held};
use super::{Order, beginning};
use crate::contract::Contract;
use crate::desk::Desk;
use crate::error::PlanError;
use crate::policy::Entry;

/// How many violations are sent back at once.
const MOST_VIOLATIONS: usize = 30;
/// How many bytes of each.
const MOST_BYTES: usize = 2000;

/// What answers are judged by.
pub(super) struct Judge<'a> {
    pub(super) desk: &'a Desk<'a>,
    pub(super) order: &'a Order<'a>,
    pub(super) given: Given<'a>,
}

/// What comes of an answer.
pub(super) enum Judged {
    Good { task: Box<Task>, plan: Box<Plan>, held: Vec<Held> },
    Bad(Wrong),
}

/// Why an answer cannot be used.
pub(super) struct Wrong {
    pub(super) code: TaskErrorCode,
    pub(super) violations: Vec<String>,
}

impl Wrong {
    fn of(code: TaskErrorCode, violations: Vec<String>) -> Judged {
        let shown = violations.into_iter().take(MOST_VIOLATIONS);
        let violations = shown.map(|it| beginning(it, MOST_BYTES)).collect();
        Judged::Bad(Self { code, violations })
    }
}

impl Judge<'_> {
    /// What comes of an answer; `usage` is recorded with the task.
    pub(super) fn judge(&self, text: &str, usage: &LlmUsage) -> Result<Judged, PlanError> {
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
            llm_profile: Some(usage.clone()),
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
