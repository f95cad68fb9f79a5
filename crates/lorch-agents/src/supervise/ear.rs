//! Reads what an agent writes, without ever waiting for anybody but the disk.

use std::io::{self, Read};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::SyncSender;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use lorch_types::agent::{AgentType, Heartbeat, Level};

use super::heard::{Fault, Room};
use super::keeper::{News, Signal};
use super::log_file::{LogFile, message};
use crate::frame::{Frame, Framer};
use crate::inbound::{Inbound, InboundReader, Refused, log_text};
use crate::time::now;

/// How much is read at once.
const PIECE: usize = 64 * 1024;
/// How many bytes of a line of plain text are kept.
const MAX_TEXT: usize = 16 * 1024;
/// How many characters are kept of one that is longer.
const SHOWN_TEXT: usize = 512;

/// What the threads that listen to one life of an agent share.
#[derive(Clone)]
pub(super) struct Listening {
    pub(super) agent: AgentType,
    /// Which life it is.
    pub(super) life: u64,
    pub(super) signals: SyncSender<Signal>,
    pub(super) log: Arc<Mutex<LogFile>>,
    pub(super) room: Arc<Room>,
    /// Whether nothing that it says counts any more, but for its logs.
    pub(super) deaf: Arc<AtomicBool>,
    /// The last line on its standard error.
    pub(super) last_words: Arc<Mutex<Vec<u8>>>,
}

impl Listening {
    fn tell(&self, news: News) {
        // Nobody may be there any more; what the agent writes is read to its end all the same.
        let _ = self.signals.send(Signal::News { life: self.life, news });
    }

    fn log(&self) -> MutexGuard<'_, LogFile> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Listens to the messages of an agent until it closes its standard output.
pub(super) fn listen_to_messages(
    listening: Listening,
    reader: InboundReader,
    stdout: impl Read + Send + 'static,
) -> io::Result<()> {
    let mut ear = Ear { listening, reader };
    thread::Builder::new().name("agent-stdout".to_owned()).spawn(move || {
        let mut framer = Framer::default();
        each_piece(stdout, |piece| {
            framer.feed(piece, |frame| ear.frame(frame));
            ear.listening.log().flush();
        });
        framer.finish(|frame| ear.frame(frame));
        ear.listening.log().flush();
        ear.listening.tell(News::Closed);
    })?;
    Ok(())
}

/// Keeps the lines of an agent's standard error as log messages.
pub(super) fn listen_to_errors(
    listening: Listening,
    reader: InboundReader,
    stderr: impl Read + Send + 'static,
) -> io::Result<()> {
    thread::Builder::new().name("agent-stderr".to_owned()).spawn(move || {
        let mut framer = Framer::with_limit(MAX_TEXT);
        each_piece(stderr, |piece| {
            framer.feed(piece, |frame| keep_text(&listening, &reader, frame));
            listening.log().flush();
        });
        framer.finish(|frame| keep_text(&listening, &reader, frame));
        listening.log().flush();
        listening.tell(News::ErrorsClosed);
    })?;
    Ok(())
}

fn each_piece(mut stream: impl Read, mut take: impl FnMut(&[u8])) {
    let mut buffer = vec![0; PIECE];
    loop {
        match stream.read(&mut buffer) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Ok(0) | Err(_) => return,
            Ok(count) => take(buffer.get(..count).unwrap_or_default()),
        }
    }
}

fn keep_text(listening: &Listening, reader: &InboundReader, frame: Frame<'_>) {
    let (text, bytes) = match frame {
        Frame::Line(text) | Frame::Torn(text) => (text, None),
        Frame::Oversize { start, bytes } => (start, Some(bytes)),
    };
    let text = text.strip_suffix(b"\r").unwrap_or(text);
    if text.is_empty() {
        return;
    }
    {
        let mut last = listening.last_words.lock().unwrap_or_else(PoisonError::into_inner);
        last.clear();
        last.extend_from_slice(text);
    }
    let mut log = listening.log();
    if log.has_room() {
        let text = String::from_utf8_lossy(text);
        let text = match bytes {
            None => reader.redactor().text(&text),
            // The end of what was kept may be half a secret.
            Some(bytes) => {
                format!("{} ({bytes} bytes)", reader.redactor().excerpt(&text, SHOWN_TEXT))
            }
        };
        log.append(&log_text(&message(Level::Info, &text, now(), Some("stderr"))));
    }
}

/// Takes the messages of an agent.
struct Ear {
    listening: Listening,
    reader: InboundReader,
}

impl Ear {
    fn frame(&mut self, frame: Frame<'_>) {
        match frame {
            Frame::Line(line) => match self.reader.read(line) {
                Ok(Inbound::Log) => self.log(line),
                _ if self.is_deaf() => {}
                Ok(Inbound::Heartbeat(heartbeat)) => self.heartbeat(heartbeat, line),
                Ok(Inbound::Event { event, line }) => {
                    let line = line.into_owned();
                    match self.listening.room.take(line.len()) {
                        Some(place) => self.listening.tell(News::Event { event, line, place }),
                        None => self.flood(),
                    }
                }
                Err(refused) => self.quarantine(refused, line),
            },
            _ if self.is_deaf() => {}
            Frame::Torn(rest) => {
                self.quarantine(Refused("it ended in the middle of a line".to_owned()), rest);
            }
            Frame::Oversize { bytes, start } => {
                let excerpt = self.reader.excerpt(start);
                self.listening.tell(News::Oversize { bytes, excerpt });
            }
        }
    }

    fn log(&self, line: &[u8]) {
        let mut log = self.listening.log();
        if log.has_room() {
            log.append(&self.reader.log_line(line));
        }
    }

    fn heartbeat(&self, heartbeat: Box<Heartbeat>, line: &[u8]) {
        let from = heartbeat.agent.agent_type;
        if from != self.listening.agent {
            let reason = format!("a heartbeat of another agent: {}", from.as_str());
            return self.quarantine(Refused(reason), line);
        }
        self.listening.log().append(line);
        self.listening.tell(News::Heartbeat(heartbeat));
    }

    fn quarantine(&self, Refused(reason): Refused, line: &[u8]) {
        self.listening.tell(News::Quarantined { reason, excerpt: self.reader.excerpt(line) });
    }

    /// An event that there is no room for must not be lost silently: the agent is started again, and
    /// asked again.
    fn flood(&self) {
        self.listening.deaf.store(true, Ordering::Relaxed);
        self.listening.tell(News::Fault(Fault::EventFlood));
    }

    fn is_deaf(&self) -> bool {
        self.listening.deaf.load(Ordering::Relaxed)
    }
}
