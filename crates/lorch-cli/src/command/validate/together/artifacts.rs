//! The files that receipts speak of, none of them outside the workspace.

use std::io::{self, Read};
use std::path::Path;

use cap_std::fs::Dir;
use lorch_agents::open_workspace;
use lorch_backends::{FilePath, Workspace, WorkspaceError};
use lorch_types::agent::WorkspacePath;
use lorch_types::{Digest, Hasher};
use lorch_validate::together::{FileFound, Files};

/// The files of a workspace.
pub(super) struct Artifacts {
    workspace: Workspace,
    root: Dir,
}

impl Artifacts {
    pub(super) fn in_folder(root: &Path) -> io::Result<Self> {
        Ok(Self { workspace: Workspace::open(root)?, root: open_workspace(root)? })
    }

    /// What a link says; `None` for anything else. Receipts record links by that, as snapshots do,
    /// wherever they lead.
    fn link(&self, path: &WorkspacePath) -> Option<FileFound> {
        let is_link = self.root.symlink_metadata(path.as_str()).is_ok_and(|it| it.is_symlink());
        let text = is_link.then(|| self.root.read_link_contents(path.as_str()).ok())??;
        let text = text.as_os_str().as_encoded_bytes();
        Some(FileFound::Content { sha256: Digest::of_bytes(text), size: text.len() as u64 })
    }

    fn content(&self, path: &WorkspacePath) -> Result<FileFound, WorkspaceError> {
        let path: FilePath = path.as_str().parse()?;
        let mut reader = self.workspace.reader(&path)?;
        let mut hasher = Hasher::default();
        let mut size = 0_u64;
        let mut piece = vec![0; 64 * 1024];
        loop {
            match reader.read(&mut piece) {
                Ok(0) => break,
                Ok(count) => {
                    hasher.update(piece.get(..count).unwrap_or_default());
                    size += count as u64;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(source) => return Err(WorkspaceError::Io { path, source }),
            }
        }
        Ok(FileFound::Content { sha256: hasher.finish(), size })
    }
}

impl Files for Artifacts {
    fn look(&self, path: &WorkspacePath) -> FileFound {
        use WorkspaceError as E;
        if let Some(link) = self.link(path) {
            return link;
        }
        match self.content(path) {
            Ok(found) => found,
            Err(E::NotFound { .. }) => FileFound::Nothing,
            Err(E::Outside { .. }) => FileFound::Unusable("is a link that leads out".to_owned()),
            Err(E::NotAFile { .. }) => FileFound::Unusable("is no regular file".to_owned()),
            Err(E::Private { .. }) => FileFound::Unusable("belongs to lorch itself".to_owned()),
            Err(E::Io { source, .. }) => FileFound::Unusable(format!("cannot be read: {source}")),
            Err(other) => FileFound::Unusable(format!("cannot be looked at: {other}")),
        }
    }
}
