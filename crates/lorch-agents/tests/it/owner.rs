//! Who owns a workspace, and how far its run is.

use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

use lorch_agents::{Lock, LockError, WorkspaceError, read_run_state, write_run_state};
use lorch_types::agent::RunState;
use lorch_types::json::{Limits, from_value, read};

use crate::recorded::{Workspace, now};

#[test]
fn the_second_is_refused_and_told_who_and_since_when() {
    let workspace = Workspace::new();
    let lock = Lock::take(&workspace.root, now(1)).unwrap();
    let error = Lock::take(&workspace.root, now(2)).unwrap_err();
    let pid = std::process::id();
    assert_eq!(
        error.to_string(),
        format!("process {pid} owns this workspace since 2025-10-20T14:08:01Z")
    );
    drop(lock);
    // What it said stays behind, and says nothing without the lock.
    let lock = Lock::take(&workspace.root, now(3)).unwrap();
    let LockError::Held { owner: Some(owner) } = Lock::take(&workspace.root, now(4)).unwrap_err()
    else {
        panic!("the owner has said who it is")
    };
    assert_eq!(owner.since, now(3));
    workspace.root.write(".lorch/agents.lock", "").unwrap();
    let error = Lock::take(&workspace.root, now(5)).unwrap_err();
    assert_eq!(error.to_string(), "another process owns this workspace");
    drop(lock);
}

/// Whoever owns the workspace next waits for agents that the owner before has left.
#[test]
fn agents_that_were_left_behind_are_waited_for() {
    let workspace = Workspace::new();
    let lock = Lock::take(&workspace.root, now(1)).unwrap();
    let mut waited = 0;
    let none = Duration::ZERO;
    lock.wait_for_agents(&workspace.root, none, || waited += 1).unwrap();
    assert_eq!(waited, 0);
    // As the process has it that an agent runs in.
    let present = workspace.folder.path().join(".lorch/agents.present");
    let present = std::fs::File::open(present).unwrap();
    present.lock_shared().unwrap();
    let error = lock.wait_for_agents(&workspace.root, none, || waited += 1).unwrap_err();
    assert!(matches!(error, LockError::Agents), "{error}");
    assert_eq!(waited, 1);
    let leaving = || present.unlock().unwrap();
    lock.wait_for_agents(&workspace.root, Duration::from_secs(60), leaving).unwrap();
}

#[test]
fn a_run_state_is_replaced_as_a_whole() {
    let workspace = Workspace::new();
    assert_eq!(read_run_state(&workspace.root).unwrap(), None);
    let text = br#"{"run_id":"run-20251020-140818-4f9f29a1","status":"running","task_id":"T-0042","snapshot_id":"snap-6f8d55a83919","current_stage":"implement","started_at":"2025-10-20T14:08:18Z"}"#;
    let state: RunState = from_value(&read(text, Limits::default()).unwrap()).unwrap();
    for _ in 0..2 {
        write_run_state(&workspace.root, &state).unwrap();
        assert_eq!(read_run_state(&workspace.root).unwrap().as_ref(), Some(&state));
    }
    assert_eq!(workspace.names("state"), ["run.json"]);
    let mode = |path: &str| {
        let path = workspace.folder.path().join(path);
        std::fs::metadata(path).unwrap().permissions().mode() & 0o777
    };
    assert_eq!((mode("state"), mode("state/run.json")), (0o700, 0o600));
    workspace.root.write("state/run.json", &text[..40]).unwrap();
    let error = read_run_state(&workspace.root).unwrap_err();
    assert!(matches!(error, WorkspaceError::NoDocument { .. }), "{error}");
}

/// What an earlier crash left in the place of a temporary file may be linked to something else.
#[test]
fn a_temporary_file_is_made_anew() {
    let workspace = Workspace::new();
    workspace.root.create_dir("state").unwrap();
    workspace.root.write("kept", "kept").unwrap();
    workspace.root.hard_link("kept", &workspace.root, "state/run.json.new").unwrap();
    let text = br#"{"run_id":"run-20251020-140818-4f9f29a1","status":"running","task_id":"T-0042","snapshot_id":"snap-6f8d55a83919","current_stage":"implement","started_at":"2025-10-20T14:08:18Z"}"#;
    let state: RunState = from_value(&read(text, Limits::default()).unwrap()).unwrap();
    write_run_state(&workspace.root, &state).unwrap();
    assert_eq!(workspace.root.read_to_string("kept").unwrap(), "kept");
}
