//! How a program is started so that it does not outlive lorch.

use std::ffi::OsString;
use std::io;
use std::os::unix::process::{CommandExt, parent_id};
use std::path::Path;
use std::process::Command;

use crate::compute::process::die_with_parent;

/// The command that starts `program`, by way of the worker where there is one; arguments may follow.
pub(super) fn command(program: &Path, worker: Option<&[OsString]>) -> Command {
    let Some([worker, arguments @ ..]) = worker else { return Command::new(program) };
    let mut command = Command::new(worker);
    let parent = std::process::id().to_string();
    command.args(arguments).args(["exec", &parent, "--"]).arg(program);
    command
}

/// Becomes the program that `command` begins with, which is killed when the process `parent` ends:
/// what the program of [`ComputeOptions::worker`](super::super::ComputeOptions::worker) does for
/// `compute.exec`.
///
/// What the program starts itself is not killed with it.
///
/// # Errors
/// It returns only when the program cannot be started, or `parent` is gone already.
pub fn exec_worker(parent: u32, command: &[OsString]) -> io::Error {
    let [program, arguments @ ..] = command else { return io::ErrorKind::InvalidInput.into() };
    if let Err(error) = die_with_parent() {
        return error;
    }
    // It may have ended before the signal was asked for.
    if parent_id() != parent {
        return io::Error::other("the process that started it is gone");
    }
    let error = Command::new(program).args(arguments).exec();
    let program = program.to_string_lossy();
    io::Error::new(error.kind(), format!("`{program}` could not be started: {error}"))
}
