//! What a program does to the workspace while it works.

use std::collections::BTreeMap;
use std::path::PathBuf;

use lorch_agents::{SnapshotOptions, open_workspace, snapshot};
use lorch_types::agent::{Command, SnapshotFile, SnapshotId, SnapshotManifest, WorkspacePath};
use lorch_types::json::{Limits, from_value, read};

use super::verdict::Ending;
use crate::agents::snapshot_options;
use crate::clock::now;
use crate::input::read_file;
use crate::site::Site;

/// What a program did.
pub(super) struct Done {
    /// How it ended.
    pub(super) ending: Ending,
    /// The end of what it said.
    pub(super) said: String,
    /// The files that it wrote or changed.
    pub(super) changed: Vec<WorkspacePath>,
    /// Whether it changed or removed any file.
    pub(super) has_changes: bool,
}

/// Where a program works, and what of it is looked at.
pub(super) struct Look {
    pub(super) root: PathBuf,
    options: SnapshotOptions,
}

impl Look {
    /// A look at what snapshots of the workspace take.
    pub(super) fn at(site: &Site) -> Self {
        Self { root: site.root.clone(), options: snapshot_options(&site.config.snapshot) }
    }

    /// What a program did for a command while `run` ran it, which returns how it ended and what it said.
    pub(super) fn around(
        &self,
        command: &Command,
        run: impl FnOnce() -> anyhow::Result<(Ending, String)>,
    ) -> anyhow::Result<Done> {
        let before = match self.recorded(&command.version.snapshot_id) {
            Some(manifest) => manifest,
            None => self.snapshot()?,
        };
        let (ending, said) = run()?;
        let after = self.snapshot()?;
        let known: BTreeMap<_, _> =
            before.files.iter().map(|file| (file.path.as_str(), &file.sha256)).collect();
        let has_changes = before.snapshot_id != after.snapshot_id;
        let is_new = |file: &SnapshotFile| {
            known.get(file.path.as_str()).is_none_or(|digest| **digest != file.sha256)
        };
        // What is expected may hold already what it should.
        let is_expected = |file: &SnapshotFile| {
            command.expected_outputs.iter().any(|output| output.path == file.path)
        };
        let files = after.files.into_iter();
        let changed = files.filter(|file| is_expected(file) || is_new(file)).map(|file| file.path);
        Ok(Done { ending, said, changed: changed.collect(), has_changes })
    }

    /// The snapshot that a command is about, as lorch has recorded it. What was changed before the
    /// agent was killed in the middle of the command is seen only beside it.
    fn recorded(&self, id: &SnapshotId) -> Option<SnapshotManifest> {
        let path = self.root.join(format!("snapshots/{id}.manifest.json"));
        let text = read_file(&path, Limits::default()).ok()?;
        let manifest: SnapshotManifest = from_value(&read(&text, Limits::default()).ok()?).ok()?;
        (manifest.snapshot_id == *id).then_some(manifest)
    }

    fn snapshot(&self) -> anyhow::Result<SnapshotManifest> {
        Ok(snapshot(&open_workspace(&self.root)?, &self.options, now())?.manifest)
    }
}
