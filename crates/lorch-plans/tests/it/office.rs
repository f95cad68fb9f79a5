//! A store, packs and a configuration to decide about plans with.

use std::path::PathBuf;
use std::time::Duration;

use lorch_backends::Config;
use lorch_plans::{
    ApprovalRequest, Approved, Budget, Desk, Permit, PlanError, Policies, Submission, approve,
    execute, submit,
};
use lorch_store::{BreakGlass, Store};
use lorch_types::Timestamp;
use lorch_types::json::{Value, from_value};
use lorch_types::plan::{Metrics, Plan, PlanId, PlanState, Task};
use tempfile::TempDir;

use crate::drift::{config, document, with};

pub(crate) struct Office {
    folder: TempDir,
    pub(crate) store: Store,
    pub(crate) config: Config,
    pub(crate) policies: Policies,
    metrics: Metrics,
    nonces: std::sync::atomic::AtomicU32,
}

/// `minutes` after these tests began.
pub(crate) fn at(minutes: u64) -> Timestamp {
    Timestamp::from_unix_millis(1_763_700_000_000 + minutes * 60_000).unwrap()
}

impl Office {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("lorch.db")).unwrap();
        let policies = Policies::new(Some(folder.path().join("policies")), Budget::default());
        let (config, metrics) = (config(), Metrics::built_in());
        Self { folder, store, config, policies, metrics, nonces: 0.into() }
    }

    pub(crate) fn desk(&self) -> Desk<'_> {
        let Self { store, config, policies, metrics, .. } = self;
        Desk { store, policies, tools: &config.tools, metrics }
    }

    pub(crate) fn policies_folder(&self) -> PathBuf {
        self.folder.path().join("policies")
    }

    /// Reads the packs anew, as the next process does.
    pub(crate) fn read_policies_again(&mut self) {
        self.policies = Policies::new(Some(self.policies_folder()), Budget::default());
    }

    /// A plain connection, past everything that the store checks.
    pub(crate) fn sql(&self) -> rusqlite::Connection {
        rusqlite::Connection::open(self.store.path()).unwrap()
    }

    fn nonce(&self) -> u32 {
        self.nonces.fetch_add(1, std::sync::atomic::Ordering::Relaxed) + 1
    }

    pub(crate) fn submit(
        &self,
        task: &Value,
        plan: &Value,
        minutes: u64,
    ) -> Result<Submission, PlanError> {
        let task: Task = from_value(task).unwrap();
        let plan: Plan = from_value(plan).unwrap();
        let nonce = format!("n{}", self.nonce()).into();
        submit(&self.desk(), &task, &plan, &task.created_by, at(minutes), nonce)
    }

    pub(crate) fn request(&self, approver: &str, role: &str) -> ApprovalRequest {
        ApprovalRequest {
            approver: approver.parse().unwrap(),
            role: role.parse().unwrap(),
            comment: None,
            valid_for: None,
            break_glass: None,
            nonce: format!("n{}", self.nonce()).into(),
        }
    }

    pub(crate) fn approve(
        &self,
        approver: &str,
        role: &str,
        minutes: u64,
    ) -> Result<Approved, PlanError> {
        approve(&self.desk(), &plan_id(), &self.request(approver, role), at(minutes))
    }

    pub(crate) fn execute(&self, minutes: u64) -> Result<Permit, PlanError> {
        self.execute_plan(&plan_id(), minutes)
    }

    pub(crate) fn execute_plan(&self, plan: &PlanId, minutes: u64) -> Result<Permit, PlanError> {
        let run = format!("99000000-0000-0000-0000-{:012}", self.nonce());
        execute(&self.desk(), plan, &"carol".parse().unwrap(), run.parse().unwrap(), at(minutes))
    }

    pub(crate) fn state(&self) -> PlanState {
        self.store.plan(&plan_id()).unwrap().state
    }
}

/// The id of the example's plan.
pub(crate) fn plan_id() -> PlanId {
    "880e8400-e29b-41d4-a716-446655440001".parse().unwrap()
}

pub(crate) fn break_glass(minutes: u64, request: ApprovalRequest) -> ApprovalRequest {
    let justification = "the site is down".to_owned();
    ApprovalRequest {
        break_glass: Some(BreakGlass { justification, incident_id: "INC-7".into() }),
        valid_for: Some(Duration::from_secs(minutes * 60)),
        ..request
    }
}

/// The example's task with these changes.
pub(crate) fn task(changes: &[(&str, &str)]) -> Value {
    changes.iter().fold(document("task.json"), |task, (at, new)| with(&task, at, new))
}

/// The example's plan with these changes.
pub(crate) fn plan(changes: &[(&str, &str)]) -> Value {
    changes.iter().fold(document("plan.json"), |plan, (at, new)| with(&plan, at, new))
}

/// A small plan for a place where no person is needed, and its task.
pub(crate) fn in_staging() -> (Value, Value) {
    let task = task(&[
        ("/task_spec/context/environment", "\"staging\""),
        ("/task_spec/hitl_required", "false"),
        ("/task_spec/tools_required", "[\"query_assets\"]"),
    ]);
    let phases = r#"[{"name": "Look", "assets": ["asset-1"], "wait_time": "1m", "actions": [{"tool": "query_assets"}]}]"#;
    let plan = plan(&[("/payload/affected_assets", "[\"asset-1\"]"), ("/payload/phases", phases)]);
    (task, plan)
}
