//! What a planner says, and what comes of it.

use lorch_plans::{Draft, DraftError, NoAnswer, Order, Planner, Question, Said, draft};
use lorch_types::json::{Object, Value, canonical, from_value, to_value};
use lorch_types::plan::{RiskLevel, Task, TaskErrorCode, TaskSpec};

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
    ask_again(None, task, answers)
}

/// The same for a task that is recorded already.
fn ask_again(
    recorded: Option<&Value>,
    task: &Value,
    answers: Vec<String>,
) -> Result<Draft, DraftError> {
    let office = Office::new();
    let recorded: Option<Task> = recorded.map(|task| from_value(task).unwrap());
    let task: Task = from_value(task).unwrap();
    let plan_id = "990e8400-e29b-41d4-a716-446655440009".parse().unwrap();
    let order =
        Order { task: &task, recorded: recorded.as_ref(), environment: None, plan_id: &plan_id };
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

/// What is said to be held when a planner says this, each as "matter: said -> kept".
#[track_caller]
fn held(pointer: &str, said: &str, expected: &[&str]) {
    let task = document("task.json");
    let spec = with(task.get("task_spec").unwrap(), pointer, said);
    let drafted = ask(&task, vec![answer(&spec)]).unwrap();
    assert_eq!(told(&drafted), expected, "{pointer} {said}");
}

fn told(drafted: &Draft) -> Vec<String> {
    let told = drafted.held.iter().map(|it| format!("{}: {} -> {}", it.matter, it.said, it.kept));
    told.collect()
}

#[test]
fn whatever_is_not_done_as_it_was_said_is_told() {
    held("/risk_level", "\"critical\"", &[]);
    held(
        "/validation/policies",
        r#"["tool_authorization"]"#,
        &["policies: tool_authorization -> production_safety, tool_authorization"],
    );
    held(
        "/validation/policies",
        "[]",
        &["policies: none -> production_safety, tool_authorization"],
    );
    held("/validation", "null", &[]);
    held(
        "/execution_policy",
        r#"{"allowed_approver_roles":["SRELead","Intern"]}"#,
        &["allowed_approver_roles: Intern, SRELead -> SRELead"],
    );
    held(
        "/execution_policy",
        r#"{"allowed_approver_roles":["Intern"]}"#,
        &["allowed_approver_roles: Intern -> PlatformLead, SRELead"],
    );
    held("/execution_policy", r#"{"allowed_approver_roles":["PlatformLead"]}"#, &[]);
    held(
        "/context/scope",
        "{}",
        &[r#"scope: {} -> {"asset_filter":"role:web-server","platforms":["aws","azure"]}"#],
    );
    held("/constraints/canary_required", "false", &["canary_required: false -> true"]);
    held(
        "/constraints/rollback_trigger",
        "\"error_rate > 50%\"",
        &["rollback_trigger: error_rate > 50% -> error_rate > 1%"],
    );
    held("/constraints", "null", &[]);
}

#[test]
fn a_task_that_is_recorded_is_drafted_again_on_no_laxer_terms() {
    let strict = [
        ("/task_spec/risk_level", "\"critical\""),
        ("/task_spec/constraints/max_batch_percent", "24"),
        ("/task_spec/constraints/exclude_assets", "[\"asset-99\"]"),
        ("/execution_policy/require_two_approvers", "true"),
        ("/execution_policy/allowed_approver_roles", "[\"SRELead\"]"),
    ];
    let recorded = strict.iter().fold(document("task.json"), |task, (at, to)| with(&task, at, to));
    let lax = document("task.json");
    let said = answer(lax.get("task_spec").unwrap());
    let drafted = ask_again(Some(&recorded), &lax, vec![said.clone()]).unwrap();
    let task = &drafted.task;
    let spec = task.task_spec.as_ref().unwrap();
    assert_eq!(spec.risk_level, RiskLevel::Critical);
    let constraints = spec.constraints.as_ref().unwrap();
    assert_eq!(constraints.max_batch_percent().to_string(), "24");
    assert_eq!(constraints.exclude_assets.as_ref().unwrap().len(), 1);
    let policy = task.execution_policy.as_ref().unwrap();
    assert_eq!(policy.require_two_approvers, Some(true));
    let roles = policy.allowed_approver_roles.as_ref().unwrap();
    assert_eq!(roles.iter().map(|role| role.as_str()).collect::<Vec<_>>(), ["SRELead"]);
    let told = told(&drafted);
    for line in [
        "risk_level: high -> critical",
        "max_batch_percent: 25 -> 24",
        "allowed_approver_roles: PlatformLead, SRELead -> SRELead",
    ] {
        assert_eq!(told.iter().filter(|it| *it == line).count(), 1, "{line} in {told:?}");
    }
    // A file without a specification starts from the recorded one.
    let bare = with(&lax, "/task_spec", "null");
    let drafted = ask_again(Some(&recorded), &bare, vec![said]).unwrap();
    assert_eq!(drafted.task.task_spec.unwrap().risk_level, RiskLevel::Critical);
    // It can become stricter, and names no further tools.
    let tools = r#"["upgrade_image", "query_assets"]"#;
    let recorded = with(&lax, "/task_spec/tools_required", tools);
    let more = r#"["upgrade_image", "restore_image"]"#;
    let other = with(&lax, "/task_spec/tools_required", more);
    let other = with(&other, "/task_spec/risk_level", "\"critical\"");
    let spec = with(other.get("task_spec").unwrap(), "/tools_required", "[\"upgrade_image\"]");
    let drafted = ask_again(Some(&recorded), &other, vec![answer(&spec)]).unwrap();
    assert_eq!(drafted.task.task_spec.as_ref().unwrap().risk_level, RiskLevel::Critical);
    let narrowed = "tools_required: restore_image, upgrade_image -> upgrade_image";
    assert_eq!(self::told(&drafted), [narrowed]);
}
