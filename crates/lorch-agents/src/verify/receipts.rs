//! The receipts of a workspace: which there are, and which of them count for a file.

use std::collections::BTreeMap;
use std::io;

use cap_std::fs::Dir;
use lorch_types::agent::{Artifact, Receipt, TaskId, WorkspacePath};

use crate::document;
use crate::file::RECEIPTS;
use crate::finding::Finding;
use crate::observe::held_artifact;
use crate::receipt::{folder, misplacement, path, steps};

/// All receipts of a workspace.
#[derive(Default)]
pub(super) struct Recorded {
    /// Those that can be read, by task and number.
    pub(super) receipts: Vec<Placed>,
    /// What is wrong with the others, by their task.
    pub(super) unread: Vec<(TaskId, Finding)>,
}

/// A receipt, and where it stands.
pub(super) struct Placed {
    pub(super) file: String,
    pub(super) receipt: Receipt,
}

/// What the receipt that counts says about a file.
pub(super) struct Claim<'r> {
    pub(super) placed: &'r Placed,
    pub(super) artifact: &'r Artifact,
}

impl Recorded {
    /// Reads all receipts of the workspace `root`.
    pub(super) fn read(root: &Dir) -> io::Result<Self> {
        let mut recorded = Self::default();
        for task in tasks(root)? {
            for step in steps(root, &folder(&task))? {
                recorded.add(root, &task, step);
            }
        }
        Ok(recorded)
    }

    fn add(&mut self, root: &Dir, task: &TaskId, step: u64) {
        let file = path(task, step);
        let reason = match document::read::<Receipt>(root, &file) {
            Ok(Some(receipt)) => match misplacement(&receipt, task, step) {
                None => return self.receipts.push(Placed { file, receipt }),
                Some(reason) => reason,
            },
            Ok(None) => "it has gone".to_owned(),
            Err(error) => error.reason(),
        };
        self.unread.push((task.clone(), Finding::BadReceipt { file, reason }));
    }

    /// For each file the receipt that counts: a later one supersedes those before it.
    pub(super) fn claims(&self) -> BTreeMap<&WorkspacePath, Claim<'_>> {
        let mut claims: BTreeMap<&WorkspacePath, Claim<'_>> = BTreeMap::new();
        for placed in &self.receipts {
            for artifact in &placed.receipt.artifacts {
                let kept = claims.get(&artifact.path);
                if kept.is_none_or(|kept| placed.receipt.supersedes(&kept.placed.receipt)) {
                    claims.insert(&artifact.path, Claim { placed, artifact });
                }
            }
        }
        claims
    }
}

impl Claim<'_> {
    /// What the file is instead of what is expected: what the receipt says, or lorch said later.
    pub(super) fn drift(&self, root: &Dir, expected: Option<&Artifact>) -> Option<Finding> {
        let path = &self.artifact.path;
        let found = match held_artifact(root, path) {
            Ok(found) if found.as_ref() == expected => return None,
            Ok(found) => in_words(found.as_ref()),
            Err(error) => format!("what cannot be compared: {error}"),
        };
        let (file, path, recorded) = (self.placed.file.clone(), path.clone(), in_words(expected));
        Some(Finding::ArtifactDrift { file, path, recorded, found })
    }
}

fn in_words(artifact: Option<&Artifact>) -> String {
    artifact.map_or_else(
        || "no file".to_owned(),
        |Artifact { sha256, size, .. }| format!("{size} bytes with {sha256}"),
    )
}

/// The tasks that have receipts.
fn tasks(root: &Dir) -> io::Result<Vec<TaskId>> {
    let entries = match root.read_dir(RECEIPTS) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut tasks: Vec<TaskId> = Vec::new();
    for entry in entries {
        tasks.extend(entry?.file_name().to_str().and_then(|name| name.parse().ok()));
    }
    tasks.sort_unstable();
    Ok(tasks)
}
