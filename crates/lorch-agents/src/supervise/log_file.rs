//! The file that an agent's heartbeats, logs and errors go to: one document a line, as many as fit.

use std::io::{self, Read, Seek, SeekFrom, Write};

use cap_std::fs::{Dir, File};
use lorch_types::agent::{AgentRunId, AgentType, Level, Log, LogKind};
use lorch_types::json::{Object, Value};
use lorch_types::{SmolStr, Timestamp};

use crate::file::{self, LOGS};
use crate::inbound::log_text;
use crate::lines::MAX_LINE_BYTES;

/// How much is kept in memory before it is written.
const BUFFER: usize = 64 * 1024;
/// Room that is kept for notes.
const NOTES: u64 = 4096;

/// A file of log messages and heartbeats that grows up to a limit.
#[derive(Debug)]
pub(super) struct LogFile {
    file: File,
    buffer: Vec<u8>,
    /// How many bytes may still be written.
    room: u64,
    /// How many lines were left out since the last note of it.
    left_out: u64,
}

impl LogFile {
    /// The file of an agent in a run; what is there already stays, up to the last whole line.
    pub(super) fn open(
        root: &Dir,
        agent: AgentType,
        run: &AgentRunId,
        limit: u64,
    ) -> io::Result<Self> {
        let folder = format!("{LOGS}/{}", agent.as_str());
        file::make_folder(root, LOGS)?;
        file::make_folder(root, &folder)?;
        let mut file = file::open(root, &format!("{folder}/{run}.ndjson"))?;
        let len = cut_torn_line(&mut file)?;
        Ok(Self { file, buffer: Vec::new(), room: limit.saturating_sub(len), left_out: 0 })
    }

    /// Whether another line may fit; counts one that is left out otherwise.
    pub(super) fn has_room(&mut self) -> bool {
        if self.room > NOTES {
            return true;
        }
        self.left_out += 1;
        false
    }

    /// Appends a document on a line of its own, if it fits.
    pub(super) fn append(&mut self, document: &[u8]) {
        let size = u64::try_from(document.len()).unwrap_or(u64::MAX).saturating_add(1);
        if size.saturating_add(NOTES) > self.room {
            // What is left out has to be one end of the file, not lines here and there.
            self.room = self.room.min(NOTES);
            self.left_out += 1;
            return;
        }
        self.put(document, size);
    }

    /// Writes what is kept in memory. A log that cannot be written stops nobody's work.
    pub(super) fn flush(&mut self) {
        if self.buffer.is_empty() {
            return;
        }
        if self.file.write_all(&self.buffer).is_err() {
            self.room = 0;
        }
        self.buffer.clear();
    }

    /// Notes how many lines were left out, if any were, and writes all.
    pub(super) fn settle(&mut self, now: Timestamp) {
        let left_out = std::mem::take(&mut self.left_out);
        if left_out > 0 {
            let text = format!("the log is full: {left_out} lines are left out");
            let note = log_text(&message(Level::Warn, &text, now, None));
            let size = u64::try_from(note.len()).unwrap_or(u64::MAX).saturating_add(1);
            if size <= self.room {
                self.put(&note, size);
            }
        }
        self.flush();
    }

    fn put(&mut self, document: &[u8], size: u64) {
        self.buffer.extend_from_slice(document);
        self.buffer.push(b'\n');
        self.room = self.room.saturating_sub(size);
        if self.buffer.len() >= BUFFER {
            self.flush();
        }
    }
}

/// A log message of lorch, or of an agent that writes plain text.
pub(super) fn message(level: Level, text: &str, at: Timestamp, source: Option<&str>) -> Log {
    let fields = source
        .map(|source| Object::from_iter([(SmolStr::new_static("source"), Value::from(source))]));
    Log { kind: LogKind::Log, level, message: SmolStr::from(text), timestamp: at, fields }
}

/// Cuts off a last line that a crash left without its end, and returns how long the file is then.
fn cut_torn_line(file: &mut File) -> io::Result<u64> {
    let len = file.metadata()?.len();
    let tail = u64::try_from(MAX_LINE_BYTES).unwrap_or(u64::MAX).saturating_add(1).min(len);
    file.seek(SeekFrom::Start(len - tail))?;
    let mut bytes = Vec::new();
    file.take(tail).read_to_end(&mut bytes)?;
    let whole = memchr::memrchr(b'\n', &bytes).map_or(0, |end| end + 1);
    let torn = u64::try_from(bytes.len() - whole).unwrap_or(0);
    if torn > 0 {
        file.set_len(len - torn)?;
    }
    Ok(len - torn)
}

#[cfg(test)]
mod tests {
    use cap_std::ambient_authority;

    use super::*;

    fn run() -> AgentRunId {
        "run-20251020-140818-4f9f29a1".parse().unwrap()
    }

    #[test]
    fn it_grows_to_its_limit_and_says_what_is_left_out() {
        let folder = tempfile::tempdir().unwrap();
        let root = Dir::open_ambient_dir(folder.path(), ambient_authority()).unwrap();
        let path = format!("logs/builder/{}.ndjson", run());
        root.create_dir_all("logs/builder").unwrap();
        root.write(&path, "{\"whole\":1}\n{\"torn").unwrap();
        let mut log = LogFile::open(&root, AgentType::Builder, &run(), 10_000).unwrap();
        for _ in 0..1000 {
            if log.has_room() {
                log.append(&[b'x'; 99]);
            }
        }
        log.settle(Timestamp::unix_epoch());
        let text = root.read_to_string(&path).unwrap();
        assert!(text.starts_with("{\"whole\":1}\nxxx"), "{text}");
        assert!(text.len() < 10_000 && text.ends_with('\n'));
        let last = text.lines().last().unwrap();
        let kept = text.lines().filter(|line| line.starts_with('x')).count();
        assert!(last.contains(&format!("{} lines are left out", 1000 - kept)), "{last}");
    }
}
