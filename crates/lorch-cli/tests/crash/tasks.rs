//! Tasks, with lorch or an agent killed at every durable point and at random times: the work is that of
//! a run that nobody disturbed, every key is done once, and nothing is left running.
//!
//! `LORCH_CRASH_CYCLES` says how often something is killed.

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use lorch_types::json::Value;
use tempfile::TempDir;

use crate::{Random, read};

/// Where lorch is killed, and how often a run comes there at least.
const POINTS: [(&str, usize); 13] = [
    ("ledger-created-before", 1),
    ("ledger-written", 20),
    ("ledger-synced-before", 16),
    ("ledger-synced-after", 16),
    ("command-recorded-before", 8),
    ("command-recorded-after", 8),
    ("command-sent", 8),
    ("answer-recorded-before", 8),
    ("answer-recorded-after", 8),
    ("observation-noted", 8),
    ("chain-synced-before", 1),
    ("head-written-before", 1),
    ("file-replaced-before", 1),
];

/// Where agents are killed.
const AGENT_POINTS: [&str; 9] = [
    "builder asked",
    "builder worked",
    "builder answered",
    "reviewer asked",
    "reviewer worked",
    "reviewer answered",
    "spec_maintainer asked",
    "spec_maintainer worked",
    "spec_maintainer answered",
];

/// The file of what lorch said last.
const SAID: &str = ".said";
/// The most milliseconds after which lorch is killed at a random time.
const LONGEST_MILLIS: usize = 400;
/// How many faults a run meets before it is left alone.
const MAX_FAULTS: usize = 8;

/// What a receipt says that does not differ from run to run.
type Done = Vec<(u64, String, String, String, Vec<(String, String)>)>;

#[test]
fn every_key_is_done_once_whoever_is_killed() {
    let cycles = match std::env::var("LORCH_CRASH_CYCLES") {
        Ok(text) => text.parse().expect("LORCH_CRASH_CYCLES is a number"),
        Err(_) => 60_usize,
    };
    let folder = tempfile::tempdir().unwrap();
    let binary = folder.path().join("lorch");
    std::fs::copy(env!("CARGO_BIN_EXE_lorch"), &binary).unwrap();
    let undisturbed = Trial::new(&binary);
    undisturbed.lorch(&["task", "run", "T-0042"], None).0.success().then_some(()).unwrap();
    let expected = undisturbed.done();
    assert_eq!(expected.len(), 8, "{expected:#?}");
    let mut fired: BTreeMap<String, usize> = BTreeMap::new();
    let first_seed = std::env::var("LORCH_CRASH_SEED").map_or(1, |text| text.parse().unwrap());
    let (mut seed, mut kills) = (first_seed - 1, 0);
    while kills < cycles {
        seed += 1;
        let mut random = Random(seed);
        let trial = Trial::new(&binary);
        for fault in trial.disturb(&mut random) {
            *fired.entry(fault).or_default() += 1;
            kills += 1;
        }
        trial.check(&expected, seed);
    }
    println!("kills: {fired:?}");
    // A few cycles cannot come to every point.
    if cycles >= 500 {
        let points = POINTS.iter().map(|(point, _)| *point).chain(AGENT_POINTS);
        for point in points.chain(["random"]) {
            assert!(fired.contains_key(point), "{point} never fired: {fired:?}");
        }
    }
}

/// A workspace in which a task is run, disturbed and gone on with.
struct Trial<'b> {
    dir: TempDir,
    binary: &'b Path,
}

impl<'b> Trial<'b> {
    fn new(binary: &'b Path) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut config = String::from("[supervision]\nmax_backoff_s = 0\nmax_restarts = 100\n");
        for agent in ["builder", "reviewer", "spec_maintainer"] {
            config.push_str(&format!(
                "[agents.{agent}]\ncmd = [\"lorch\", \"worker\", \"witness\"]\n"
            ));
        }
        config.push_str("[tasks.T-0042]\ngoal = \"Work\"\n");
        std::fs::write(dir.path().join("lorch.toml"), config).unwrap();
        std::fs::create_dir(dir.path().join("specs")).unwrap();
        std::fs::write(dir.path().join("specs/SPEC.md"), "# Work\n").unwrap();
        Self { dir, binary }
    }

    /// Runs the task to its end, and returns what was killed where.
    fn disturb(&self, random: &mut Random) -> Vec<String> {
        let mut fired = Vec::new();
        loop {
            let fault = if fired.len() < MAX_FAULTS { Fault::any(random) } else { Fault::None };
            let before = self.agents_killed().len();
            let arguments = self.next_arguments();
            let (status, killed_at_random) = self.lorch(&arguments, Some(&fault));
            fired.extend(self.agents_killed().drain(before..));
            // What an agent did not come to is not for the next process.
            let _ = std::fs::remove_file(self.dir.path().join(".lorch/witness-crash"));
            match (status.signal(), &fault) {
                (Some(9), Fault::Lorch(point, _)) => fired.push((*point).to_owned()),
                (Some(9), _) if killed_at_random => fired.push("random".to_owned()),
                _ if status.success() || self.status() == "completed" => return fired,
                other => {
                    let said = self.lines(SAID).join("\n");
                    panic!("{fault:?} {arguments:?}: {other:?} {status}\n{said}")
                }
            }
        }
    }

    /// What goes on with the run: resuming it, or beginning it where it has not begun.
    fn next_arguments(&self) -> Vec<String> {
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        let run = words(&["task", "run", "T-0042"]);
        let Some(newest) = self.runs().pop() else { return run };
        // A run without a command of which no state was written was never told to anybody.
        let has_begun = newest.get("task_id").is_some()
            || std::fs::read_to_string(self.dir.path().join("state/run.json"))
                .is_ok_and(|state| state.contains(&text(&newest, "run_id")));
        match has_begun {
            true => words(&["task", "resume", &text(&newest, "run_id")]),
            false => run,
        }
    }

    fn runs(&self) -> Vec<Value> {
        let listed = self.output(&["task", "status", "--json"]);
        assert!(listed.status.success(), "{listed:?}");
        String::from_utf8(listed.stdout).unwrap().lines().map(read).collect()
    }

    fn status(&self) -> String {
        self.runs().last().map_or_else(String::new, |run| text(run, "status"))
    }

    /// The points at which agents were killed so far.
    fn agents_killed(&self) -> Vec<String> {
        self.lines(".lorch/witness-crashed")
    }

    fn lines(&self, name: &str) -> Vec<String> {
        let text = std::fs::read_to_string(self.dir.path().join(name)).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    /// What the receipts say.
    fn done(&self) -> Done {
        let receipts = self.dir.path().join("receipts/T-0042");
        let count = std::fs::read_dir(&receipts).unwrap().count();
        let read = |step| read(&std::fs::read_to_string(receipts.join(step)).unwrap());
        let receipts = (1..=count).map(|step| read(format!("step-{step}.json")));
        let artifacts = |receipt: &Value| {
            let artifacts = receipt.get("artifacts").and_then(Value::as_array).unwrap().to_vec();
            artifacts.iter().map(|it| (text(it, "path"), text(it, "sha256"))).collect()
        };
        receipts
            .map(|it| {
                let step = it.get("step").and_then(Value::as_u64).unwrap();
                let (action, key) = (text(&it, "action"), text(&it, "idempotency_key"));
                (step, action, key, text(&it, "snapshot_id"), artifacts(&it))
            })
            .collect()
    }

    #[track_caller]
    fn check(&self, expected: &Done, seed: u64) {
        assert_eq!(self.done(), *expected, "seed {seed}");
        let run = text(self.runs().last().unwrap(), "run_id");
        for arguments in [vec!["task", "verify", &run], vec!["validate", "--together", "."]] {
            let verified = self.output(&arguments);
            assert!(verified.status.success(), "seed {seed}: {verified:?}");
        }
        let messages: Vec<Value> =
            self.lines(&format!("events/{run}.ndjson")).iter().map(|line| read(line)).collect();
        self.check_keys(&messages, seed);
        let left = processes_in(self.dir.path());
        assert_eq!(left, Vec::<String>::new(), "seed {seed}: agents are left");
    }

    /// Agents were asked what the ledger says, each effect happened once, and what was answered was not
    /// asked again.
    fn check_keys(&self, messages: &[Value], seed: u64) {
        let mut ended: BTreeSet<String> = BTreeSet::new();
        let mut sent: BTreeMap<String, String> = BTreeMap::new();
        for message in messages {
            let correlation = text(message, "correlation_id");
            if text(message, "kind") == "command" {
                assert!(!ended.contains(&correlation), "seed {seed}: asked again: {message}");
                sent.insert(text(message, "message_id"), text(message, "idempotency_key"));
            } else if text(message, "event") != "artifact.produced" {
                let is_first = ended.insert(correlation);
                assert!(is_first, "seed {seed}: ended twice: {message}\n{}", told(messages));
            }
        }
        let keys: BTreeSet<&String> = sent.values().collect();
        let mut done: Vec<String> = Vec::new();
        for agent in ["builder", "reviewer", "spec_maintainer"] {
            for line in self.lines(&format!(".lorch/seen-{agent}")) {
                let (key, message) = line.split_once(' ').unwrap();
                assert_eq!(sent.get(message).map(String::as_str), Some(key), "seed {seed}");
            }
            done.extend(self.lines(&format!(".lorch/effects-{agent}")));
        }
        assert_eq!(done.len(), keys.len(), "seed {seed}: {done:?}");
        assert_eq!(done.iter().collect::<BTreeSet<_>>(), keys, "seed {seed}");
    }

    /// Runs lorch, and says whether it was killed at a random time.
    fn lorch<S: AsRef<str>>(
        &self,
        arguments: &[S],
        fault: Option<&Fault>,
    ) -> (std::process::ExitStatus, bool) {
        let mut command = self.command(arguments);
        match fault {
            Some(Fault::Lorch(point, nth)) => {
                command.env("LORCH_CRASH_AT", format!("{point}:{nth}"));
            }
            Some(Fault::Agent(point)) => {
                std::fs::create_dir_all(self.dir.path().join(".lorch")).unwrap();
                std::fs::write(self.dir.path().join(".lorch/witness-crash"), point).unwrap();
            }
            Some(Fault::Random(_) | Fault::None) | None => {}
        }
        let said = std::fs::File::create(self.dir.path().join(SAID)).unwrap();
        let mut child = command.stdout(Stdio::null()).stderr(said).spawn().unwrap();
        let Some(Fault::Random(after)) = fault else { return (child.wait().unwrap(), false) };
        std::thread::sleep(*after);
        let is_killed = child.try_wait().unwrap().is_none() && child.kill().is_ok();
        (child.wait().unwrap(), is_killed)
    }

    fn output<S: AsRef<str>>(&self, arguments: &[S]) -> Output {
        self.command(arguments).output().unwrap()
    }

    fn command<S: AsRef<str>>(&self, arguments: &[S]) -> Command {
        let mut command = Command::new(self.binary);
        command.current_dir(self.dir.path()).stdin(Stdio::null());
        command.args(arguments.iter().map(AsRef::as_ref).map(Path::new));
        command
    }
}

/// What goes wrong.
#[derive(Debug)]
enum Fault {
    /// Nothing.
    None,
    /// Lorch is killed when it comes to a point for the n-th time.
    Lorch(&'static str, usize),
    /// Lorch is killed after this time.
    Random(Duration),
    /// An agent is killed when it comes to a point.
    Agent(&'static str),
}

impl Fault {
    fn any(random: &mut Random) -> Self {
        match random.below(4) {
            0 | 1 => {
                let (point, times) = POINTS[random.below(POINTS.len())];
                Self::Lorch(point, 1 + random.below(times))
            }
            2 => Self::Random(Duration::from_millis(random.below(LONGEST_MILLIS) as u64)),
            _ => Self::Agent(AGENT_POINTS[random.below(AGENT_POINTS.len())]),
        }
    }
}

fn text(value: &Value, field: &str) -> String {
    value.get(field).and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// The messages of a ledger in a few words each.
fn told(messages: &[Value]) -> String {
    let fields =
        ["kind", "message_id", "correlation_id", "action", "event", "occurred_at", "retry"];
    let one = |message: &Value| {
        let shown = fields.iter().filter_map(|field| message.get(field));
        shown.map(ToString::to_string).collect::<Vec<_>>().join(" ")
    };
    messages.iter().map(one).collect::<Vec<_>>().join("\n")
}

/// The processes that work in a folder.
fn processes_in(folder: &Path) -> Vec<String> {
    let folder = folder.canonicalize().unwrap();
    let entries = std::fs::read_dir("/proc").unwrap().flatten();
    let paths = entries.map(|entry| entry.path());
    paths
        .filter(|path| std::fs::read_link(path.join("cwd")).is_ok_and(|cwd| cwd == folder))
        .map(|path| std::fs::read_to_string(path.join("cmdline")).unwrap_or_default())
        .collect()
}
