//! What files hold: read beneath the workspace's handle, and again when they change meanwhile.

use std::io::{self, Read as _};

use cap_std::fs::{Dir, OpenOptions, OpenOptionsExt};
use lorch_types::{Digest, Hasher};
use rustix::fs::{FileType, OFlags, Stat, fstat};

/// How much of a file is read at once.
const PIECE_BYTES: usize = 128 * 1024;
/// How often a file is read that changes while it is being read.
const MAX_READS: u32 = 5;
/// No link is followed in the place of the file, and no pipe is waited for.
const FLAGS: i32 = OFlags::NOFOLLOW.union(OFlags::NONBLOCK).bits().cast_signed();

/// What a file holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Content {
    pub(crate) digest: Digest,
    pub(crate) stamp: Stamp,
}

/// What the file system says of a file without reading it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    pub(crate) size: u64,
    pub(crate) inode: u64,
    /// When its content was last changed, as far as its owner says.
    pub(crate) modified: Moment,
    /// When anything of it was last changed; nobody can set this one.
    pub(crate) changed: Moment,
}

/// A moment of the file system's clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Moment {
    pub(crate) seconds: i64,
    pub(crate) nanos: u32,
}

/// Why the content of a file is not known.
#[derive(Debug, thiserror::Error)]
pub enum Unread {
    /// It is neither a file nor a folder nor a link.
    #[error("it is a {0}, which has no content to record")]
    Special(&'static str),
    /// Its name cannot stand in a document.
    #[error(
        "its name cannot stand in a document: it is no UTF-8, has control characters, or its path \
         has more than 1,024 characters"
    )]
    Name,
    /// It was changed each time that it was read.
    #[error("it changed each of the {MAX_READS} times that it was read")]
    Changing,
    /// It cannot be read.
    #[error("it cannot be read: {0}")]
    Io(#[from] io::Error),
}

/// Reads files one after the other.
pub(crate) struct Reader<'r> {
    root: &'r Dir,
    piece: Vec<u8>,
}

impl<'r> Reader<'r> {
    pub(crate) fn new(root: &'r Dir) -> Self {
        Self { root, piece: vec![0; PIECE_BYTES] }
    }

    /// What the regular file at `path` holds; `None` when there is none any more.
    pub(crate) fn file(&mut self, path: &str) -> Result<Option<Content>, Unread> {
        for _ in 0..MAX_READS {
            match self.once(path) {
                Ok(None) => {}
                Ok(Some(content)) => return Ok(Some(content)),
                Err(Unread::Io(error)) if error.kind() == io::ErrorKind::NotFound => {
                    return Ok(None);
                }
                Err(error) => return Err(error),
            }
        }
        Err(Unread::Changing)
    }

    /// Reads it once; `None` when it changed meanwhile.
    fn once(&mut self, path: &str) -> Result<Option<Content>, Unread> {
        let mut options = OpenOptions::new();
        let mut file = self.root.open_with(path, options.read(true).custom_flags(FLAGS))?;
        let before = fstat(&file).map_err(io::Error::from)?;
        if let Some(what) = special(FileType::from_raw_mode(before.st_mode)) {
            return Err(Unread::Special(what));
        }
        let stamp = Stamp::of(&before);
        let mut hasher = Hasher::default();
        let mut size = 0;
        loop {
            match file.read(&mut self.piece) {
                Ok(0) => break,
                Ok(count) => {
                    hasher.update(self.piece.get(..count).unwrap_or_default());
                    size += u64::try_from(count).unwrap_or(u64::MAX);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
        let after = Stamp::of(&fstat(&file).map_err(io::Error::from)?);
        let is_whole = stamp == after && stamp.size == size;
        Ok(is_whole.then(|| Content { digest: hasher.finish(), stamp }))
    }
}

impl Stamp {
    pub(crate) fn of(stat: &Stat) -> Self {
        let moment = |seconds, nanos| Moment { seconds, nanos: u32::try_from(nanos).unwrap_or(0) };
        Self {
            size: u64::try_from(stat.st_size).unwrap_or(0),
            inode: stat.st_ino,
            modified: moment(stat.st_mtime, stat.st_mtime_nsec),
            changed: moment(stat.st_ctime, stat.st_ctime_nsec),
        }
    }
}

/// The digest and size of a link: those of its text, wherever it leads.
pub(crate) fn link(text: &[u8]) -> (Digest, u64) {
    (Digest::of_bytes(text), u64::try_from(text.len()).unwrap_or(u64::MAX))
}

/// What to call something that is neither a file nor a link; `None` for what has content.
pub(crate) fn special(file: FileType) -> Option<&'static str> {
    match file {
        FileType::RegularFile | FileType::Symlink => None,
        FileType::Directory => Some("folder"),
        FileType::Fifo => Some("pipe"),
        FileType::Socket => Some("socket"),
        FileType::CharacterDevice | FileType::BlockDevice => Some("device"),
        FileType::Unknown => Some("thing of an unknown kind"),
    }
}
