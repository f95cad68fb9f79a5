//! The workspace: the folder that steps read and write in, and nothing beyond it.
//!
//! A [`FilePath`] is a name that cannot leave the folder by itself; [`Workspace`] opens it beneath a
//! handle of the folder, so that a symbolic link cannot lead out either, whenever it was put there.

mod path;

use std::io::{self, Read, Write};
use std::path::{Component, Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use cap_std::ambient_authority;
use cap_std::fs::{Dir, File, MetadataExt, OpenOptions, OpenOptionsExt};
use lorch_types::job::{ErrorCode, ErrorInfo};
use rustix::fs::{Mode, OFlags, fchmod};

pub use path::{FilePath, InvalidPath};

/// A handle of the folder that steps read and write in.
#[derive(Debug)]
pub struct Workspace {
    root: PathBuf,
    dir: Dir,
}

/// Why a file of the workspace could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum WorkspaceError {
    /// The path is none that could lie in the workspace.
    #[error(transparent)]
    Invalid(#[from] InvalidPath),
    /// A symbolic link on the way leads out of the workspace.
    #[error("`{path}` leads out of the workspace")]
    Outside {
        /// The path.
        path: FilePath,
    },
    /// lorch's own folder and configuration are not for steps to write.
    #[error("`{path}` belongs to lorch itself, and steps do not write there")]
    Reserved {
        /// The path.
        path: FilePath,
    },
    /// lorch's own folder is not for steps to read.
    #[error("`{path}` belongs to lorch itself, and steps do not read there")]
    Private {
        /// The path.
        path: FilePath,
    },
    /// A program that the configuration allows is not for steps to change.
    #[error("`{path}` is a program that lorch.toml allows, and steps do not write it")]
    Program {
        /// The path.
        path: FilePath,
    },
    /// What is there already is no regular file.
    #[error("`{path}` is {found}, and only a regular file is replaced")]
    NotReplaced {
        /// The path.
        path: FilePath,
        /// What is there.
        found: &'static str,
    },
    /// There is nothing of this name.
    #[error("there is no `{path}` in the workspace")]
    NotFound {
        /// The path.
        path: FilePath,
    },
    /// It is a folder, a pipe or a device.
    #[error("`{path}` is no regular file")]
    NotAFile {
        /// The path.
        path: FilePath,
    },
    /// It is larger than what may be read.
    #[error("`{path}` is larger than the limit of {limit} bytes")]
    TooLarge {
        /// The path.
        path: FilePath,
        /// The limit in bytes.
        limit: usize,
    },
    /// The operating system refused.
    #[error("`{path}`: {source}")]
    Io {
        /// The path.
        path: FilePath,
        /// Its reason.
        source: io::Error,
    },
}

impl Workspace {
    /// The workspace at `root`.
    ///
    /// # Errors
    /// When `root` is no folder that can be opened.
    pub fn open(root: &Path) -> io::Result<Self> {
        let root = root.canonicalize()?;
        let dir = Dir::open_ambient_dir(&root, ambient_authority())?;
        Ok(Self { root, dir })
    }

    /// Where the folder was when it was opened.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The bytes of a file, `limit` of them at most.
    ///
    /// # Errors
    /// When it is not there, leads out, is no regular file, or is larger than `limit`.
    pub fn read(&self, path: &FilePath, limit: usize) -> Result<Vec<u8>, WorkspaceError> {
        let file = self.open_file(path)?;
        let mut bytes = Vec::new();
        let bound = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
        file.take(bound).read_to_end(&mut bytes).map_err(|error| failure(path, error))?;
        if bytes.len() > limit {
            return Err(WorkspaceError::TooLarge { path: path.clone(), limit });
        }
        Ok(bytes)
    }

    /// A regular file, to be read piece by piece.
    ///
    /// # Errors
    /// When it is not there, leads out, or is no regular file.
    pub fn reader(&self, path: &FilePath) -> Result<impl Read + use<>, WorkspaceError> {
        self.open_file(path)
    }

    /// Whether a file can be opened to be read.
    ///
    /// # Errors
    /// Why it cannot.
    pub fn check_file(&self, path: &FilePath) -> Result<(), WorkspaceError> {
        self.open_file(path).map(drop)
    }

    /// Whether a file could be written: the part of the way that exists stays inside, and what is
    /// there already is a regular file.
    ///
    /// # Errors
    /// When a link leads out, the place belongs to lorch, or something else is there.
    pub fn check_writable(&self, path: &FilePath) -> Result<(), WorkspaceError> {
        self.check_place(path)?;
        self.replaced(path).map(drop)
    }

    /// Whether the place of a file is one where steps write.
    fn check_place(&self, path: &FilePath) -> Result<(), WorkspaceError> {
        let mut known = path.parent();
        while let Some(folder) = known {
            match self.dir.canonicalize(folder) {
                Ok(real) => return refuse_reserved(path, &real),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    known = Path::new(folder).parent().and_then(Path::to_str);
                }
                Err(error) => return Err(failure(path, error)),
            }
        }
        refuse_reserved(path, Path::new(""))
    }

    /// What a file at `path` would replace: a regular file with these permissions, or nothing.
    fn replaced(&self, path: &FilePath) -> Result<Option<Mode>, WorkspaceError> {
        let metadata = match self.dir.symlink_metadata(path.as_str()) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            metadata => metadata.map_err(|error| failure(path, error))?,
        };
        let kind = metadata.file_type();
        let found = if kind.is_file() {
            return Ok(Some(Mode::from_raw_mode(metadata.mode()) & Mode::from_raw_mode(0o777)));
        } else if kind.is_dir() {
            "a folder"
        } else if kind.is_symlink() {
            "a symbolic link"
        } else {
            "a pipe, socket or device"
        };
        Err(WorkspaceError::NotReplaced { path: path.clone(), found })
    }

    /// Writes a file so that anyone sees either the old one or the whole new one, also after a
    /// power cut. A file that is replaced hands on its permissions; folders on the way are made.
    ///
    /// # Errors
    /// As for [`Workspace::check_writable`], and when the operating system refuses.
    pub fn write(&self, path: &FilePath, bytes: &[u8]) -> Result<(), WorkspaceError> {
        self.check_place(path)?;
        let mode = self.replaced(path)?;
        let folder = self.folder_of(path).map_err(|error| failure(path, error))?;
        let temporary = temporary_name();
        let written = write_durably(&folder, &temporary, bytes, mode)
            .and_then(|()| folder.rename(&temporary, &folder, path.file_name()))
            .and_then(|()| sync_folder(&folder));
        written.map_err(|error| {
            // After a successful rename there is nothing of this name to remove.
            let _ = folder.remove_file(&temporary);
            failure(path, error)
        })
    }

    /// The folder at `path` as a path for a child process, checked to lie inside.
    ///
    /// # Errors
    /// When it is not there, is no folder, or leads out.
    pub fn folder(&self, path: &FilePath) -> Result<PathBuf, WorkspaceError> {
        let real = self.dir.canonicalize(path.as_str()).map_err(|error| failure(path, error))?;
        self.dir.open_dir(&real).map_err(|error| failure(path, error))?;
        Ok(self.root.join(real))
    }

    /// The file at `path` as a path for a child process, checked to lie inside.
    ///
    /// # Errors
    /// When it is not there, is no regular file, or leads out.
    pub fn file(&self, path: &FilePath) -> Result<PathBuf, WorkspaceError> {
        self.check_file(path)?;
        let real = self.dir.canonicalize(path.as_str()).map_err(|error| failure(path, error))?;
        Ok(self.root.join(real))
    }

    fn open_file(&self, path: &FilePath) -> Result<File, WorkspaceError> {
        refuse_private(path, Path::new(path.as_str()))?;
        let mut options = OpenOptions::new();
        // Opening a pipe must not wait for someone to write into it.
        options.read(true).custom_flags(OFlags::NONBLOCK.bits().cast_signed());
        let opened = self.dir.open_with(path.as_str(), &options);
        let file = opened.map_err(|error| failure(path, error))?;
        let metadata = file.metadata().map_err(|error| failure(path, error))?;
        if !metadata.is_file() {
            return Err(WorkspaceError::NotAFile { path: path.clone() });
        }
        let real = self.dir.canonicalize(path.as_str()).map_err(|error| failure(path, error))?;
        refuse_private(path, &real)?;
        Ok(file)
    }

    fn folder_of(&self, path: &FilePath) -> io::Result<Dir> {
        let Some(parent) = path.parent() else { return self.dir.try_clone() };
        match self.dir.open_dir(parent) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                self.dir.create_dir_all(parent)?;
                self.dir.open_dir(parent)
            }
            opened => opened,
        }
    }
}

fn write_durably(folder: &Dir, name: &str, bytes: &[u8], mode: Option<Mode>) -> io::Result<()> {
    let mut file = folder.open_with(name, OpenOptions::new().write(true).create_new(true))?;
    if let Some(mode) = mode {
        fchmod(&file, mode)?;
    }
    file.write_all(bytes)?;
    file.sync_all()
}

fn sync_folder(folder: &Dir) -> io::Result<()> {
    // The handle may be one that only names the folder; syncing needs one that is open.
    folder.open(".")?.sync_all()
}

fn temporary_name() -> String {
    static COUNTER: AtomicU64 = AtomicU64::new(0);
    let count = COUNTER.fetch_add(1, Ordering::Relaxed);
    format!(".lorch-tmp-{}-{count}", std::process::id())
}

/// lorch's own folder, and the configuration.
const OWN_FOLDER: &str = ".lorch";
const OWN: [&str; 2] = [OWN_FOLDER, "lorch.toml"];

/// Refuses what would let a step change its own permissions or records; `folder` is the real one.
fn refuse_reserved(path: &FilePath, folder: &Path) -> Result<(), WorkspaceError> {
    let target = folder.join(path.file_name());
    // The path as it is written counts too: not all of its folders need be there yet.
    let own = begins_with(&target, &OWN) || begins_with(Path::new(path.as_str()), &OWN);
    if own { Err(WorkspaceError::Reserved { path: path.clone() }) } else { Ok(()) }
}

/// Refuses what would let a step read the records of runs, and tables past the data plane.
fn refuse_private(path: &FilePath, real: &Path) -> Result<(), WorkspaceError> {
    let own = begins_with(real, &[OWN_FOLDER]);
    if own { Err(WorkspaceError::Private { path: path.clone() }) } else { Ok(()) }
}

/// Whether the first name of `path` is one of `names`. On file systems that ignore case `.LORCH` is
/// the same folder.
fn begins_with(path: &Path, names: &[&str]) -> bool {
    let mut components = path.components();
    let first = components.find(|component| matches!(component, Component::Normal(_)));
    first.is_some_and(|first| names.iter().any(|name| first.as_os_str().eq_ignore_ascii_case(name)))
}

fn failure(path: &FilePath, source: io::Error) -> WorkspaceError {
    let path = path.clone();
    match source.kind() {
        io::ErrorKind::NotFound => WorkspaceError::NotFound { path },
        // An escape is found by cap-std, not by the operating system, and so has no number.
        io::ErrorKind::PermissionDenied if source.raw_os_error().is_none() => {
            WorkspaceError::Outside { path }
        }
        _ => WorkspaceError::Io { path, source },
    }
}

impl WorkspaceError {
    /// The stable code of this error.
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::Invalid(_) => ErrorCode::InvalidParams,
            Self::Outside { .. }
            | Self::Reserved { .. }
            | Self::Private { .. }
            | Self::Program { .. } => ErrorCode::Denied,
            Self::NotFound { .. } => ErrorCode::NotFound,
            Self::TooLarge { .. } => ErrorCode::OutputTooLarge,
            Self::NotAFile { .. } | Self::NotReplaced { .. } | Self::Io { .. } => ErrorCode::Io,
        }
    }
}

impl From<WorkspaceError> for ErrorInfo {
    fn from(error: WorkspaceError) -> Self {
        error.code().error(error.to_string())
    }
}
