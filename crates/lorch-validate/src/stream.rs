//! NDJSON: one document a line, judged in constant memory.
//!
//! A line ends with a line feed, or with a carriage return and a line feed; both belong to no
//! document. Lines of nothing but spaces and tabs are passed over and counted. The last line may
//! lack its line end; if it cannot be read then, it was cut off, and is named as such.
//!
//! Whole lines are read in blocks, which several threads judge; what is wrong comes in the order of
//! the lines all the same.

mod blocks;
mod judge;
mod order;

use std::io::{self, Read};
use std::num::NonZeroUsize;

use lorch_types::Kind;
use lorch_types::json::{self, Limits};

use self::blocks::{Block, Blocks};
use self::judge::{Judge, Judged};
use crate::custom::CustomValidator;
use crate::detect::detect;
use crate::report::Finding;

/// How much a first block must hold for further threads to be worth starting, in bytes.
const WORTH_THREADS: usize = 32 * 1024;

/// How a stream is judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamOptions {
    /// Its name, for people: mostly a path.
    pub name: String,
    /// The kind that every line should have; `None` finds it out line by line.
    pub kind: Option<Kind>,
    /// How many bytes a line may have without its line end; 256 KiB unless said otherwise.
    pub max_line_bytes: usize,
    /// How many threads judge; as many as there are processors unless said otherwise.
    pub threads: NonZeroUsize,
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
        let threads = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
        Self { name: name.into(), kind: None, max_line_bytes: 256 * 1024, threads }
    }
}

/// Judges every line of `reader`, and calls `on_invalid` for each that is no valid document.
///
/// # Errors
/// When reading fails, or `on_invalid` does.
pub fn validate_stream(
    reader: impl Read + Send,
    options: &StreamOptions,
    on_invalid: impl FnMut(Line) -> io::Result<()>,
) -> io::Result<StreamSummary> {
    validate_lines(reader, options, Rules::Documents, on_invalid)
}

/// Whether the first document of a stream can be read, and nothing suggests that it is meant to be
/// one of lorch.
///
/// # Errors
/// When reading fails.
pub fn begins_foreign(reader: impl Read, options: &StreamOptions) -> io::Result<bool> {
    let limits = Limits { max_bytes: options.max_line_bytes };
    let mut blocks = Blocks::new(reader, options.max_line_bytes);
    let mut text = Vec::new();
    while let Some(block) = blocks.next(&mut text)? {
        let lines = text.split(|byte| *byte == b'\n');
        let line = lines.map(<[u8]>::trim_ascii).find(|line| !line.is_empty());
        if let Some(line) = line.filter(|_| block == Block::Lines) {
            let detected = json::read(line, limits).map(|document| detect(&document));
            return Ok(detected.is_ok_and(|it| it.is_err_and(|kind| kind.is_foreign())));
        }
        if block != Block::Lines {
            break;
        }
    }
    Ok(false)
}

/// By what the lines of a stream are judged.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Rules<'r> {
    /// The schema of the kind that the options say, or that each shows itself to be.
    Documents,
    /// Somebody's own schema.
    Custom(&'r CustomValidator),
}

/// Judges every line of `reader` by `rules`.
pub(crate) fn validate_lines(
    reader: impl Read + Send,
    options: &StreamOptions,
    rules: Rules<'_>,
    on_invalid: impl FnMut(Line) -> io::Result<()>,
) -> io::Result<StreamSummary> {
    let mut blocks = Blocks::new(reader, options.max_line_bytes);
    let mut results = Results { on_invalid, lines: 0, summary: StreamSummary::default() };
    let mut judge = Judge::new(options, rules);
    let mut text = Vec::new();
    while let Some(block) = blocks.next(&mut text)? {
        results.take(judge.judge(block, &text))?;
        if options.threads.get() > 1 && text.len() >= WORTH_THREADS {
            order::judge_rest(blocks, options, rules, |judged| results.take(judged))?;
            break;
        }
    }
    Ok(results.summary)
}

/// Gathers what is said about blocks, in the order of the stream.
struct Results<F> {
    on_invalid: F,
    /// How many lines came before.
    lines: usize,
    summary: StreamSummary,
}

impl<F: FnMut(Line) -> io::Result<()>> Results<F> {
    fn take(&mut self, judged: Judged) -> io::Result<()> {
        self.summary.documents += judged.summary.documents;
        self.summary.invalid += judged.summary.invalid;
        self.summary.blank += judged.summary.blank;
        for mut line in judged.invalid {
            line.number += self.lines;
            for finding in &mut line.findings {
                finding.place.line = line.number;
                finding.end.line = line.number;
            }
            (self.on_invalid)(line)?;
        }
        self.lines += judged.lines;
        Ok(())
    }
}
