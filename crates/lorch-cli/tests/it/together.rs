//! `lorch validate --together`: a workspace on disk.

use std::os::unix::fs::symlink;
use std::path::Path;

use lorch_types::json::Value;

use crate::lorch::{Folder, copy, repository};

const LEDGER: &str = "events/run-20251020-140818-4f9f29a1.ndjson";
const STEP_3: &str = "receipts/T-0042/step-3.json";

/// A copy of the workspace that is whole.
fn workspace() -> Folder {
    let folder = Folder::new();
    copy(&repository().join("examples/workspace"), folder.path());
    folder
}

fn replace(folder: &Folder, file: &str, from: &str, to: &str) {
    let text = folder.read(file);
    assert!(text.contains(from), "{file} has no {from}");
    folder.write(file, text.replacen(from, to, 1));
}

/// The codes and places that are found, as a program reads them.
#[track_caller]
fn found(folder: &Folder) -> Vec<String> {
    let lines = folder.run(["validate", "--together", ".", "--format", "json"]).ends(1).lines();
    let text = |line: &Value, name: &str| match line.get(name) {
        Some(Value::String(text)) => text.to_string(),
        Some(other) => other.to_string(),
        None => String::new(),
    };
    let shown = |line: &Value| {
        let [code, file, line, pointer] =
            ["code", "file", "line", "pointer"].map(|name| text(line, name));
        format!("{code} {file}:{line} {pointer}").trim_end().to_owned()
    };
    lines.iter().map(shown).collect()
}

#[test]
fn a_whole_workspace_holds() {
    let folder = workspace();
    let ran = folder.run(["validate", "--together", "."]).ends(0);
    assert_eq!(ran.stdout, ".: 30 documents, 90 references, all hold\n");
    let parent = folder.run(["validate", "--together", "events/.."]).ends(0);
    assert!(parent.stdout.ends_with("all hold\n"), "{}", parent.stdout);
    let sarif = folder.run(["validate", "--together", ".", "--format", "sarif"]).ends(0).json();
    assert!(sarif.to_string().contains("\"results\":[]"), "{sarif}");
}

#[test]
fn every_format_carries_both_ends() {
    let folder = workspace();
    replace(&folder, STEP_3, "evt-00000004", "evt-00000003");
    let run =
        |format: &str| folder.run(["validate", "--together", ".", "--format", format]).ends(1);
    let human = run("human").stdout;
    let expected = format!("{STEP_3}:17:5: error[L1122]: ");
    assert!(human.starts_with(&expected), "{human}");
    assert!(human.contains(&format!("{LEDGER}:5 /correlation_id")), "{human}");
    assert!(human.ends_with(".: 30 documents, 90 references, 1 error\n"), "{human}");

    let json = run("json").json();
    let other = json.get("other").unwrap().to_string();
    assert_eq!(other, format!(r#"{{"file":"{LEDGER}","line":5,"pointer":"/correlation_id"}}"#));

    let sarif = run("sarif").json().to_string();
    assert!(sarif.contains("\"relatedLocations\":[{\"logicalLocations\""), "{sarif}");
    assert!(
        sarif.contains(&format!("\"uri\":\"{LEDGER}\"}},\"region\":{{\"startLine\":5}}")),
        "{sarif}"
    );

    let github = run("github").stdout;
    assert!(github.starts_with(&format!("::error file={STEP_3},line=17,col=5")), "{github}");
    assert!(github.contains(LEDGER), "{github}");
}

#[test]
fn lines_of_a_ledger_are_found_by_line_and_column() {
    let folder = workspace();
    replace(&folder, LEDGER, "Add user authentication", "Add user authorization");
    let human = folder.run(["validate", "--together", "."]).ends(1).stdout;
    assert!(human.starts_with(&format!("{LEDGER}:1:112: error[L1123]: ")), "{human}");
}

#[test]
fn what_is_not_valid_by_itself_is_said_and_left_out() {
    let folder = workspace();
    replace(&folder, STEP_3, "\"step\": 3", "\"step\": 0");
    // Without it, the number is missing.
    let expected = [
        "L1107 receipts/T-0042/step-3.json:3 /step",
        "L1126 receipts/T-0042/step-4.json:3 /step",
        "L1127 receipts/T-0042/step-1.json:12 /artifacts/0/sha256",
        "L1127 receipts/T-0042/step-1.json:13 /artifacts/0/size",
    ];
    let mut all = found(&folder);
    all.sort();
    assert_eq!(all, expected);

    let folder = workspace();
    folder.write(LEDGER, folder.read(LEDGER) + "{\"kind\":\"event\"");
    assert_eq!(found(&folder), [format!("L1111 {LEDGER}:12")]);

    let folder = workspace();
    folder.write(LEDGER, format!("{}\n{}", "x".repeat(300_000), folder.read(LEDGER)));
    assert_eq!(found(&folder), [format!("L1110 {LEDGER}:1")]);
}

#[test]
fn only_lorch_s_own_folders_must_hold_documents() {
    let folder = workspace();
    folder.write("docs/broken.json", "{").write("docs/other.ndjson", "1\n{}\n");
    folder.write("node_modules/a/package.json", "{\"kind\":\"command\"}");
    folder.write(".hidden/a.json", "{\"kind\":\"command\"}");
    folder.run(["validate", "--together", "."]).ends(0);
    folder.write("receipts/other.json", "{\"a\":1}").write("receipts/broken.json", "{");
    assert_eq!(found(&folder), ["L0002 receipts/broken.json:1", "L1101 receipts/other.json:1"]);
    // Elsewhere, what is meant to be one must be valid.
    folder.write("docs/command.json", "{\"kind\":\"command\"}");
    assert!(found(&folder).contains(&"L1103 docs/command.json:1".to_owned()));
}

#[test]
fn artifacts_are_never_looked_for_outside() {
    #[track_caller]
    fn check(edit: impl Fn(&Path, &Path), words: &str) {
        let outside = Folder::new();
        outside.write("auth.rs", workspace().read("src/auth.rs"));
        let folder = workspace();
        edit(&folder.path().join("src"), outside.path());
        let ran = folder.run(["validate", "--together", "."]).ends(1);
        assert!(ran.stdout.contains(words), "{}", ran.stdout);
        assert!(ran.stdout.contains("L1127"), "{}", ran.stdout);
    }
    // What a link leads to may be what is recorded: it does not count.
    let remove = |source: &Path| std::fs::remove_file(source.join("auth.rs")).unwrap();
    check(
        |source, outside| {
            remove(source);
            symlink(outside.join("auth.rs"), source.join("auth.rs")).unwrap();
        },
        " is recorded, and src/auth.rs has ",
    );
    check(
        |source, _| {
            std::fs::rename(source.join("auth.rs"), source.join("real.rs")).unwrap();
            symlink("real.rs", source.join("auth.rs")).unwrap();
        },
        "122 bytes are recorded, and src/auth.rs has 7",
    );
    check(
        |source, outside| {
            std::fs::remove_dir_all(source).unwrap();
            symlink(outside, source).unwrap();
        },
        "the file src/auth.rs is a link that leads out",
    );
    check(
        |source, _| {
            remove(source);
            std::fs::create_dir(source.join("auth.rs")).unwrap();
        },
        "the file src/auth.rs is no regular file",
    );
}

#[test]
fn a_path_that_leads_out_is_no_path() {
    let folder = workspace();
    replace(&folder, STEP_3, "src/auth.rs", "../auth.rs");
    let human = folder.run(["validate", "--together", "."]).ends(1).stdout;
    assert!(
        human.contains("error[L1106]: /artifacts/0/path: `../auth.rs` is no path in a workspace"),
        "{human}"
    );
}

#[test]
fn links_to_documents_are_not_followed() {
    let folder = workspace();
    symlink("/", folder.path().join("docs/root")).unwrap();
    let broken = folder.path().join("receipts/T-0042/step-6.json");
    symlink("nowhere", broken).unwrap();
    folder.run(["validate", "--together", "."]).ends(0);
}

#[test]
fn exit_statuses() {
    let folder = Folder::new();
    let empty = folder.run(["validate", "--together", "."]).ends(2);
    assert!(empty.stderr.contains("there is no document in `.`"), "{}", empty.stderr);
    let missing = folder.run(["validate", "--together", "nowhere"]).ends(2);
    assert!(missing.stderr.contains("cannot read `nowhere`"), "{}", missing.stderr);
    let both = folder.run(["validate", "--together", ".", "a.json"]).ends(2);
    assert!(both.stderr.contains("cannot be used with"), "{}", both.stderr);
}
