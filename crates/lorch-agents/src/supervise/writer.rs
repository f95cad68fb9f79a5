//! Writes commands to an agent without ever waiting for it.

use std::io;
use std::os::fd::OwnedFd;
use std::process::ChildStdin;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::fs::{OFlags, fcntl_setfl};
use rustix::io::{Errno, write};
use rustix::pipe::{PipeFlags, pipe_with};

use super::SendError;

/// How many lines may wait until the agent reads them.
const QUEUE: usize = 64;

/// The way to an agent's standard input, which is closed when this is dropped, even while the agent
/// does not read.
#[derive(Debug)]
pub(super) struct Writer {
    queue: SyncSender<Vec<u8>>,
    /// The thread looks at the other end while it waits for the agent.
    _open: OwnedFd,
}

impl Writer {
    pub(super) fn start(stdin: ChildStdin) -> io::Result<Self> {
        let stdin = OwnedFd::from(stdin);
        fcntl_setfl(&stdin, OFlags::NONBLOCK)?;
        let (closed, open) = pipe_with(PipeFlags::CLOEXEC)?;
        let (queue, lines) = sync_channel(QUEUE);
        thread::Builder::new()
            .name("agent-stdin".to_owned())
            .spawn(move || write_lines(&lines, &stdin, &closed))?;
        Ok(Self { queue, _open: open })
    }

    /// Queues a line, which has its line feed.
    pub(super) fn send(&self, line: Vec<u8>) -> Result<(), SendError> {
        self.queue.try_send(line).map_err(|error| match error {
            TrySendError::Full(_) => SendError::Full,
            TrySendError::Disconnected(_) => SendError::NotRunning,
        })
    }
}

fn write_lines(lines: &Receiver<Vec<u8>>, stdin: &OwnedFd, closed: &OwnedFd) {
    while let Ok(line) = lines.recv() {
        if write_line(&line, stdin, closed).is_err() {
            return;
        }
    }
}

/// Writes a whole line, or fails when the agent or the writer is gone.
fn write_line(mut line: &[u8], stdin: &OwnedFd, closed: &OwnedFd) -> Result<(), Errno> {
    while !line.is_empty() {
        match write(stdin, line) {
            Ok(count) => line = line.get(count..).unwrap_or_default(),
            Err(Errno::AGAIN) => wait(stdin, closed)?,
            Err(Errno::INTR) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Waits until the agent reads, or fails when the writer is gone.
fn wait(stdin: &OwnedFd, closed: &OwnedFd) -> Result<(), Errno> {
    let mut fds = [PollFd::new(stdin, PollFlags::OUT), PollFd::new(closed, PollFlags::IN)];
    match poll(&mut fds, None) {
        Ok(_) | Err(Errno::INTR) => {}
        Err(error) => return Err(error),
    }
    let [_, closed] = fds;
    if closed.revents().is_empty() { Ok(()) } else { Err(Errno::CANCELED) }
}
