//! Runs of plans, killed at every durable point of execution and rollback: what the assets themselves have
//! counted shows each action exactly once, and the audit log is whole.
//!
//! `LORCH_PLAN_CRASH_CYCLES` says how often something is killed, `LORCH_CRASH_SEED` which seed is first.

use std::collections::BTreeMap;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use lorch_types::json::Value;
use tempfile::TempDir;

use crate::{Random, read};

/// Where lorch is killed, and how often a run comes there at least.
const POINTS: [(&str, usize); 10] = [
    ("plan-decided-before", 1),
    ("plan-decided-after", 1),
    ("plan-run-taken-before", 1),
    ("plan-run-taken-after", 1),
    ("plan-run-recorded-before", 20),
    ("plan-run-recorded-after", 20),
    ("action-dispatched-before", 4),
    ("action-dispatched-after", 4),
    ("undo-dispatched-before", 4),
    ("undo-dispatched-after", 4),
];

const PLAN: &str = "880e8400-e29b-41d4-a716-446655440201";
const ASSETS: usize = 4;
/// How many assets of a phase are acted on at the same time, where it is more than one.
const PARALLEL: usize = 3;
/// How many faults a run meets before it is left alone.
const MAX_FAULTS: usize = 6;

#[test]
fn every_action_on_an_asset_happens_once_wherever_the_process_is_killed() {
    let cycles = match std::env::var("LORCH_PLAN_CRASH_CYCLES") {
        Ok(text) => text.parse().expect("LORCH_PLAN_CRASH_CYCLES is a number"),
        Err(_) => 60_usize,
    };
    assert!(cycles > 0, "no cycle, no test");
    let folder = tempfile::tempdir().unwrap();
    let binary = folder.path().join("lorch");
    std::fs::copy(env!("CARGO_BIN_EXE_lorch"), &binary).unwrap();
    let mut fired: BTreeMap<&str, usize> = BTreeMap::new();
    let mut under_way: BTreeMap<(&str, usize), usize> = BTreeMap::new();
    let first_seed = std::env::var("LORCH_CRASH_SEED").map_or(1, |text| text.parse().unwrap());
    let (mut seed, mut kills) = (first_seed - 1, 0);
    while kills < cycles {
        seed += 1;
        let trial = Trial::new(&binary, seed % 2 == 0, seed % 4 >= 2);
        for kill in trial.disturb(&mut Random(seed), seed) {
            *fired.entry(kill.point).or_default() += 1;
            *under_way.entry((kill.verb, kill.under_way)).or_default() += 1;
            kills += 1;
        }
        trial.check(seed);
    }
    println!("kills: {fired:?}, while so many assets were acted on: {under_way:?}");
    // Each seed begins with the next point, so that this many cycles come to all of them.
    if cycles >= 60 {
        for (point, _) in POINTS {
            assert!(fired.contains_key(point), "{point} never fired: {fired:?}");
        }
        let several: usize =
            under_way.iter().filter(|((_, count), _)| *count > 1).map(|(_, kills)| kills).sum();
        assert!(several > 0, "never while several were under way: {under_way:?}");
    }
}

/// One kill.
struct Kill {
    point: &'static str,
    /// What was being done.
    verb: &'static str,
    /// How many assets had been asked for that of which no outcome is recorded.
    under_way: usize,
}

/// A workspace with assets that are processes, in which a plan is carried out.
struct Trial<'b> {
    dir: TempDir,
    binary: &'b Path,
    fleet: Child,
    /// Whether the last asset cannot be upgraded, so that all is rolled back.
    rolls_back: bool,
}

impl Drop for Trial<'_> {
    fn drop(&mut self) {
        drop(self.fleet.stdin.take());
        let _ = self.fleet.wait();
    }
}

impl<'b> Trial<'b> {
    /// `is_parallel`: one phase holds all assets, and several are acted on at the same time; otherwise each
    /// has a phase of its own.
    fn new(binary: &'b Path, rolls_back: bool, is_parallel: bool) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/drift/run");
        let config = std::fs::read_to_string(example.join("lorch.toml")).unwrap();
        let parallel = if is_parallel { PARALLEL } else { 1 };
        let with =
            config.replace("[execution]", &format!("[execution]\nmax_parallel = {parallel}"));
        assert_ne!(with, config);
        std::fs::write(dir.path().join("lorch.toml"), with).unwrap();
        let task = std::fs::read_to_string(example.join("task.json")).unwrap();
        let task = task.replace("\"production\"", "\"staging\"");
        let task = task.replace("\"canary_required\": true", "\"canary_required\": false");
        let task = task.replace("\"hitl_required\": true", "\"hitl_required\": false");
        let task = task.replace("\"max_batch_percent\": 25", "\"max_batch_percent\": 100");
        std::fs::write(dir.path().join("task.json"), task).unwrap();
        std::fs::write(dir.path().join("plan.json"), plan(is_parallel)).unwrap();
        let fleet = Command::new(binary)
            .current_dir(dir.path())
            .args(["worker", "fleet", "fleet", &ASSETS.to_string()])
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        let inventory = dir.path().join("fleet/inventory.json");
        let begun = Instant::now();
        while !inventory.exists() {
            assert!(begun.elapsed() < Duration::from_secs(60), "the assets do not start");
            std::thread::sleep(Duration::from_millis(5));
        }
        if rolls_back {
            let fault = dir.path().join(format!("fleet/asset-{ASSETS}.fail"));
            std::fs::write(fault, "upgrade").unwrap();
        }
        let trial = Self { dir, binary, fleet, rolls_back };
        let submitted = trial.lorch(&["plan", "submit", "--task", "task.json", "plan.json"], None);
        assert!(submitted.status.success(), "{submitted:?}");
        trial
    }

    /// Carries the plan out to its end, and returns how it was killed.
    fn disturb(&self, random: &mut Random, seed: u64) -> Vec<Kill> {
        let mut fired = Vec::new();
        let first = usize::try_from(seed / 2).unwrap() % POINTS.len();
        let mut fault = Some(POINTS[first]);
        loop {
            let crash = fault.map(|(point, hits)| (point, 1 + random.below(hits)));
            let ran = self.lorch(&["plan", "run", PLAN, "--as", "carol"], crash);
            if ran.status.signal() == Some(9) {
                fired.extend(fault.map(|(point, _)| self.kill(point)));
            }
            if self.state().as_deref() == Some(self.ending()) {
                return fired;
            }
            let is_killed = ran.status.signal() == Some(9);
            assert!(is_killed, "seed {seed}, {crash:?}: {ran:?}");
            fault = (fired.len() < MAX_FAULTS).then(|| POINTS[random.below(POINTS.len())]);
        }
    }

    /// What a kill has left behind.
    fn kill(&self, point: &'static str) -> Kill {
        const ACTING: &str = "SELECT coalesce(max(acting), '[]') FROM plan_runs";
        const IS_UNDOING: &str = "SELECT count(*) FROM plan_run_audit
            WHERE json_extract(entry, '$.event') = 'rollback_triggered'";
        let sql = self.sql();
        let acting: String = sql.query_row(ACTING, [], |row| row.get(0)).unwrap();
        let is_undoing: i64 = sql.query_row(IS_UNDOING, [], |row| row.get(0)).unwrap();
        let verb = if is_undoing > 0 { "restore" } else { "upgrade" };
        let acting = read(&acting);
        let acting = acting.as_array().unwrap();
        let is_asked = |asset: &&Value| self.asked(asset.as_str().unwrap()).contains(verb);
        Kill { point, verb, under_way: acting.iter().filter(is_asked).count() }
    }

    /// What an asset was asked to do: a key and a verb a line.
    fn asked(&self, asset: &str) -> String {
        let path = self.dir.path().join(format!("fleet/{asset}.asked"));
        std::fs::read_to_string(path).unwrap_or_default()
    }

    fn sql(&self) -> rusqlite::Connection {
        rusqlite::Connection::open(self.dir.path().join(".lorch/lorch.db")).unwrap()
    }

    fn ending(&self) -> &'static str {
        if self.rolls_back { "rolled_back" } else { "completed" }
    }

    fn check(&self, seed: u64) {
        for number in 1..=ASSETS {
            let path = self.dir.path().join(format!("fleet/asset-{number}.log"));
            let log = std::fs::read_to_string(path).unwrap_or_default();
            let verbs: Vec<&str> =
                log.lines().map(|line| line.split(' ').nth(1).unwrap()).collect();
            let expected: &[&str] = match (self.rolls_back, number) {
                (false, _) => &["upgrade"],
                // What could not be upgraded has nothing to be restored.
                (true, ASSETS) => &[],
                (true, _) => &["upgrade", "restore"],
            };
            assert_eq!(verbs, expected, "seed {seed}, asset {number}");
            // Nor was it asked for the same under another key, which it would have had nothing to do for.
            let asked = self.asked(&format!("asset-{number}"));
            let mut seen = std::collections::BTreeSet::new();
            let keys = asked.lines().filter(|line| seen.insert(*line));
            let verbs: Vec<&str> = keys.map(|line| line.split(' ').nth(1).unwrap()).collect();
            let expected: &[&str] = match (self.rolls_back, number) {
                (false, _) => &["upgrade"],
                (true, ASSETS) => &["restore"],
                (true, _) => &["upgrade", "restore"],
            };
            assert_eq!(verbs, expected, "seed {seed}, asset {number}: {asked}");
        }
        let run_id = self.run_id().unwrap();
        let verified = self.lorch(&["plan", "audit", &run_id, "--verify"], None);
        assert!(verified.status.success(), "seed {seed}: {verified:?}");
    }

    fn run_id(&self) -> Option<String> {
        let sql = self.sql();
        let runs: i64 =
            sql.query_row("SELECT count(*) FROM plan_runs", [], |row| row.get(0)).unwrap();
        assert!(runs <= 1, "one approval is one run");
        sql.query_row("SELECT run_id FROM plan_runs", [], |row| row.get(0)).ok()
    }

    fn state(&self) -> Option<String> {
        let shown = self.lorch(&["plan", "audit", &self.run_id()?], None);
        assert!(shown.status.success(), "{shown:?}");
        let document = read(&String::from_utf8(shown.stdout).unwrap());
        let state = document.get("status").and_then(|status| status.get("state")).cloned();
        state.as_ref().and_then(Value::as_str).map(str::to_owned)
    }

    fn lorch(&self, arguments: &[&str], crash: Option<(&str, usize)>) -> Output {
        let mut command = Command::new(self.binary);
        command.current_dir(self.dir.path()).args(arguments);
        if let Some((point, nth)) = crash {
            command.env("LORCH_CRASH_AT", format!("{point}:{nth}"));
        }
        command.output().unwrap()
    }
}

/// A plan with a phase for each asset, or one for all, and nothing to wait for.
fn plan(is_parallel: bool) -> String {
    let names: Vec<String> = (1..=ASSETS).map(|number| format!("\"asset-{number}\"")).collect();
    let batches: Vec<String> = if is_parallel { vec![names.join(", ")] } else { names.clone() };
    let phase = |(index, assets): (usize, &String)| {
        format!(
            r#"{{"name": "Phase{index}", "assets": [{assets}],
            "health_checks": [{{"type": "http_200", "target": "/health", "timeout": "5s"}}],
            "rollback_if": "error_rate >= 20%",
            "actions": [{{"tool": "upgrade_image", "params": {{"image": "new"}}}}]}}"#
        )
    };
    let phases: Vec<String> = batches.iter().enumerate().map(phase).collect();
    format!(
        r#"{{"id": "{PLAN}", "task_id": "770e8400-e29b-41d4-a716-446655440100",
        "type": "drift_plan", "status": {{"state": "draft"}}, "payload": {{
        "summary": "Bring drifted servers to a new image", "affected_assets": [{}],
        "phases": [{}]}}}}"#,
        names.join(", "),
        phases.join(", ")
    )
}
