//! The lines that an agent writes.

use std::io::{self, Read};
use std::sync::mpsc::SyncSender;

use lorch_agents::{Frame, Framer};
use lorch_types::json::{Limits, read};

use super::message::Incoming;

/// How long a line may be: updates may carry whole files.
const MAX_LINE_BYTES: usize = 4 * 1024 * 1024;

/// What the agent writes.
pub(super) enum Line {
    Message(Incoming),
    /// What is no message, and why.
    Junk(String),
}

/// Reads what the agent writes to its end.
pub(super) fn listen(mut stdout: impl Read, tell: &SyncSender<Line>) {
    let mut framer = Framer::with_limit(MAX_LINE_BYTES);
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let mut each = |frame: Frame<'_>| {
            if let Some(line) = line(frame) {
                // Nobody may listen any more; it is read to its end all the same.
                let _ = tell.send(line);
            }
        };
        match stdout.read(&mut buffer) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Ok(0) | Err(_) => return framer.finish(each),
            Ok(count) => framer.feed(buffer.get(..count).unwrap_or_default(), &mut each),
        }
    }
}

fn line(frame: Frame<'_>) -> Option<Line> {
    let text = match frame {
        Frame::Line(text) => text,
        Frame::Oversize { bytes, .. } => {
            return Some(Line::Junk(format!("{bytes} bytes are too long")));
        }
        Frame::Torn(_) => return None,
    };
    if text.iter().all(u8::is_ascii_whitespace) {
        return None;
    }
    Some(match read(text, Limits { max_bytes: MAX_LINE_BYTES }) {
        Ok(document) => match Incoming::of(&document) {
            Some(message) => Line::Message(message),
            None => Line::Junk("neither request, answer nor notification".to_owned()),
        },
        Err(error) => Line::Junk(error.to_string()),
    })
}
