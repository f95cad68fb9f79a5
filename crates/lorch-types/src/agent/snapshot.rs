//! What a workspace held at a moment.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

use super::{SnapshotId, WorkspacePath};
use crate::json::{Object, Value};
use crate::{Digest, NaturalInteger, Timestamp};

/// What a workspace held at a moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SnapshotManifest {
    /// The id, derived from the files alone: the same content has the same id.
    pub snapshot_id: SnapshotId,
    /// When it was taken.
    pub created_at: Timestamp,
    /// The folder from which the paths go.
    #[schemars(with = "String")]
    pub workspace_root: SmolStr,
    /// The files, each path once; lorch writes them in the order of their paths.
    pub files: Vec<SnapshotFile>,
}

/// A file of a snapshot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SnapshotFile {
    /// Its path.
    pub path: WorkspacePath,
    /// The digest of its bytes.
    pub sha256: Digest,
    /// Its size in bytes.
    pub size: NaturalInteger,
    /// When it was last changed.
    pub mtime: Timestamp,
}

impl SnapshotManifest {
    /// The id of a workspace that holds `files`, in whatever order: it is derived from their paths,
    /// digests and sizes, in the order of the paths' bytes.
    pub fn id_of(files: &[SnapshotFile]) -> SnapshotId {
        let mut files: Vec<&SnapshotFile> = files.iter().collect();
        files.sort_by(|a, b| a.path.cmp(&b.path));
        let content: Vec<Value> = files.into_iter().map(content).collect();
        SnapshotId::from_digest(&Digest::of(&Value::Array(content)))
    }
}

/// What of a file its snapshot's id depends on.
fn content(file: &SnapshotFile) -> Value {
    let members: [(&str, Value); 3] = [
        ("path", file.path.as_str().into()),
        ("sha256", file.sha256.as_str().into()),
        ("size", file.size.get().into()),
    ];
    Object::from_iter(members).into()
}
