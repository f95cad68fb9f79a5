//! Child processes: bounded in time and output, and never outliving the step that started them.

use std::io::{self, Read, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use lorch_types::job::{ErrorCode, ErrorInfo};
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};

use super::size;
use crate::backend::Cancellation;

/// How a child process ended, and what it wrote.
pub(super) struct Finished {
    pub(super) status: ExitStatus,
    pub(super) stdout: Vec<u8>,
    /// The end of what it wrote to standard error, readable.
    pub(super) stderr_tail: String,
}

/// How much of standard error is kept.
const STDERR_TAIL: usize = 16 * 1024;
/// How long a look at the cancellation may be away.
const TICK: Duration = Duration::from_millis(20);
/// How long pipes may stay open after the process group is gone: only a process that left the
/// group can hold them then, and it is not waited for.
const GRACE: Duration = Duration::from_millis(500);

/// Runs `command` in a process group of its own with `input` on its standard input, until it ends;
/// whatever of the group is left then is killed.
///
/// # Errors
/// When it cannot be started, is stopped by `cancellation`, or writes more than `stdout_limit`
/// bytes; it is killed with its whole group in the last two cases.
pub(super) fn run(
    mut command: Command,
    input: Option<Vec<u8>>,
    stdout_limit: usize,
    cancellation: &Cancellation,
) -> Result<Finished, ErrorInfo> {
    command
        .process_group(0)
        .stdin(if input.is_some() { Stdio::piped() } else { Stdio::null() })
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let child = command.spawn().map_err(|error| not_started(&command, &error))?;
    let group = Group::of(child)?;
    group.watch(input, stdout_limit, cancellation)
}

/// Has this process killed when the one that started it ends: a child whose lorch was killed has
/// nobody to answer to.
pub(super) fn die_with_parent() -> io::Result<()> {
    #[cfg(target_os = "linux")]
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
    Ok(())
}

fn not_started(command: &Command, error: &io::Error) -> ErrorInfo {
    let code = match error.kind() {
        io::ErrorKind::NotFound => ErrorCode::NotFound,
        _ => ErrorCode::Io,
    };
    let program = command.get_program().to_string_lossy();
    code.error(format!("`{program}` could not be started: {error}"))
}

/// A child with everything that it started in its group; dropping it kills them all.
struct Group {
    child: Child,
    leader: Pid,
    reaped: bool,
}

/// What the threads around a child tell.
enum Event {
    Ended,
    /// A stream was read to its end.
    Closed,
    /// Standard output went over its limit.
    TooMuch(usize),
}

impl Group {
    fn of(mut child: Child) -> Result<Self, ErrorInfo> {
        match i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
            Some(leader) => Ok(Self { child, leader, reaped: false }),
            None => {
                let _ = child.kill();
                Err(ErrorCode::Io.error("the operating system gave a process without a number"))
            }
        }
    }

    fn watch(
        mut self,
        input: Option<Vec<u8>>,
        stdout_limit: usize,
        cancellation: &Cancellation,
    ) -> Result<Finished, ErrorInfo> {
        let (events, received) = mpsc::channel();
        if let (Some(input), Some(mut stdin)) = (input, self.child.stdin.take()) {
            // A program need not read its input; then writing fails, and that is no error.
            thread::spawn(move || stdin.write_all(&input));
        }
        let stdout = Capture::all(self.child.stdout.take(), stdout_limit, events.clone());
        let stderr = Capture::tail(self.child.stderr.take(), STDERR_TAIL, events.clone());
        let leader = self.leader;
        thread::spawn(move || {
            // It stays a zombie, so that its number cannot become another group's before the kill.
            let _ = waitid(WaitId::Pid(leader), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT);
            let _ = events.send(Event::Ended);
        });
        let closed = wait(&received, cancellation)?;
        let status = self.end().map_err(|error| {
            ErrorCode::Io.error(format!("the process could not be waited for: {error}"))
        })?;
        drain(&received, closed)?;
        let stderr_tail = String::from_utf8_lossy(&stderr.take()).into_owned();
        Ok(Finished { status, stdout: stdout.take(), stderr_tail })
    }

    /// Kills what is left of the group and reaps its leader.
    fn end(&mut self) -> io::Result<ExitStatus> {
        let _ = kill_process_group(self.leader, Signal::KILL);
        self.reaped = true;
        self.child.wait()
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        // Once the leader is reaped its number may belong to others.
        if !self.reaped {
            let _ = self.end();
        }
    }
}

/// Waits for the child's end, and returns how many of its streams were closed by then.
fn wait(received: &Receiver<Event>, cancellation: &Cancellation) -> Result<usize, ErrorInfo> {
    let mut closed = 0;
    loop {
        cancellation.check()?;
        let tick = cancellation.remaining().map_or(TICK, |left| left.min(TICK));
        match received.recv_timeout(tick) {
            Ok(Event::Ended) => return Ok(closed),
            Ok(Event::Closed) => closed += 1,
            Ok(Event::TooMuch(limit)) => {
                return Err(size::too_large(limit.saturating_add(1), limit));
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return Ok(closed),
        }
    }
}

/// Waits for both streams to be read to their end, which they are at once after the group's end.
fn drain(received: &Receiver<Event>, mut closed: usize) -> Result<(), ErrorInfo> {
    let deadline = Instant::now() + GRACE;
    while closed < 2 {
        match received.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            Ok(Event::Closed) => closed += 1,
            Ok(Event::TooMuch(limit)) => {
                return Err(size::too_large(limit.saturating_add(1), limit));
            }
            Ok(Event::Ended) => {}
            Err(_) => return Ok(()),
        }
    }
    Ok(())
}

/// What was read from a stream so far, filled by a thread.
struct Capture(Arc<Mutex<Vec<u8>>>);

impl Capture {
    /// Keeps everything, and gives up beyond `limit`.
    fn all(
        stream: Option<impl Read + Send + 'static>,
        limit: usize,
        events: Sender<Event>,
    ) -> Self {
        Self::start(stream, events, move |kept, bytes| {
            kept.extend_from_slice(bytes);
            if kept.len() > limit { Some(Event::TooMuch(limit)) } else { None }
        })
    }

    /// Keeps the last `size` bytes.
    fn tail(
        stream: Option<impl Read + Send + 'static>,
        size: usize,
        events: Sender<Event>,
    ) -> Self {
        Self::start(stream, events, move |kept, bytes| {
            kept.extend_from_slice(bytes);
            let surplus = kept.len().saturating_sub(size);
            kept.drain(..surplus);
            None
        })
    }

    fn start(
        stream: Option<impl Read + Send + 'static>,
        events: Sender<Event>,
        keep: impl Fn(&mut Vec<u8>, &[u8]) -> Option<Event> + Send + 'static,
    ) -> Self {
        let kept = Arc::new(Mutex::new(Vec::new()));
        let shared = Arc::clone(&kept);
        thread::spawn(move || {
            let end = stream.and_then(|mut stream| {
                let mut buffer = vec![0; 64 * 1024];
                loop {
                    let count = match stream.read(&mut buffer) {
                        Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                        Ok(0) | Err(_) => return None,
                        Ok(count) => count,
                    };
                    let mut kept = shared.lock().unwrap_or_else(PoisonError::into_inner);
                    let end = keep(&mut kept, buffer.get(..count).unwrap_or_default());
                    if end.is_some() {
                        return end;
                    }
                }
            });
            let _ = events.send(end.unwrap_or(Event::Closed));
        });
        Self(kept)
    }

    fn take(self) -> Vec<u8> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
