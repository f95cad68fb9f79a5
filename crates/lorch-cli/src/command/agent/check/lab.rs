//! A copy of the workspace, in which an agent may do what it likes.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::Context;
use lorch_agents::{AgentEnvironment, SnapshotOptions, open_workspace, snapshot};
use lorch_types::agent::SnapshotId;
use tempfile::TempDir;

use super::Check;
use super::session::Session;
use crate::agents::snapshot_options;
use crate::clock::now;
use crate::exit::Failure;
use crate::machinery::agent_launcher;
use crate::site::Site;

/// What is copied nowhere: what others made, and lorch's own.
const LEFT_OUT: [&str; 4] = [".git", ".lorch", "target", "node_modules"];
/// Lorch's own folders at the root.
const OWN: [&str; 5] = ["events", "logs", "receipts", "snapshots", "state"];
/// How much is copied: more is hardly meant.
const MAX_BYTES: u64 = 1024 * 1024 * 1024;

/// A copy of the workspace, and the agent in it.
pub(super) struct Lab {
    folder: TempDir,
    program: Vec<OsString>,
    environment: AgentEnvironment,
    options: SnapshotOptions,
}

impl Lab {
    /// A copy of the workspace with the agent that the arguments name.
    pub(super) fn copy_of(site: &Site, arguments: &Check) -> Result<Self, Failure> {
        let folder = tempfile::Builder::new().prefix("lorch-agent-check-").tempdir();
        let folder = folder.context("cannot make a folder").map_err(Failure::Usage)?;
        let mut room = MAX_BYTES;
        copy(&site.root, folder.path(), true, &mut room)
            .with_context(|| format!("cannot copy `{}`", site.root.display()))
            .map_err(Failure::Usage)?;
        let mut environment = AgentEnvironment::new(&arguments.env, |name| std::env::var_os(name));
        environment.set("LORCH_AGENT_TYPE", arguments.role.agent_type().as_str());
        environment.set("LORCH_RUN_ID", "run-20250101-000000-0000c4ec");
        let options = snapshot_options(&site.config.snapshot);
        Ok(Self { folder, program: arguments.program.clone(), environment, options })
    }

    pub(super) fn path(&self) -> PathBuf {
        self.folder.path().to_owned()
    }

    /// Starts the agent; it is killed `grace` after its standard input is closed.
    pub(super) fn start(&self, grace: Duration) -> Result<Session, String> {
        let launcher = agent_launcher().ok_or("lorch does not find itself")?;
        let [lorch, arguments @ ..] = launcher.as_slice() else {
            return Err("lorch does not find itself".to_owned());
        };
        let child = Command::new(lorch)
            .args(arguments)
            .arg(grace.as_millis().to_string())
            .arg("--")
            .args(&self.program)
            .env_clear()
            .envs(self.environment.variables().iter().map(|(name, value)| (name, value)))
            .current_dir(self.folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn();
        let redactor = self.environment.redactor().clone();
        child.and_then(|child| Session::of(child, redactor)).map_err(|error| error.to_string())
    }

    /// The id of what the copy holds.
    pub(super) fn snapshot(&self) -> Result<SnapshotId, String> {
        let taken = open_workspace(self.folder.path()).map_err(|error| error.to_string()).and_then(
            |root| snapshot(&root, &self.options, now()).map_err(|error| error.to_string()),
        );
        taken.map(|taken| taken.manifest.snapshot_id)
    }
}

fn copy(from: &Path, to: &Path, is_root: bool, room: &mut u64) -> io::Result<()> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let name = entry.file_name();
        let is = |names: &[&str]| names.iter().any(|known| name == *known);
        if is(&LEFT_OUT) || (is_root && is(&OWN)) {
            continue;
        }
        let (kind, target) = (entry.file_type()?, to.join(&name));
        if kind.is_dir() {
            fs::create_dir(&target)?;
            copy(&entry.path(), &target, false, room)?;
        } else if kind.is_symlink() {
            symlink(fs::read_link(entry.path())?, &target)?;
        } else if kind.is_file() {
            let left = room.checked_sub(entry.metadata()?.len());
            *room = left.ok_or_else(|| io::Error::other("it has more than 1 GiB"))?;
            fs::copy(entry.path(), &target)?;
        }
    }
    Ok(())
}
