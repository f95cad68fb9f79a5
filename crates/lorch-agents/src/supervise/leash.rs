//! An agent's process, and what is left of it when it ends.

use std::io;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use rustix::io::Errno;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};

use super::{AgentSpec, Supervision};

/// The process group that an agent, or its launcher, leads.
///
/// Invariant: no signal is sent to it once its leader was reaped, since its number may belong to
/// others then.
#[derive(Clone, Debug)]
pub(super) struct Leash(Arc<Mutex<Option<Pid>>>);

/// A process that was started.
pub(super) struct Started {
    pub(super) pid: u32,
    pub(super) leash: Leash,
    pub(super) child: Child,
    pub(super) stdin: ChildStdin,
    pub(super) stdout: ChildStdout,
    pub(super) stderr: ChildStderr,
}

/// Starts the process of an agent.
pub(super) fn start(spec: &AgentSpec, rules: &Supervision) -> io::Result<Started> {
    let mut command = command(spec, rules)?;
    let mut child = command
        .env_clear()
        .envs(spec.environment.variables().iter().map(|(name, value)| (name, value)))
        .current_dir(&spec.dir)
        .process_group(0)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let pipes = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let leader = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    match (leader, pipes) {
        (Some(leader), (Some(stdin), Some(stdout), Some(stderr))) => {
            let leash = Leash(Arc::new(Mutex::new(Some(leader))));
            Ok(Started { pid: child.id(), leash, child, stdin, stdout, stderr })
        }
        _ => {
            child.kill()?;
            child.wait()?;
            Err(io::Error::other("a process without a number or without pipes"))
        }
    }
}

/// The command line: `LAUNCHER… GRACE_MS -- COMMAND…`, or the command itself.
fn command(spec: &AgentSpec, rules: &Supervision) -> io::Result<Command> {
    let nothing = || io::Error::new(io::ErrorKind::InvalidInput, "no program is given");
    let program = spec.cmd.first().ok_or_else(nothing)?;
    let Some(launcher) = spec.launcher.as_deref().filter(|launcher| !launcher.is_empty()) else {
        let mut command = Command::new(program);
        command.args(spec.cmd.get(1..).unwrap_or_default());
        return Ok(command);
    };
    let mut command = Command::new(launcher.first().ok_or_else(nothing)?);
    command.args(launcher.get(1..).unwrap_or_default());
    command.arg(rules.grace.as_millis().to_string()).arg("--").args(&spec.cmd);
    Ok(command)
}

impl Leash {
    /// Asks the whole group to end; one that was stopped goes on to hear it.
    pub(super) fn terminate(&self) {
        self.signal(Signal::TERM);
        self.signal(Signal::CONT);
    }

    /// Ends the whole group.
    pub(super) fn kill(&self) {
        self.signal(Signal::KILL);
    }

    fn signal(&self, signal: Signal) {
        let leader = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(leader) = *leader {
            // It may have ended by itself.
            let _ = kill_process_group(leader, signal);
        }
    }

    /// Waits for the leader's end in a thread, ends what is left of its group, and hands on how it
    /// ended.
    pub(super) fn watch(
        &self,
        mut child: Child,
        ended: impl FnOnce(Option<ExitStatus>) + Send + 'static,
    ) -> io::Result<()> {
        let leash = self.clone();
        thread::Builder::new().name("agent-wait".to_owned()).spawn(move || {
            let pid = *leash.0.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(pid) = pid {
                // It stays a zombie, so that its number is still its own for the kill.
                let ends = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
                while matches!(waitid(WaitId::Pid(pid), ends), Err(Errno::INTR)) {}
            }
            leash.kill();
            let status = {
                let mut leader = leash.0.lock().unwrap_or_else(PoisonError::into_inner);
                *leader = None;
                child.wait().ok()
            };
            ended(status);
        })?;
        Ok(())
    }
}
