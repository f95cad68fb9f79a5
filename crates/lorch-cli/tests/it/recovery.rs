//! Runs that fail, are interrupted, or are wanted by two processes.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use lorch_types::json::Value;
use rusqlite::Connection;

use crate::lorch::{Folder, command, read};

/// A job whose second step fails until the table `gate` has a row.
const GATED: &str = r#"
job_id: gated
version: "1"
steps:
  - step_id: tables
    op: write.create_table
    params: { table: gate, columns: [{ name: n, type: integer }] }
  - step_id: effects
    op: write.create_table
    params: { table: effects, columns: [{ name: n, type: integer }] }
  - step_id: first
    op: write.insert
    params: { table: effects, rows: [{ n: 1 }] }
  - step_id: opened
    op: assert.rows
    params: { table: gate, min: 1 }
  - step_id: second
    op: write.insert
    params: { table: effects, rows: [{ n: 2 }] }
"#;

/// A job that waits long enough to be interrupted.
const SLOW: &str = r#"
job_id: slow
version: "1"
steps:
  - { step_id: before, op: compute.transform, params: { input: 1, program: "." } }
  - { step_id: pause, op: compute.exec, params: { argv: [sleep, "SECONDS"] } }
  - { step_id: after, op: compute.transform, params: { input: 2, program: "." } }
"#;

fn data(folder: &Folder) -> Connection {
    Connection::open(folder.path().join(".lorch/data.db")).unwrap()
}

fn newest(folder: &Folder) -> (String, String) {
    let listed = folder.run(["runs", "--json"]).ends(0).lines();
    let text = |field: &str| listed[0].get(field).and_then(Value::as_str).unwrap().to_owned();
    (text("run_id"), text("status"))
}

#[test]
fn a_failed_run_goes_on_where_it_failed() {
    let folder = Folder::new();
    folder.write("job.yaml", GATED);
    let failed = folder.run(["run", "job.yaml"]).ends(1);
    assert!(failed.stderr.contains("assertion_failed"), "{}", failed.stderr);
    let (run_id, status) = newest(&folder);
    assert_eq!(status, "failed");
    assert!(failed.stdout.contains(&format!("lorch resume {run_id}")), "{}", failed.stdout);

    data(&folder).execute("INSERT INTO gate VALUES (1)", []).unwrap();
    // Editing the definition changes nothing of a run that has begun.
    folder.write("job.yaml", "job_id: gated\nversion: \"2\"\nsteps: []\n");
    let resumed = folder.run(["resume", &run_id]).ends(0);
    assert!(resumed.stderr.contains("completed in an earlier attempt"), "{}", resumed.stderr);
    let effects: i64 =
        data(&folder).query_row("SELECT sum(n) FROM effects", [], |row| row.get(0)).unwrap();
    assert_eq!(effects, 3, "each effect once");
    assert_eq!(newest(&folder).1, "completed");

    let again = folder.run(["resume", &run_id]).ends(0);
    assert!(again.stdout.contains("nothing to do"), "{}", again.stdout);
    let again = folder.run(["resume", &run_id, "--json"]).ends(0);
    assert!(again.stdout.is_empty(), "{}", again.stdout);
    let attempts = folder.run(["show", &run_id, "--json"]).ends(0).json();
    assert_eq!(attempts.get("attempts").and_then(Value::as_array).unwrap().len(), 2);
}

/// The job under way, its step `pause` begun.
fn started(folder: &Folder, seconds: &str) -> (Child, String) {
    folder.write("slow.yaml", SLOW.replace("SECONDS", seconds));
    folder.write("lorch.toml", "[allow]\nprograms = [\"sleep\"]\n");
    let mut child = command(folder.path())
        .args(["run", "slow.yaml", "--json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.as_mut().unwrap()).lines();
    let begun = loop {
        let event = read(&lines.next().expect("the step begins").unwrap());
        let is = |field: &str, text: &str| event.get(field).and_then(Value::as_str) == Some(text);
        if is("event", "step_started") && is("step_id", "pause") {
            break event;
        }
    };
    let run_id = begun.get("run_id").and_then(Value::as_str).unwrap().to_owned();
    (child, run_id)
}

fn signal(child: &Child, name: &str) {
    let status = Command::new("kill").args([name, &child.id().to_string()]).status().unwrap();
    assert!(status.success());
}

#[test]
fn an_interrupt_records_the_step_and_the_run_can_go_on() {
    let folder = Folder::new();
    let (mut child, run_id) = started(&folder, "600");
    signal(&child, "-INT");
    let status = child.wait().unwrap();
    assert_eq!(status.code(), Some(130));
    assert_eq!(newest(&folder), (run_id.clone(), "failed".to_owned()));
    let shown = folder.run(["show", &run_id, "--json"]).ends(0).json().to_string();
    assert!(shown.contains(r#""code":"cancelled""#), "{shown}");

    // The instance is pinned, so that what can be let through is the program.
    folder.write("bin/sleep", "#!/bin/sh\nexit 0\n");
    let sleep = folder.path().join("bin/sleep");
    Command::new("chmod").arg("+x").arg(sleep).status().unwrap();
    let path = format!("{}:/usr/bin:/bin", folder.path().join("bin").display());
    let resumed = folder.run_with(["resume", &run_id], "", &[("PATH", &path)]).ends(0);
    assert!(resumed.stdout.contains("1 kept from earlier attempts"), "{}", resumed.stdout);
}

#[test]
fn a_second_process_is_told_who_holds_the_run() {
    let folder = Folder::new();
    let (mut child, run_id) = started(&folder, "600");
    let refused = folder.run(["resume", &run_id]).ends(1);
    let holder = format!("process {}", child.id());
    assert!(refused.stderr.contains(&holder), "{}", refused.stderr);
    assert_eq!(newest(&folder).1, "running");
    signal(&child, "-KILL");
    child.wait().unwrap();
    assert_eq!(newest(&folder).1, "interrupted");
    let advice = folder.run(["doctor"]).ends(0).stdout;
    assert!(advice.contains(&format!("lorch resume {run_id}")), "{advice}");
}

/// Whether a process has these arguments.
#[cfg(target_os = "linux")]
fn is_running(arguments: &str) -> bool {
    std::fs::read_dir("/proc").unwrap().flatten().any(|entry| {
        let line = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
        line.split(|byte| *byte == 0).skip(1).any(|argument| argument == arguments.as_bytes())
    })
}

#[cfg(target_os = "linux")]
#[test]
fn a_program_ends_with_the_lorch_that_was_killed() {
    let folder = Folder::new();
    // A number of seconds that no other process sleeps for.
    let seconds = format!("600.{}", std::process::id());
    let (mut child, _) = started(&folder, &seconds);
    while !is_running(&seconds) {
        std::thread::yield_now();
    }
    signal(&child, "-KILL");
    child.wait().unwrap();
    while is_running(&seconds) {
        std::thread::yield_now();
    }
}

#[test]
fn each_line_is_a_run() {
    let folder = Folder::new();
    folder.run(["init"]).ends(0);
    folder
        .write("names.ndjson", "{\"name\":\"Ada\"}\n{\"name\":\"Grace\"}\n\n{\"name\":\"Mary\"}\n");
    let ran =
        folder.run(["run", "jobs/hello.yaml", "--each", "names.ndjson", "--jobs", "3"]).ends(0);
    assert!(ran.stdout.contains("3 runs in"), "{}", ran.stdout);
    assert!(ran.stdout.contains("3 completed"), "{}", ran.stdout);
    let count: i64 =
        data(&folder).query_row("SELECT count(*) FROM greetings", [], |row| row.get(0)).unwrap();
    assert_eq!(count, 3);
    assert_eq!(folder.run(["runs", "--json"]).ends(0).lines().len(), 3);

    let json = ["run", "jobs/hello.yaml", "--each", "names.ndjson", "-j2", "--json"];
    let events = folder.run(json).ends(0).lines();
    let ended = events.iter().filter(|it| it.to_string().contains("\"event\":\"run_completed\""));
    assert_eq!(ended.count(), 3);
}

#[test]
fn a_payload_that_does_not_fit_stops_all_before_any_begins() {
    let folder = Folder::new();
    folder.run(["init"]).ends(0);
    folder.write("names.ndjson", "{\"name\":\"Ada\"}\n{\"name\":5}\n");
    let ran = folder.run(["run", "jobs/hello.yaml", "--each", "names.ndjson"]).ends(1);
    assert!(ran.stderr.contains("names.ndjson:2"), "{}", ran.stderr);
    assert!(folder.run(["runs", "--json"]).ends(0).stdout.is_empty());
}

#[test]
fn some_of_many_may_fail() {
    let folder = Folder::new();
    folder.write(
        "job.yaml",
        "job_id: a\nversion: \"1\"\nsteps:\n  - step_id: a\n    op: compute.transform\n    \
         params: { input: \"@payload.n\", program: \"if . == 2 then error(\\\"two\\\") else . end\" }\n",
    );
    folder.write("n.ndjson", "{\"n\":1}\n{\"n\":2}\n{\"n\":3}\n");
    let ran = folder.run(["run", "job.yaml", "--each", "n.ndjson", "--jobs", "2"]).ends(1);
    assert!(ran.stdout.contains("2 completed, 1 failed"), "{}", ran.stdout);
    assert!(ran.stderr.contains("n.ndjson:2"), "{}", ran.stderr);
}

#[test]
fn a_full_disk_stops_the_run_and_loses_nothing() {
    let folder = Folder::new();
    let mut job = GATED.replace("min: 1", "min: 0");
    for step in 0..40 {
        // Each output takes some kilobytes of the store.
        job.push_str(&format!(
            "  - step_id: big_{step}\n    op: compute.transform\n    \
             params: {{ input: {step}, program: \"[range(2000)] | map(. + {step})\" }}\n"
        ));
    }
    folder.write("job.yaml", job);
    let lorch = env!("CARGO_BIN_EXE_lorch");
    // A limit on the size of files, its signal ignored, is a disk that is full.
    let limited = format!("trap '' XFSZ; ulimit -f 400; exec '{lorch}' run job.yaml");
    let output =
        Command::new("sh").args(["-c", &limited]).current_dir(folder.path()).output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert!(stderr.contains("run store"), "{stderr}");
    assert!(stderr.contains("lorch resume"), "{stderr}");
    assert!(!stderr.contains("panicked"), "{stderr}");

    let (run_id, status) = newest(&folder);
    assert_eq!(status, "interrupted");
    folder.run(["resume", &run_id]).ends(0);
    let effects: i64 =
        data(&folder).query_row("SELECT sum(n) FROM effects", [], |row| row.get(0)).unwrap();
    assert_eq!(effects, 3, "each effect once");
}
