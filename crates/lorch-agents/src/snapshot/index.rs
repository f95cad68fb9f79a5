//! The index: what files held when they were last read, so that they need not be read again.
//!
//! It knows a file by its path, size, inode and both its times. A file that was changed so soon after
//! it was read that the file system's clock did not move could have the same ones; so, as with git, an
//! entry counts only when the file was last changed before the reading began, by the clock of the file
//! system itself. The index is a cache: one that is damaged, or of another version, is made anew.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};
use std::io::{self, Read as _, Seek as _, Write as _};

use cap_std::fs::{Dir, File, OpenOptions, OpenOptionsExt};
use lorch_types::Hasher;
use rustix::fs::OFlags;

use super::Met;
use crate::clock::{Clock, Moment};
use crate::content::Stamp;
use crate::error::WorkspaceError;
use crate::file::{self, PRIVATE};

/// The file of the index.
const INDEX: &str = ".lorch/snapshot-index";
/// No link is followed in its place, and no pipe is waited for.
const NO_LINK: i32 = OFlags::NOFOLLOW.union(OFlags::NONBLOCK).bits().cast_signed();
/// How an index of this version begins.
const MAGIC: &[u8; 16] = b"lorch/snapshot/1";
/// How many bytes at its end are the hash of those before.
const SUM_BYTES: usize = 32;
/// How large an index may be.
const MAX_BYTES: usize = 1024 * 1024 * 1024;

/// The index of a workspace, as it was before a snapshot.
pub(super) struct Index {
    /// The entries that were known, one after the other.
    entries: Vec<u8>,
    /// Where each of them begins, by the hash of its path. Of two with one hash the later is not known.
    known: HashMap<u64, usize>,
    hasher: RandomState,
    /// Its file, which also tells the time of the file system.
    file: File,
    /// When the snapshot began.
    pub(super) begun: Moment,
}

/// What a file held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) stamp: Stamp,
    pub(super) hash: [u8; 32],
}

impl Index {
    /// Opens the index of a workspace, before any file is looked at.
    pub(super) fn open(root: &Dir) -> Result<Self, WorkspaceError> {
        file::make_folder(root, PRIVATE).map_err(WorkspaceError::at(PRIVATE))?;
        let mut file = opened(root).map_err(WorkspaceError::at(INDEX))?;
        let begun = Clock(&file).now().map_err(WorkspaceError::at(INDEX))?;
        let mut entries = Vec::new();
        let limit = u64::try_from(MAX_BYTES).unwrap_or(u64::MAX);
        let read = (&mut file).take(limit).read_to_end(&mut entries);
        read.map_err(WorkspaceError::at(INDEX))?;
        if !is_whole(&entries) {
            entries.clear();
        }
        let hasher = RandomState::new();
        let known = places(&entries, &hasher);
        Ok(Self { entries, known, hasher, file, begun })
    }

    /// What is known of the file at `path`.
    pub(super) fn get(&self, path: &str) -> Option<Entry> {
        let place = *self.known.get(&self.hasher.hash_one(path.as_bytes()))?;
        let (found, entry) = Entry::read(&mut self.entries.get(place..)?)?;
        (found == path.as_bytes()).then_some(entry)
    }

    /// What the file system's clock says.
    pub(super) fn clock(&self) -> Clock<'_> {
        Clock(&self.file)
    }

    /// Keeps what `files` hold, so many of which were `recalled` and `read`.
    pub(super) fn keep(
        mut self,
        files: &[Met],
        recalled: usize,
        read: usize,
    ) -> Result<(), WorkspaceError> {
        if read == 0 && recalled == self.known.len() {
            return Ok(());
        }
        let mut text = MAGIC.to_vec();
        for met in files.iter().filter(|met| self.is_settled(met)) {
            let entry = Entry { stamp: met.stamp, hash: met.digest.bytes() };
            entry.write(met.path.as_str().as_bytes(), &mut text);
        }
        text.extend(sum(&text));
        // What a crash, or another process that writes it too, leaves of it is seen, and made anew.
        let length = u64::try_from(text.len()).unwrap_or(u64::MAX);
        self.file
            .rewind()
            .and_then(|()| self.file.write_all(&text))
            .and_then(|()| self.file.set_len(length))
            .map_err(WorkspaceError::at(INDEX))
    }

    /// Whether a change of this file from now on would show.
    fn is_settled(&self, met: &Met) -> bool {
        !met.is_link && met.stamp.modified < self.begun && met.stamp.changed < self.begun
    }
}

/// Opens the file of the index, and makes it if it is not there.
fn opened(root: &Dir) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false).mode(0o600);
    // Writing into what a link leads to would change a file of the workspace.
    options.custom_flags(NO_LINK);
    let file = root.open_with(INDEX, &options)?;
    match file.metadata()?.is_file() {
        true => Ok(file),
        false => Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no regular file")),
    }
}

/// Whether an index is one of this version, and undamaged.
fn is_whole(text: &[u8]) -> bool {
    text.starts_with(MAGIC)
        && text
            .split_last_chunk::<SUM_BYTES>()
            .is_some_and(|(content, found)| sum(content) == *found)
}

fn sum(content: &[u8]) -> [u8; SUM_BYTES] {
    let mut hasher = Hasher::default();
    hasher.update(content);
    hasher.finish().bytes()
}

/// Where each entry of an index begins, by the hash of its path.
fn places(text: &[u8], hasher: &RandomState) -> HashMap<u64, usize> {
    let mut places = HashMap::new();
    let content = text.len().saturating_sub(SUM_BYTES);
    let mut rest = text.get(MAGIC.len()..content).unwrap_or_default();
    loop {
        let place = content - rest.len();
        let Some((path, _)) = Entry::read(&mut rest) else { return places };
        places.entry(hasher.hash_one(path)).or_insert(place);
    }
}

impl Entry {
    fn write(&self, path: &[u8], out: &mut Vec<u8>) {
        let Stamp { size, inode, modified, changed } = self.stamp;
        out.extend(size.to_le_bytes());
        out.extend(inode.to_le_bytes());
        for moment in [modified, changed] {
            out.extend(moment.seconds.to_le_bytes());
            out.extend(moment.nanos.to_le_bytes());
        }
        out.extend(self.hash);
        out.extend(u16::try_from(path.len()).unwrap_or(u16::MAX).to_le_bytes());
        out.extend(path);
    }

    fn read<'t>(text: &mut &'t [u8]) -> Option<(&'t [u8], Self)> {
        let size = u64::from_le_bytes(take(text)?);
        let inode = u64::from_le_bytes(take(text)?);
        let modified = moment(text)?;
        let changed = moment(text)?;
        let hash = take(text)?;
        let length = u16::from_le_bytes(take(text)?);
        let (path, rest) = text.split_at_checked(length.into())?;
        *text = rest;
        Some((path, Self { stamp: Stamp { size, inode, modified, changed }, hash }))
    }
}

fn moment(text: &mut &[u8]) -> Option<Moment> {
    let seconds = i64::from_le_bytes(take(text)?);
    Some(Moment { seconds, nanos: u32::from_le_bytes(take(text)?) })
}

fn take<const N: usize>(text: &mut &[u8]) -> Option<[u8; N]> {
    let (taken, rest) = text.split_first_chunk::<N>()?;
    *text = rest;
    Some(*taken)
}

#[cfg(test)]
mod tests {
    use super::*;
    use cap_std::ambient_authority;
    use lorch_types::Digest;

    /// What the file system's clock says is made up here: on many it is too fine for two changes to
    /// get the same time.
    #[test]
    fn what_changed_when_the_snapshot_began_or_later_is_not_kept() {
        let folder = tempfile::tempdir().unwrap();
        let root = Dir::open_ambient_dir(folder.path(), ambient_authority()).unwrap();
        let index = Index::open(&root).unwrap();
        let begun = index.begun;
        let before = Moment { seconds: begun.seconds - 1, ..begun };
        let after = Moment { seconds: begun.seconds + 1, ..begun };
        let met = |path: &str, modified, changed| Met {
            path: path.parse().unwrap(),
            stamp: Stamp { size: 1, inode: 1, modified, changed },
            digest: Digest::of_bytes(path.as_bytes()),
            is_link: path == "link",
        };
        let files = [
            met("kept", before, before),
            met("changed", before, begun),
            met("modified", begun, before),
            met("later", before, after),
            met("link", before, before),
        ];
        index.keep(&files, 0, files.len()).unwrap();
        let index = Index::open(&root).unwrap();
        let known: Vec<bool> =
            files.iter().map(|it| index.get(it.path.as_str()).is_some()).collect();
        assert_eq!(known, [true, false, false, false, false]);
        let kept = index.get("kept").unwrap();
        assert_eq!((kept.stamp, kept.hash), (files[0].stamp, files[0].digest.bytes()));
    }
}
