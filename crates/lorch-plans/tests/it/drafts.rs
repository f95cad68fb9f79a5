//! What a planner says, and what comes of it.

use lorch_plans::{Draft, DraftError, NoAnswer, Order, Planner, Question, Said, draft};
use lorch_types::json::{Object, Value, canonical, from_value, to_value};
use lorch_types::plan::{Task, TaskErrorCode, TaskSpec};

use crate::drift::{document, with};
use crate::office::Office;

/// A planner that gives these answers, and then none.
struct Script(Vec<String>);

impl Planner for Script {
    fn ask(&mut self, _: &Question<'_>) -> Result<Said, NoAnswer> {
        if self.0.is_empty() {
            return Err(NoAnswer { code: TaskErrorCode::LlmError, reason: "no more".to_owned() });
        }
        Ok(Said { text: self.0.remove(0), tokens: u64::MAX, ..Said::default() })
    }
}

fn answer(spec: &Value) -> String {
    let members = [("task_spec", spec.clone()), ("plan", document("plan.json"))];
    canonical(&Value::Object(Object::from_iter(members)))
}

fn ask(task: &Value, answers: Vec<String>) -> Result<Draft, DraftError> {
    let office = Office::new();
    let task: Task = from_value(task).unwrap();
    let plan_id = "990e8400-e29b-41d4-a716-446655440009".parse().unwrap();
    let order = Order { task: &task, environment: None, plan_id: &plan_id };
    draft(&office.desk(), &order, &mut Script(answers))
}

/// What holds of the specification that a planner says, at `pointer`.
#[track_caller]
fn check(pointer: &str, said: &str, expected: &str) {
    let task = document("task.json");
    let spec = with(task.get("task_spec").unwrap(), pointer, said);
    let drafted = ask(&task, vec![answer(&spec)]).unwrap();
    let spec: &TaskSpec = drafted.task.task_spec.as_ref().unwrap();
    let pointer: lorch_types::pointer::Pointer = pointer.parse().unwrap();
    let value = to_value(spec).unwrap();
    let kept = pointer.find(&value).map(canonical).unwrap_or_default();
    assert_eq!(kept, expected, "{pointer} {said}");
}

#[test]
fn the_stricter_holds() {
    check("/risk_level", "\"low\"", "\"high\"");
    check("/risk_level", "\"critical\"", "\"critical\"");
    check("/context/environment", "\"development\"", "\"production\"");
    check("/hitl_required", "false", "true");
    check("/constraints/max_batch_percent", "90", "25");
    check("/constraints/max_batch_size", "11", "11");
    check("/constraints/canary_required", "false", "true");
    check("/constraints/rollback_trigger", "\"error_rate > 50%\"", "\"error_rate > 1%\"");
    check(
        "/context/scope",
        "{}",
        r#"{"asset_filter":"role:web-server","platforms":["aws","azure"]}"#,
    );
    check("/validation/policies", "[]", r#"["production_safety","tool_authorization"]"#);
    let policy = "/execution_policy";
    check(
        policy,
        r#"{"mode":"full_auto"}"#,
        r#"{"allowed_approver_roles":["SRELead","PlatformLead"],"mode":"full_auto"}"#,
    );
    check(
        policy,
        r#"{"mode":"full_auto","allowed_approver_roles":["SRELead","Intern"],"require_two_approvers":true}"#,
        r#"{"allowed_approver_roles":["SRELead"],"mode":"full_auto","require_two_approvers":true}"#,
    );
    check(
        policy,
        r#"{"allowed_approver_roles":["Intern"]}"#,
        r#"{"allowed_approver_roles":["SRELead","PlatformLead"],"mode":"full_auto"}"#,
    );
}

#[test]
fn a_plan_is_the_one_that_was_ordered_whatever_the_answer_says() {
    let task = document("task.json");
    let drafted = ask(&task, vec![answer(task.get("task_spec").unwrap())]).unwrap();
    assert_eq!(drafted.plan.id.as_str(), "990e8400-e29b-41d4-a716-446655440009");
    assert_eq!((drafted.plan.task_id.as_str(), drafted.corrections), (drafted.task.id.as_str(), 0));
    assert!(drafted.plan.validation.is_none() && drafted.plan.quality_score.is_none());
}

#[test]
fn a_planner_that_ends_fails_with_what_was_used() {
    let error = ask(&document("task.json"), vec!["{".repeat(200_000)]).unwrap_err();
    let DraftError::Failed { failure } = error else { panic!("{error}") };
    assert_eq!((failure.code, failure.corrections), (TaskErrorCode::LlmError, 1));
    assert_eq!(failure.reason, "no more");
    assert!(failure.usage.total_tokens.is_some());
}
