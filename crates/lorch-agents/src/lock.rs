//! One process owns a workspace at a time.

use std::io::{self, Read as _, Seek as _, Write as _};
use std::time::{Duration, Instant};

use cap_std::fs::{Dir, File, OpenOptions, OpenOptionsExt};
use lorch_types::json::{Limits, from_value, read};
use lorch_types::{PositiveInteger, Timestamp};
use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;
use serde::{Deserialize, Serialize};

use crate::error::WorkspaceError;
use crate::file::{self, AGENTS, LOCK, PRIVATE};

/// How often it is looked whether agents have ended.
const GLANCE: Duration = Duration::from_millis(5);

/// The ownership of a workspace; it ends when this is dropped, or with the process.
#[derive(Debug)]
pub struct Lock(#[expect(dead_code, reason = "the lock is held as long as it is open")] File);

/// That agents work in a workspace, or may be about to; it ends when this is dropped, or with the
/// process. A workspace can change owners before the agents of the last one have ended.
#[derive(Debug)]
pub(crate) struct Presence(
    #[expect(dead_code, reason = "the lock is held as long as it is open")] File,
);

/// Who owns a workspace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Owner {
    /// Its process.
    pub pid: PositiveInteger,
    /// Since when.
    pub since: Timestamp,
}

/// A workspace that could not be had.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another process owns it.
    #[error("{}", held(owner.as_ref()))]
    Held {
        /// Which; `None` when it has not said so yet.
        owner: Option<Owner>,
    },
    /// Agents that an owner before has left do not end.
    #[error("agents of a process that has ended still run in this workspace")]
    Agents,
    /// The file of the lock cannot be used.
    #[error(transparent)]
    File(#[from] WorkspaceError),
}

impl Lock {
    /// Takes the workspace `root` for this process, as from `now` on.
    ///
    /// # Errors
    /// [`LockError::Held`] when another process has it: nobody waits.
    pub fn take(root: &Dir, now: Timestamp) -> Result<Self, LockError> {
        file::make_folder(root, PRIVATE).map_err(WorkspaceError::at(PRIVATE))?;
        let mut file = opened(root, LOCK).map_err(WorkspaceError::at(LOCK))?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Err(Errno::WOULDBLOCK) => return Err(LockError::Held { owner: owner(&mut file) }),
            taken => taken.map_err(io::Error::from).map_err(WorkspaceError::at(LOCK))?,
        }
        sign(&mut file, now).map_err(WorkspaceError::at(LOCK))?;
        Ok(Self(file))
    }
}

impl Lock {
    /// Waits until no agent works any more that an owner before has left; `waiting` is called when
    /// there are some.
    ///
    /// # Errors
    /// [`LockError::Agents`] when they have not ended after `patience`.
    pub fn wait_for_agents(
        &self,
        root: &Dir,
        patience: Duration,
        waiting: impl FnOnce(),
    ) -> Result<(), LockError> {
        let file = opened(root, AGENTS).map_err(WorkspaceError::at(AGENTS))?;
        let mut waiting = Some(waiting);
        let until = Instant::now() + patience;
        loop {
            match flock(&file, FlockOperation::NonBlockingLockExclusive) {
                Err(Errno::WOULDBLOCK) => {
                    waiting.take().into_iter().for_each(|waiting| waiting());
                    if Instant::now() > until {
                        return Err(LockError::Agents);
                    }
                    std::thread::sleep(GLANCE);
                }
                taken => {
                    return Ok(taken
                        .map_err(io::Error::from)
                        .map_err(WorkspaceError::at(AGENTS))?);
                }
            }
        }
    }
}

impl Presence {
    /// Tells that this process has an agent in the workspace `root`; waits while an owner makes sure
    /// that there is none.
    pub(crate) fn tell(root: &Dir) -> io::Result<Self> {
        file::make_folder(root, PRIVATE)?;
        let file = opened(root, AGENTS)?;
        flock(&file, FlockOperation::LockShared)?;
        Ok(Self(file))
    }
}

/// The file of a lock, which is made if it is not there.
fn opened(root: &Dir, path: &str) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false).mode(0o600);
    root.open_with(path, &options)
}

/// Says in the file who owns it; it stays behind, and says nothing without the lock.
fn sign(file: &mut File, since: Timestamp) -> io::Result<()> {
    let pid = PositiveInteger::new(u64::from(std::process::id())).unwrap_or(PositiveInteger::MIN);
    // Writing plain data into memory does not fail.
    let text = serde_json::to_vec(&Owner { pid, since }).unwrap_or_default();
    file.set_len(0)?;
    file.rewind()?;
    file.write_all(&text)
}

fn owner(file: &mut File) -> Option<Owner> {
    let limits = Limits { max_bytes: 1024 };
    let mut text = Vec::new();
    file.take(1024).read_to_end(&mut text).ok()?;
    from_value(&read(&text, limits).ok()?).ok()
}

fn held(owner: Option<&Owner>) -> String {
    match owner {
        Some(Owner { pid, since }) => {
            format!("process {pid} owns this workspace since {since}")
        }
        None => "another process owns this workspace".to_owned(),
    }
}
