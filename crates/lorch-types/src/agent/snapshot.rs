//! What a workspace held at a moment.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

use super::{SnapshotId, WorkspacePath};
use crate::json::{put_number, put_string};
use crate::{Digest, Hasher, NaturalInteger, Timestamp};

/// How much text is gathered before it is hashed; little enough to stay in the cache.
const PIECE: usize = 16 * 1024;

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
        let mut hasher = Hasher::default();
        let mut text = vec![b'['];
        for (index, file) in files.into_iter().enumerate() {
            if index > 0 {
                text.push(b',');
            }
            put_content(file, &mut text);
            if text.len() >= PIECE {
                hasher.update(&text);
                text.clear();
            }
        }
        text.push(b']');
        hasher.update(&text);
        SnapshotId::from_digest(&hasher.finish())
    }
}

/// Puts the canonical text of what a snapshot's id depends on: the fields are in their order.
fn put_content(file: &SnapshotFile, out: &mut Vec<u8>) {
    out.extend_from_slice(b"{\"path\":");
    put_string(file.path.as_str(), out);
    out.extend_from_slice(b",\"sha256\":");
    put_string(file.sha256.as_str(), out);
    out.extend_from_slice(b",\"size\":");
    put_number(file.size.get().into(), out);
    out.push(b'}');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::{Object, Value};

    /// The id is that of the value which the design describes.
    #[test]
    fn ids_are_those_of_the_canonical_text() {
        let file = |path: &str, size| SnapshotFile {
            path: path.parse().unwrap(),
            sha256: Digest::of_bytes(path.as_bytes()),
            size: NaturalInteger::new(size).unwrap(),
            mtime: Timestamp::unix_epoch(),
        };
        let content = |file: &SnapshotFile| {
            let members: [(&str, Value); 3] = [
                ("size", file.size.get().into()),
                ("sha256", file.sha256.as_str().into()),
                ("path", file.path.as_str().into()),
            ];
            Value::from(Object::from_iter(members))
        };
        let many = (0..1000).map(|number| file(&format!("src/{number:04}"), number));
        for files in [
            vec![],
            vec![file("a", 0)],
            vec![file("a\"\\b/ä", 1), file("z", crate::MAX_SAFE_INTEGER)],
            many.collect(),
        ] {
            let value = Value::Array(files.iter().map(content).collect());
            let id = SnapshotId::from_digest(&Digest::of(&value));
            assert_eq!(SnapshotManifest::id_of(&files), id);
            let reversed: Vec<_> = files.into_iter().rev().collect();
            assert_eq!(SnapshotManifest::id_of(&reversed), id);
        }
    }
}
