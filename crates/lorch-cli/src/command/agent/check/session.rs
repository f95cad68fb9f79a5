//! One life of an agent that is checked: what is written to it, and what it says.

use std::io::{self, Read, Write as _};
use std::process::{Child, ChildStdin, ExitStatus};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use lorch_agents::{Frame, Framer, Inbound, InboundReader};
use lorch_types::Redactor;
use lorch_types::agent::{Event, Heartbeat};

/// How many messages may wait; an agent that says more has to wait.
const WAITING: usize = 1024;

/// What an agent says.
pub(super) enum Said {
    Event(Box<Event>),
    Heartbeat(Box<Heartbeat>),
    /// A line that is no message, and why.
    Refused(String),
}

/// An agent that runs.
pub(super) struct Session {
    child: Child,
    stdin: Option<ChildStdin>,
    said: Receiver<Said>,
}

impl Session {
    pub(super) fn of(mut child: Child, redactor: Redactor) -> io::Result<Self> {
        let (tell, said) = sync_channel(WAITING);
        let stdin = child.stdin.take();
        let stdout = child.stdout.take().ok_or(io::ErrorKind::BrokenPipe)?;
        thread::Builder::new()
            .spawn(move || listen(stdout, InboundReader::new(redactor), &tell))?;
        Ok(Self { child, stdin, said })
    }

    /// Writes bytes to the agent.
    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<(), String> {
        let stdin = self.stdin.as_mut().ok_or("its standard input is closed")?;
        let written = stdin.write_all(bytes).and_then(|()| stdin.flush());
        written.map_err(|error| format!("it does not read: {error}"))
    }

    /// What it says next, before `until`.
    pub(super) fn next(&self, until: Instant) -> Result<Said, String> {
        let left = until.saturating_duration_since(Instant::now());
        self.said.recv_timeout(left).map_err(|error| match error {
            RecvTimeoutError::Timeout => "it says nothing in time".to_owned(),
            RecvTimeoutError::Disconnected => "it has ended".to_owned(),
        })
    }

    /// Ends it, and returns how it ended and how long that took.
    pub(super) fn end(mut self) -> io::Result<(ExitStatus, Duration)> {
        let begun = Instant::now();
        drop(self.stdin.take());
        // It may wait for somebody to hear it.
        while self.said.recv().is_ok() {}
        Ok((self.child.wait()?, begun.elapsed()))
    }
}

fn listen(mut stdout: impl Read, mut reader: InboundReader, tell: &SyncSender<Said>) {
    let mut framer = Framer::default();
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let mut each = |frame: Frame<'_>| {
            if let Some(said) = said(&mut reader, frame) {
                // Nobody may listen any more; it is read to its end all the same.
                let _ = tell.send(said);
            }
        };
        match stdout.read(&mut buffer) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Ok(0) | Err(_) => return framer.finish(each),
            Ok(count) => framer.feed(buffer.get(..count).unwrap_or_default(), &mut each),
        }
    }
}

fn said(reader: &mut InboundReader, frame: Frame<'_>) -> Option<Said> {
    let refused = |reader: &InboundReader, reason: String, line: &[u8]| {
        Some(Said::Refused(format!("{reason}: `{}`", reader.excerpt(line))))
    };
    match frame {
        Frame::Line(line) => match reader.read(line) {
            Ok(Inbound::Event { event, .. }) => Some(Said::Event(event)),
            Ok(Inbound::Heartbeat(heartbeat)) => Some(Said::Heartbeat(heartbeat)),
            Ok(Inbound::Log) => None,
            Err(reason) => refused(reader, reason.to_string(), line),
        },
        // It may have been killed.
        Frame::Torn(_) => None,
        Frame::Oversize { bytes, start } => {
            refused(reader, format!("a line of {bytes} bytes is too long"), start)
        }
    }
}
