//! `lorch task` with agents that are real processes: the way of a task through them, and what a person
//! has to do with it.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use lorch_types::json::Value;

use crate::lorch::{Folder, Ran, command, copy, repository};

/// How long anything may take before it is held to hang.
const HANG: Duration = Duration::from_secs(120);

/// An answer of a builder whose tests pass, which writes this into its file.
fn written(content: &str) -> String {
    format!("  - write: {{ src/work: \"{content}\" }}\n")
}

/// A workspace whose agents play these answers.
fn scripted(builder: &str, reviewer: &str, maintainer: &str) -> Folder {
    let folder = Folder::new();
    let mut config = String::new();
    for (agent, answers) in
        [("builder", builder), ("reviewer", reviewer), ("spec_maintainer", maintainer)]
    {
        folder.write(&format!("agents/{agent}.yaml"), answers);
        config.push_str(&format!(
            "[agents.{agent}]\ncmd = [\"lorch\", \"agent\", \"script\", \"agents/{agent}.yaml\"]\n"
        ));
    }
    folder.write("lorch.toml", config + "[tasks.T-0042]\ngoal = \"Work\"\n");
    folder.write("specs/SPEC.md", "# Work\n");
    folder
}

const APPROVED: &str =
    "review:\n  - status: approved\n  - status: approved\n  - status: approved\n";
const UNNEEDED: &str = "update_spec:\n  - event: spec.no_changes_needed\n";

/// The only run of a workspace.
#[track_caller]
fn only_run(folder: &Folder) -> String {
    let listed = folder.run(["task", "status", "--json"]).ends(0).lines();
    let [run] = listed.as_slice() else { panic!("{listed:#?}") };
    run.get("run_id").and_then(Value::as_str).unwrap().to_owned()
}

#[track_caller]
fn status(folder: &Folder, run: &str) -> Value {
    folder.run(["task", "status", run, "--json"]).ends(0).json()
}

#[track_caller]
fn text(value: &Value, field: &str) -> String {
    value.get(field).and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// Everything that a run leaves is what it should be.
#[track_caller]
fn sound(folder: &Folder, run: &str) {
    folder.run(["task", "verify", run]).ends(0);
    folder.run(["validate", "--together", "."]).ends(0);
    for (path, is_folder) in walk(folder.path()) {
        let shown = path.strip_prefix(folder.path()).unwrap().to_str().unwrap().to_owned();
        let own = ["events", "receipts", "snapshots", "state", "logs"];
        if own.iter().any(|own| shown == *own || shown.starts_with(&format!("{own}/"))) {
            let mode = std::fs::metadata(&path).unwrap().permissions().mode() & 0o777;
            assert_eq!(mode, if is_folder { 0o700 } else { 0o600 }, "{shown}");
            assert!(!shown.ends_with(".new"), "{shown}");
        }
    }
    assert_eq!(processes_in(folder.path()), Vec::<String>::new(), "agents are left");
}

/// All files and folders in a folder, and which of them are folders.
fn walk(folder: &Path) -> Vec<(std::path::PathBuf, bool)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let is_folder = path.is_dir();
        found.push((path.clone(), is_folder));
        if is_folder {
            found.extend(walk(&path));
        }
    }
    found
}

/// The processes that work in a folder.
fn processes_in(folder: &Path) -> Vec<String> {
    let folder = folder.canonicalize().unwrap();
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc").unwrap().flatten() {
        let is_in = std::fs::read_link(entry.path().join("cwd")).is_ok_and(|cwd| cwd == folder);
        if is_in {
            found.push(std::fs::read_to_string(entry.path().join("cmdline")).unwrap_or_default());
        }
    }
    found
}

#[test]
fn the_examples_go_through_both_kinds_of_changes() {
    for kind in ["scripted", "wrapped"] {
        let folder = Folder::new();
        copy(&repository().join("examples/agents").join(kind), folder.path());
        let ran = folder.run(["task", "run", "T-0042"]).ends(0);
        for words in [
            "builder          ▸ implement\n",
            "reviewer         ! changes requested: ",
            "builder          ▸ implement changes, round 2",
            "spec_maintainer  ! changes requested by the specification: ",
            "builder          ▸ implement changes, round 3",
            "spec_maintainer  ✔ specification updated",
        ] {
            assert!(ran.stderr.contains(words), "{words}: {ran:#?}");
        }
        assert!(ran.stdout.starts_with("T-0042 completed in "), "{ran:#?}");
        let spec = folder.read("specs/SPEC.md");
        assert!(spec.contains("Upper case becomes lower case."), "{spec}");
        let run = only_run(&folder);
        sound(&folder, &run);
        let state = status(&folder, &run);
        assert_eq!(text(&state, "status"), "completed");
        let receipts = std::fs::read_dir(folder.path().join("receipts/T-0042")).unwrap().count();
        assert_eq!(receipts, 8);
        // What is over is not gone on with.
        let again = folder.run(["task", "resume", &run]).ends(1);
        assert!(again.stderr.contains("is over: it completed"), "{again:#?}");
    }
}

#[test]
fn what_is_missing_is_said_before_anything_begins() {
    let folder = scripted("implement: []", APPROVED, UNNEEDED);
    let unknown = folder.run(["task", "run", "T-0043"]).ends(2);
    assert!(unknown.stderr.contains("nothing says what T-0043 is about"), "{unknown:#?}");
    assert!(unknown.stderr.contains("[tasks.T-0043]"), "{unknown:#?}");
    let unsaid = folder.run(["task", "run"]).ends(2);
    assert!(unsaid.stderr.contains("no task is given"), "{unsaid:#?}");
    let config = folder.read("lorch.toml").replace("agents.reviewer", "agents.orchestration");
    folder.write("lorch.toml", config);
    let ran = folder.run(["task", "run", "T-0042"]).ends(2);
    assert!(ran.stderr.contains("no reviewer is configured"), "{ran:#?}");
    assert!(ran.stderr.contains("[agents.reviewer]"), "{ran:#?}");
    assert!(!folder.path().join("events").exists());
    let config = folder.read("lorch.toml") + "[agents.builder2]\ncmd = [\"x\"]\n";
    folder.write("lorch.toml", config);
    let ran = folder.run(["task", "run", "T-0042"]).ends(2);
    assert!(ran.stderr.contains("builder2"), "{ran:#?}");
}

/// The events of a run as programs read them.
fn named(ran: &Ran, name: &str) -> Vec<Value> {
    ran.lines().into_iter().filter(|line| text(line, "event") == name).collect()
}

#[test]
fn a_person_decides_when_rounds_are_used_up() {
    let builder =
        format!("implement:\n{}implement_changes:\n{}{}", written("1"), written("2"), written("3"));
    let changes = "review:\n  - status: changes_requested\n    payload: { findings: [more] }\n"
        .to_owned()
        + "  - status: changes_requested\n    payload: { findings: [more still] }\n"
        + "  - status: approved\n";
    let folder = scripted(&builder, &changes, UNNEEDED);
    let config = folder.read("lorch.toml") + "[supervision]\nmax_rounds = 2\n";
    folder.write("lorch.toml", config);
    let ran = folder.run(["task", "run", "T-0042", "--json"]).ends(3);
    let [question] = &named(&ran, "question")[..] else { panic!("{ran:#?}") };
    assert_eq!(text(question, "question"), "max_rounds");
    let run = only_run(&folder);
    assert_eq!(text(&status(&folder, &run), "status"), "running");
    let shown = folder.run(["task", "status", &run]).ends(0);
    assert!(shown.stdout.contains("status   waits (max_rounds)\n"), "{shown:#?}");
    // Resuming asks again, and changes nothing.
    let ledger = folder.read(&format!("events/{run}.ndjson"));
    let again = folder.run(["task", "resume", &run]).ends(3);
    assert!(again.stderr.contains("max_rounds: changes are wanted once more"), "{again:#?}");
    assert_eq!(folder.read(&format!("events/{run}.ndjson")), ledger);
    // Another run of the task would work on the same files.
    let other = folder.run(["task", "run", "T-0042"]).ends(1);
    assert!(other.stderr.contains(&format!("{run} of T-0042 is not over")), "{other:#?}");
    let unfit = folder.run(["task", "decide", &run, "redo"]).ends(2);
    assert!(unfit.stderr.contains("asks nothing that `redo` answers"), "{unfit:#?}");
    folder.run(["task", "decide", &run, "continue", "--comment", "nearly there"]).ends(0);
    folder.run(["task", "resume", &run]).ends(0);
    sound(&folder, &run);
    assert_eq!(folder.read("src/work"), "3");
    let log = folder.run(["task", "log", &run]).ends(0);
    assert!(log.stdout.contains("system           · decided: continue"), "{log:#?}");
}

#[test]
fn a_run_is_stopped_for_good() {
    let builder = format!("implement:\n{}", written("1"));
    let folder = scripted(&builder, "review:\n  - status: changes_requested\n", UNNEEDED);
    let config = folder.read("lorch.toml") + "[supervision]\nmax_rounds = 1\n";
    folder.write("lorch.toml", config);
    folder.run(["task", "run", "T-0042"]).ends(3);
    let run = only_run(&folder);
    folder.run(["task", "decide", &run, "abort"]).ends(0);
    assert_eq!(text(&status(&folder, &run), "status"), "aborted");
    folder.run(["task", "resume", &run]).ends(1);
    folder.run(["task", "decide", &run, "abort"]).ends(1);
    sound(&folder, &run);
    folder.run(["task", "run", "T-0042"]).ends(3);
}

#[test]
fn files_that_somebody_else_changed_are_asked_about() {
    for answer in ["accept", "redo", "abort"] {
        let builder =
            format!("implement:\n{}implement_changes:\n{}", written("1"), written("again"));
        let reviews =
            "review:\n  - status: changes_requested\n  - status: approved\n  - status: approved\n";
        let folder = scripted(&builder, reviews, UNNEEDED);
        let config = folder.read("lorch.toml");
        folder.write("lorch.toml", format!("{config}[supervision]\nmax_rounds = 1\n"));
        folder.run(["task", "run", "T-0042"]).ends(3);
        let run = only_run(&folder);
        folder.run(["task", "decide", &run, "accept"]).ends(0);
        folder.write("src/work", "changed by hand");
        let verified = folder.run(["task", "verify", &run]).ends(1);
        assert!(verified.stdout.contains("src/work is 15 bytes with sha256:"), "{verified:#?}");
        let asked = folder.run(["task", "resume", &run]).ends(3);
        let words = "artifact_drift: `src/work` is not as the work on it was recorded";
        assert!(asked.stderr.contains(words), "{asked:#?}");
        folder.run(["task", "decide", &run, answer]).ends(0);
        let resumed = folder.run(["task", "resume", &run]);
        let expected = if answer == "redo" { "again" } else { "changed by hand" };
        assert_eq!(folder.read("src/work"), expected, "{resumed:#?}");
        if answer == "abort" {
            resumed.ends(1);
        } else {
            resumed.ends(0);
            sound(&folder, &run);
        }
    }
}

#[test]
fn a_file_that_work_removed_is_no_drift() {
    let builder = "implement:\n  - write: { src/work: \"1\", src/draft: \"x\" }\nimplement_changes:\n  \
                   - write: { src/work: \"2\" }\n    remove: [src/draft]\n";
    let reviews = "review:\n  - status: changes_requested\n  - status: approved\n";
    let folder = scripted(builder, reviews, UNNEEDED);
    let ran = folder.run(["task", "run", "T-0042"]).ends(0);
    assert!(ran.stderr.contains("src/draft  removed\n"), "{ran:#?}");
    sound(&folder, &only_run(&folder));
}

#[test]
fn an_agent_that_crashes_is_asked_again_with_the_same_key() {
    let builder = "implement:\n  - fault: crash\n    write: { src/work: \"1\" }\n";
    let folder = scripted(builder, APPROVED, UNNEEDED);
    let config = folder.read("lorch.toml") + "[supervision]\nmax_backoff_s = 0\n";
    folder.write("lorch.toml", config);
    let ran = folder.run(["task", "run", "T-0042", "--json"]).ends(0);
    let sent = named(&ran, "command_sent");
    let message = |at: usize| sent[at].get("message").unwrap().clone();
    let attempts: Vec<u64> = (0..2)
        .map(|at| message(at).get("retry").unwrap().get("attempt").unwrap().as_u64().unwrap())
        .collect();
    assert_eq!(attempts, [0, 1]);
    assert_eq!(text(&message(0), "idempotency_key"), text(&message(1), "idempotency_key"));
    assert_eq!(text(&message(0), "correlation_id"), text(&message(1), "correlation_id"));
    assert_ne!(text(&message(0), "message_id"), text(&message(1), "message_id"));
    sound(&folder, &only_run(&folder));
}

#[test]
fn an_agent_that_is_unwilling_leaves_a_run_that_can_be_gone_on_with() {
    let folder = scripted("implement:\n  - fault: unwilling\n", APPROVED, UNNEEDED);
    let ran = folder.run(["task", "run", "T-0042"]).ends(1);
    assert!(ran.stderr.contains("the builder gave up: "), "{ran:#?}");
    let run = only_run(&folder);
    assert!(ran.stderr.contains(&format!("lorch task resume {run}")), "{ran:#?}");
    folder.write("agents/builder.yaml", format!("implement:\n{}", written("1")));
    folder.run(["task", "resume", &run]).ends(0);
    sound(&folder, &run);
}

/// A goal that stands on the command line only is kept until a command says it.
#[test]
fn a_run_that_never_sent_a_command_is_gone_on_with() {
    let folder = scripted("implement: []", APPROVED, UNNEEDED);
    let config = folder.read("lorch.toml");
    folder.write("lorch.toml", config.replacen("\"lorch\", \"agent\"", "\"no-such-program\"", 1));
    let ran = folder.run(["task", "run", "T-0077", "--goal", "Only here"]).ends(1);
    assert!(ran.stderr.contains("`no-such-program` could not be started"), "{ran:#?}");
    let run = only_run(&folder);
    folder.write("lorch.toml", config);
    folder.write("agents/builder.yaml", format!("implement:\n{}", written("1")));
    folder.run(["task", "resume", &run]).ends(0);
    sound(&folder, &run);
    assert!(folder.read(&format!("events/{run}.ndjson")).contains("\"goal\":\"Only here\""));
    let unknown = folder.run(["task", "resume", "run-20251020-140818-4f9f29a1"]).ends(2);
    assert!(unknown.stderr.contains("there is no ledger of this run"), "{unknown:#?}");
    folder.run(["task", "run", "T-0077", "--goal", " "]).ends(2);
}

#[test]
fn errors_end_a_task_or_are_tried_again() {
    let failing = "implement:\n  - event: error\n    payload: { code: llm_call_failed, message: \"no \
                   answer\", retriable: false }\n";
    let folder = scripted(failing, APPROVED, UNNEEDED);
    let ran = folder.run(["task", "run", "T-0042"]).ends(1);
    assert!(ran.stdout.contains("failed (llm_call_failed: no answer)"), "{ran:#?}");
    let run = only_run(&folder);
    sound(&folder, &run);
    let untested = "implement:\n  - payload: { tests: { status: fail } }\n";
    let folder = scripted(untested, APPROVED, UNNEEDED);
    let ran = folder.run(["task", "run", "T-0042"]).ends(1);
    assert!(ran.stdout.contains("failed (tests_failed: "), "{ran:#?}");
    assert_eq!(text(&status(&folder, &only_run(&folder)), "code"), "tests_failed");
}

#[test]
fn a_builder_owes_the_files_that_are_required() {
    let builder = format!(
        "implement:\n  - write: {{ src/other: \"x\" }}\nimplement_changes:\n{}",
        written("1")
    );
    let folder = scripted(&builder, APPROVED, UNNEEDED);
    let config = folder.read("lorch.toml") + "expected_outputs = [{ path = \"src/work\" }]\n";
    folder.write("lorch.toml", config);
    let ran = folder.run(["task", "run", "T-0042"]).ends(0);
    assert!(ran.stderr.contains("src/work  is required, and is not there\n"), "{ran:#?}");
    sound(&folder, &only_run(&folder));
}

#[test]
fn a_wish_becomes_tasks_that_run() {
    let folder =
        scripted(&format!("implement:\n{}{}", written("1"), written("2")), APPROVED, UNNEEDED);
    let proposals = "intake:\n  - event: orchestration.needs_clarification\n    payload: { question: \
                     \"for whom?\" }\n  - event: orchestration.proposed_tasks\n    payload:\n      \
                     tasks:\n        - { task_id: T-0043, goal: \"greet members\" }\n";
    folder.write("agents/orchestration.yaml", proposals);
    let config = folder.read("lorch.toml")
        + "[agents.orchestration]\ncmd = [\"lorch\", \"agent\", \"script\", \
           \"agents/orchestration.yaml\"]\n";
    folder.write("lorch.toml", config);
    let asked = folder.run(["task", "run", "--goal", "greet people"]).ends(3);
    assert!(asked.stderr.contains("needs_clarification: for whom?"), "{asked:#?}");
    let wish = only_run(&folder);
    let silent = folder.run(["task", "decide", &wish, "reply"]).ends(2);
    assert!(silent.stderr.contains("asks nothing that `reply` answers"), "{silent:#?}");
    folder.run(["task", "decide", &wish, "reply", "--comment", "for members"]).ends(0);
    let proposed = folder.run(["task", "resume", &wish]).ends(3);
    assert!(proposed.stderr.contains("proposed_tasks: T-0043 greet members"), "{proposed:#?}");
    folder.run(["task", "run", "T-0043"]).ends(2);
    folder.run(["task", "decide", &wish, "accept"]).ends(0);
    let ran = folder.run(["task", "run", "T-0043"]).ends(0);
    assert!(ran.stderr.contains("T-0043 greet members\n"), "{ran:#?}");
    folder.run(["validate", "--together", "."]).ends(0);
}

/// A builder that hangs the first time, once it has begun.
const HANGING: &str =
    "implement:\n  - log: [has begun]\n    fault: hang\n    write: { src/work: \"1\" }\n";

/// A run that goes on until it is told to stop.
struct Background(Child);

impl Background {
    /// Starts a run of [`HANGING`], and waits until the builder hangs.
    fn start(folder: &Folder) -> (Self, String) {
        let started = Self::spawn(folder);
        let events = folder.path().join("events");
        let is_chain = |entry: std::io::Result<std::fs::DirEntry>| {
            entry.is_ok_and(|it| it.path().to_string_lossy().ends_with(".chain.ndjson"))
        };
        until(|| std::fs::read_dir(&events).is_ok_and(|mut files| files.any(is_chain)));
        let run = only_run(folder);
        let log = folder.path().join(format!("logs/builder/{run}.ndjson"));
        until(|| std::fs::read_to_string(&log).is_ok_and(|log| log.contains("has begun")));
        (started, run)
    }

    fn spawn(folder: &Folder) -> Self {
        let child = command(folder.path())
            .args(["task", "run", "T-0042"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        Self(child)
    }

    fn signal(&self, signal: rustix::process::Signal) {
        let pid = rustix::process::Pid::from_child(&self.0);
        rustix::process::kill_process(pid, signal).unwrap();
    }
}

#[track_caller]
fn until(is_so: impl Fn() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < HANG, "it hangs");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_second_process_is_refused_and_an_interrupt_leaves_nothing_running() {
    let folder = scripted(HANGING, APPROVED, UNNEEDED);
    let (mut first, run) = Background::start(&folder);
    let ledger = format!("events/{run}.ndjson");
    let second = folder.run(["task", "resume", &run]).ends(1);
    let pid = first.0.id();
    assert!(second.stderr.contains(&format!("process {pid} owns this workspace")), "{second:#?}");
    first.signal(rustix::process::Signal::INT);
    let status = first.0.wait().unwrap();
    assert_eq!(status.code(), Some(130));
    assert_eq!(processes_in(folder.path()), Vec::<String>::new());
    folder.run(["task", "resume", &run]).ends(0);
    sound(&folder, &run);
    let commands = folder.read(&ledger).matches("\"kind\":\"command\"").count();
    assert_eq!(commands, 4, "the one that was interrupted is sent again");
}

#[test]
fn agents_end_when_lorch_is_killed_and_the_next_process_waits_for_that() {
    let folder = scripted(HANGING, APPROVED, UNNEEDED);
    let (mut first, run) = Background::start(&folder);
    first.signal(rustix::process::Signal::KILL);
    first.0.wait().unwrap();
    folder.run(["task", "resume", &run]).ends(0);
    sound(&folder, &run);
}

#[test]
fn a_secret_of_an_agent_is_written_nowhere() {
    const SECRET: &str = "correct horse battery staple";
    let builder = format!(
        "implement:\n  - write: {{ src/work: \"1\" }}\n    log: [\"the key is {SECRET}\"]\n    payload: \
         {{ summary: \"used {SECRET}\", tests: {{ status: pass }} }}\n"
    );
    let folder = scripted(&builder, APPROVED, UNNEEDED);
    let config = folder
        .read("lorch.toml")
        .replace("builder.yaml\"]\n", "builder.yaml\"]\nenv = [\"AGENT_KEY\"]\n");
    folder.write("lorch.toml", config);
    let environment = [("AGENT_KEY", SECRET)];
    let ran = folder.run_with(["task", "run", "T-0042"], "", &environment).ends(0);
    assert!(ran.stderr.contains("used [secret AGENT_KEY]"), "{ran:#?}");
    assert!(!ran.stderr.contains(SECRET) && !ran.stdout.contains(SECRET), "{ran:#?}");
    // The script itself, and the agent's own memory of what it has answered.
    let is_agents = |path: &Path| {
        let shown = path.strip_prefix(folder.path()).unwrap();
        shown.starts_with("agents") || shown.starts_with(".lorch/agents")
    };
    let mut looked_at = 0;
    for (path, is_folder) in walk(folder.path()) {
        if !is_folder && !is_agents(&path) {
            let bytes = std::fs::read(&path).unwrap();
            let has_secret = String::from_utf8_lossy(&bytes).contains(SECRET);
            assert!(!has_secret, "{}", path.display());
            looked_at += 1;
        }
    }
    assert!(looked_at > 10, "{looked_at}");
    sound(&folder, &only_run(&folder));
}

#[test]
fn what_was_said_can_be_followed() {
    let folder = scripted(HANGING, APPROVED, UNNEEDED);
    let (mut first, run) = Background::start(&folder);
    let log = command(folder.path())
        .args(["task", "log", &run, "--follow"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    first.signal(rustix::process::Signal::INT);
    first.0.wait().unwrap();
    folder.run(["task", "resume", &run]).ends(0);
    let log = log.wait_with_output().unwrap();
    let log = String::from_utf8(log.stdout).unwrap();
    assert!(log.starts_with("builder          ▸ implement\n"), "{log}");
    assert!(log.contains("builder          ▸ implement, attempt 2\n"), "{log}");
    assert!(log.ends_with("✔ the specification needs no changes\n"), "{log}");
    let json = folder.run(["task", "log", &run, "--json"]).ends(0);
    assert_eq!(
        json.stdout.replace(' ', ""),
        folder.read(&format!("events/{run}.ndjson")).replace(' ', "")
    );
    let unknown = folder.run(["task", "log", "run-20251020-140818-4f9f29a1"]).ends(2);
    assert!(unknown.stderr.contains("there is no ledger of this run"), "{unknown:#?}");
}

#[test]
fn doctor_looks_for_agents() {
    let folder = scripted("implement: []", APPROVED, UNNEEDED);
    let ran = folder.run(["doctor"]).ends(0);
    assert!(ran.stdout.contains("the reviewer is `lorch`"), "{ran:#?}");
    folder.write(
        "lorch.toml",
        "[agents.builder]\ncmd = [\"no-such-program\"]\nenv = [\"NO_SUCH_KEY\"]\n",
    );
    let ran = folder.run(["doctor"]).ends(1);
    for words in [
        "the builder is `no-such-program`, which is not there",
        "no reviewer is configured",
        "NO_SUCH_KEY is not set",
    ] {
        assert!(ran.stdout.contains(words), "{words}: {ran:#?}");
    }
}
