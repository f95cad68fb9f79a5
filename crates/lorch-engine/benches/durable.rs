//! What a durable step costs beside what a durable commit costs, on the same disk in the same run.
//!
//! Prints a table: raw SQLite commits of one row, one run of 1,000 steps that do nothing, and 16
//! such runs at once, in turns, so that a disk that is slow for a while is slow for all of them.
//! Fails when a target is missed, unless it runs as a test (`--test`). `LORCH_BENCH_FOLDER` names a
//! folder on another disk.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a bench prints, and fails loudly")]

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use lorch_backends::{Backend, Cancellation, Performed};
use lorch_engine::{Engine, Event, system_clock};
use lorch_store::Store;
use lorch_types::Digest;
use lorch_types::job::{ErrorInfo, JobInstance, RunId, RunRecord, StepManifest};
use lorch_types::json::{Limits, Object, Value, from_value, read};
use rusqlite::Connection;

const ROUNDS: u64 = 7;
const STEPS: usize = 1_000;
const AT_ONCE: u64 = 16;

fn main() -> ExitCode {
    let disk = std::env::var_os("LORCH_BENCH_FOLDER");
    let disk = disk.unwrap_or_else(|| env!("CARGO_TARGET_TMPDIR").into());
    let folder = tempfile::tempdir_in(disk).unwrap();
    let job = job();
    let (mut raw, mut one, mut many) = (Series::default(), Series::default(), Series::default());
    for round in 0..ROUNDS {
        raw.add(commits(&folder.path().join(format!("raw-{round}.db"))));
        one.add(runs(&folder.path().join(format!("one-{round}.db")), &job, 1));
        many.add(runs(&folder.path().join(format!("many-{round}.db")), &job, AT_ONCE));
    }
    println!("{:<34} {:>10} {:>10} {:>10}", "", "per s", "median µs", "p99 µs");
    raw.print("raw SQLite commits of one row");
    one.print(&format!("one run of {STEPS} steps"));
    many.print(&format!("{AT_ONCE} such runs at once"));
    let targets = [
        Target::at_least("rate of one run to raw commits", one.rate() / raw.rate(), 0.7),
        Target::at_most("p99 of one run to raw commits", one.p99() / raw.p99(), 2.0),
        Target::at_least("rate of 16 runs to one", many.rate() / one.rate(), 5.0),
    ];
    let met = targets.iter().filter(|target| target.print()).count();
    // A test shows that it runs; how fast is judged only where a machine is quiet.
    let is_test = std::env::args().any(|argument| argument == "--test");
    if met == targets.len() || is_test { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// How long each commit of one row takes, in a database with the settings of the store.
fn commits(path: &Path) -> Sample {
    let connection = Connection::open(path).unwrap();
    connection.pragma_update(None, "journal_mode", "WAL").unwrap();
    connection.pragma_update(None, "synchronous", "FULL").unwrap();
    connection.execute_batch("CREATE TABLE rows (text TEXT NOT NULL) STRICT").unwrap();
    let mut insert = connection.prepare("INSERT INTO rows VALUES (?1)").unwrap();
    let began = Instant::now();
    let latencies = (0..STEPS)
        .map(|_| {
            let began = Instant::now();
            insert.execute(["a row"]).unwrap();
            began.elapsed()
        })
        .collect();
    Sample { took: began.elapsed(), latencies }
}

/// How long each step takes, from one start to the next, of `count` runs at once.
fn runs(path: &Path, job: &JobInstance, count: u64) -> Sample {
    let store = Arc::new(Store::open(path).unwrap());
    let nothing: Arc<dyn Backend> = Arc::new(Nothing);
    let engine = Engine::new(store, Arc::clone(&nothing), nothing);
    let began = Instant::now();
    let latencies = thread::scope(|scope| {
        let threads: Vec<_> = (0..count)
            .map(|n| {
                scope.spawn({
                    let engine = &engine;
                    move || run(engine, job, n)
                })
            })
            .collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    Sample { took: began.elapsed(), latencies }
}

fn run(engine: &Engine, job: &JobInstance, n: u64) -> Vec<Duration> {
    let record = RunRecord {
        run_id: RunId::from_parts(1_763_700_000_000 + n, 0),
        job_id: job.job_id.clone(),
        job_def_sha256: job.job_def_sha256.clone(),
        envelope: Object::default(),
        started_at: system_clock(),
    };
    let mut latencies = Vec::with_capacity(STEPS);
    let mut last = Instant::now();
    let mut observer = |event: &Event<'_>| {
        if matches!(event, Event::StepStarted { .. }) {
            latencies.push(last.elapsed());
            last = Instant::now();
        }
    };
    engine.start(&record, job, &mut observer).unwrap();
    latencies
}

fn job() -> JobInstance {
    let steps: Vec<String> = (0..STEPS)
        .map(|n| format!(r#"{{"step_id":"step-{n}","op":"compute.nothing","params":{{"n":{n}}}}}"#))
        .collect();
    let text = format!(
        r#"{{"job_id":"nothing","job_version":"1","job_def_sha256":"{}",
        "compiled_at":"2025-11-21T04:40:00Z","steps":[{}]}}"#,
        Digest::of_bytes(b"nothing"),
        steps.join(",")
    );
    from_value(&read(text.as_bytes(), Limits::default()).unwrap()).unwrap()
}

/// A backend that does nothing.
struct Nothing;

impl Backend for Nothing {
    fn perform(&self, _: &StepManifest, _: &Cancellation) -> Result<Performed, ErrorInfo> {
        Ok(Performed { output: Value::object(), applied: true })
    }
}

/// One measurement: how long it took in all, and each of its parts.
struct Sample {
    took: Duration,
    latencies: Vec<Duration>,
}

/// The measurements of all rounds; figures are medians over the rounds.
#[derive(Default)]
struct Series {
    rates: Vec<f64>,
    medians: Vec<f64>,
    p99s: Vec<f64>,
}

impl Series {
    fn add(&mut self, mut sample: Sample) {
        sample.latencies.sort_unstable();
        let micros = |share: usize| {
            sample.latencies[sample.latencies.len() * share / 100].as_secs_f64() * 1e6
        };
        self.medians.push(micros(50));
        self.p99s.push(micros(99));
        let count = u32::try_from(sample.latencies.len()).unwrap();
        self.rates.push(f64::from(count) / sample.took.as_secs_f64());
    }

    fn rate(&self) -> f64 {
        median(&self.rates)
    }

    fn p99(&self) -> f64 {
        median(&self.p99s)
    }

    fn print(&self, what: &str) {
        let (rate, middle, p99) = (self.rate(), median(&self.medians), self.p99());
        println!("{what:<34} {rate:>10.0} {middle:>10.0} {p99:>10.0}");
    }
}

fn median(values: &[f64]) -> f64 {
    let mut values = values.to_vec();
    values.sort_unstable_by(f64::total_cmp);
    values[values.len() / 2]
}

/// A ratio and what it should be.
struct Target {
    what: &'static str,
    ratio: f64,
    limit: f64,
    is_met: bool,
    relation: &'static str,
}

impl Target {
    fn at_least(what: &'static str, ratio: f64, limit: f64) -> Self {
        Self { what, ratio, limit, is_met: ratio >= limit, relation: "at least" }
    }

    fn at_most(what: &'static str, ratio: f64, limit: f64) -> Self {
        Self { what, ratio, limit, is_met: ratio <= limit, relation: "at most" }
    }

    fn print(&self) -> bool {
        let Self { what, ratio, limit, is_met, relation } = self;
        let verdict = if *is_met { "" } else { "  MISSED" };
        println!("{what:<34} {ratio:>10.2}   {relation} {limit:.1}{verdict}");
        *is_met
    }
}
