//! NDJSON: one document a line, judged in constant memory.
//!
//! A line ends with a line feed, or with a carriage return and a line feed; both belong to no
//! document. Lines of nothing but spaces and tabs are passed over and counted. The last line may
//! lack its line end; if it cannot be read then, it was cut off, and is named as such.

use std::io::{self, BufRead};

use lorch_types::diagnostic::{Diagnostic, Format, Part, Source};
use lorch_types::json::{self, Limits, ReadErrorKind};
use lorch_types::pointer::Pointer;
use lorch_types::{Kind, SmolStr};

use crate::document::{Validators, with_keywords};
use crate::report::Finding;
use crate::violation::Family;

/// How a stream is judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamOptions {
    /// Its name, for people: mostly a path.
    pub name: String,
    /// The kind that every line should have; `None` finds it out line by line.
    pub kind: Option<Kind>,
    /// How many bytes a line may have without its line end; 256 KiB unless said otherwise.
    pub max_line_bytes: usize,
}

/// One line that is no valid document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Which line it is, from 1.
    pub number: usize,
    /// What kind of document it is, where that is known.
    pub kind: Option<Kind>,
    /// What is wrong with it, ordered by place.
    pub findings: Vec<Finding>,
}

/// What came of a stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StreamSummary {
    /// The lines that hold something, valid or not.
    pub documents: usize,
    /// Those of them that are not valid.
    pub invalid: usize,
    /// The lines that hold nothing.
    pub blank: usize,
}

impl StreamOptions {
    /// Any kinds of documents, in lines of at most 256 KiB.
    pub fn named(name: impl Into<String>) -> Self {
        Self { name: name.into(), kind: None, max_line_bytes: 256 * 1024 }
    }
}

/// Judges every line of `reader`, and calls `on_invalid` for each that is no valid document.
///
/// # Errors
/// When reading fails, or `on_invalid` does.
pub fn validate_stream(
    mut reader: impl BufRead,
    options: &StreamOptions,
    mut on_invalid: impl FnMut(Line) -> io::Result<()>,
) -> io::Result<StreamSummary> {
    let judge = Judge { options, validators: Validators::default() };
    let mut summary = StreamSummary::default();
    let mut text = Vec::new();
    for number in 1.. {
        let line = match read_line(&mut reader, options.max_line_bytes, &mut text)? {
            Framed::End => break,
            Framed::TooLong { size } => Some(judge.too_long(number, size)),
            Framed::Line { .. } if text.iter().all(|byte| matches!(byte, b' ' | b'\t')) => {
                summary.blank += 1;
                continue;
            }
            Framed::Line { ended } => judge.line(number, &text, ended),
        };
        summary.documents += 1;
        if let Some(line) = line {
            summary.invalid += 1;
            on_invalid(line)?;
        }
    }
    Ok(summary)
}

struct Judge<'o> {
    options: &'o StreamOptions,
    validators: Validators,
}

impl Judge<'_> {
    /// What is wrong with the document that a line holds, if anything is.
    fn line(&self, number: usize, text: &[u8], ended: bool) -> Option<Line> {
        let limits = Limits { max_bytes: self.options.max_line_bytes };
        let document = match json::read(text, limits) {
            Ok(document) => document,
            Err(error) => {
                let torn = !ended && matches!(error.kind, ReadErrorKind::UnexpectedEnd { .. });
                let diagnostic = if torn { torn_line(text.len()) } else { error.diagnostic() };
                return Some(self.unreadable(number, text, diagnostic));
            }
        };
        let (kind, violations) = self.validators.violations(&document, self.options.kind);
        if violations.is_empty() {
            return None;
        }
        let diagnostics = with_keywords(&violations);
        Some(Line { number, kind, findings: self.findings(number, text, &diagnostics) })
    }

    fn too_long(&self, number: usize, size: usize) -> Line {
        let limit = self.options.max_line_bytes;
        let message = format!("the line has {size} bytes, the limit is {limit}");
        let diagnostic = Diagnostic::error(Family::Line.code(), Pointer::root(), message);
        self.unreadable(number, b"", diagnostic)
    }

    fn unreadable(&self, number: usize, text: &[u8], diagnostic: Diagnostic) -> Line {
        Line { number, kind: None, findings: self.findings(number, text, &[(diagnostic, None)]) }
    }

    fn findings(
        &self,
        number: usize,
        text: &[u8],
        diagnostics: &[(Diagnostic, Option<SmolStr>)],
    ) -> Vec<Finding> {
        let name = self.options.name.clone();
        let source = Source { name, text: text.to_vec(), format: Format::Json };
        let mut findings = Finding::all_in(diagnostics, &source);
        for finding in &mut findings {
            finding.place.line = number;
            finding.end.line = number;
        }
        findings
    }
}

fn torn_line(length: usize) -> Diagnostic {
    let message = "the last line was cut off: it ends within a document, without a line end";
    Diagnostic::error(Family::Torn.code(), Pointer::root(), message)
        .about(Part::Text(length..length))
        .with_help("whoever wrote it was interrupted; take the line out, or write it again")
}

/// What stands between two line ends.
enum Framed {
    /// Nothing: the stream has ended.
    End,
    /// A line, in the buffer.
    Line {
        /// Whether it has a line end.
        ended: bool,
    },
    /// A line that is too long; the buffer holds nothing of use.
    TooLong {
        /// How many bytes it has.
        size: usize,
    },
}

/// Reads the next line into `line`, without its line end and never more than `limit` bytes of it.
fn read_line(reader: &mut impl BufRead, limit: usize, line: &mut Vec<u8>) -> io::Result<Framed> {
    line.clear();
    let mut size = 0_usize;
    let mut last = None;
    let ended = loop {
        let available = match reader.fill_buf() {
            Ok([]) => break false,
            Ok(available) => available,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        let line_end = available.iter().position(|byte| *byte == b'\n');
        let part = available.get(..line_end.unwrap_or(available.len())).unwrap_or_default();
        size += part.len();
        last = part.last().copied().or(last);
        // One byte beyond the limit may be the carriage return of the line end.
        let room = (limit + 1).saturating_sub(line.len());
        line.extend_from_slice(part.get(..room).unwrap_or(part));
        let taken = part.len() + usize::from(line_end.is_some());
        reader.consume(taken);
        if line_end.is_some() {
            break true;
        }
    };
    if size == 0 && !ended {
        return Ok(Framed::End);
    }
    if ended && last == Some(b'\r') {
        size -= 1;
        line.truncate(size);
    }
    Ok(if size > limit { Framed::TooLong { size } } else { Framed::Line { ended } })
}
