//! A task whose builder misbehaves: it ends as the documentation says, and nothing is left of the
//! builder.

use std::fs;

use crate::lorch::{Folder, Ran};

/// A builder that does what its argument says, and otherwise its work.
const BUILDER: &str = r#"
import hashlib, json, os, pathlib, signal, subprocess, sys, threading, time
kind, lock, state = sys.argv[1], threading.Lock(), {"seq": 0, "status": "ready"}
def write(data):
    with lock:
        os.write(1, data) if len(data) < 4096 else sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
def say(message):
    write(json.dumps(message, ensure_ascii=False).encode() + b"\n")
def beat():
    with lock:
        state["seq"] += 1
        os.write(1, (json.dumps({"kind": "heartbeat", "agent": {"agent_type": "builder"}, "seq": state["seq"], "status":
            state["status"], "pid": os.getpid(), "uptime_s": 1, "last_activity_at": "2025-10-20T14:08:20Z"}) + "\n").encode())
def beat_on():
    while True:
        time.sleep(0.2)
        beat()
def first_time():
    marker = pathlib.Path(".lorch/once")
    was_there = marker.exists()
    marker.touch()
    return not was_there
if kind == "crash":
    sys.exit("out of order")
if kind == "stubborn":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
if kind == "banner":
    write("Welcome to Builder 3.0 \x1b[31m!\n".encode())
if kind == "daemon":
    subprocess.Popen(["setsid", "sh", "-c", "setsid sh -c 'trap \"\" TERM; while :; do sleep 1000; done' & exit"])
if kind == "children":
    subprocess.Popen(["sleep", "1000"])
beat()
threading.Thread(target=beat_on, daemon=True).start()
for line in sys.stdin.buffer:
    command = json.loads(line)
    if command["kind"] != "command":
        continue
    state["status"] = "busy"
    beat()
    path = pathlib.Path("src/work.txt")
    os.makedirs("src", exist_ok=True)
    path.write_text("work\n")
    digest = "sha256:" + hashlib.sha256(path.read_bytes()).hexdigest()
    artifacts = [{"path": str(path), "sha256": digest, "size": 5}]
    event = {"kind": "event", "message_id": "evt-%08x" % state["seq"], "correlation_id": command["correlation_id"],
        "task_id": command["task_id"], "from": {"agent_type": "builder"}, "event": "builder.completed",
        "occurred_at": "2025-10-20T14:30:00Z", "payload": {"tests": {"status": "pass"}, "summary": "žluťoučký kůň"},
        "artifacts": artifacts}
    if kind == "flood":
        log = json.dumps({"kind": "log", "level": "info", "message": "m", "timestamp": "2025-10-20T14:08:20Z"}) + "\n"
        for _ in range(100):
            write(log.encode() * 1000)
    if kind == "long":
        write(b"x" * 262145 + b"\n")
    if kind == "junk" and first_time():
        write(b"junk\n" * 1000)
    if kind == "other":
        say({**event, "message_id": "evt-ffffffff", "from": {"agent_type": "reviewer"}})
    if kind == "claims":
        artifacts.append({"path": "src/never.txt", "sha256": digest, "size": 5})
    if kind == "outside":
        outside = os.path.abspath("../outside-" + os.path.basename(os.getcwd()))
        os.makedirs(outside, exist_ok=True)
        os.symlink(outside, "src/link")
        pathlib.Path("src/link/evil.txt").write_text("work\n")
        artifacts.append({"path": "src/link/evil.txt", "sha256": digest, "size": 5})
    if kind == "stopped" and first_time():
        os.kill(os.getpid(), signal.SIGSTOP)
    if kind == "stalled":
        time.sleep(2)
    if kind == "dies" and first_time():
        os.kill(os.getpid(), signal.SIGKILL)
    if kind == "torn" and first_time():
        write(json.dumps(event).encode()[:-9])
        sys.exit(1)
    if kind == "split":
        with lock:
            for byte in json.dumps(event, ensure_ascii=False).encode() + b"\n":
                os.write(1, bytes([byte]))
    else:
        say(event)
    state["status"] = "ready"
"#;

const REVIEWER: &str = "review:\n  - status: approved\n";
const MAINTAINER: &str = "update_spec:\n  - event: spec.no_changes_needed\n";

/// Runs a task with a builder of this kind.
#[track_caller]
fn run(kind: &str, expected_outputs: &str, status: i32) -> (Folder, Ran) {
    let folder = Folder::new();
    let config = format!(
        "[agents.builder]\ncmd = [\"python3\", \"builder.py\", \"{kind}\"]\n\
         [agents.reviewer]\ncmd = [\"lorch\", \"agent\", \"script\", \"reviewer.yaml\"]\n\
         [agents.spec_maintainer]\ncmd = [\"lorch\", \"agent\", \"script\", \"maintainer.yaml\"]\n\
         [tasks.T-0042]\ngoal = \"Work\"\nexpected_outputs = {expected_outputs}\n\
         [supervision]\nheartbeat_s = {}\nmissed_heartbeats = 1\nstalled_s = 1\nstop_s = 1\nmax_backoff_s = 0\n",
        if kind == "stopped" { 1 } else { 30 },
    );
    folder.write("lorch.toml", config).write("builder.py", BUILDER);
    folder.write("reviewer.yaml", REVIEWER).write("maintainer.yaml", MAINTAINER);
    folder.write(".lorch/kept", "").write("specs/SPEC.md", "# Work\n");
    let ran = folder.run(["task", "run", "T-0042"]).ends(status);
    let left = processes_of(&folder);
    assert!(left.is_empty(), "{kind}: {left:?}");
    let runs = folder.run(["task", "status", "--json"]).ends(0).lines();
    let run = runs[0].get("run_id").unwrap().as_str().unwrap().to_owned();
    folder.run(["task", "verify", &run]).ends(0);
    folder.run(["validate", "--together", "."]).ends(0);
    (folder, ran)
}

/// The processes that were started for a run in this folder, wherever they are now.
fn processes_of(folder: &Folder) -> Vec<String> {
    let runs: Vec<String> = fs::read_dir(folder.path().join("events"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter_map(|name| name.strip_suffix(".ndjson").map(str::to_owned))
        .collect();
    let processes = fs::read_dir("/proc").unwrap().flatten();
    processes
        .filter_map(|process| {
            let environment = fs::read(process.path().join("environ")).ok()?;
            let environment = String::from_utf8_lossy(&environment).into_owned();
            let is_of = runs.iter().any(|run| environment.contains(run));
            is_of.then(|| fs::read_to_string(process.path().join("cmdline")).unwrap_or_default())
        })
        .collect()
}

/// The task is done, and a person is told these words on the way.
#[track_caller]
fn completes(kind: &str, words: &[&str]) -> Folder {
    let (folder, ran) = run(kind, "[{ path = \"src/work.txt\" }]", 0);
    for word in words {
        assert!(ran.stderr.contains(word), "{word}: {ran:#?}");
    }
    folder
}

#[test]
fn what_is_no_message_is_put_aside() {
    completes("banner", &["a line is put aside", r"Welcome to Builder 3.0 \u{1b}[31m!"]);
    completes("long", &["is dropped: xxxxxxxx"]);
    completes("junk", &["20 lines", "is started again"]);
    completes("torn", &["a line is put aside", "is started again"]);
}

#[test]
fn what_is_said_is_heard_whole() {
    completes("split", &["žluťoučký kůň"]);
    let folder = completes("flood", &[]);
    let logs = folder.path().join("logs/builder");
    let log = fs::read_dir(logs).unwrap().next().unwrap().unwrap().path();
    let lines =
        fs::read_to_string(log).unwrap().lines().filter(|line| line.contains("\"log\"")).count();
    assert_eq!(lines, 100_000);
}

#[test]
fn nothing_of_it_is_left() {
    for kind in ["children", "daemon", "stubborn"] {
        completes(kind, &[]);
    }
}

#[test]
fn one_that_stops_or_dies_is_started_again() {
    completes("stopped", &["no heartbeat for 1", "is started again"]);
    completes("dies", &["is started again"]);
    completes("stalled", &["has not got on for"]);
    let (_, ran) = run("crash", "[]", 1);
    assert!(ran.stderr.contains("restart 5") && ran.stderr.contains("out of order"), "{ran:#?}");
}

#[test]
fn lies_are_found() {
    completes("other", &["reviewer"]);
    completes("claims", &["src/never.txt"]);
    completes("outside", &["src/link/evil.txt"]);
    let (_, ran) = run("outside", "[{ path = \"src/link/evil.txt\" }]", 1);
    assert!(ran.stderr.contains("src/link/evil.txt"), "{ran:#?}");
}
