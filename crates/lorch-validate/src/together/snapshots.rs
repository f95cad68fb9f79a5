//! Snapshots: their ids and their files' names, and who refers to them.

use std::collections::{BTreeMap, BTreeSet};

use lorch_types::agent::{SnapshotId, SnapshotManifest};
use lorch_types::diagnostic::End;

use super::{Found, Mismatch, Rule, Stand, file};

/// Where each snapshot stands.
#[derive(Debug, Default)]
pub(super) struct Snapshots(BTreeMap<SnapshotId, Stand>);

impl Snapshots {
    pub(super) fn add(&mut self, stand: Stand, snapshot: &SnapshotManifest, found: &mut Found) {
        let id = &snapshot.snapshot_id;
        let at = stand.at([&"snapshot_id"]);
        let derived = SnapshotManifest::id_of(&snapshot.files);
        found.follow(derived == *id, || {
            let message = format!("the id is `{id}`, that of the files listed is `{derived}`");
            Mismatch::new(Rule::Derived, at.clone(), stand.at([&"files"]), message)
        });
        let mut paths = BTreeSet::new();
        for (index, entry) in snapshot.files.iter().enumerate() {
            if !paths.insert(&entry.path) {
                let first = snapshot.files.iter().position(|it| it.path == entry.path);
                let first = stand.at([&"files", &first.unwrap_or_default(), &"path"]);
                found.repeated("path", &entry.path, stand.at([&"files", &index, &"path"]), first);
            }
        }
        // In a file of lines there is no name to agree with.
        let name = format!("snapshots/{id}.manifest.json");
        let named = stand.line.is_some() || stand.file == name;
        found.follow(named, || {
            let message =
                format!("the snapshot `{id}` stands in {}, and belongs in {name}", stand.file);
            Mismatch::new(Rule::Misnamed, at.clone(), file(name), message)
        });
        match self.0.get(id) {
            Some(first) => found.repeated("snapshot id", id, at, first.at([&"snapshot_id"])),
            None => drop(self.0.insert(id.clone(), stand)),
        }
    }

    /// Says so at `at` when there is no snapshot `id`.
    pub(super) fn expect(&self, id: &SnapshotId, at: End, found: &mut Found) {
        found.follow(self.0.contains_key(id), || {
            let name = format!("snapshots/{id}.manifest.json");
            let message = format!("there is no snapshot `{id}`: looked for {name}");
            Mismatch::new(Rule::Absent, at, file(name), message)
        });
    }
}
