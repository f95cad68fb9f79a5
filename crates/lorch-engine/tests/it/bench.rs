//! A bench to run jobs on: a store, an engine and a backend whose effects are counted.

use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use lorch_backends::{Backend, Cancellation, Performed};
use lorch_engine::{Conclusion, Engine, EngineError, Event};
use lorch_store::Store;
use lorch_types::Digest;
use lorch_types::job::{
    AttemptRecord, ErrorCode, ErrorInfo, JobInstance, RunId, RunRecord, StepManifest, StepStatus,
};
use lorch_types::json::{Limits, Object, Value, from_value, read};
use rusqlite::Connection;
use tempfile::TempDir;

/// A backend with ops that succeed, fail, wait, stop the run and count.
///
/// Each effect is a row of the table `effects` under its idempotency key, as a data plane has it.
pub(crate) struct Counter {
    effects: Mutex<Connection>,
    path: PathBuf,
    /// Panics after this many more dispatches, when their effect is there.
    crash_after: Arc<AtomicUsize>,
}

impl Counter {
    fn new(path: PathBuf, crash_after: Arc<AtomicUsize>) -> Self {
        let effects = Connection::open(&path).unwrap();
        effects
            .execute_batch(
                "CREATE TABLE IF NOT EXISTS effects (key TEXT PRIMARY KEY, step TEXT, params TEXT);
                 CREATE TABLE IF NOT EXISTS dispatches (key TEXT, step TEXT);",
            )
            .unwrap();
        Self { effects: Mutex::new(effects), path, crash_after }
    }
}

impl Backend for Counter {
    fn perform(
        &self,
        manifest: &StepManifest,
        cancellation: &Cancellation,
    ) -> Result<Performed, ErrorInfo> {
        let performed = self.act(manifest, cancellation);
        let left = self.crash_after.fetch_sub(1, Ordering::Relaxed);
        assert!(left != 0, "the process ends here");
        performed
    }
}

impl Counter {
    fn act(
        &self,
        manifest: &StepManifest,
        cancellation: &Cancellation,
    ) -> Result<Performed, ErrorInfo> {
        let (key, step) = (manifest.idempotency_key.as_str(), manifest.step_id.as_str());
        let params = Value::from(manifest.resolved_params.clone());
        let performed = |output| Ok(Performed { output, applied: true });
        {
            let effects = self.effects.lock().unwrap();
            effects.execute("INSERT INTO dispatches VALUES (?1, ?2)", (key, step)).unwrap();
        }
        match manifest.op.name.as_str() {
            "echo" => performed(params),
            "count" => {
                const EFFECT: &str =
                    "INSERT INTO effects VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING";
                let row = (key, step, params.to_string());
                let effects = self.effects.lock().unwrap();
                let applied = effects.execute(EFFECT, row).unwrap() == 1;
                Ok(Performed { output: params, applied })
            }
            // Fails until a file of the given name stands beside the database.
            "need" => {
                let name = params.get("file").and_then(Value::as_str).unwrap();
                if self.path.with_file_name(name).exists() {
                    return performed(params);
                }
                Err(ErrorCode::NotFound.error(format!("there is no `{name}`")))
            }
            "wait" => loop {
                cancellation.check()?;
                std::thread::yield_now();
            },
            "large" => performed(Value::from("x".repeat(1000))),
            "deep" => {
                performed((0..200).fold(Value::from(1_u64), |inner, _| Value::Array(vec![inner])))
            }
            op => Err(ErrorCode::InvalidParams.error(format!("there is no op `{op}`"))),
        }
    }
}

/// A folder with a store and the counter's database.
pub(crate) struct Bench {
    pub(crate) folder: TempDir,
    pub(crate) engine: Engine,
    /// After how many dispatches the backend panics.
    pub(crate) crash_after: Arc<AtomicUsize>,
}

impl Bench {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let crash_after = Arc::new(AtomicUsize::new(usize::MAX));
        let engine = engine(&folder, &crash_after);
        Self { folder, engine, crash_after }
    }

    /// The same folder as another process would open it.
    pub(crate) fn another(&self) -> Engine {
        engine(&self.folder, &Arc::new(AtomicUsize::new(usize::MAX)))
    }

    pub(crate) fn start(&self, steps: &str) -> (RunId, Conclusion, Vec<String>) {
        let run_id = run_id(1);
        let instance = instance(steps);
        let mut seen = Vec::new();
        let mut observer = |event: &Event<'_>| seen.push(line(event));
        let conclusion = self.engine.start(&record(&run_id), &instance, &mut observer).unwrap();
        (run_id, conclusion, seen)
    }

    pub(crate) fn resume(&self, run_id: &RunId) -> (Conclusion, Vec<String>) {
        let mut seen = Vec::new();
        let result = self.try_resume(run_id, &mut seen);
        (result.unwrap(), seen)
    }

    pub(crate) fn try_resume(
        &self,
        run_id: &RunId,
        seen: &mut Vec<String>,
    ) -> Result<Conclusion, EngineError> {
        let mut observer = |event: &Event<'_>| seen.push(line(event));
        self.engine.resume(run_id, &mut observer)
    }

    /// Runs `sql` on the counter's database and gives its one column.
    pub(crate) fn counted(&self, sql: &str) -> Vec<String> {
        column(&self.folder.path().join("effects.db"), sql)
    }

    /// Runs `sql` on the store, as a person with a SQLite shell would, and gives its one column.
    pub(crate) fn stored(&self, sql: &str) -> Vec<String> {
        column(self.engine.store.path(), sql)
    }

    pub(crate) fn attempts(&self, run_id: &RunId) -> Vec<AttemptRecord> {
        self.engine.store.attempts(run_id).unwrap()
    }
}

fn engine(folder: &TempDir, crash_after: &Arc<AtomicUsize>) -> Engine {
    let store = Arc::new(Store::open(&folder.path().join("lorch.db")).unwrap());
    let counter = Counter::new(folder.path().join("effects.db"), Arc::clone(crash_after));
    let counter: Arc<dyn Backend> = Arc::new(counter);
    Engine::new(store, Arc::clone(&counter), counter)
}

fn column(path: &std::path::Path, sql: &str) -> Vec<String> {
    let connection = Connection::open(path).unwrap();
    let mut statement = connection.prepare(sql).unwrap();
    statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

/// The statuses of an attempt's outcomes.
pub(crate) fn statuses(attempt: &AttemptRecord) -> Vec<StepStatus> {
    attempt.step_outcomes.iter().map(|outcome| outcome.status).collect()
}

/// The id of the n-th run.
pub(crate) fn run_id(n: u128) -> RunId {
    RunId::from_parts(1_763_700_000_000, n)
}

pub(crate) fn record(run_id: &RunId) -> RunRecord {
    RunRecord {
        run_id: run_id.clone(),
        job_id: "test".parse().unwrap(),
        job_def_sha256: Digest::of_bytes(b"test"),
        envelope: [("who", "someone")].into_iter().collect::<Object>(),
        started_at: "2025-11-21T04:40:00Z".parse().unwrap(),
    }
}

/// An instance with the steps of a JSON array.
pub(crate) fn instance(steps: &str) -> JobInstance {
    let text = format!(
        r#"{{"job_id":"test","job_version":"1","job_def_sha256":"{}",
        "compiled_at":"2025-11-21T04:40:00Z","steps":{steps}}}"#,
        Digest::of_bytes(b"test")
    );
    from_value(&read(text.as_bytes(), Limits::default()).unwrap()).unwrap()
}

fn line(event: &Event<'_>) -> String {
    match event {
        Event::RunStarted { attempt_n, steps, .. } => format!("run {attempt_n}: {steps} steps"),
        Event::StepKept { step, .. } => format!("{} kept", step.step_id),
        Event::StepStarted { step } => format!("{} started", step.step_id),
        Event::StepCompleted { step, applied, .. } => {
            format!("{} completed{}", step.step_id, if *applied { "" } else { " before" })
        }
        Event::StepFailed { step, error, continues, .. } => {
            let after = if *continues { ", goes on" } else { "" };
            format!("{} failed: {}{after}", step.step_id, error.code)
        }
        Event::StepSkipped { step } => format!("{} skipped", step.step_id),
        Event::RunEnded { status, .. } => format!("run {}", status.as_str()),
    }
}
