//! The receipts of a workspace: which there are, and which of them count for a file.

use std::collections::BTreeMap;
use std::io;
use std::os::fd::AsFd as _;

use cap_std::fs::Dir;
use lorch_types::agent::{Artifact, Receipt, TaskId, WorkspacePath};

use crate::content::{Reader, Unread, link};
use crate::document;
use crate::file::RECEIPTS;
use crate::finding::Finding;
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
    artifact: &'r Artifact,
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
    /// What the file is instead of what the receipt says.
    pub(super) fn drift(&self, root: &Dir) -> Option<Finding> {
        let Artifact { path, sha256, size } = self.artifact;
        let recorded = format!("{size} bytes with {sha256}");
        let found = match held(root, path.as_str()) {
            Ok(Some((digest, found))) if digest == *sha256 && found == size.get() => return None,
            Ok(Some((digest, size))) => format!("{size} bytes with {digest}"),
            Ok(None) => "no file".to_owned(),
            Err(error) => format!("what cannot be compared: {error}"),
        };
        let (file, path) = (self.placed.file.clone(), path.clone());
        Some(Finding::ArtifactDrift { file, path, recorded, found })
    }
}

/// The digest and size of a file, or of the text of a link, as snapshots have it.
fn held(root: &Dir, path: &str) -> Result<Option<(lorch_types::Digest, u64)>, Unread> {
    match root.symlink_metadata(path) {
        Ok(found) if found.is_symlink() => {
            let text = root.read_link_contents(path)?;
            Ok(Some(link(text.as_os_str().as_encoded_bytes())))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        found => {
            found?;
            let (folder, name) = path.rsplit_once('/').unwrap_or((".", path));
            let content = Reader::new().file(root.open_dir(folder)?.as_fd(), name)?;
            Ok(content.map(|content| (content.digest, content.stamp.size)))
        }
    }
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
