//! How long it takes to validate a plan of 10,000 assets in 100 phases, policy included, beside parsing
//! it.
//!
//! `cargo bench -p lorch-plans` prints, for each way, the median of some rounds in which all take
//! turns, and its ratio to `serde_json` parsing the plan to a `Value`.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark is run by people, who want to see why it stopped"
)]

use std::fmt::Write as _;
use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};

use lorch_backends::Config;
use lorch_backends::config::Tools;
use lorch_plans::{
    Budget, Contract, Evidence, Odds, Parallel, Policies, Setting, judge, simulate, validate,
    worst_cases,
};
use lorch_types::json::{Limits, Value, from_value, read};
use lorch_types::plan::{Metrics, Task};
use serde_json::Value as Json;

/// What validation may take, in times of parsing.
const TARGET: f64 = 30.0;

/// How many runs of the example are to be simulated in a second.
const RUNS_PER_SECOND: f64 = 100_000.0;

fn main() {
    let is_test = std::env::args().any(|argument| argument == "--test");
    let (phases, rounds) = if is_test { (10, 1) } else { (100, 15) };
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/drift");
    let file = |name| std::fs::read_to_string(example.join(name)).unwrap();
    let config = Config::parse(&file("lorch.toml")).unwrap();
    let task: Task = from_value(&value(&file("task.json"))).unwrap();
    let contract = Contract::of(&task).unwrap();
    let (metrics, policies) = (Metrics::built_in(), Policies::new(None, Budget::default()));
    let shared = (&config.tools, &metrics);
    let text = plan(phases);

    let with_policy = || {
        let plan = value(&text);
        let judged = judge(&plan, contract, shared, &policies, Evidence::default()).unwrap();
        assert!(judged.validation.overall_valid(), "{:?}", judged.validation.findings().next());
        worst_cases(judged.validation.plan.as_ref().unwrap()).len()
    };
    let without = || {
        let evidence = Evidence::default();
        let setting = Setting { contract, tools: &config.tools, metrics: &metrics, evidence };
        usize::from(validate(&value(&text), &setting, Vec::new()).overall_valid())
    };
    let parsed = || serde_json::from_str::<Json>(&text).unwrap().as_object().unwrap().len();
    let read_strictly = || value(&text).as_object().unwrap().len();
    let ways: [(&str, &dyn Fn() -> usize); 4] = [
        ("serde_json to Value", &parsed),
        ("strict reader", &read_strictly),
        ("lorch, without policies", &without),
        ("lorch, two policies", &with_policy),
    ];
    // Packs prove themselves once.
    with_policy();
    println!("{} assets in {phases} phases, {} bytes, {rounds} rounds", phases * 100, text.len());
    let mut times = ways.map(|_| Vec::new());
    for _ in 0..rounds {
        for ((_, way), times) in ways.iter().zip(&mut times) {
            let start = Instant::now();
            black_box(way());
            times.push(start.elapsed());
        }
    }
    let medians = times.map(|mut times| {
        times.sort_unstable();
        times[times.len() / 2]
    });
    for ((name, _), median) in ways.iter().zip(medians) {
        println!("{name:26} {:8.2} ms  {:6.2}", millis(median), ratio(median, medians[0]));
    }
    let reached = ratio(medians[3], medians[0]);
    simulation(&task, is_test);
    assert!(is_test || reached <= TARGET, "{reached:.1} times parsing, and {TARGET} are allowed");
}

/// How many runs of the example are simulated in a second.
fn simulation(task: &Task, is_test: bool) {
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/drift/plan.json");
    let plan = from_value(&value(&std::fs::read_to_string(example).unwrap())).unwrap();
    let contract = Contract::of(task).unwrap();
    let odds = Odds::everywhere("0.1%").unwrap();
    let tools = Tools::default();
    let parallel = Parallel { tools: &tools, most: std::num::NonZeroU16::MIN };
    let runs = if is_test { 1_000 } else { 1_000_000 };
    let start = Instant::now();
    black_box(simulate(&plan, &contract, &Metrics::built_in(), &parallel, &odds, runs, 1).unwrap());
    let per_second = runs as f64 / start.elapsed().as_secs_f64();
    println!("simulation of the example   {per_second:.0} runs/s");
    assert!(is_test || per_second >= RUNS_PER_SECOND, "{per_second:.0} runs/s");
}

fn ratio(time: Duration, parsing: Duration) -> f64 {
    time.as_secs_f64() / parsing.as_secs_f64()
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

fn value(text: &str) -> Value {
    read(text.as_bytes(), Limits::default()).unwrap()
}

/// A plan of as many phases, the first a canary of five assets and the others of a hundred.
fn plan(phases: usize) -> String {
    let asset = |number: usize| format!("\"server-{number:05}.eu-central-1.example.org\"");
    let list = |from: usize, to: usize| {
        let assets: Vec<String> = (from..to).map(asset).collect();
        format!("[{}]", assets.join(","))
    };
    let mut text = format!(
        r#"{{"id":"880e8400-e29b-41d4-a716-446655440001","task_id":"770e8400-e29b-41d4-a716-446655440000","type":"drift_plan","status":{{"state":"draft"}},"payload":{{"summary":"Bring all servers back to their image","estimated_duration":"3d","risk_assessment":"medium","affected_assets":{},"phases":["#,
        list(0, phases * 100)
    );
    for phase in 0..phases {
        let comma = if phase == 0 { "" } else { "," };
        let from = if phase == 0 { 0 } else { (phase - 1) * 100 + 5 };
        let to = if phase + 1 == phases { phases * 100 } else { phase * 100 + 5 };
        let _ = write!(
            text,
            r#"{comma}{{"name":"Wave{phase}","assets":{},"wait_time":"15m","health_checks":[{{"type":"http_200","target":"/health","timeout":"30s"}},{{"type":"error_rate","threshold":"< 0.5%","timeout":"5m"}},{{"type":"latency_p99","threshold":"< 800ms","timeout":"5m"}}],"rollback_if":"error_rate >= 0.5% or latency_p99 >= 800ms or not http_200","actions":[{{"tool":"upgrade_image","params":{{"image":"ubuntu-base-v2.4.1"}}}}]}}"#,
            list(from, to)
        );
    }
    text.push_str("]}}");
    text
}
