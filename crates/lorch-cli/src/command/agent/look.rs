//! What a program does to the workspace while it works.

use std::path::PathBuf;

use lorch_agents::{Snapshot, SnapshotOptions, open_workspace, snapshot};
use lorch_types::agent::{SnapshotFile, WorkspacePath};

use super::verdict::Ending;
use crate::clock::now;
use crate::command::task::snapshot::options;
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
        Self { root: site.root.clone(), options: options(&site.config.snapshot) }
    }

    /// What a program did while `run` ran it, which returns how it ended and what it said.
    pub(super) fn around(
        &self,
        run: impl FnOnce() -> anyhow::Result<(Ending, String)>,
    ) -> anyhow::Result<Done> {
        let before = self.snapshot()?;
        let (ending, said) = run()?;
        let after = self.snapshot()?;
        let has_changes = before.manifest.snapshot_id != after.manifest.snapshot_id;
        let before = before.manifest.files;
        let is_new = |file: &SnapshotFile| {
            let same = before.binary_search_by(|known| known.path.as_str().cmp(file.path.as_str()));
            same.ok().and_then(|at| before.get(at)).is_none_or(|known| known.sha256 != file.sha256)
        };
        let changed = after.manifest.files.into_iter().filter(is_new).map(|file| file.path);
        Ok(Done { ending, said, changed: changed.collect(), has_changes })
    }

    fn snapshot(&self) -> anyhow::Result<Snapshot> {
        Ok(snapshot(&open_workspace(&self.root)?, &self.options, now())?)
    }
}
