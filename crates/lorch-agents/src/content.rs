//! What files hold: read beneath the handle of their folder, and again when they change meanwhile.

use std::fs::File;
use std::io::{self, Read as _};
use std::os::fd::{AsFd as _, BorrowedFd};
use std::time::Duration;

use cap_std::fs::Dir;
use lorch_types::{Digest, Hasher};
use rustix::fs::{FileType, Mode, OFlags, Stat, fstat, openat};

use crate::clock::{Clock, Moment};

/// How much of a file is read at once.
const PIECE_BYTES: usize = 128 * 1024;
/// How often a file is read that changes while it is being read.
const MAX_READS: u32 = 5;
/// How long to wait for the file system's clock to move, and how often.
const TICK: Duration = Duration::from_millis(1);
const MAX_TICKS: u32 = 50;
/// No link is followed in the place of the file, and no pipe is waited for.
const FLAGS: OFlags =
    OFlags::RDONLY.union(OFlags::NOFOLLOW).union(OFlags::NONBLOCK).union(OFlags::CLOEXEC);

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
    piece: Vec<u8>,
    /// The time before reading began, and how to tell what it is now.
    time: Option<(Moment, Clock<'r>)>,
}

impl<'r> Reader<'r> {
    /// Reads files that nobody is expected to write.
    pub(crate) fn new() -> Self {
        Self { piece: vec![0; PIECE_BYTES], time: None }
    }

    /// Reads files that others may be writing; it is `begun` now or later.
    pub(crate) fn among_writers(begun: Moment, clock: Clock<'r>) -> Self {
        Self { time: Some((begun, clock)), ..Self::new() }
    }

    /// What the regular file `name` in `folder` holds; `None` when there is none any more.
    pub(crate) fn file(
        &mut self,
        folder: BorrowedFd<'_>,
        name: &str,
    ) -> Result<Option<Content>, Unread> {
        let mut before = None;
        for _ in 0..MAX_READS {
            match self.once(folder, name) {
                Ok(Some(content)) => {
                    // Where the clock was set back, twice the same has to do.
                    if self.is_settled(&content.stamp)? || before.as_ref() == Some(&content) {
                        return Ok(Some(content));
                    }
                    before = Some(content);
                }
                Ok(None) => {}
                Err(Unread::Io(error)) if error.kind() == io::ErrorKind::NotFound => {
                    return Ok(None);
                }
                Err(error) => return Err(error),
            }
        }
        Err(Unread::Changing)
    }

    /// Whether a change of the file while it was read would have changed its stamp: not when the clock
    /// has not moved since it was changed last; then this waits until it moves.
    fn is_settled(&mut self, stamp: &Stamp) -> io::Result<bool> {
        let Some((begun, clock)) = &mut self.time else { return Ok(true) };
        if stamp.changed < *begun {
            return Ok(true);
        }
        let mut now = clock.now()?;
        for _ in 0..MAX_TICKS {
            // One that was set back is not waited for.
            if stamp.changed < now || stamp.changed.seconds > now.seconds + 1 {
                break;
            }
            std::thread::sleep(TICK);
            now = clock.now()?;
        }
        *begun = now;
        Ok(false)
    }

    /// Reads it once; `None` when it changed meanwhile.
    fn once(&mut self, folder: BorrowedFd<'_>, name: &str) -> Result<Option<Content>, Unread> {
        let file = openat(folder, name, FLAGS, Mode::empty()).map_err(io::Error::from)?;
        let before = fstat(&file).map_err(io::Error::from)?;
        if let Some(what) = special(FileType::from_raw_mode(before.st_mode)) {
            return Err(Unread::Special(what));
        }
        let stamp = Stamp::of(&before);
        let mut file = File::from(file);
        let (digest, size) = self.hash(&mut file, stamp.size)?;
        let after = Stamp::of(&fstat(&file).map_err(io::Error::from)?);
        Ok((stamp == after && stamp.size == size).then_some(Content { digest, stamp }))
    }

    /// The digest of what a file holds up to its end, or as soon as `size` bytes were read; and how
    /// many those were.
    fn hash(&mut self, file: &mut File, size: u64) -> io::Result<(Digest, u64)> {
        let mut hasher = Hasher::default();
        let mut read = 0;
        while read < size {
            match file.read(&mut self.piece) {
                Ok(0) => break,
                Ok(count) => {
                    hasher.update(self.piece.get(..count).unwrap_or_default());
                    read += u64::try_from(count).unwrap_or(u64::MAX);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok((hasher.finish(), read))
    }
}

impl Stamp {
    pub(crate) fn of(stat: &Stat) -> Self {
        Self {
            size: u64::try_from(stat.st_size).unwrap_or(0),
            inode: stat.st_ino,
            modified: Moment::modified(stat),
            changed: Moment::changed(stat),
        }
    }
}

/// The digest and size of a link: those of its text, wherever it leads.
pub(crate) fn link(text: &[u8]) -> (Digest, u64) {
    (Digest::of_bytes(text), u64::try_from(text.len()).unwrap_or(u64::MAX))
}

/// The digest and size of a file, or of the text of a link, as snapshots have it.
pub(crate) fn held(root: &Dir, path: &str) -> Result<Option<(Digest, u64)>, Unread> {
    match root.symlink_metadata(path) {
        Ok(found) if found.is_symlink() => {
            let text = root.read_link_contents(path)?;
            Ok(Some(link(text.as_os_str().as_encoded_bytes())))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        found => {
            found?;
            let (folder, name) = path.rsplit_once('/').unwrap_or((".", path));
            let content = Reader::new().file(root.open_dir(folder)?.as_fd(), name)?;
            Ok(content.map(|content| (content.digest, content.stamp.size)))
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use cap_std::ambient_authority;

    /// A change within a step of the clock leaves the stamp as it was, so one reading does not do.
    #[test]
    fn a_file_that_was_just_changed_is_read_again_when_the_clock_has_moved() {
        let folder = tempfile::tempdir().unwrap();
        let root = Dir::open_ambient_dir(folder.path(), ambient_authority()).unwrap();
        root.write("file", "content").unwrap();
        let clock = root.create("clock").unwrap();
        let content = Reader::new().file(root.as_fd(), "file").unwrap().unwrap();
        assert_eq!(content.digest, Digest::of_bytes(b"content"));
        // As if the snapshot had begun in the step of the clock in which the file was changed.
        let changed = content.stamp.changed;
        let mut reader = Reader::among_writers(changed, Clock(&clock));
        assert_eq!(reader.file(root.as_fd(), "file").unwrap().as_ref(), Some(&content));
        assert!(reader.time.is_some_and(|(begun, _)| begun > changed));
        // One from times to come, after a clock was set back: nobody waits for them.
        let later = Stamp {
            changed: Moment { seconds: changed.seconds + 1000, ..changed },
            ..content.stamp
        };
        assert!(!reader.is_settled(&later).unwrap());
        assert!(reader.time.is_some_and(|(begun, _)| begun < later.changed));
    }
}
