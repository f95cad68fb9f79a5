//! `lorch plan run` on assets that are processes: one run completes, another pauses, another is rolled
//! back.

use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use lorch_types::json::Value;

use crate::lorch::{Folder, Ran, command, copy, read, repository};
use crate::server::{Server, answer, json_answer};

pub(crate) const PLAN: &str = "880e8400-e29b-41d4-a716-446655440101";
const OLD: &str = "ubuntu-base-v2.3.0";
const NEW: &str = "ubuntu-base-v2.4.1";

/// The example's workspace, with its assets running and its plan approved.
pub(crate) struct Fleet {
    pub(crate) folder: Folder,
    assets: Child,
}

impl Drop for Fleet {
    fn drop(&mut self) {
        drop(self.assets.stdin.take());
        let _ = self.assets.wait();
    }
}

impl Fleet {
    pub(crate) fn new() -> Self {
        Self::with_plan(|plan| plan)
    }

    /// The same with another plan than the example's, which is submitted.
    pub(crate) fn with_plan(change: impl FnOnce(String) -> String) -> Self {
        let folder = Folder::new();
        copy(&repository().join("examples/drift/run"), folder.path());
        folder.write("plan.json", change(folder.read("plan.json")));
        let mut assets = command(folder.path());
        assets.args(["worker", "fleet", "fleet", "8"]).stdin(Stdio::piped());
        let assets = assets.spawn().unwrap();
        let fleet = Self { folder, assets };
        fleet.until("the assets answer", || {
            fleet.folder.path().join("fleet/inventory.json").exists()
        });
        fleet.plan(&["submit", "--task", "task.json", "plan.json"], 3);
        fleet
    }

    pub(crate) fn approved() -> Self {
        Self::new().and_approved()
    }

    pub(crate) fn and_approved(self) -> Self {
        self.plan(&["approve", PLAN, "--as", "alice", "--role", "SRELead"], 0);
        self
    }

    #[track_caller]
    pub(crate) fn plan(&self, arguments: &[&str], status: i32) -> Ran {
        self.folder.run(["plan"].iter().chain(arguments)).ends(status)
    }

    /// Carries the plan out, until it stops.
    #[track_caller]
    pub(crate) fn run(&self, status: i32) -> Ran {
        self.plan(&["run", PLAN, "--as", "carol", "--exit-when-paused"], status)
    }

    /// Sets something of `[execution]`.
    pub(crate) fn set(&self, name: &str, value: &str) {
        let config = self.folder.read("lorch.toml");
        let with = config.replace("[execution]\n", &format!("[execution]\n{name} = {value}\n"));
        assert_ne!(with, config);
        self.folder.write("lorch.toml", with);
    }

    pub(crate) fn fail(&self, asset: usize, fault: &str) {
        self.folder.write(&format!("fleet/asset-{asset}.fail"), fault);
    }

    /// What was done to each asset, in order.
    pub(crate) fn done(&self) -> Vec<String> {
        let verbs = |asset| {
            let log = self.folder.read(&format!("fleet/asset-{asset}.log"));
            let verbs = log.lines().map(|line| line.split(' ').nth(1).unwrap().to_owned());
            verbs.collect::<Vec<_>>().join(" ")
        };
        (1..=8).map(verbs).collect()
    }

    /// What each asset was asked to do, in order, and each thing once though it was asked for again under
    /// its key.
    pub(crate) fn asked(&self) -> Vec<String> {
        let verbs = |asset| {
            let log = self.folder.read(&format!("fleet/asset-{asset}.asked"));
            let mut keys = std::collections::BTreeSet::new();
            let lines = log.lines().filter(|line| keys.insert(*line));
            lines.map(|line| line.split(' ').nth(1).unwrap()).collect::<Vec<_>>().join(" ")
        };
        (1..=8).map(verbs).collect()
    }

    pub(crate) fn run_id(&self) -> Option<String> {
        let path = self.folder.path().join(".lorch/lorch.db");
        let sql = rusqlite::Connection::open(path).unwrap();
        sql.query_row("SELECT run_id FROM plan_runs", [], |row| row.get(0)).ok()
    }

    pub(crate) fn document(&self) -> Value {
        self.plan(&["audit", &self.run_id().unwrap()], 0).json()
    }

    pub(crate) fn events(&self) -> Vec<String> {
        let document = self.document();
        let log = document.get("audit_log").and_then(Value::as_array).unwrap();
        log.iter().map(|it| it.get("event").and_then(Value::as_str).unwrap().to_owned()).collect()
    }

    /// The run in a process of its own.
    fn begin(&self) -> Child {
        let mut run = command(self.folder.path());
        run.args(["plan", "run", PLAN, "--as", "carol"]).stdout(Stdio::null());
        run.spawn().unwrap()
    }

    #[track_caller]
    pub(crate) fn until(&self, what: &str, holds: impl Fn() -> bool) {
        let begun = Instant::now();
        while !holds() {
            assert!(begun.elapsed() < Duration::from_secs(60), "never: {what}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

#[test]
fn a_run_completes_and_can_be_audited() {
    let fleet = Fleet::approved();
    let ran = fleet.run(0);
    assert!(ran.stdout.ends_with("is completed\n"), "{ran:#?}");
    let lines = ran.stdout.lines().filter(|line| line.contains("asset_changed"));
    assert_eq!(lines.count(), 8);
    assert_eq!(fleet.done(), ["upgrade"; 8]);
    assert!(fleet.folder.read("fleet/asset-1.log").contains(NEW));
    let run_id = fleet.run_id().unwrap();
    let verified = fleet.plan(&["audit", &run_id, "--verify"], 0);
    assert!(verified.stdout.contains("54 entries, all as they were written"), "{verified:#?}");
    let document = fleet.document();
    fleet.folder.write("run.json", document.to_string());
    fleet.folder.run(["validate", "--schema", "run", "run.json"]).ends(0);
    let csv = fleet.plan(&["audit", &run_id, "--format", "csv"], 0);
    assert_eq!(csv.stdout.lines().count(), 55);
    let report = fleet.plan(&["audit", &run_id, "--format", "markdown"], 0).stdout;
    assert!(report.contains("| state | completed |") && report.contains("## Timeline"), "{report}");
    let watched = fleet.plan(&["watch", &run_id, "--json"], 0);
    assert_eq!(watched.lines().len(), 54);
    // The approval is used up.
    let ran = fleet.run(1);
    assert!(ran.stderr.contains("awaits approval again"), "{ran:#?}");
    let sql = rusqlite::Connection::open(fleet.folder.path().join(".lorch/lorch.db")).unwrap();
    sql.execute("UPDATE plan_run_audit SET entry = replace(entry, 'Wave1', 'Wave9')", []).unwrap();
    let ran = fleet.plan(&["audit", &run_id, "--verify"], 1);
    assert!(ran.stderr.contains("the audit log was changed: entry 15 does not follow"), "{ran:#?}");
    let verified = fleet.plan(&["audit", &run_id, "--verify", "--json"], 1).json();
    assert_eq!(verified.get("whole"), Some(&Value::Bool(false)));
    assert_eq!(verified.get("first_broken").and_then(Value::as_u64), Some(15));
}

#[test]
fn a_run_pauses_where_an_asset_is_ill_and_goes_on_when_a_person_says_so() {
    let fleet = Fleet::approved();
    fleet.fail(3, "health");
    let ran = fleet.run(3);
    assert!(ran.stdout.contains("is paused: health_check_failed"), "{ran:#?}");
    let run_id = fleet.run_id().unwrap();
    fleet.plan(&["watch", &run_id, "--once"], 3);
    assert_eq!(fleet.done()[4], "", "nothing after the phase was touched");
    fleet.run(3);
    fleet.fail(3, "");
    let said = fleet.plan(&["resume", &run_id, "--as", "dora"], 0).stdout;
    assert!(said.contains("nobody carries the run out now"), "{said}");
    let ran = fleet.run(0);
    assert!(ran.stdout.contains("run_resumed") && ran.stdout.contains("dora"), "{ran:#?}");
    assert_eq!(fleet.done(), ["upgrade"; 8]);
    let ran = fleet.plan(&["pause", &run_id, "--as", "dora"], 1);
    assert!(ran.stderr.contains("is completed already"), "{ran:#?}");
}

#[test]
fn a_run_is_rolled_back_where_an_asset_cannot_be_changed() {
    let fleet = Fleet::approved();
    fleet.fail(5, "upgrade");
    let ran = fleet.run(1);
    assert!(ran.stdout.ends_with("is rolled_back\n"), "{ran:#?}");
    let both = "upgrade restore";
    assert_eq!(fleet.done(), [both, both, both, both, "", "", "", ""]);
    assert!(fleet.folder.read("fleet/asset-1.log").lines().last().unwrap().ends_with(OLD));
    let metrics = fleet.document().get("metrics").cloned().unwrap();
    let figure = |name| metrics.get(name).and_then(Value::as_u64).unwrap();
    assert_eq!((figure("assets_changed"), figure("rollback_assets")), (4, 5));
}

#[test]
fn an_asset_that_dies_in_the_middle_is_never_asked_for_twice_and_the_rest_is_undone() {
    for parallel in ["1", "2"] {
        let fleet = Fleet::approved();
        fleet.set("max_parallel", parallel);
        fleet.fail(4, "die");
        let ran = fleet.run(1);
        assert!(ran.stdout.ends_with("is failed: rollback_incomplete\n"), "{ran:#?}");
        let both = "upgrade restore";
        assert_eq!(fleet.done(), [both, both, both, "upgrade", "", "", "", ""]);
        assert_eq!(fleet.asked(), fleet.done());
        let failed = ran.stdout.lines().find(|line| line.contains("asset_failed")).unwrap();
        assert!(failed.contains("asset-4"), "{ran:#?}");
    }
}

#[test]
fn assets_that_are_acted_on_at_the_same_time_are_acted_on_once() {
    let fleet = Fleet::approved();
    fleet.set("max_parallel", "8");
    fleet.fail(6, "upgrade");
    let ran = fleet.run(1);
    assert!(ran.stdout.ends_with("is rolled_back\n"), "{ran:#?}");
    let both = "upgrade restore";
    assert_eq!(fleet.done(), [both, both, both, both, both, "", "", ""]);
    let verified = fleet.plan(&["audit", &fleet.run_id().unwrap(), "--verify"], 0);
    assert!(verified.stdout.contains("all as they were written"), "{verified:#?}");
}

#[test]
fn what_hangs_is_unknown_and_never_passes() {
    let fleet = Fleet::approved();
    fleet.fail(1, "hang");
    let ran = fleet.run(3);
    assert!(ran.stdout.contains("is paused: inconclusive"), "{ran:#?}");
}

#[test]
fn another_terminal_pauses_and_rolls_back_what_runs_and_nobody_else_runs_it() {
    let fleet = Fleet::approved();
    let mut run = fleet.begin();
    fleet.until("the second phase", || {
        fleet.run_id().is_some()
            && fleet.events().iter().filter(|it| *it == "phase_started").count() > 1
    });
    let run_id = fleet.run_id().unwrap();
    let refused = fleet.plan(&["run", PLAN, "--as", "eve"], 1);
    assert!(refused.stderr.contains("is carried out by process"), "{refused:#?}");
    let said = fleet.plan(&["pause", &run_id, "--as", "dora"], 0).stdout;
    assert!(said.contains("heeds it at the next asset"), "{said}");
    fleet.until("a pause", || fleet.events().iter().any(|it| it == "run_paused"));
    assert!(run.try_wait().unwrap().is_none(), "it waits");
    fleet.plan(&["rollback", &run_id, "--as", "dora"], 0);
    assert_eq!(run.wait().unwrap().code(), Some(1));
    let document = fleet.document();
    let state = document.get("status").and_then(|it| it.get("state")).and_then(Value::as_str);
    assert_eq!(state, Some("rolled_back"));
    let done = fleet.done();
    assert!(done.iter().all(|it| it.is_empty() || it == "upgrade restore"), "{done:?}");
    assert_eq!(done[0], "upgrade restore");
}

#[test]
fn wrong_usage_is_told_from_what_may_not_be() {
    let fleet = Fleet::new();
    let refused = fleet.plan(&["run", PLAN, "--as", "carol"], 1);
    assert!(refused.stderr.contains("is awaiting_approval, not approved"), "{refused:#?}");
    let simulated = fleet.plan(&["run", PLAN, "--simulate"], 0);
    assert!(simulated.stdout.contains("completed"), "{simulated:#?}");
    assert!(fleet.run_id().is_none(), "a simulation records nothing");
    let unknown = "990e8400-e29b-41d4-a716-446655440101";
    let wishes =
        ["pause", "resume", "rollback", "cancel"].map(|it| vec![it, unknown, "--as", "dora"]);
    for command in wishes.into_iter().chain(["watch", "audit"].map(|it| vec![it, unknown])) {
        let ran = fleet.plan(&command, 2);
        assert!(ran.stderr.contains("there is no run"), "{ran:#?}");
    }
    fleet.plan(&["run", unknown, "--as", "carol"], 2);
    for name in ["policy:x", " dora", "do\u{200b}ra", "dora\u{7}"] {
        for command in ["pause", "resume", "rollback", "cancel", "run"] {
            let ran = fleet.plan(&[command, unknown, "--as", name], 2);
            assert!(
                ran.stderr.contains("no name of a person") || ran.stderr.contains("no person"),
                "{ran:#?}"
            );
        }
    }
    fleet.plan(&["run", "plan.json"], 2);
}

#[test]
fn a_tool_that_is_another_than_was_approved_needs_another_approval() {
    let fleet = Fleet::approved();
    let config = fleet.folder.read("lorch.toml");
    fleet
        .folder
        .write("lorch.toml", config.replace("{asset_url}/upgrade", "{asset_url}/upgrade?force=1"));
    let refused = fleet.run(1);
    assert!(
        refused
            .stderr
            .contains("a tool of the plan has changed in `lorch.toml` since `alice` approved"),
        "{refused:#?}"
    );
    assert!(fleet.run_id().is_none());
    assert_eq!(fleet.asked(), [""; 8]);
}

#[test]
fn a_webhook_is_told_of_a_pause() {
    let server = Server::start([answer("204 No Content", "", "")]);
    let fleet = Fleet::approved();
    let url = server.url("/hook");
    let config = fleet.folder.read("lorch.toml")
        + &format!("\n[notify]\nurl = \"{url}\"\nsecret_env = \"NOTIFY_SECRET\"\n");
    fleet.folder.write("lorch.toml", config);
    fleet.fail(1, "health");
    let arguments = ["plan", "run", PLAN, "--as", "carol", "--exit-when-paused"];
    let environment = [("NOTIFY_SECRET", "only for this test")];
    fleet.folder.run_with(arguments, "", &environment).ends(3);
    fleet.until("the webhook is told", || !server.received().is_empty());
    let body = read(&server.received()[0].body);
    let member = |name| body.get(name).and_then(Value::as_str).unwrap().to_owned();
    assert_eq!(member("event"), "run.paused");
    assert_eq!((member("plan_id").as_str(), member("run_id")), (PLAN, fleet.run_id().unwrap()));
    assert_eq!(member("phase"), "Canary");
}

#[test]
fn a_prometheus_server_is_asked_and_what_is_no_number_never_passes() {
    for (value, status, words) in [
        ("0.01", 0, "is completed"),
        // It is rolled back, and no better for it.
        ("0.9", 1, "is failed: rollback_incomplete"),
        ("NaN", 3, "is paused: inconclusive"),
    ] {
        let result = format!(r#"[{{"metric":{{}},"value":[1700000000,"{value}"]}}]"#);
        let data = format!(r#"{{"resultType":"vector","result":{result}}}"#);
        let said = json_answer(&format!(r#"{{"status":"success","data":{data}}}"#));
        let server = Server::start(vec![said; 1000]);
        let fleet = Fleet::approved();
        let url = server.url("");
        let config = fleet.folder.read("lorch.toml")
            + &format!("\n[allow]\nhosts = [\"{}\"]\n", server.address)
            + &format!("\n[probes.error_rate]\nprometheus = \"{url}\"\nquery = \"errors\"\n");
        fleet.folder.write("lorch.toml", config);
        let ran = fleet.run(status);
        assert!(ran.stdout.contains(words), "{value}: {ran:#?}");
        let asked = server.received();
        let line = &asked.first().unwrap().line;
        assert!(line.starts_with("GET /api/v1/query?query=errors"), "{line}");
    }
}

#[test]
fn a_run_speaks_for_the_plans_of_its_kind() {
    let fleet = Fleet::approved();
    fleet.run(0);
    let plan = fleet.folder.read("plan.json").replace("446655440101", "446655440102");
    fleet.folder.write("next.json", plan);
    let history = "  history    20  1 of 1 run of this kind in production completed\n";
    for (arguments, status) in [
        (&["validate", "next.json", "--task", "task.json"][..], 0),
        (&["submit", "--task", "task.json", "next.json"], 3),
        (&["show", PLAN], 0),
    ] {
        let ran = fleet.plan(arguments, status);
        assert!(ran.stdout.contains(history), "{ran:#?}");
    }
    let shown = fleet.plan(&["show", PLAN, "--json"], 0).json();
    let parts = shown.get("score").and_then(Value::as_array).unwrap();
    let points = |name: &str| {
        let part = parts.iter().find(|it| it.get("name").and_then(Value::as_str) == Some(name));
        part.and_then(|it| it.get("points")).and_then(Value::as_u64)
    };
    assert_eq!((points("history"), points("review")), (Some(20), Some(20)));
    assert_eq!(shown.get("quality_score").and_then(Value::as_u64), Some(100));
}

#[test]
fn what_the_operator_has_to_put_right_is_said_before_an_approval_is_used() {
    let fleet = Fleet::approved();
    let inventory = fleet.folder.path().join("fleet/inventory.json");
    let addresses = fleet.folder.read("fleet/inventory.json");
    let refused = |words: &str| {
        let ran = fleet.plan(&["run", PLAN, "--as", "carol"], 2);
        assert!(ran.stderr.contains("error: ") && ran.stderr.contains(words), "{words}: {ran:#?}");
        assert_eq!(fleet.run_id(), None, "{words}: nothing was begun");
    };
    for (text, words) in [
        ("{", "fleet/inventory.json`: the text ends"),
        ("[]", "fleet/inventory.json`: "),
        ("{\"asset-1\": 5}", "fleet/inventory.json`: invalid type: integer `5`"),
        ("{\"asset-1\": \"file:///etc/passwd\"}", "the address of `asset-1`: `` is no host"),
        ("{\"asset-1\": \"http://me:word@a.example\"}", "the address of `asset-1`: `me:word@a"),
    ] {
        fleet.folder.write("fleet/inventory.json", text);
        refused(words);
    }
    std::fs::remove_file(&inventory).unwrap();
    refused("fleet/inventory.json`: No such file");
    std::os::unix::fs::symlink("/dev/zero", &inventory).unwrap();
    refused("fleet/inventory.json`: it is not a regular file");
    std::fs::remove_file(&inventory).unwrap();
    fleet.folder.write("fleet/inventory.json", addresses);
    fleet.run(0);
}
