//! The real command, killed with SIGKILL at each durable point and resumed: every effect happens
//! exactly once, and no outcome is lost.
//!
//! `LORCH_CRASH_SEEDS` says how many seeds each point is tried with.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests fail by panicking, as tests do"
)]

mod plans;
mod tasks;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, Output};

use lorch_types::json::{self, Limits, Value};
use rusqlite::Connection;
use tempfile::TempDir;

/// The points, and how often a run of the job comes to each at least.
const POINTS: [(&str, usize); 14] = [
    ("run-created-before", 1),
    ("run-created-after", 1),
    ("lease-taken-before", 1),
    ("lease-taken-after", 1),
    ("manifest-stored-before", STEPS),
    ("manifest-stored-after", STEPS),
    ("effect-committed-before", EFFECTS + 1),
    ("effect-committed-after", EFFECTS + 1),
    ("output-stored-before", STEPS),
    ("output-stored-after", STEPS),
    ("outcome-committed-before", STEPS),
    ("outcome-committed-after", STEPS),
    ("lease-renewed-before", 1),
    ("lease-renewed-after", 1),
];

/// Steps that each add one row to the table `effects`.
const EFFECTS: usize = 4;
/// All steps: the table, the effects, a transform, a report and a pause.
const STEPS: usize = EFFECTS + 4;

/// How many crashes a run may meet before it is left to complete.
const MAX_CRASHES: usize = 3;

#[test]
fn every_effect_happens_once_wherever_the_process_is_killed() {
    let seeds = match std::env::var("LORCH_CRASH_SEEDS") {
        Ok(text) => text.parse().expect("LORCH_CRASH_SEEDS is a number"),
        Err(_) => 2_u64,
    };
    assert!(seeds > 0, "no seed, no test");
    // A copy, so that a build going on beside the test cannot change what it tests half-way.
    let folder = tempfile::tempdir().unwrap();
    let binary = folder.path().join("lorch");
    std::fs::copy(env!("CARGO_BIN_EXE_lorch"), &binary).unwrap();
    let mut fired: BTreeMap<&str, usize> = BTreeMap::new();
    for seed in 1..=seeds {
        for (index, (point, hits)) in POINTS.into_iter().enumerate() {
            let mut random = Random(seed * 1000 + index as u64);
            let crashes = Trial::new(point, &binary).run(point, hits, &mut random);
            *fired.entry(point).or_default() += crashes;
        }
    }
    for (point, _) in POINTS {
        let times = fired.get(point).copied().unwrap_or(0);
        assert!(times as u64 >= seeds, "{point}: fired {times} times under {seeds} seeds");
    }
    println!("crashes: {fired:?}");
}

/// A folder with the job, in which it is run, killed and resumed.
struct Trial<'b> {
    dir: TempDir,
    binary: &'b Path,
}

impl<'b> Trial<'b> {
    fn new(point: &str, binary: &'b Path) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let pause = if point.starts_with("lease-renewed") { "0.3" } else { "0" };
        std::fs::write(dir.path().join("job.yaml"), job(pause)).unwrap();
        let allow = "[allow]\nprograms = [\"sleep\"]\n";
        std::fs::write(dir.path().join("lorch.toml"), allow).unwrap();
        Self { dir, binary }
    }

    /// Runs the job until it completes, and returns how often `point` killed it.
    fn run(&self, point: &str, hits: usize, random: &mut Random) -> usize {
        let mut fired = 0;
        let mut begun = self.lorch(&["run", "job.yaml"], Some((point, 1 + random.below(hits))));
        let mut crashes = 0;
        while begun.status.signal() == Some(9) {
            fired += usize::from(crashes == 0);
            crashes += 1;
            assert!(crashes <= MAX_CRASHES, "{point}: never completes");
            let arguments = match self.run_id() {
                Some(run_id) => vec!["resume".to_owned(), run_id],
                None => vec!["run".to_owned(), "job.yaml".to_owned()],
            };
            // Sometimes the resumption is killed too, at any point.
            let again = (crashes < MAX_CRASHES && random.below(2) == 0)
                .then(|| POINTS[random.below(POINTS.len())])
                .map(|(point, hits)| (point, 1 + random.below(hits)));
            let kept = self.completed_outcomes();
            begun = self.lorch(&arguments, again);
            let now = self.completed_outcomes();
            for (step, outcome) in kept {
                assert_eq!(
                    now.get(&step),
                    Some(&outcome),
                    "{point}: the outcome of {step} is lost"
                );
            }
        }
        assert!(begun.status.success(), "{point}: {begun:?}");
        self.check(point);
        fired
    }

    fn check(&self, point: &str) {
        let data = Connection::open(self.dir.path().join(".lorch/data.db")).unwrap();
        let mut statement =
            data.prepare("SELECT name, count(*) FROM effects GROUP BY name ORDER BY name").unwrap();
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        let counted: Vec<(String, usize)> = rows.map(Result::unwrap).collect();
        let expected: Vec<_> = (0..EFFECTS).map(|effect| (format!("effect-{effect}"), 1)).collect();
        assert_eq!(counted, expected, "{point}");
        assert_eq!(self.completed_outcomes().len(), STEPS, "{point}");
        let report = std::fs::read_to_string(self.dir.path().join("report.txt")).unwrap();
        assert_eq!(report, format!("{EFFECTS} effects"), "{point}");
    }

    fn run_id(&self) -> Option<String> {
        let listed = self.lorch(&["runs", "--json"], None);
        assert!(listed.status.success(), "{listed:?}");
        let text = String::from_utf8(listed.stdout).unwrap();
        let newest = read(text.lines().next()?);
        Some(newest.get("run_id")?.as_str()?.to_owned())
    }

    /// The outcomes that are recorded as completed, by step.
    fn completed_outcomes(&self) -> BTreeMap<String, Value> {
        let Some(run_id) = self.run_id() else { return BTreeMap::new() };
        let shown = self.lorch(&["show", &run_id, "--json"], None);
        assert!(shown.status.success(), "{shown:?}");
        let shown = read(&String::from_utf8(shown.stdout).unwrap());
        let attempts = shown.get("attempts").and_then(Value::as_array).unwrap();
        let last = attempts.last().unwrap();
        let outcomes = last.get("step_outcomes").and_then(Value::as_array).unwrap();
        let text = |outcome: &Value, field: &str| {
            outcome.get(field).and_then(Value::as_str).unwrap().to_owned()
        };
        outcomes
            .iter()
            .filter(|outcome| text(outcome, "status") == "completed")
            .map(|outcome| (text(outcome, "step_id"), outcome.clone()))
            .collect()
    }

    fn lorch<S: AsRef<str>>(&self, arguments: &[S], crash: Option<(&str, usize)>) -> Output {
        let mut command = Command::new(self.binary);
        command.current_dir(self.dir.path()).env("LORCH_LEASE_TTL_MS", "60");
        command.args(arguments.iter().map(AsRef::as_ref).map(Path::new));
        if let Some((point, nth)) = crash {
            command.env("LORCH_CRASH_AT", format!("{point}:{nth}"));
        }
        command.output().unwrap()
    }
}

fn job(pause: &str) -> String {
    let mut text = String::from(
        "job_id: crash\nversion: \"1\"\nsteps:\n  - step_id: table\n    op: write.create_table\n    \
         params: { table: effects, columns: [{ name: name, type: text }] }\n",
    );
    for effect in 0..EFFECTS {
        // Rows have no key: an effect that happens twice leaves two of them.
        let _ = write!(
            text,
            "  - step_id: effect_{effect}\n    op: write.insert\n    \
             params: {{ table: effects, rows: [{{ name: effect-{effect} }}] }}\n"
        );
        if effect == 1 {
            let _ = write!(
                text,
                "  - step_id: pause\n    op: compute.exec\n    \
                 params: {{ argv: [sleep, \"{pause}\"] }}\n"
            );
        }
    }
    text.push_str(
        "  - step_id: counted\n    op: query.count\n    params: { table: effects }\n  \
         - step_id: report\n    op: compute.render\n    params:\n      path: report.txt\n      \
         template: \"{{ count }} effects\"\n      data: { count: \"@run.counted.count\" }\n",
    );
    text
}

#[track_caller]
fn read(text: &str) -> Value {
    json::read(text.as_bytes(), Limits::default()).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// A small generator (SplitMix64), so that a seed always gives the same trial.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((mixed ^ (mixed >> 31)) % bound as u64).unwrap()
    }
}
