//! Receipts beside the ledger and the files that they are about: what was changed is named.

use lorch_agents::{Finding, Receipts, Work, WorkspaceError, verify};
use lorch_types::agent::{Artifact, Message, Receipt, TaskId, WorkspacePath};
use lorch_types::json::{Limits, read};
use lorch_types::{Digest, NaturalInteger};

use crate::recorded::{Workspace, messages, now, run};

const CODE: &str = "fn main() {}\n";

fn task() -> TaskId {
    "T-0042".parse().unwrap()
}

/// What the commands of [`messages`] came to, in their order.
fn works() -> Vec<Work> {
    let messages = messages().into_iter().map(|(_, line)| {
        Message::from_value(&read(line.as_bytes(), Limits::default()).unwrap()).unwrap()
    });
    let mut works: Vec<Work> = Vec::new();
    for message in messages {
        match message {
            Message::Command(command) => works.push(Work {
                action: command.action,
                idempotency_key: command.idempotency_key,
                snapshot_id: command.version.snapshot_id,
                command_message_id: command.message_id,
                correlation_id: command.correlation_id,
                artifacts: Vec::new(),
                events: Vec::new(),
            }),
            Message::Event(event) => works.last_mut().unwrap().events.push(event.message_id),
            _ => {}
        }
    }
    works[0].artifacts = vec![artifact("src/main.rs", CODE)];
    works
}

fn artifact(path: &str, content: &str) -> Artifact {
    Artifact {
        path: path.parse::<WorkspacePath>().unwrap(),
        sha256: Digest::of_bytes(content.as_bytes()),
        size: NaturalInteger::new(content.len() as u64).unwrap(),
    }
}

fn recorded(works: impl IntoIterator<Item = Work>) -> Workspace {
    let workspace = Workspace::recorded();
    workspace.root.create_dir("src").unwrap();
    workspace.root.write("src/main.rs", CODE).unwrap();
    let mut receipts = Receipts::read(&workspace.root, &task()).unwrap();
    for work in works {
        receipts.record(&workspace.root, work, now(30)).unwrap();
    }
    workspace
}

#[track_caller]
fn check(workspace: &Workspace, expected: &[&str]) -> Vec<Finding> {
    let found = verify(&workspace.root, &run()).unwrap();
    let classes: Vec<_> = found.all_findings().map(Finding::class).collect();
    assert_eq!(classes, expected, "{found:#?}");
    found.findings
}

/// The workspace with one receipt changed, as JSON text.
#[track_caller]
fn check_changed(step: u64, from: &str, to: &str, expected: &[&str]) {
    let workspace = recorded(works());
    let path = format!("receipts/T-0042/step-{step}.json");
    let text = workspace.root.read_to_string(&path).unwrap();
    assert!(text.contains(from), "{text}");
    workspace.root.write(&path, text.replacen(from, to, 1)).unwrap();
    check(&workspace, expected);
}

#[test]
fn what_was_recorded_agrees() {
    let workspace = recorded(works());
    check(&workspace, &[]);
    let found = verify(&workspace.root, &run()).unwrap();
    assert_eq!((found.receipts, found.unrecorded), (2, 0));
}

#[test]
fn receipts_may_lag_from_the_end_only() {
    for (kept, lag) in [(0, 2), (1, 1)] {
        let workspace = recorded(works().into_iter().take(kept));
        check(&workspace, &[]);
        assert_eq!(verify(&workspace.root, &run()).unwrap().unrecorded, lag);
    }
    let workspace = recorded(works().into_iter().skip(1));
    check(&workspace, &["missing_receipt"]);
}

#[test]
fn what_a_receipt_says_otherwise_is_named() {
    check_changed(1, "\"implement\"", "\"review\"", &["receipt_disagrees", "receipt_without_end"]);
    check_changed(1, "ik:0", "ik:1", &["receipt_disagrees"]);
    check_changed(1, "snap-6", "snap-7", &["receipt_disagrees"]);
    // Its events have the correlation of its command.
    check_changed(2, "\"c2\"", "\"c1\"", &["receipt_disagrees", "receipt_disagrees"]);
    check_changed(2, "evt-00000003", "evt-00000002", &["receipt_disagrees", "receipt_without_end"]);
    check_changed(2, "evt-00000003", "evt-00000009", &["receipt_without_event"]);
    check_changed(2, "\"evt-00000003\"", "", &["receipt_without_end"]);
    check_changed(2, "cmd-00000002", "cmd-00000009", &["receipt_without_command"]);
    check_changed(
        2,
        "cmd-00000002",
        "cmd-00000001",
        &["doubled_receipt", "receipt_disagrees", "receipt_disagrees"],
    );
    check_changed(2, "\"step\": 2", "\"step\": 3", &["bad_receipt"]);
    check_changed(2, "T-0042", "T-0043", &["bad_receipt"]);
    check_changed(2, "{", "", &["bad_receipt"]);
}

#[test]
fn a_number_that_is_missing_is_found() {
    let workspace = recorded(works());
    let (one, three) = ("receipts/T-0042/step-1.json", "receipts/T-0042/step-3.json");
    let text = workspace.root.read_to_string(one).unwrap();
    workspace.root.remove_file(one).unwrap();
    check(&workspace, &["missing_receipt", "receipt_gap"]);
    workspace.root.write(three, text.replace("\"step\": 1", "\"step\": 3")).unwrap();
    check(&workspace, &["receipt_gap"]);
}

/// The commands of another run of the same task are in its own ledger.
#[test]
fn another_run_of_the_task_has_receipts_too() {
    let workspace = recorded(works());
    let other = "run-20251021-140818-4f9f29a1";
    let path = format!("receipts/T-0042/step-{}.json", 3);
    let first = workspace.root.read_to_string("receipts/T-0042/step-1.json").unwrap();
    let text = first.replace("\"step\": 1", "\"step\": 3").replace("cmd-00000001", "cmd-0000000f");
    workspace.root.write(&path, text).unwrap();
    check(&workspace, &["receipt_without_command"]);
    let line = messages()[0].1.replace("cmd-00000001", "cmd-0000000f");
    workspace.root.write(format!("events/{other}.ndjson"), line + "\n").unwrap();
    check(&workspace, &[]);
    // Its receipt is the later one of this file, and not of this run.
    workspace.root.write("src/main.rs", "changed").unwrap();
    check(&workspace, &[]);
}

#[test]
fn a_file_that_is_not_what_its_receipt_says_is_named() {
    let drift = |change: &dyn Fn(&Workspace)| {
        let workspace = recorded(works());
        change(&workspace);
        let findings = check(&workspace, &["artifact_drift"]);
        let [Finding::ArtifactDrift { found, .. }] = findings.as_slice() else { panic!() };
        found.clone()
    };
    let path = "src/main.rs";
    let changed = drift(&|it| it.root.write(path, "fn main() { }\n").unwrap());
    assert!(changed.starts_with("14 bytes with sha256:"), "{changed}");
    assert_eq!(drift(&|it| it.root.remove_file(path).unwrap()), "no file");
    let folder = drift(&|it| {
        it.root.remove_file(path).unwrap();
        it.root.create_dir(path).unwrap();
    });
    assert!(folder.ends_with("it is a folder, which has no content to record"), "{folder}");
    // A link is what its text says, wherever it leads.
    let link = drift(&|it| {
        it.root.rename(path, &it.root, "src/other.rs").unwrap();
        it.root.symlink("other.rs", path).unwrap();
    });
    assert!(link.starts_with("8 bytes with"), "{link}");
    // No link on the way leads out of the workspace.
    let outside = tempfile::tempdir().unwrap();
    std::fs::write(outside.path().join("main.rs"), CODE).unwrap();
    let out = drift(&|it| {
        it.root.remove_dir_all("src").unwrap();
        it.root.symlink_contents(outside.path(), "src").unwrap();
    });
    assert!(out.starts_with("what cannot be compared"), "{out}");
}

#[test]
fn of_several_receipts_of_a_file_the_last_counts() {
    let mut works = works();
    works[1].artifacts = vec![artifact("src/main.rs", "second")];
    let workspace = recorded(works);
    check(&workspace, &["artifact_drift"]);
    workspace.root.write("src/main.rs", "second").unwrap();
    check(&workspace, &[]);
}

#[test]
fn a_receipt_is_numbered_once_and_never_overwritten() {
    let workspace = recorded(works());
    let text = workspace.root.read_to_string("receipts/T-0042/step-1.json").unwrap();
    let mut receipts = Receipts::read(&workspace.root, &task()).unwrap();
    let again = receipts.record(&workspace.root, works()[0].clone(), now(31)).unwrap();
    assert_eq!((again.step.get(), again.created_at), (1, now(30)));
    let steps: Vec<u64> = receipts.iter().map(|it| it.step.get()).collect();
    assert_eq!(steps, [1, 2]);
    // The number after the highest, whatever is missing before it.
    workspace.root.remove_file("receipts/T-0042/step-1.json").unwrap();
    let mut receipts = Receipts::read(&workspace.root, &task()).unwrap();
    // Somebody else was there first.
    workspace.root.write("receipts/T-0042/step-3.json", "theirs").unwrap();
    let error = receipts.record(&workspace.root, works()[0].clone(), now(32)).unwrap_err();
    assert!(matches!(error, WorkspaceError::File { .. }), "{error}");
    assert_eq!(workspace.root.read_to_string("receipts/T-0042/step-3.json").unwrap(), "theirs");
    workspace.root.remove_file("receipts/T-0042/step-3.json").unwrap();
    let third: Receipt = receipts.record(&workspace.root, works()[0].clone(), now(33)).unwrap();
    assert_eq!(third.step.get(), 3);
    assert_eq!(
        workspace.root.read_to_string("receipts/T-0042/step-3.json").unwrap(),
        text.replace("\"step\": 1", "\"step\": 3").replace("14:08:30Z", "14:08:33Z")
    );
    assert!(!workspace.names("receipts/T-0042").iter().any(|name| name.ends_with(".new")));
}
