//! Snapshots: what the files of a workspace hold, and an id of it that is the same wherever and
//! whenever the content is the same.
//!
//! [`snapshot`] looks at every file of the configured folders, and reads those that the index does not
//! know already. Links are recorded by their text and never followed.

mod index;
mod queue;
mod rules;
mod walk;

use std::io;
use std::num::NonZeroUsize;

use cap_std::fs::Dir;
use lorch_types::agent::{SnapshotFile, SnapshotId, SnapshotManifest, WorkspacePath};
use lorch_types::{Digest, NaturalInteger, SmolStr, Timestamp};

use self::index::Index;
use self::rules::Rules;
use self::walk::{Walked, walk};
use crate::clock::Moment;
use crate::content::{Stamp, Unread};
use crate::document;
use crate::error::WorkspaceError;
use crate::file::{self, SNAPSHOTS};

/// The folders that a snapshot takes by default.
const DEFAULT_ROOTS: [&str; 4] = ["specs", "src", "tests", "docs"];

/// What a snapshot takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SnapshotOptions {
    /// The folders and files that it takes; those that are not there are passed over.
    pub roots: Vec<WorkspacePath>,
    /// What it leaves out of them: patterns as in a `.gitignore` file of the workspace's root.
    pub ignore: Vec<String>,
    /// What `.gitignore` files say.
    pub gitignore: GitIgnore,
    /// How many threads look at files.
    pub threads: NonZeroUsize,
}

/// What `.gitignore` files mean to a snapshot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum GitIgnore {
    /// Nothing: what is generated may matter to an agent.
    #[default]
    Disregarded,
    /// What those in the workspace leave out is left out.
    Honoured,
}

/// A snapshot that was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// What the workspace held.
    pub manifest: SnapshotManifest,
    /// How many files were read; of the others the index knew what they hold.
    pub read: usize,
}

/// A snapshot that cannot be taken.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// A folder that was asked for is lorch's own, or git's.
    #[error("`{root}` is not for snapshots: it belongs to lorch or to git")]
    Reserved {
        /// The folder.
        root: WorkspacePath,
    },
    /// A pattern of what to leave out is none.
    #[error("`{pattern}` is no pattern of files")]
    Pattern {
        /// The pattern.
        pattern: String,
        /// Why.
        source: ignore::Error,
    },
    /// What certain files hold cannot be recorded.
    #[error("{}", summary(files))]
    Refused {
        /// Which, ordered by their paths; never empty.
        files: Vec<Refusal>,
    },
    /// The index, or the folder that it is in, cannot be used.
    #[error(transparent)]
    Workspace(#[from] WorkspaceError),
}

/// A file whose content cannot be recorded.
#[derive(Debug, thiserror::Error)]
#[error("{path}: {reason}")]
pub struct Refusal {
    /// Its path; what is no UTF-8 in it is replaced.
    pub path: String,
    /// Why.
    pub reason: Unread,
}

/// A file of the workspace, and what it held.
struct Met {
    path: WorkspacePath,
    stamp: Stamp,
    digest: Digest,
    is_link: bool,
}

impl Default for SnapshotOptions {
    fn default() -> Self {
        Self {
            roots: DEFAULT_ROOTS.iter().filter_map(|root| root.parse().ok()).collect(),
            ignore: Vec::new(),
            gitignore: GitIgnore::default(),
            threads: NonZeroUsize::MIN,
        }
    }
}

/// Takes a snapshot of the workspace `root`, as taken at `now`.
///
/// The same files give the same id. Each is recorded as it was at one moment: a file that changes
/// while it is read is read again. Between files there is no such moment, as nothing keeps others
/// from writing.
///
/// # Errors
/// When a file cannot be recorded: all of them are said.
pub fn snapshot(
    root: &Dir,
    options: &SnapshotOptions,
    now: Timestamp,
) -> Result<Snapshot, SnapshotError> {
    let rules = Rules::new(options)?;
    let index = Index::open(root)?;
    let Walked { mut files, mut refused, recalled, read } =
        walk(root, &options.roots, &rules, &index, options.threads)?;
    if !refused.is_empty() {
        refused.sort_by(|a, b| a.path.cmp(&b.path));
        return Err(SnapshotError::Refused { files: refused });
    }
    files.sort_unstable_by(|a, b| a.path.as_str().cmp(b.path.as_str()));
    // A folder that changes while it is listed may name a file twice.
    files.dedup_by(|later, earlier| later.path == earlier.path);
    index.keep(&files, recalled, read)?;
    Ok(Snapshot { manifest: manifest(files, now), read })
}

/// Writes the manifest of a snapshot into its file, unless that is there: the path in the workspace.
///
/// # Errors
/// When it cannot be written.
pub fn write_snapshot(root: &Dir, manifest: &SnapshotManifest) -> Result<String, WorkspaceError> {
    let path = note_snapshot(root, manifest)?;
    sync_snapshot(root, &manifest.snapshot_id)?;
    Ok(path)
}

/// The same without making it durable.
pub(crate) fn note_snapshot(
    root: &Dir,
    manifest: &SnapshotManifest,
) -> Result<String, WorkspaceError> {
    let path = snapshot_path(&manifest.snapshot_id);
    file::make_folder(root, SNAPSHOTS).map_err(WorkspaceError::at(SNAPSHOTS))?;
    // One that is there is of the same files: it was written as a whole.
    if root.symlink_metadata(&path).is_ok() {
        return Ok(path);
    }
    match file::create_lazily(root, &path, &document::text(manifest)) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        outcome => outcome.map_err(WorkspaceError::at(&path))?,
    }
    Ok(path)
}

/// Makes a snapshot durable that was written.
pub(crate) fn sync_snapshot(root: &Dir, id: &SnapshotId) -> Result<(), WorkspaceError> {
    let path = snapshot_path(id);
    file::sync(root, SNAPSHOTS, &path).map_err(WorkspaceError::at(&path))
}

/// The manifest of a snapshot that was written; `None` when there is none.
///
/// # Errors
/// When it cannot be read, or is none.
pub fn read_snapshot(
    root: &Dir,
    id: &SnapshotId,
) -> Result<Option<SnapshotManifest>, WorkspaceError> {
    document::read(root, &snapshot_path(id))
}

/// The path of the manifest of a snapshot.
fn snapshot_path(id: &SnapshotId) -> String {
    format!("{SNAPSHOTS}/{id}.manifest.json")
}

fn manifest(files: Vec<Met>, now: Timestamp) -> SnapshotManifest {
    let files: Vec<SnapshotFile> = files.into_iter().map(Met::into_file).collect();
    SnapshotManifest {
        snapshot_id: SnapshotManifest::id_of(&files),
        created_at: now,
        workspace_root: SmolStr::new_static("./"),
        files,
    }
}

impl Met {
    /// The file as it is recorded.
    fn into_file(self) -> SnapshotFile {
        SnapshotFile {
            path: self.path,
            sha256: self.digest,
            // No file system has files that are larger.
            size: NaturalInteger::new(self.stamp.size).unwrap_or(NaturalInteger::MAX),
            mtime: time(self.stamp.modified),
        }
    }
}

/// A moment of the file system as documents have it; 1970 for what they cannot say.
fn time(moment: Moment) -> Timestamp {
    let Moment { seconds, nanos } = moment;
    Timestamp::from_unix(seconds, nanos).unwrap_or_else(Timestamp::unix_epoch)
}

fn summary(files: &[Refusal]) -> String {
    let more = match files.len() {
        0 | 1 => String::new(),
        count => format!(", and {} more", count - 1),
    };
    files.first().map_or_else(String::new, |first| format!("{first}{more}"))
}
