//! Files of a workspace: opened beneath its handle, for their owner alone, and made durable.

use std::io::{self, Write};
use std::path::Path;

use cap_std::ambient_authority;
use cap_std::fs::{Dir, DirBuilder, DirBuilderExt, File, OpenOptions, OpenOptionsExt};
use lorch_types::agent::AgentRunId;

/// The folder of ledgers and their chains.
pub(crate) const EVENTS: &str = "events";
/// The folder of what is derived from ledgers.
pub(crate) const STATE: &str = "state";
/// The file that says how far the last ledger was when it was last settled.
pub(crate) const HEAD: &str = "state/ledger-head.json";

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

/// Makes `bytes` the content of a file, all at once: a crash leaves the old content or the new.
pub(crate) fn replace(root: &Dir, folder: &str, path: &str, bytes: &[u8]) -> io::Result<()> {
    let beside = format!("{path}.new");
    let mut options = OpenOptions::new();
    let mut file =
        root.open_with(&beside, options.write(true).create(true).truncate(true).mode(0o600))?;
    file.write_all(bytes)?;
    file.sync_all()?;
    root.rename(&beside, root, path)?;
    sync_folder(root, folder)
}

/// Makes durable which files a folder has.
pub(crate) fn sync_folder(root: &Dir, folder: &str) -> io::Result<()> {
    // The handle may be one that only names the folder; syncing needs one that is open.
    root.open_dir(folder)?.open(".")?.sync_all()
}
