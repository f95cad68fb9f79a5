//! What work did to the workspace: lorch looks itself, and takes what the agent says as a claim.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use cap_std::fs::Dir;
use lorch_types::NaturalInteger;
use lorch_types::agent::{Artifact, Command, Event, SnapshotFile, SnapshotManifest, WorkspacePath};

use crate::content::{Unread, held};
use crate::machine::Observation;

/// Compares the workspace before and after the work on a command with what the agent claims, which
/// ended it by this event. Where nothing is known of before, only claims are found.
pub(crate) fn observe(
    root: &Dir,
    command: &Command,
    claim: &Event,
    before: Option<&SnapshotManifest>,
    after: &SnapshotManifest,
) -> Observation {
    let mut found = Observation::empty(after.snapshot_id.clone());
    let changed = before.map(|before| Changes::between(before, after)).unwrap_or_default();
    let claims = claim.artifacts.as_deref().unwrap_or_default();
    let claimed: BTreeSet<&WorkspacePath> = claims.iter().map(|claim| &claim.path).collect();
    let is_undeclared = |path: &&WorkspacePath| !claimed.contains(path);
    let touched = changed.made.keys().copied().chain(changed.removed.iter().copied());
    found.undeclared = touched.filter(is_undeclared).cloned().collect();
    found.undeclared.sort_unstable();
    let mut artifacts: BTreeMap<&WorkspacePath, Artifact> =
        changed.made.iter().map(|(path, file)| (*path, artifact(file))).collect();
    for claim in claims {
        if is_true(root, claim) {
            artifacts.insert(&claim.path, claim.clone());
        } else {
            found.untrue.push(claim.path.clone());
        }
    }
    found.artifacts = artifacts.into_values().collect();
    found.removed = changed.removed.into_iter().cloned().collect();
    let required = command.expected_outputs.iter().filter(|output| output.required);
    found.missing = required
        .filter(|output| !is_there(root, &output.path))
        .map(|output| output.path.clone())
        .collect();
    found
}

/// The files that differ between two snapshots.
#[derive(Default)]
struct Changes<'m> {
    made: BTreeMap<&'m WorkspacePath, &'m SnapshotFile>,
    removed: Vec<&'m WorkspacePath>,
}

impl<'m> Changes<'m> {
    fn between(before: &'m SnapshotManifest, after: &'m SnapshotManifest) -> Self {
        let mut old: BTreeMap<&WorkspacePath, &SnapshotFile> =
            before.files.iter().map(|file| (&file.path, file)).collect();
        let mut made = BTreeMap::new();
        for file in &after.files {
            let is_same = |old: &SnapshotFile| old.sha256 == file.sha256 && old.size == file.size;
            if !old.remove(&file.path).is_some_and(is_same) {
                made.insert(&file.path, file);
            }
        }
        Self { made, removed: old.into_keys().collect() }
    }
}

fn artifact(file: &SnapshotFile) -> Artifact {
    Artifact { path: file.path.clone(), sha256: file.sha256.clone(), size: file.size }
}

/// Whether the file is what an artifact says.
fn is_true(root: &Dir, artifact: &Artifact) -> bool {
    held_artifact(root, &artifact.path).is_ok_and(|found| found.as_ref() == Some(artifact))
}

/// Whether there is anything at a path; what cannot be looked at is not there.
fn is_there(root: &Dir, path: &WorkspacePath) -> bool {
    match root.symlink_metadata(path.as_str()) {
        Ok(_) => true,
        Err(error) => !matches!(
            error.kind(),
            io::ErrorKind::NotFound
                | io::ErrorKind::NotADirectory
                | io::ErrorKind::PermissionDenied
        ),
    }
}

/// The file at a path as an artifact; `None` when there is none.
pub(crate) fn held_artifact(root: &Dir, path: &WorkspacePath) -> Result<Option<Artifact>, Unread> {
    let Some((sha256, size)) = held(root, path.as_str())? else { return Ok(None) };
    // No file system has files that are larger.
    let size = NaturalInteger::new(size).unwrap_or(NaturalInteger::MAX);
    Ok(Some(Artifact { path: path.clone(), sha256, size }))
}
