//! The clock of the file system, which is the one that its times come from.

use std::io;

use cap_std::fs::File;
use rustix::fs::{Stat, Timespec, Timestamps, UTIME_NOW, fstat, futimens};

/// A moment of the file system's clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Moment {
    pub(crate) seconds: i64,
    pub(crate) nanos: u32,
}

/// Tells the time by touching a file. Clocks of file systems move in steps of some milliseconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock<'f>(pub(crate) &'f File);

impl Clock<'_> {
    /// The moment that a file would get that was changed now.
    pub(crate) fn now(&self) -> io::Result<Moment> {
        let now = Timespec { tv_sec: 0, tv_nsec: UTIME_NOW };
        futimens(self.0, &Timestamps { last_access: now, last_modification: now })?;
        Ok(Moment::modified(&fstat(self.0)?))
    }
}

impl Moment {
    /// When the content of a file was last changed, as far as its owner says.
    pub(crate) fn modified(stat: &Stat) -> Self {
        Self::new(stat.st_mtime, stat.st_mtime_nsec)
    }

    /// When anything of a file was last changed; nobody can set this one.
    pub(crate) fn changed(stat: &Stat) -> Self {
        Self::new(stat.st_ctime, stat.st_ctime_nsec)
    }

    fn new(seconds: i64, nanos: impl TryInto<u32>) -> Self {
        Self { seconds, nanos: nanos.try_into().unwrap_or(0) }
    }
}
