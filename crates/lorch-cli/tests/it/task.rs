//! `lorch task` with the real command.

use lorch_types::json::Value;

use crate::lorch::Folder;

const RUN: &str = "run-20251020-140818-4f9f29a1";

fn verify(folder: &Folder, arguments: &[&str], status: i32) -> crate::lorch::Ran {
    let base = ["-C", "examples/workspace", "task", "verify"];
    folder.run(base.iter().chain(arguments)).ends(status)
}

#[test]
fn a_ledger_that_is_as_it_was_written() {
    let folder = Folder::with_examples();
    let ran = verify(&folder, &[RUN], 0);
    assert_eq!(ran.stdout, format!("{RUN}: 11 lines, all as they were written; 5 receipts\n"));
    let json = verify(&folder, &[RUN, "--json"], 0).json();
    assert_eq!(json.get("sound"), Some(&Value::Bool(true)));
    assert_eq!(json.get("chained").and_then(Value::as_u64), Some(11));
}

#[test]
fn what_was_changed_is_named_and_nothing_is_repaired() {
    let folder = Folder::with_examples();
    let path = format!("examples/workspace/events/{RUN}.ndjson");
    let ledger = folder.read(&path);
    let changed = ledger.replacen("authentication", "authorization!", 1);
    folder.write(&path, &changed);
    let ran = verify(&folder, &[RUN], 1);
    assert!(
        ran.stdout.starts_with("error: record 1 is about 479 bytes from byte 0 on"),
        "{ran:#?}"
    );
    assert!(ran.stdout.ends_with(&format!("{RUN}: 11 lines, 1 error\n")), "{ran:#?}");
    assert_eq!(folder.read(&path), changed);
    // A line that a crash tore, and that nothing was chained of.
    folder.write(&path, format!("{ledger}{{\"kind\":"));
    let ran = verify(&folder, &[RUN], 0);
    assert!(ran.stdout.ends_with("; 8 bytes of a torn line at the end\n"), "{ran:#?}");
    let without = ledger.lines().count() - 1;
    let lines: Vec<&str> = ledger.lines().take(without).collect();
    folder.write(&path, lines.join("\n") + "\n");
    let ran = verify(&folder, &[RUN], 1);
    assert!(ran.stdout.contains("lines are missing"), "{ran:#?}");
}

#[test]
fn what_is_derived_from_the_ledger_is_compared_with_it() {
    let folder = Folder::with_examples();
    folder.write("examples/workspace/src/auth.rs", "changed");
    folder.write("examples/workspace/receipts/T-0042/step-2.json", "{}");
    let ran = verify(&folder, &[RUN], 1);
    assert!(ran.stdout.contains("error: src/auth.rs is 7 bytes with sha256:"), "{ran:#?}");
    let json = verify(&folder, &[RUN, "--json"], 1).json();
    let findings = json.get("findings").and_then(Value::as_array).unwrap();
    let said: Vec<_> = findings
        .iter()
        .map(|it| ["class", "file"].map(|field| it.get(field).and_then(Value::as_str).unwrap()))
        .collect();
    let receipts = "receipts/T-0042";
    let (second, third) = (format!("{receipts}/step-2.json"), format!("{receipts}/step-3.json"));
    assert_eq!(
        said,
        [
            ["missing_receipt", &format!("events/{RUN}.ndjson")],
            ["bad_receipt", &second],
            ["artifact_drift", &third],
        ]
    );
    assert_eq!(findings[0].get("line").and_then(Value::as_u64), Some(4));
    // Receipts follow the ledger, and may lag behind it.
    let folder = Folder::with_examples();
    std::fs::remove_file(folder.path().join("examples/workspace/receipts/T-0042/step-5.json"))
        .unwrap();
    let ran = verify(&folder, &[RUN], 0);
    assert!(ran.stdout.ends_with("4 receipts; 1 command done without a receipt yet\n"), "{ran:#?}");
}

#[test]
fn a_run_without_a_ledger_is_no_run() {
    let folder = Folder::with_examples();
    let ran = verify(&folder, &["run-20251020-140818-00000000"], 2);
    assert!(ran.stderr.contains("there is no ledger of this run"), "{ran:#?}");
    let ran = verify(&folder, &["../../x"], 2);
    assert!(ran.stderr.contains("is no agent run id"), "{ran:#?}");
    let ran = folder.run(["-C", "absent", "task", "verify", RUN]).ends(2);
    assert!(ran.stderr.contains("absent"), "{ran:#?}");
}

#[test]
fn a_snapshot_says_what_the_workspace_holds() {
    let folder = Folder::new();
    folder.write("specs/SPEC.md", "# Spec\n").write("src/main.rs", "fn main() {}\n");
    let take = |arguments: &[&str]| {
        let ran = folder.run(["task", "snapshot"].iter().chain(arguments)).ends(0);
        assert_eq!(ran.stderr, "");
        ran
    };
    let path = "snapshots/snap-6f8d55a83919.manifest.json";
    assert_eq!(
        take(&[]).stdout,
        format!(
            "specs  1 file, 7 B\nsrc    1 file, 13 B\ntests  no files\ndocs   no files\n\
             snap-6f8d55a83919: 2 files, 20 B, in {path}\n"
        )
    );
    let written = folder.read(path);
    folder.run(["validate", "--schema", "snapshot-manifest", path]).ends(0);
    let json = take(&["--json"]).json();
    assert_eq!(json.get("snapshot_id").and_then(Value::as_str), Some("snap-6f8d55a83919"));
    assert_eq!(json.get("files").and_then(Value::as_array).unwrap().len(), 2);
    // What is there stays as it is.
    assert_eq!(folder.read(path), written);
}

#[test]
fn a_snapshot_takes_what_the_configuration_says() {
    let folder = Folder::new();
    folder.write("lib/a.rs", "").write("lib/a.log", "").write("lib/out/x", "").write("top", "");
    folder.write("lib/.gitignore", "out\n");
    folder.write(
        "lorch.toml",
        "[snapshot]\nroots = [\"lib\", \"top\"]\nignore = [\"*.log\"]\ngitignore = true\n",
    );
    let json = folder.run(["task", "snapshot", "--json"]).ends(0).json();
    let files = json.get("files").and_then(Value::as_array).unwrap();
    let paths: Vec<_> =
        files.iter().map(|it| it.get("path").and_then(Value::as_str).unwrap()).collect();
    assert_eq!(paths, ["lib/a.rs", "top"]);
    folder.write("lorch.toml", "[snapshot]\nroots = [\"events\"]\n");
    let ran = folder.run(["task", "snapshot"]).ends(2);
    assert!(ran.stderr.contains("[snapshot] in lorch.toml: `events` is not for"), "{ran:#?}");
    folder.write("lorch.toml", "[snapshot]\nignore = [\"{\"]\n");
    let ran = folder.run(["task", "snapshot"]).ends(2);
    assert!(ran.stderr.contains("`{` is no pattern of files"), "{ran:#?}");
}

#[test]
fn what_cannot_be_recorded_is_named_and_nothing_is_written() {
    let folder = Folder::new();
    folder.write("src/a\x1bb", "").write("src/ok", "").write("docs/line\nfeed", "");
    let ran = folder.run(["task", "snapshot"]).ends(1);
    let expected = "its name cannot stand in a document";
    assert_eq!(ran.stderr.matches(expected).count(), 2, "{ran:#?}");
    assert!(ran.stderr.contains("error: src/a\\u{1b}b: its name"), "{ran:#?}");
    assert!(ran.stderr.starts_with("error: docs/line\\u{a}feed: its name"), "{ran:#?}");
    assert_eq!(ran.stdout, "");
    assert!(!folder.path().join("snapshots").exists());
}
