//! `compute.exec`, with real processes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use lorch_backends::Cancellation;
use lorch_types::json::Value;

use super::{Bench, json};

const OP: &str = "compute.exec";
const ALLOW: &str =
    "[allow]\nprograms = [\"sh\", \"/bin/cat\", \"tools/say.sh\", \"nowhere-at-all\"]\n";

/// The parameters that run a script; the script is what is tested, not what lorch does with it.
fn script(script: &str) -> String {
    format!(r#"{{"argv":["sh","-c",{}]}}"#, Value::from(script))
}

#[test]
fn json_goes_in_and_out() {
    let bench = Bench::with_config(ALLOW);
    bench.check(
        OP,
        r#"{"argv":["/bin/cat"],"input":{"b":9007199254740993,"a":["\n"]}}"#,
        r#"{"exit_code":0,"json":{"a":["\n"],"b":9007199254740993},"stderr_tail":""}"#,
    );
    bench.check(
        OP,
        &script("echo plain; echo warn >&2"),
        r#"{"exit_code":0,"stdout":"plain\n","stderr_tail":"warn\n"}"#,
    );
    bench.check(OP, &script("cat"), r#"{"exit_code":0,"stdout":"","stderr_tail":""}"#);
    let large = "x".repeat(1 << 20);
    let output = bench.run(OP, &format!(r#"{{"argv":["/bin/cat"],"input":"{large}"}}"#)).unwrap();
    assert_eq!(output.get("json"), Some(&large.into()));
}

#[test]
fn arguments_reach_the_program_as_they_are() {
    let bench = Bench::with_config(ALLOW);
    let hostile = r#"$(touch pwned) `touch pwned` "; touch pwned; ' * $HOME \n"#;
    let params =
        format!(r#"{{"argv":["sh","-c","printf %s \"$1\"","sh",{}]}}"#, Value::from(hostile));
    let output = bench.run(OP, &params).unwrap();
    assert_eq!(output.get("stdout"), Some(&hostile.into()));
    assert!(!bench.path("pwned").exists());
}

#[test]
fn the_environment_is_empty_but_for_what_is_given() {
    let bench =
        Bench::with_config(ALLOW).with_variable("HOME", "/root").with_variable("CANARY", "no");
    let output = bench.run(OP, r#"{"argv":["sh","-c","env"],"env":{"A":"b c"}}"#).unwrap();
    let names: Vec<&str> = output
        .get("stdout")
        .and_then(Value::as_str)
        .unwrap()
        .lines()
        .filter_map(|line| Some(line.split_once('=')?.0))
        // The shell's own.
        .filter(|name| !matches!(*name, "PWD" | "OLDPWD" | "SHLVL" | "_"))
        .collect();
    let mut names = names;
    names.sort_unstable();
    assert_eq!(names, ["A", "LORCH_IDEMPOTENCY_KEY", "PATH"]);
}

#[test]
fn programs_run_in_the_workspace() {
    let bench = Bench::with_config(ALLOW);
    std::fs::create_dir_all(bench.path("sub/dir")).unwrap();
    let root = bench.root().canonicalize().unwrap();
    let output = bench.run(OP, &script("pwd")).unwrap();
    assert_eq!(output.get("stdout"), Some(&format!("{}\n", root.display()).into()));
    let output = bench.run(OP, r#"{"argv":["sh","-c","pwd"],"cwd":"sub/dir"}"#).unwrap();
    assert_eq!(output.get("stdout"), Some(&format!("{}/sub/dir\n", root.display()).into()));
    std::os::unix::fs::symlink("/", bench.path("out")).unwrap();
    bench.refuse(OP, r#"{"argv":["sh"],"cwd":"out"}"#, "denied", &["leads out"]);
    bench.refuse(OP, r#"{"argv":["sh"],"cwd":"sub/none"}"#, "not_found", &["sub/none"]);
    bench.refuse(OP, r#"{"argv":["sh"],"cwd":"/tmp"}"#, "invalid_params", &["absolute"]);
}

#[test]
fn programs_of_the_workspace() {
    use std::os::unix::fs::PermissionsExt;
    let bench = Bench::with_config(ALLOW);
    std::fs::create_dir(bench.path("tools")).unwrap();
    let bench = bench.file("tools/say.sh", "#!/bin/sh\necho \"[\\\"$1\\\"]\"\n");
    std::fs::set_permissions(bench.path("tools/say.sh"), std::fs::Permissions::from_mode(0o755))
        .unwrap();
    bench.check(
        OP,
        r#"{"argv":["tools/say.sh","hi"]}"#,
        r#"{"exit_code":0,"json":["hi"],"stderr_tail":""}"#,
    );
    bench.check(
        OP,
        r#"{"argv":["./tools/say.sh","hi"]}"#,
        r#"{"exit_code":0,"json":["hi"],"stderr_tail":""}"#,
    );
}

#[test]
fn only_allowed_programs_start() {
    let bench = Bench::new();
    let error =
        bench.refuse(OP, &script("echo"), "denied", &["`sh`", "[allow]", "programs = [\"sh\"]"]);
    assert_eq!(error.details.unwrap().get("program"), Some(&"sh".into()));
    let bench = Bench::with_config(ALLOW);
    bench.refuse(OP, r#"{"argv":["/bin/sh"]}"#, "denied", &["programs = [\"/bin/sh\"]"]);
    bench.refuse(OP, r#"{"argv":["cat"]}"#, "denied", &["`cat`"]);
    bench.refuse(OP, r#"{"argv":["../sh"]}"#, "denied", &["no program"]);
    bench.refuse(OP, r#"{"argv":[""]}"#, "denied", &["no program"]);
    bench.refuse(OP, r#"{"argv":[]}"#, "invalid_params", &["argv"]);
    bench.refuse(OP, r#"{"argv":["nowhere-at-all"]}"#, "not_found", &["PATH"]);
    bench.refuse(OP, r#"{"argv":["tools/say.sh"]}"#, "not_found", &["tools/say.sh"]);
    bench.refuse(OP, r#"{"argv":["sh","a\u0000b"]}"#, "invalid_params", &["NUL"]);
    bench.refuse(OP, r#"{"argv":["sh"],"env":{"A=B":"c"}}"#, "invalid_params", &["variable"]);
}

#[test]
fn a_failure_says_how_and_what_was_written() {
    let bench = Bench::with_config(ALLOW);
    let error = bench.refuse(
        OP,
        &script("echo partial; echo why >&2; exit 7"),
        "backend",
        &["`sh`", "status 7", "why"],
    );
    assert_eq!(
        Value::Object(error.details.unwrap()),
        json(r#"{"exit_code":7,"stderr_tail":"why\n"}"#)
    );
    let error = bench.refuse(OP, &script("kill -9 $$"), "backend", &["signal"]);
    assert_eq!(error.details.unwrap().get("signal"), Some(&9_i64.into()));
    bench.refuse(OP, &script("printf '\\377'"), "backend", &["UTF-8"]);
    let error = bench.refuse(OP, &script("seq 100000 >&2; exit 1"), "backend", &["100000"]);
    let tail = error.details.unwrap().get("stderr_tail").and_then(Value::as_str).unwrap().len();
    assert_eq!(tail, 4096);
}

#[test]
fn json_that_is_refused_is_not_taken_for_text() {
    let bench = Bench::with_config(ALLOW);
    for (written, words) in [
        (r#"{"a":1,"b":2,"a":3}"#, ["line 1, column 14", "`a` occurs twice"]),
        ("\n [1e999]", ["line 2, column 3", "1e999"]),
        (r#"["\ud800"]"#, ["line 1", "surrogate"]),
    ] {
        let params =
            format!(r#"{{"argv":["sh","-c","printf %s \"$1\"","sh",{}]}}"#, Value::from(written));
        bench.refuse(OP, &params, "backend", &words);
    }
    for text in ["[info] started", "{ not: json }", "[1, 2", "1e999", "{\"a\":1} {\"a\":2}"] {
        let params =
            format!(r#"{{"argv":["sh","-c","printf %s \"$1\"","sh",{}]}}"#, Value::from(text));
        assert_eq!(bench.run(OP, &params).unwrap().get("stdout"), Some(&text.into()));
    }
}

#[test]
fn output_is_bounded() {
    let bench = Bench::with_config(&format!("{ALLOW}[limits]\nmax_output_bytes = 1000"));
    bench.refuse(
        OP,
        &script("while :; do echo xxxxxxxxxxxxxxxxxxxxxxx; done"),
        "output_too_large",
        &["1000"],
    );
    bench.refuse(OP, &script("head -c 1001 /dev/zero"), "output_too_large", &["1000"]);
}

/// Whether any process has `marker` in its command line; the marker is written by no one else.
fn lives(marker: &str) -> bool {
    std::fs::read_dir("/proc").unwrap().flatten().any(|entry| {
        let state = std::fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
        let line = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
        let zombie = state.rsplit_once(") ").is_some_and(|(_, rest)| rest.starts_with('Z'));
        !zombie && String::from_utf8_lossy(&line).contains(marker)
    })
}

/// A script whose grandchild outlives everything unless it is killed, and says when it is there.
fn family(marker: &str) -> String {
    script(&format!("(sh -c 'touch there; sleep 1000 & wait' {marker} &) ; sleep 1000"))
}

#[test]
fn a_timeout_kills_grandchildren_too() {
    let mut bench = Bench::with_config(ALLOW);
    bench.cancellation = Cancellation::never().with_timeout(Duration::from_millis(300));
    let marker = format!("lorch-timeout-{}", std::process::id());
    bench.refuse(OP, &family(&marker), "timeout", &["timeout_s"]);
    assert!(bench.path("there").exists(), "the grandchild never ran");
    assert!(!lives(&marker));
}

#[test]
fn a_person_can_stop_it() {
    let stop = Arc::new(AtomicBool::new(false));
    let mut bench = Bench::with_config(ALLOW);
    bench.cancellation = Cancellation::new(Arc::clone(&stop));
    let marker = format!("lorch-cancel-{}", std::process::id());
    let there = bench.path("there");
    let watcher = std::thread::spawn(move || {
        while !there.exists() {
            std::thread::yield_now();
        }
        stop.store(true, Ordering::Relaxed);
    });
    bench.refuse(OP, &family(&marker), "cancelled", &[]);
    watcher.join().unwrap();
    assert!(!lives(&marker));
}

#[test]
fn nothing_is_left_when_the_program_ends_by_itself() {
    let bench = Bench::with_config(ALLOW);
    let marker = format!("lorch-left-{}", std::process::id());
    let left = script(&format!(
        "sh -c 'touch there; sleep 1000 & wait' {marker} & while ! test -e there; do :; done; echo done"
    ));
    bench.check(OP, &left, r#"{"exit_code":0,"stdout":"done\n","stderr_tail":""}"#);
    assert!(!lives(&marker));
}
