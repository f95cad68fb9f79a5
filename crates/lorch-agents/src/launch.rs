//! The process between lorch and an agent: it ends everything that the agent started, also what left
//! its process group, and also when lorch itself is killed.
//!
//! It shares its standard input with the agent and never reads it: when nobody holds the other end any
//! more, lorch is gone or wants the agent to end. As a subreaper it becomes the parent of whatever loses
//! its own, so that nothing which descends from the agent can leave it: when it has no child left, the
//! agent has no descendant left.

#[cfg(target_os = "linux")]
mod descendants;

use std::ffi::OsString;
use std::io;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command};
use std::thread;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::{Pid, Signal, WaitOptions, WaitStatus, wait};
#[cfg(target_os = "linux")]
use rustix::process::{getpid, kill_process, set_child_subreaper};

use crate::file::open_workspace;
use crate::lock::Presence;

/// Runs `command` until it ends, or until standard input is closed at its other end; then it is asked
/// to end and killed after `grace`. Returns its exit status, or 128 + N when signal N has ended it, once
/// none of its descendants is left.
///
/// It is for a process of its own, which does nothing else, and ends then.
///
/// # Errors
/// When it cannot be started.
pub fn launch(grace: Duration, command: &[OsString]) -> io::Result<u8> {
    #[cfg(target_os = "linux")]
    set_child_subreaper(Some(getpid()))?;
    let [program, arguments @ ..] = command else { return Err(io::ErrorKind::InvalidInput.into()) };
    // Whoever owns the workspace next waits until this process has ended.
    let _present = Presence::tell(&open_workspace(Path::new("."))?)?;
    if is_hung_up() {
        return Ok(u8::MAX);
    }
    // A group of its own: an agent may send signals to its group.
    let child = Command::new(program).args(arguments).process_group(0).spawn()?;
    let agent = pid_of(&child)?;
    thread::spawn(move || {
        wait_for_hangup();
        signal_all(agent, Signal::TERM);
        // One that was stopped has to go on to end.
        signal_all(agent, Signal::CONT);
        thread::sleep(grace);
        signal_all(agent, Signal::KILL);
    });
    let status = reap_until(agent);
    signal_all(agent, Signal::KILL);
    // What was started meanwhile by something that is killed now becomes a child at the latest when
    // that is reaped.
    while reap().is_some() {
        signal_all(agent, Signal::KILL);
    }
    Ok(status)
}

fn pid_of(child: &Child) -> io::Result<Pid> {
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    pid.ok_or_else(|| io::Error::other("a process without a number"))
}

/// Whether nobody can write to standard input any more.
fn is_hung_up() -> bool {
    let stdin = io::stdin();
    let mut asked = [PollFd::new(&stdin, PollFlags::empty())];
    let now = Timespec { tv_sec: 0, tv_nsec: 0 };
    poll(&mut asked, Some(&now)).is_ok_and(|ready| ready > 0)
}

/// Waits until nobody can write to standard input any more.
fn wait_for_hangup() {
    let stdin = io::stdin();
    loop {
        // Nothing is asked for: only the end of the other side is told.
        match poll(&mut [PollFd::new(&stdin, PollFlags::empty())], None) {
            Err(Errno::INTR | Errno::AGAIN) => {}
            Ok(_) | Err(_) => return,
        }
    }
}

/// Reaps children until the agent is one, and returns how it ended.
fn reap_until(agent: Pid) -> u8 {
    loop {
        match reap() {
            Some((pid, status)) if pid == agent => return exit_code(status),
            Some(_) => {}
            // It is a child until it is reaped.
            None => return u8::MAX,
        }
    }
}

/// Waits for the end of any child; `None` when there is none.
fn reap() -> Option<(Pid, WaitStatus)> {
    loop {
        match wait(WaitOptions::empty()) {
            Err(Errno::INTR) => {}
            outcome => return outcome.ok().flatten(),
        }
    }
}

fn exit_code(status: WaitStatus) -> u8 {
    let signal = status.terminating_signal().map(|signal| signal.saturating_add(128));
    status.exit_status().or(signal).and_then(|code| u8::try_from(code).ok()).unwrap_or(u8::MAX)
}

/// Sends a signal to everything that descends from this process.
#[cfg(target_os = "linux")]
fn signal_all(_agent: Pid, signal: Signal) {
    for pid in descendants::of(getpid()) {
        // It may have ended meanwhile.
        let _ = kill_process(pid, signal);
    }
}

/// Sends a signal to the agent's process group: where there are no subreapers, what left it is lost.
#[cfg(not(target_os = "linux"))]
fn signal_all(agent: Pid, signal: Signal) {
    let _ = rustix::process::kill_process_group(agent, signal);
}
