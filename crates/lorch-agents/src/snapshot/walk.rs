//! Finds the files of the configured folders: every folder is opened beneath the one that it was found
//! in, never through a link.

use std::collections::BTreeSet;
use std::ffi::{CStr, CString};
use std::fs::File;
use std::io::{self, Read as _};
use std::num::NonZeroUsize;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;

use cap_std::fs::Dir;
use lorch_types::Digest;
use lorch_types::agent::WorkspacePath;
use rustix::fs::{self as sys, AtFlags, FileType, Mode, OFlags};
use rustix::io::Errno;

use super::index::Index;
use super::queue::{BATCH, Batch, Folder, Queue, Work};
use super::rules::{GITIGNORE, Rules, Scope};
use super::{Met, Refusal};
use crate::content::{Content, Reader, Stamp, Unread, link, special};
use crate::error::WorkspaceError;

/// How many bytes of a `.gitignore` file are read.
const MAX_GITIGNORE_BYTES: u64 = 1024 * 1024;
/// How a folder is opened.
const FOLDER: OFlags =
    OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

/// What was found, in no order.
#[derive(Default)]
pub(super) struct Walked {
    pub(super) files: Vec<Met>,
    pub(super) refused: Vec<Refusal>,
    /// How many files the index knew as they are.
    pub(super) recalled: usize,
    /// How many were read.
    pub(super) read: usize,
}

/// Finds all files beneath `roots`, and reads those that `index` does not know as they are.
pub(super) fn walk(
    root: &Dir,
    roots: &[WorkspacePath],
    rules: &Rules,
    index: &Index,
    threads: NonZeroUsize,
) -> Result<Walked, WorkspaceError> {
    let queue = Queue::default();
    let mut first = Walker::new(rules, index, &queue);
    for place in outermost(roots) {
        first.start(root, place).map_err(WorkspaceError::at(place.as_str()))?;
    }
    std::thread::scope(|scope| {
        let others: Vec<_> = (1..threads.get())
            .map(|_| scope.spawn(|| Walker::new(rules, index, &queue).work()))
            .collect();
        let mut walked = first.work();
        for other in others {
            walked.add(other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        }
        Ok(walked)
    })
}

/// The roots that lie in no other one.
fn outermost(roots: &[WorkspacePath]) -> BTreeSet<&WorkspacePath> {
    let lies_in = |inner: &str, outer: &str| {
        inner.strip_prefix(outer).is_some_and(|rest| rest.starts_with('/'))
    };
    let is_inner =
        |root: &&WorkspacePath| roots.iter().any(|it| lies_in(root.as_str(), it.as_str()));
    roots.iter().filter(|root| !is_inner(root)).collect()
}

struct Walker<'w> {
    rules: &'w Rules,
    index: &'w Index,
    queue: &'w Queue,
    reader: Reader<'w>,
    found: Walked,
    /// The path that is looked at, whose memory is used again.
    path: String,
}

/// Where something was found: the folder, its path with a `/` behind it, and what is said of it.
#[derive(Clone, Copy)]
struct Within<'w> {
    folder: &'w Arc<OwnedFd>,
    path: &'w str,
    scope: &'w Scope,
}

impl<'w> Walker<'w> {
    fn new(rules: &'w Rules, index: &'w Index, queue: &'w Queue) -> Self {
        let reader = Reader::among_writers(index.begun, index.clock());
        Self { rules, index, queue, reader, found: Walked::default(), path: String::new() }
    }

    /// Does what there is to do, until all is done.
    fn work(mut self) -> Walked {
        while let Some(turn) = self.queue.take() {
            match &turn.work {
                Work::Folder(folder) => self.folder(folder),
                Work::Files(batch) => self.read(batch),
            }
        }
        self.found
    }

    /// Begins with the root `place`: nothing happens when it is not there.
    fn start(&mut self, root: &Dir, place: &WorkspacePath) -> io::Result<()> {
        let mut folder = Arc::new(root.as_fd().try_clone_to_owned()?);
        let (mut path, mut scope) = (String::new(), Scope::default());
        let mut segments = place.as_str().split('/').peekable();
        while let Some(segment) = segments.next() {
            scope = self.scope(&folder, &path, &scope)?;
            let name = CString::new(segment)?;
            if segments.peek().is_none() {
                let within = Within { folder: &folder, path: &path, scope: &scope };
                let mut batch = Vec::new();
                self.meet(within, &name, FileType::Unknown, &mut batch);
                self.queue.read(within.folder, batch);
                return Ok(());
            }
            path.push_str(segment);
            if self.rules.leaves_out(&path, true, &scope) {
                return Ok(());
            }
            path.push('/');
            folder = match sys::openat(&folder, &name, FOLDER, Mode::empty()) {
                Err(Errno::NOENT) => return Ok(()),
                opened => Arc::new(opened?),
            };
        }
        Ok(())
    }

    /// Looks at everything in a folder.
    fn folder(&mut self, folder: &Folder) {
        match self.entries(folder) {
            // It has gone since it was found.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => self.refuse(folder.path.trim_end_matches('/'), error.into()),
            Ok(()) => {}
        }
    }

    fn entries(&mut self, folder: &Folder) -> io::Result<()> {
        let opened = sys::openat(&folder.within, &folder.name, FOLDER, Mode::empty())?;
        let opened = Arc::new(opened);
        let scope = self.scope(&opened, &folder.path, &folder.scope)?;
        let within = Within { folder: &opened, path: &folder.path, scope: &scope };
        let mut batch = Vec::new();
        for entry in sys::Dir::read_from(&opened)? {
            let entry = entry?;
            if !Rules::leaves_out_name(entry.file_name().to_bytes()) {
                self.meet(within, entry.file_name(), entry.file_type(), &mut batch);
            }
            if batch.len() == BATCH {
                self.queue.read(within.folder, std::mem::take(&mut batch));
            }
        }
        self.queue.read(within.folder, batch);
        Ok(())
    }

    /// What is said of the content of a folder.
    fn scope(&self, folder: &OwnedFd, path: &str, above: &Scope) -> io::Result<Scope> {
        if !self.rules.honours_git() {
            return Ok(above.clone());
        }
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file = match sys::openat(folder, GITIGNORE, flags, Mode::empty()) {
            // Git follows no link here either.
            Err(Errno::NOENT | Errno::LOOP) => return Ok(above.clone()),
            opened => File::from(opened?),
        };
        if !file.metadata()?.is_file() {
            return Ok(above.clone());
        }
        let mut text = Vec::new();
        file.take(MAX_GITIGNORE_BYTES).read_to_end(&mut text)?;
        above.within(path.trim_end_matches('/'), &text)
    }

    /// Takes what is called `name`, and is of this type as far as the folder knows. What has to be read
    /// goes to `batch`.
    fn meet(
        &mut self,
        within: Within<'_>,
        name: &CStr,
        file_type: FileType,
        batch: &mut Vec<WorkspacePath>,
    ) {
        let mut path = std::mem::take(&mut self.path);
        path.clear();
        path.push_str(within.path);
        path.push_str(&name.to_string_lossy());
        match self.take(within, name, file_type, &path, batch) {
            // It has gone since the folder named it.
            Err(Unread::Io(error)) if error.kind() == io::ErrorKind::NotFound => {}
            Err(reason) => self.refuse(&path, reason),
            Ok(()) => {}
        }
        self.path = path;
    }

    fn take(
        &mut self,
        within: Within<'_>,
        name: &CStr,
        file_type: FileType,
        path: &str,
        batch: &mut Vec<WorkspacePath>,
    ) -> Result<(), Unread> {
        let stat = || sys::statat(within.folder, name, AtFlags::SYMLINK_NOFOLLOW);
        let file_type = match file_type {
            FileType::Unknown => FileType::from_raw_mode(stat().map_err(io::Error::from)?.st_mode),
            known => known,
        };
        if self.rules.leaves_out(path, file_type == FileType::Directory, within.scope) {
            return Ok(());
        }
        let is_text = name.to_str().is_ok();
        let path: WorkspacePath = path.parse().ok().filter(|_| is_text).ok_or(Unread::Name)?;
        match file_type {
            FileType::Directory => self.queue.look_into(Folder {
                within: Arc::clone(within.folder),
                name: name.to_owned(),
                path: format!("{path}/"),
                scope: within.scope.clone(),
            }),
            FileType::RegularFile => match self.recalled(&path, stat)? {
                Some((stamp, digest)) => {
                    self.found.recalled += 1;
                    self.found.add_file(path, stamp, digest);
                }
                None => batch.push(path),
            },
            FileType::Symlink => {
                let text =
                    sys::readlinkat(within.folder, name, Vec::new()).map_err(io::Error::from)?;
                let (digest, size) = link(text.to_bytes());
                let stamp = Stamp { size, ..Stamp::of(&stat().map_err(io::Error::from)?) };
                self.found.files.push(Met { path, stamp, digest, is_link: true });
            }
            other => return special(other).map_or(Ok(()), |what| Err(Unread::Special(what))),
        }
        Ok(())
    }

    /// What the index knows of a file that is still as it was.
    fn recalled(
        &self,
        path: &WorkspacePath,
        stat: impl Fn() -> Result<sys::Stat, Errno>,
    ) -> io::Result<Option<(Stamp, Digest)>> {
        let Some(entry) = self.index.get(path.as_str()) else { return Ok(None) };
        let stamp = Stamp::of(&stat()?);
        Ok((entry.stamp == stamp).then(|| (stamp, Digest::of_hash(entry.hash))))
    }

    fn read(&mut self, batch: &Batch) {
        for path in &batch.files {
            let name = path.as_str().rsplit('/').next().unwrap_or_default();
            self.found.read += 1;
            match self.reader.file(batch.within.as_fd(), name) {
                Ok(Some(Content { digest, stamp })) => {
                    self.found.add_file(path.clone(), stamp, digest);
                }
                // It has gone since the folder named it.
                Ok(None) => {}
                Err(reason) => self.refuse(path.as_str(), reason),
            }
        }
    }

    fn refuse(&mut self, path: &str, reason: Unread) {
        self.found.refused.push(Refusal { path: path.to_owned(), reason });
    }
}

impl Walked {
    fn add_file(&mut self, path: WorkspacePath, stamp: Stamp, digest: Digest) {
        self.files.push(Met { path, stamp, digest, is_link: false });
    }

    fn add(&mut self, other: Self) {
        self.files.extend(other.files);
        self.refused.extend(other.refused);
        self.recalled += other.recalled;
        self.read += other.read;
    }
}
