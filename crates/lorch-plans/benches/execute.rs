//! What carrying a plan out costs for each asset beside the act itself: one durable commit in sequence, and
//! less where several assets are acted on at the same time.
//!
//! `cargo bench -p lorch-plans --bench execute` prints the time for each asset of a run whose acts take no
//! time, that of a bare commit of one row to a database with the same settings, and their ratios.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark is run by people, who want to see why it stopped"
)]

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, atomic::AtomicBool};
use std::time::{Duration, Instant};

use lorch_backends::config::{Assets, Config};
use lorch_backends::{Backend, Cancellation, Performed};
use lorch_plans::{
    Budget, Clock, Desk, Executor, Hands, Pace, Policies, RunEnding, Stopped, SystemClock, begin,
    carry_out, submit,
};
use lorch_store::Store;
use lorch_types::Timestamp;
use lorch_types::job::{ErrorInfo, StepManifest};
use lorch_types::json::{Limits, Value, from_value, read};
use lorch_types::plan::{Metrics, Plan, Task};

/// Acts that take no time, counted.
struct Nothing(AtomicU64);

impl Backend for Nothing {
    fn perform(&self, _: &StepManifest, _: &Cancellation) -> Result<Performed, ErrorInfo> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Ok(Performed { output: Value::object(), applied: true })
    }
}

fn main() {
    let is_test = std::env::args().any(|argument| argument == "--test");
    let assets: usize = if is_test { 20 } else { 2_000 };
    // On a real disk, not in memory: `TMPDIR` says where.
    let folder = tempfile::tempdir().unwrap();
    let bare = bare(&folder.path().join("bare.db"), assets);
    let micros = |time: Duration| time.as_secs_f64() * 1e6;
    println!("a bare commit                        {:8.0} us", micros(bare));
    for parallel in [1, 8, 32] {
        let ran = run(&folder.path().join(format!("{parallel}.db")), assets, parallel);
        let ratio = ran.as_secs_f64() / bare.as_secs_f64();
        println!(
            "an asset of {assets}, {parallel:2} at the same time {:8.0} us  {ratio:8.2}",
            micros(ran)
        );
    }
}

/// How long a run takes for each asset.
fn run(path: &Path, assets: usize, parallel: u16) -> Duration {
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/drift/run");
    let file = |name| std::fs::read_to_string(example.join(name)).unwrap();
    let config = Config::parse(&file("lorch.toml")).unwrap();
    let text = file("task.json")
        .replace("\"production\"", "\"staging\"")
        .replace("\"canary_required\": true", "\"canary_required\": false")
        .replace("\"hitl_required\": true", "\"hitl_required\": false");
    let task: Task = from_value(&value(&text)).unwrap();
    let plan: Plan = from_value(&value(&plan(assets))).unwrap();
    let (metrics, policies) = (Metrics::built_in(), Policies::new(None, Budget::default()));
    let store = Store::open(path).unwrap();
    let desk = Desk { store: &store, policies: &policies, tools: &config.tools, metrics: &metrics };
    let now = || Timestamp::from_unix_millis(1_763_700_000_000).unwrap();
    let by = "carol".parse().unwrap();
    submit(&desk, &task, &plan, &by, now(), "n1".into()).unwrap();
    let new = "99000000-0000-0000-0000-000000000001".parse().unwrap();
    let run_id = begin(&desk, &plan.id, &by, new, now()).unwrap();
    let backend = Nothing(AtomicU64::new(0));
    let places = Assets { url: Some("http://{asset}.test".to_owned()), inventory: None };
    let clock = SystemClock::new(|| Timestamp::from_unix_millis(1_763_700_000_000).unwrap());
    let stop: Arc<AtomicBool> = Arc::default();
    let executor = Executor {
        store: &store,
        hands: Hands {
            backend: &backend,
            tools: &config.tools,
            assets: &places,
            inventory: &BTreeMap::new(),
            cancellation: Cancellation::new(Arc::clone(&stop)),
        },
        probes: &BTreeMap::new(),
        metrics: &metrics,
        clock: &clock as &dyn Clock,
        pace: Pace { max_parallel: parallel.try_into().unwrap(), ..Pace::default() },
        stop,
    };
    let start = Instant::now();
    let stopped = carry_out(&executor, &run_id, &mut |_| {}).unwrap();
    let took = start.elapsed();
    assert_eq!(stopped, Stopped::Ended(RunEnding::Completed));
    assert_eq!(backend.0.load(Ordering::Relaxed), assets as u64);
    took / u32::try_from(assets).unwrap()
}

/// How long one commit takes by itself.
fn bare(path: &Path, commits: usize) -> Duration {
    let connection = rusqlite::Connection::open(path).unwrap();
    connection.pragma_update(None, "journal_mode", "WAL").unwrap();
    connection.pragma_update(None, "synchronous", "FULL").unwrap();
    connection.execute_batch("CREATE TABLE log (entry TEXT)").unwrap();
    let start = Instant::now();
    for _ in 0..commits {
        connection
            .prepare_cached("INSERT INTO log VALUES (?1)")
            .unwrap()
            .execute(["x".repeat(200)])
            .unwrap();
    }
    start.elapsed() / u32::try_from(commits).unwrap()
}

fn value(text: &str) -> Value {
    read(text.as_bytes(), Limits::default()).unwrap()
}

/// A plan of five phases that hold as many assets together.
fn plan(assets: usize) -> String {
    let list = |from: usize, to: usize| {
        let names: Vec<String> = (from..to).map(|number| format!("\"asset-{number}\"")).collect();
        names.join(",")
    };
    let fifth = assets / 5;
    let phases: Vec<String> = (0..5)
        .map(|phase| {
            format!(
                r#"{{"name":"P{phase}","assets":[{}],"rollback_if":"error_rate >= 50%",
                "actions":[{{"tool":"upgrade_image","params":{{"image":"new"}}}}]}}"#,
                list(phase * fifth, (phase + 1) * fifth)
            )
        })
        .collect();
    format!(
        r#"{{"id":"880e8400-e29b-41d4-a716-446655440301",
        "task_id":"770e8400-e29b-41d4-a716-446655440100","type":"drift_plan",
        "status":{{"state":"draft"}},"payload":{{"summary":"Bring servers to another image",
        "affected_assets":[{}],"phases":[{}]}}}}"#,
        list(0, assets),
        phases.join(",")
    )
}
