//! Files of a workspace: opened beneath its handle, for their owner alone, and made durable.

use std::io::{self, Read, Write};
use std::path::Path;

use cap_std::ambient_authority;
use cap_std::fs::{Dir, DirBuilder, DirBuilderExt, File, OpenOptions, OpenOptionsExt};
use fail::fail_point;
use lorch_types::agent::AgentRunId;
use rustix::fs::{OFlags, RenameFlags, renameat_with};
use rustix::io::Errno;
use rustix::process::{Pid, test_kill_process};

/// The folder of ledgers and their chains.
pub(crate) const EVENTS: &str = "events";
/// The folder of what is derived from ledgers.
pub(crate) const STATE: &str = "state";
/// The folder of receipts, one for each task in it.
pub(crate) const RECEIPTS: &str = "receipts";
/// The folder of snapshots.
pub(crate) const SNAPSHOTS: &str = "snapshots";
/// The folder of what agents log.
pub(crate) const LOGS: &str = "logs";
/// The file that says how far the last ledger was when it was last settled.
pub(crate) const HEAD: &str = "state/ledger-head.json";

/// The file that says how far the last run is.
pub(crate) const RUN_STATE: &str = "state/run.json";
/// The folder of what nobody but lorch reads.
pub(crate) const PRIVATE: &str = ".lorch";
/// The file that the owner of the workspace has locked.
pub(crate) const LOCK: &str = ".lorch/agents.lock";

/// The file that everything has locked which has an agent in the workspace.
pub(crate) const AGENTS: &str = ".lorch/agents.present";

/// Keeps the opening of a pipe from waiting for its other end.
const NONBLOCK: i32 = OFlags::NONBLOCK.bits().cast_signed();

/// The workspace in the folder at `path`: everything of it is opened beneath this handle, so that no
/// link leads out.
///
/// # Errors
/// When there is no such folder.
pub fn open_workspace(path: &Path) -> io::Result<Dir> {
    let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
    Dir::open_ambient_dir(path, ambient_authority())
}

/// The path of the ledger of a run.
pub(crate) fn ledger_path(run: &AgentRunId) -> String {
    format!("{EVENTS}/{run}.ndjson")
}

/// The path of the chain of a run's ledger.
pub(crate) fn chain_path(run: &AgentRunId) -> String {
    format!("{EVENTS}/{run}.chain.ndjson")
}

/// Makes the folder `name`, unless it is there.
pub(crate) fn make_folder(root: &Dir, name: &str) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.mode(0o700);
    match root.create_dir_with(name, &builder) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        outcome => outcome.and_then(|()| sync_folder(root, ".")),
    }
}

/// Opens a file to read it and to write at its end, and makes it if it is not there.
pub(crate) fn open(root: &Dir, path: &str) -> io::Result<File> {
    root.open_with(path, OpenOptions::new().read(true).append(true).create(true).mode(0o600))
}

/// Opens a file to read it; `None` when there is none.
///
/// # Errors
/// When it cannot be opened, or is no regular file: a pipe would never end.
pub(crate) fn open_to_read(root: &Dir, path: &str) -> io::Result<Option<File>> {
    let mut options = OpenOptions::new();
    options.read(true).custom_flags(NONBLOCK);
    match root.open_with(path, &options) {
        Ok(file) if file.metadata()?.is_file() => Ok(Some(file)),
        Ok(_) => Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no regular file")),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// The bytes of a file, `limit` of them at most; `None` when there is none.
pub(crate) fn read(root: &Dir, path: &str, limit: usize) -> io::Result<Option<Vec<u8>>> {
    let Some(file) = open_to_read(root, path)? else { return Ok(None) };
    let mut bytes = Vec::new();
    let bound = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    file.take(bound).read_to_end(&mut bytes)?;
    if bytes.len() > limit {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, "it is too large"));
    }
    Ok(Some(bytes))
}

/// Makes `bytes` the content of a file, all at once: a crash leaves the old content or the new.
pub(crate) fn replace(root: &Dir, folder: &str, path: &str, bytes: &[u8]) -> io::Result<()> {
    let beside = format!("{path}.new");
    write_new(root, &beside, bytes)?.sync_all()?;
    fail_point!("file-replaced-before");
    root.rename(&beside, root, path)?;
    sync_folder(root, folder)
}

/// The same for a file that is not there yet.
///
/// # Errors
/// [`io::ErrorKind::AlreadyExists`] when it is; it stays as it is then.
pub(crate) fn create(root: &Dir, folder: &str, path: &str, bytes: &[u8]) -> io::Result<()> {
    let beside = beside(path);
    write_new(root, &beside, bytes)?.sync_all()?;
    place(root, &beside, path)?;
    sync_folder(root, folder)
}

/// The same without making it durable; [`sync`] does.
pub(crate) fn create_lazily(root: &Dir, path: &str, bytes: &[u8]) -> io::Result<()> {
    let beside = beside(path);
    write_new(root, &beside, bytes)?;
    place(root, &beside, path)
}

/// Makes a file durable, and that it is there.
pub(crate) fn sync(root: &Dir, folder: &str, path: &str) -> io::Result<()> {
    root.open(path)?.sync_all()?;
    sync_folder(root, folder)
}

/// Removes what processes that are no more left beside the files of a folder.
pub(crate) fn sweep(root: &Dir, folder: &str) -> io::Result<()> {
    let entries = match root.read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    for entry in entries {
        let name = entry?.file_name();
        let Some(name) = name.to_str().filter(|name| is_left(name)) else { continue };
        match root.remove_file(format!("{folder}/{name}")) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

/// Whether a file is one that a process makes beside another, and that process is no more.
fn is_left(name: &str) -> bool {
    let pid = name.strip_suffix(".new").and_then(|name| name.rsplit_once('.')).map(|(_, pid)| pid);
    let pid = pid.and_then(|pid| pid.parse().ok()).and_then(Pid::from_raw);
    pid.is_some_and(|pid| test_kill_process(pid) == Err(Errno::SRCH))
}

/// Two processes may make the same file.
fn beside(path: &str) -> String {
    format!("{path}.{}.new", std::process::id())
}

/// Gives a file its name, unless another has it.
fn place(root: &Dir, beside: &str, path: &str) -> io::Result<()> {
    fail_point!("file-created-before");
    let moved = renameat_with(root, beside, root, path, RenameFlags::NOREPLACE);
    if let Err(error) = moved {
        root.remove_file(beside)?;
        return Err(error.into());
    }
    Ok(())
}

/// Writes `bytes` into a new file.
fn write_new(root: &Dir, path: &str, bytes: &[u8]) -> io::Result<File> {
    // What a crash left is made anew: writing into it could change what it is linked to.
    match root.remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut options = OpenOptions::new();
    let mut file = root.open_with(path, options.write(true).create_new(true).mode(0o600))?;
    file.write_all(bytes)?;
    Ok(file)
}

/// Makes durable which files a folder has.
pub(crate) fn sync_folder(root: &Dir, folder: &str) -> io::Result<()> {
    // The handle may be one that only names the folder; syncing needs one that is open.
    root.open_dir(folder)?.open(".")?.sync_all()
}
