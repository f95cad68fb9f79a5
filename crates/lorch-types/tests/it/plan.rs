//! The documents of the plan family: what is read is what is written.

use lorch_types::Kind;
use lorch_types::plan::{
    Constraints, ExecutionMode, Plan, Run, Task, TaskExecutionPolicy, TaskSpec,
};

use crate::documents::check;

const SPEC: &str = r#"{"task_type":"drift_remediation",
    "goal":"Remediate drift for production web servers",
    "context":{"environment":"production","org_id":"org-123","scope":{
      "platforms":["aws","azure"],"regions":["us-east-1"],"asset_filter":"role:web-server",
      "asset_ids":["asset-1"]}},
    "agents":[{"name":"drift_agent","priority":1}],"tools_required":["query_assets"],
    "risk_level":"high","hitl_required":true,"user_intent":"Fix drift",
    "constraints":{"canary_required":true,"max_batch_percent":10,"max_batch_size":5,
      "rollback_trigger":"error_rate > 1%","exclude_assets":[],
      "maintenance_window":{"start":"02:00","end":"04:00","timezone":"Europe/Berlin"}},
    "validation":{"schema":"plan","policies":["production_safety"]},
    "execution_policy":{"mode":"canary_only","allowed_approver_roles":["SRELead"],
      "require_two_approvers":true},
    "llm_profile":{"model":"m1","agent_version":"1","prompts_version":"2"}}"#;

#[test]
fn documents_are_written_as_they_were_read() {
    check::<TaskSpec>(Kind::TaskSpec, SPEC, SPEC);
    let task = format!(
        r#"{{"id":"550e8400-e29b-41d4-a716-446655440000","org_id":"org-123","created_by":"user-456",
        "project_id":"p1","created_at":"2024-12-01T10:30:00Z",
        "user_intent":"Fix drift on prod web servers","task_spec":{SPEC},
        "execution_policy":{{"mode":"full_auto","timeout_minutes":5}},
        "llm_profile":{{"model":"m1","total_tokens":10,"total_latency_ms":0}},
        "metadata":{{"source":"chat","correlation_id":"c","tags":{{"a":[null]}}}},
        "status":{{"state":"failed","updated_at":"2024-12-01T10:30:00Z","error":"no",
          "error_code":"llm_error"}}}}"#
    );
    check::<Task>(Kind::Task, &task, &task);
    let plan = r#"{"id":"660e8400-e29b-41d4-a716-446655440001",
        "task_id":"550e8400-e29b-41d4-a716-446655440000","type":"drift_plan",
        "created_at":"2024-12-01T10:31:00Z","quality_score":85.5,
        "payload":{"summary":"Remediate 3 drifted servers","affected_assets":["a","b","..."],
          "estimated_duration":"2h","risk_assessment":"Medium","details":{"image":"v2"},
          "phases":[{"name":"Canary","assets":["a"],"wait_time":"30m",
            "rollback_if":"error_rate > 1%",
            "health_checks":[{"type":"http_200","target":"/health","timeout":"30s"},
              {"type":"latency_p99","threshold":"< 200ms"}],
            "actions":[{"tool":"patch","params":{"to":"v2"},"description":"upgrade"}]}]},
        "validation":{"schema_valid":true,"schema_errors":[],"overall_valid":false},
        "status":{"state":"awaiting_approval","approved_by":"alice",
          "approved_at":"2024-12-01T10:35:00Z","rejection_reason":"none"}}"#;
    check::<Plan>(Kind::Plan, plan, plan);
    let run = r#"{"id":"770e8400-e29b-41d4-a716-446655440002",
        "plan_id":"660e8400-e29b-41d4-a716-446655440001",
        "task_id":"550e8400-e29b-41d4-a716-446655440000","environment":"staging",
        "initiated_by":"alice","started_at":"2024-12-01T10:40:00Z",
        "status":{"state":"paused","pause_reason":"health_check_failed"},
        "progress":{"current_phase":"Canary","phases_completed":[],"phases_remaining":["Wave1"],
          "percent_complete":12.5},
        "metrics":{"duration_seconds":1.5,"assets_total":3,"rollback_triggered":false,
          "observed_error_rate":0.25},
        "audit_log":[{"timestamp":"2024-12-01T10:40:00Z","event":"run_started"},
          {"timestamp":"2024-12-01T10:41:00Z","event":"asset_failed","phase":"Canary",
           "asset_id":"a","details":{"exit":1},"error":"no route"}]}"#;
    check::<Run>(Kind::Run, run, run);
}

#[test]
fn what_is_absent_has_its_default() {
    let policy: TaskExecutionPolicy = serde_json::from_str("{}").unwrap();
    assert_eq!((policy.mode(), policy.timeout_minutes()), (ExecutionMode::PlanOnly, 30));
    let constraints: Constraints = serde_json::from_str("{}").unwrap();
    assert_eq!(constraints.max_batch_percent(), 20);
}
