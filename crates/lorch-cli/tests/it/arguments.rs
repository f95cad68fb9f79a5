//! The command line itself: exit statuses, help, hostile arguments, broken surroundings.

use std::process::Stdio;

use crate::lorch::{Folder, command};

const HELLO: &str = "job_id: a\nversion: \"1\"\nsteps: []\n";
const CALL: &str = "job_id: a\nversion: \"1\"\nsteps:\n  - { step_id: a, op: job.run, params: { job_id: pipe } }\n";
const COUNT: &str = "job_id: a\nversion: \"1\"\nsteps:\n  - { step_id: a, op: write.create_table, params: { table: t, columns: [{ name: id, type: integer }] } }\n";

#[track_caller]
fn ends(folder: &Folder, arguments: &[&str], status: i32, words: &str) {
    let ran = folder.run(arguments).ends(status);
    let text = format!("{}{}", ran.stdout, ran.stderr);
    assert!(text.contains(words), "{arguments:?} says {text}");
    assert!(!text.contains("panicked"), "{text}");
}

#[test]
fn exit_statuses() {
    let folder = Folder::new();
    folder.write("good.yaml", HELLO).write("bad.yaml", "job_id: 1\n");
    ends(&folder, &["run", "good.yaml"], 0, "completed");
    ends(&folder, &["check", "good.yaml"], 0, "fine");
    ends(&folder, &["check", "bad.yaml"], 1, "L0303");
    ends(&folder, &["run", "bad.yaml"], 1, "L0301");
    ends(&folder, &["validate", "bad.yaml"], 1, "L11");
    ends(&folder, &["run", "missing.yaml"], 2, "`missing.yaml`");
    ends(&folder, &["check", "missing.yaml"], 2, "`missing.yaml`");
    ends(&folder, &["validate", "good.yaml", "missing.yaml"], 2, "`missing.yaml`");
    ends(&folder, &["run", "good.yaml", "--payload", "missing.json"], 2, "`missing.json`");
    ends(&folder, &["run"], 2, "Usage");
    ends(&folder, &["fly"], 2, "unrecognized subcommand");
    ends(&folder, &["run", "good.yaml", "--jobs", "0"], 2, "--jobs");
    ends(&folder, &["show", "01KADE3Q6BZ5T8V0X2Y4W6R9SN"], 2, "there is no run");
    ends(&folder, &["resume", "01KADE3Q6BZ5T8V0X2Y4W6R9SN"], 2, "there is no run");
    ends(&folder, &["show", "run-1"], 2, "ULID");
    ends(&folder, &["-C", "nowhere", "runs"], 2, "nowhere");
    ends(&folder, &["doctor"], 0, "ok");
    ends(&folder, &["--version"], 0, "lorch 0.");
    ends(&folder, &["completions", "bash"], 0, "_lorch");
}

#[test]
fn assignments() {
    let folder = Folder::new();
    folder.write(
        "job.yaml",
        "job_id: a\nversion: \"1\"\nsteps:\n  - { step_id: a, op: compute.x, params: { p: \"@payload.v\" } }\n",
    );
    let params = |assignments: &[&str]| {
        let sets = assignments.iter().flat_map(|it| ["--set", it]);
        let compiled = folder.run(["compile", "job.yaml"].into_iter().chain(sets)).ends(0).json();
        let steps = compiled.get("steps").unwrap().as_array().unwrap();
        steps[0].get("params").unwrap().get("p").unwrap().to_string()
    };
    let table = [
        (&["payload.v=5"][..], "5"),
        (&["payload.v=1.0"], "1"),
        (&["payload.v=five"], "\"five\""),
        (&["payload.v=\"5\""], "\"5\""),
        (&["payload.v=2026-11-20"], "\"2026-11-20\""),
        (&["payload.v="], "\"\""),
        (&["payload.v=a=b"], "\"a=b\""),
        (&["payload.v={\"a\":1,\"a\":2}"], "\"{\\\"a\\\":1,\\\"a\\\":2}\""),
        (&["payload.v.a.b=1", "payload.v.c=2"], "{\"a\":{\"b\":1},\"c\":2}"),
        (&["payload.v[0]=1", "payload.v[1].x=2"], "[1,{\"x\":2}]"),
        (&["payload.v[\"strange key\"]=1"], "{\"strange key\":1}"),
        (&["payload.v=@run.x"], "\"@@run.x\""),
        (&["payload.v=null"], "null"),
    ];
    for (assignments, expected) in table {
        assert_eq!(params(assignments), expected, "{assignments:?}");
    }
    let wrong = [
        ("payload", "no `=`"),
        ("payload=5", "names nothing inside"),
        ("pay.v=5", "it can set"),
        ("payload..v=5", "no path"),
        ("payload.v[1]=5", "[0]"),
    ];
    for (assignment, words) in wrong {
        ends(&folder, &["compile", "job.yaml", "--set", assignment], 2, words);
    }
    let clash = ["compile", "job.yaml", "--set", "payload.v=5", "--set", "payload.v.a=6"];
    ends(&folder, &clash, 2, "a number is there");
}

#[test]
fn hostile_arguments_are_refused_in_one_line() {
    let folder = Folder::new();
    folder.write("job.yaml", HELLO);
    let names =
        ["\u{1b}[31mred", "a\u{202e}b", "../../../etc/nothing", "/dev/null/x", "con\nnew", ""];
    for name in names {
        for arguments in [&["check", name][..], &["validate", name], &["run", name]] {
            let ran = folder.run(arguments).ends(2);
            assert!(!ran.stderr.contains('\u{1b}'), "{:?}", ran.stderr);
            assert!(!ran.stderr.contains('\u{202e}'), "{:?}", ran.stderr);
        }
    }
    for name in names.into_iter().chain(["a b", "x/../y", "envelope"]) {
        ends(&folder, &["show", "01KADE3Q6BZ5T8V0X2Y4W6R9SN", "--output", name], 2, "");
    }
}

#[test]
fn nobody_reading_is_no_failure() {
    let folder = Folder::new();
    folder.write("job.yaml", HELLO);
    for arguments in
        [&["schema", "list"][..], &["schema", "show", "job-def"], &["run", "job.yaml", "--json"]]
    {
        let mut child = command(folder.path())
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {stderr}");
        assert!(!stderr.contains("panicked"), "{stderr}");
    }
}

#[test]
fn the_workspace_is_found_upwards() {
    let folder = Folder::new();
    folder.run(["init"]).ends(0);
    folder.write("deep/er/job.yaml", HELLO);
    let inner = folder.path().join("deep/er");
    let status = command(&inner).args(["run", "job.yaml"]).status().unwrap();
    assert!(status.success());
    assert!(folder.path().join(".lorch/lorch.db").exists());
    assert!(!inner.join(".lorch").exists());
    let status = command(folder.path()).args(["-C", "deep", "runs"]).status().unwrap();
    assert!(status.success());
}

#[test]
fn init_keeps_what_is_there() {
    let folder = Folder::new();
    folder.write("jobs/hello.yaml", "mine");
    let ran = folder.run(["init"]).ends(0);
    assert!(ran.stdout.contains("kept  jobs/hello.yaml"), "{}", ran.stdout);
    assert_eq!(folder.read("jobs/hello.yaml"), "mine");
    folder.run(["init", "other"]).ends(0);
    assert!(folder.path().join("other/lorch.toml").exists());
}

#[test]
fn what_init_writes_is_valid_and_states_the_defaults() {
    let folder = Folder::new();
    folder.run(["init"]).ends(0);
    folder.run(["doctor"]).ends(0);
    folder.run(["check", "jobs/hello.yaml"]).ends(0);
    // Nothing that can be set is left out.
    let text = folder.read("lorch.toml");
    for table in [
        "store",
        "data_plane",
        "allow",
        "llm",
        "notify",
        "secrets",
        "limits",
        "snapshot",
        "agents.",
        "supervision",
        "tasks.",
        "tools.",
        "metrics",
        "probes.",
        "assets",
        "execution",
    ] {
        assert!(text.contains(&format!("[{table}")), "no [{table}]");
    }
    // With every comment taken away it is still a configuration.
    let lines = text.lines().map(|line| match line.strip_prefix("# ") {
        Some(setting) if setting.starts_with('[') || setting.contains(" = ") => setting,
        _ => line,
    });
    folder.write("lorch.toml", lines.collect::<Vec<_>>().join("\n"));
    folder.run(["doctor"]).ends(0);
    folder.run(["run", "jobs/hello.yaml"]).ends(0);
}

#[test]
fn a_store_that_is_none_is_said_to_be_none() {
    let folder = Folder::new();
    folder.write("job.yaml", HELLO);
    folder.write(".lorch/lorch.db", "not a database, but long enough to have a header of its own");
    ends(&folder, &["run", "job.yaml"], 2, "not a SQLite database");
    ends(&folder, &["doctor"], 1, "FAIL");

    let folder = Folder::new();
    folder.write("job.yaml", HELLO).write(".lorch/x", "");
    let other = rusqlite::Connection::open(folder.path().join(".lorch/lorch.db")).unwrap();
    other.execute_batch("CREATE TABLE t (x); PRAGMA application_id = 7").unwrap();
    drop(other);
    ends(&folder, &["run", "job.yaml"], 2, "another program");

    let folder = Folder::new();
    folder.write("job.yaml", HELLO).write(".lorch", "a file where a folder should be");
    ends(&folder, &["run", "job.yaml"], 2, "cannot open the run store");

    let folder = Folder::new();
    folder.write("job.yaml", HELLO).write("lorch.toml", "[stores]\npath = 1\n");
    ends(&folder, &["run", "job.yaml"], 2, "line 1");
    ends(&folder, &["doctor"], 1, "FAIL");
}

#[test]
fn help() {
    let folder = Folder::new();
    let mut text = folder.run(["--help"]).ends(0).stdout;
    let commands = [
        "run",
        "resume",
        "runs",
        "show",
        "check",
        "compile",
        "manifest",
        "validate",
        "schema",
        "plan",
        "plan draft",
        "plan validate",
        "plan submit",
        "plan list",
        "plan show",
        "plan diff",
        "plan simulate",
        "plan approve",
        "plan reject",
        "policy test",
        "init",
        "doctor",
        "completions",
    ];
    for command in commands {
        text.push_str(&format!("\n$ lorch {command} --help\n"));
        let words = command.split(' ').chain(["--help"]);
        text.push_str(&folder.run(words).ends(0).stdout);
    }
    for command in ["script", "wrap", "acp", "check"] {
        text.push_str(&format!("\n$ lorch agent {command} --help\n"));
        text.push_str(&folder.run(["agent", command, "--help"]).ends(0).stdout);
    }
    insta::assert_snapshot!("help", text);
}

#[test]
fn endless_input_is_read_no_further_than_it_may_be() {
    let folder = Folder::new();
    folder.write("job.yaml", HELLO);
    ends(&folder, &["validate", "/dev/zero"], 1, "L0007");
    ends(&folder, &["run", "job.yaml", "--payload", "/dev/zero"], 1, "L0007");
    ends(&folder, &["run", "job.yaml", "--each", "/dev/zero"], 1, "L0007");
    for arguments in [["validate", "-"], ["check", "-"]] {
        let ran = folder.run_with(arguments, vec![b' '; 17 << 20], &[]).ends(1);
        assert!(ran.stdout.contains("L0007"), "{}", ran.stdout);
    }
}

#[cfg(unix)]
#[test]
fn a_job_is_a_file_or_standard_input() {
    let folder = Folder::new();
    let made = std::process::Command::new("mkfifo").arg(folder.path().join("pipe.yaml")).status();
    assert!(made.unwrap().success());
    folder.write("job.yaml", CALL);
    for file in ["/dev/zero", "/dev/null", "pipe.yaml"] {
        ends(&folder, &["check", file], 2, "not a regular file");
        ends(&folder, &["run", file], 2, "not a regular file");
    }
    ends(&folder, &["check", "job.yaml"], 1, "L0408");
}

#[test]
fn standard_input_is_read_once() {
    let folder = Folder::new();
    folder.write("job.yaml", HELLO);
    let twice: [&[&str]; 6] = [
        &["compile", "-", "--payload", "-"],
        &["check", "-", "-"],
        &["run", "job.yaml", "--ctx", "-", "--envelope", "-"],
        &["run", "-", "--each", "-"],
        &["validate", "-", "-"],
        &[
            "manifest",
            "-",
            "--step",
            "a",
            "--run-id",
            "01KADE3Q6BZ5T8V0X2Y4W6R9SN",
            "--outputs",
            "-",
        ],
    ];
    for arguments in twice {
        ends(&folder, arguments, 2, "2 arguments read standard input");
    }
}

#[test]
fn data_that_cannot_be_read_is_shown_as_documents_are() {
    let folder = Folder::new();
    folder.write("job.yaml", HELLO).write("bad.json", "{\"a\": 1,\n \"a\": 2}");
    folder.write("lines.ndjson", "{}\n\n{\"a\": tru}\n");
    for argument in ["--payload", "--ctx", "--envelope"] {
        ends(&folder, &["run", "job.yaml", argument, "bad.json"], 1, "--> bad.json:2:2");
        ends(&folder, &["run", "job.yaml", argument, "none.json"], 2, "none.json");
    }
    ends(&folder, &["run", "job.yaml", "--each", "lines.ndjson"], 1, "--> lines.ndjson:3:");
    let manifest = ["--step", "a", "--run-id", "01KADE3Q6BZ5T8V0X2Y4W6R9SN"];
    let about = |file| ["manifest", file].into_iter().chain(manifest).collect::<Vec<_>>();
    ends(&folder, &about("bad.json"), 1, "--> bad.json:2:2");
    ends(&folder, &about("job.yaml"), 1, "--> job.yaml:");
    ends(&folder, &about("job.yaml"), 1, "`lorch compile` makes the instance");
    ends(&folder, &about("none.json"), 2, "none.json");
}

#[test]
fn a_value_that_is_almost_json_is_doubted() {
    let folder = Folder::new();
    folder.write("job.yaml", HELLO);
    let doubted = ["{a: 1}", "[1,", "\"open", "007", "1.", "+5", "{\"a\":1,\"a\":2}"];
    for value in doubted {
        let ran =
            folder.run(["compile", "job.yaml", "--set", &format!("payload.v={value}")]).ends(0);
        assert!(ran.stderr.starts_with("warning: `--set payload.v=…`"), "{value}: {}", ran.stderr);
    }
    for value in ["2026-11-20", "five", "", "1.2.3", "inf", "-", "5", "[1]", "10.0.0.1/8"] {
        let ran =
            folder.run(["compile", "job.yaml", "--set", &format!("payload.v={value}")]).ends(0);
        assert!(!ran.stderr.contains("taken as a string"), "{value}: {}", ran.stderr);
    }
}

#[test]
fn an_empty_source_date_is_none() {
    let folder = Folder::new();
    folder.write("job.yaml", HELLO);
    folder.run_with(["compile", "job.yaml"], "", &[("SOURCE_DATE_EPOCH", "")]).ends(0);
    folder.run_with(["compile", "job.yaml"], "", &[("SOURCE_DATE_EPOCH", "x")]).ends(2);
}

#[test]
fn programs_learn_the_line_of_a_payload_and_may_always_ask_for_json() {
    let folder = Folder::new();
    folder.write("job.yaml", COUNT).write("lines.ndjson", "{}\n\n{}\n");
    let ran = folder.run(["run", "job.yaml", "--each", "lines.ndjson", "--json"]).ends(0);
    let lines = ran.lines();
    let started = lines.iter().filter_map(|line| line.get("line")?.as_u64());
    assert_eq!(started.collect::<Vec<_>>(), [1, 3]);
    let run_id = lines[0].get("run_id").and_then(|it| it.as_str()).unwrap();
    let show = ["show", run_id, "--json"];
    let output = folder.run(show.into_iter().chain(["--output", "a"])).ends(0).json();
    assert!(output.get("created").is_some(), "{output}");
    folder.run(show.into_iter().chain(["--manifest", "a"])).ends(0).json();
}

#[test]
fn several_jobs_are_checked_and_run() {
    let folder = Folder::new();
    folder.write("a.yaml", HELLO).write("b.yaml", HELLO.replace("job_id: a", "job_id: b"));
    ends(&folder, &["check", "a.yaml", "b.yaml"], 0, "b.yaml: fine");
    ends(&folder, &["run", "a.yaml", "b.yaml", "--jobs", "2"], 0, "2 completed");
    let from_stdin = folder.run_with(["run", "-"], HELLO, &[]).ends(0);
    assert!(from_stdin.stdout.contains("completed a"), "{}", from_stdin.stdout);
}

#[test]
fn a_failure_is_one_though_nobody_reads_of_it() {
    let folder = Folder::new();
    folder.write(
        "job.yaml",
        "job_id: a\nversion: \"1\"\nsteps: [{ step_id: a, op: assert.rows, params: { table: t, min: 1 } }]\n",
    );
    folder.write("bad.yaml", "job_id: 1\n");
    for arguments in [&["run", "job.yaml"][..], &["check", "bad.yaml"], &["validate", "bad.yaml"]] {
        let mut child = command(folder.path())
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop((child.stdout.take(), child.stderr.take()));
        assert_eq!(child.wait().unwrap().code(), Some(1), "{arguments:?}");
    }
}
