//! The files that receipts speak of, none of them outside the workspace.

use std::io::{self, Read};
use std::path::Path;

use lorch_backends::{FilePath, Workspace, WorkspaceError};
use lorch_types::Hasher;
use lorch_types::agent::WorkspacePath;
use lorch_validate::together::{FileFound, Files};

/// The files of a workspace.
pub(super) struct Artifacts(Workspace);

impl Artifacts {
    pub(super) fn in_folder(root: &Path) -> io::Result<Self> {
        Workspace::open(root).map(Self)
    }

    fn content(&self, path: &WorkspacePath) -> Result<FileFound, WorkspaceError> {
        let path: FilePath = path.as_str().parse()?;
        let mut reader = self.0.reader(&path)?;
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
