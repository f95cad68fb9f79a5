//! Judges the lines of a block: quickly those that are surely valid, thoroughly all others.

use lorch_types::agent::MessageKind;
use lorch_types::diagnostic::{Diagnostic, Format, Part, Source};
use lorch_types::json::{self, Limits, ReadErrorKind};
use lorch_types::pointer::Pointer;
use lorch_types::{Kind, SmolStr};
use memchr::memchr;

use super::{Block, Line, Rules, StreamOptions, StreamSummary};
use crate::document::{Validators, with_keywords};
use crate::matcher::Matcher;
use crate::report::Finding;
use crate::violation::Family;

/// What was said about a block.
#[derive(Debug, Default)]
pub(super) struct Judged {
    pub(super) summary: StreamSummary,
    /// How many lines it has.
    pub(super) lines: usize,
    /// Those that are not valid, numbered within the block, from 1.
    pub(super) invalid: Vec<Line>,
}

/// The judge of one thread.
#[derive(Debug)]
pub(super) struct Judge<'o> {
    options: &'o StreamOptions,
    rules: Rules<'o>,
    validators: Validators,
    quick: Quick,
}

impl<'o> Judge<'o> {
    pub(super) fn new(options: &'o StreamOptions, rules: Rules<'o>) -> Self {
        let quick = match rules {
            Rules::Documents => Quick::default(),
            Rules::Custom(validator) => {
                Quick { custom: Some(validator.matcher()), ..Quick::default() }
            }
        };
        Self { options, rules, validators: Validators::default(), quick }
    }

    /// Judges a block, whose lines are `text`.
    pub(super) fn judge(&mut self, block: Block, text: &[u8]) -> Judged {
        let mut judged = Judged::default();
        match block {
            Block::TooLong { size } => {
                judged.lines = 1;
                judged.summary.documents = 1;
                judged.refuse(self.too_long(1, size));
            }
            Block::Lines => {
                let mut rest = text;
                while !rest.is_empty() {
                    let readable = readable_prefix(rest);
                    let mut passed = self.readable_lines(readable, &mut judged);
                    // What is not UTF-8 is in the line that comes next.
                    if readable.len() < rest.len() {
                        let line = rest.get(passed..).unwrap_or_default();
                        passed += self.line(line, &mut judged);
                    }
                    rest = rest.get(passed..).unwrap_or_default();
                }
            }
        }
        judged
    }

    /// Judges the whole lines of `text`, and returns their length. The last one may lack its line
    /// end only where the stream ends, since blocks hold whole lines.
    fn readable_lines(&mut self, text: &str, judged: &mut Judged) -> usize {
        let mut at = 0;
        while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
            let accepted = self.quick.accepted_line(rest, self.options);
            at += match accepted {
                Some(length) => {
                    judged.lines += 1;
                    judged.summary.documents += 1;
                    length
                }
                None => self.line(rest.as_bytes(), judged),
            };
        }
        at
    }

    /// Judges the first line of `text` thoroughly, and returns its length with its line end.
    fn line(&mut self, text: &[u8], judged: &mut Judged) -> usize {
        let end = memchr(b'\n', text);
        let line = text.get(..end.unwrap_or(text.len())).unwrap_or_default();
        let length = line.len() + usize::from(end.is_some());
        let line = match line {
            [line @ .., b'\r'] if end.is_some() => line,
            line => line,
        };
        judged.lines += 1;
        if line.iter().all(|byte| matches!(byte, b' ' | b'\t')) {
            judged.summary.blank += 1;
            return length;
        }
        judged.summary.documents += 1;
        let invalid = if line.len() > self.options.max_line_bytes {
            Some(self.too_long(judged.lines, line.len()))
        } else {
            self.document(judged.lines, line, end.is_some())
        };
        if let Some(line) = invalid {
            judged.refuse(line);
        }
        length
    }

    /// What is wrong with the document that a line holds, if anything is.
    fn document(&mut self, number: usize, text: &[u8], ended: bool) -> Option<Line> {
        let limits = Limits { max_bytes: self.options.max_line_bytes };
        let document = match json::read(text, limits) {
            Ok(document) => document,
            Err(error) => {
                let torn = !ended && matches!(error.kind, ReadErrorKind::UnexpectedEnd { .. });
                let diagnostic = if torn { torn_line(text.len()) } else { error.diagnostic() };
                return Some(self.unreadable(number, text, diagnostic));
            }
        };
        let (kind, violations) = match self.rules {
            Rules::Documents => self.validators.violations(&document, self.options.kind),
            Rules::Custom(validator) => (None, validator.validate(&document)),
        };
        if violations.is_empty() {
            self.quick.last = kind;
            return None;
        }
        let diagnostics = with_keywords(&violations);
        Some(Line { number, kind, findings: self.findings(text, &diagnostics) })
    }

    fn too_long(&self, number: usize, size: usize) -> Line {
        let limit = self.options.max_line_bytes;
        let message = format!("the line has {size} bytes, the limit is {limit}");
        let diagnostic = Diagnostic::error(Family::Line.code(), Pointer::root(), message);
        self.unreadable(number, b"", diagnostic)
    }

    fn unreadable(&self, number: usize, text: &[u8], diagnostic: Diagnostic) -> Line {
        Line { number, kind: None, findings: self.findings(text, &[(diagnostic, None)]) }
    }

    fn findings(&self, text: &[u8], diagnostics: &[(Diagnostic, Option<SmolStr>)]) -> Vec<Finding> {
        let name = self.options.name.clone();
        let source = Source { name, text: text.to_vec(), format: Format::Json };
        Finding::all_in(diagnostics, &source)
    }
}

impl Judged {
    fn refuse(&mut self, line: Line) {
        self.summary.invalid += 1;
        self.invalid.push(line);
    }
}

/// As much of `text` as is UTF-8, up to the end of a line where that is not all of it.
fn readable_prefix(text: &[u8]) -> &str {
    match str::from_utf8(text) {
        Ok(text) => text,
        Err(error) => {
            let valid = text.get(..error.valid_up_to()).unwrap_or_default();
            let lines = memchr::memrchr(b'\n', valid).map_or(0, |at| at + 1);
            valid.get(..lines).and_then(|lines| str::from_utf8(lines).ok()).unwrap_or_default()
        }
    }
}

fn torn_line(length: usize) -> Diagnostic {
    let message = "the last line was cut off: it ends within a document, without a line end";
    Diagnostic::error(Family::Torn.code(), Pointer::root(), message)
        .about(Part::Text(length..length))
        .with_help("whoever wrote it was interrupted; take the line out, or write it again")
}

/// The matchers, and a guess which of them will accept the next line.
///
/// Any guess will do: a document of one kind is never one of another, so that whichever matcher
/// accepts it says what it is.
#[derive(Debug, Default)]
struct Quick {
    /// Made when first needed; `None` inside for kinds that only the thorough way knows.
    matchers: [Option<Option<Matcher>>; Kind::ALL.len()],
    /// The kind of the last line that was valid.
    last: Option<Kind>,
    /// The matcher of the only schema that there is, if it is somebody's own.
    custom: Option<Option<Matcher>>,
}

impl Quick {
    /// The length of the first line of `text` with its line end, if it is surely valid.
    #[inline]
    fn accepted_line(&mut self, text: &str, options: &StreamOptions) -> Option<usize> {
        let limit = options.max_line_bytes;
        if let Some(custom) = &mut self.custom {
            return accepted_line(custom.as_mut()?, text, limit);
        }
        if let Some(kind) = options.kind {
            return self.accepted_as(kind, text, limit);
        }
        if let Some(kind) = text.strip_prefix(r#"{"kind":""#).and_then(message_kind) {
            return self.accepted_as(kind, text, limit);
        }
        let last = self.last.and_then(|kind| self.accepted_as(kind, text, limit));
        last.or_else(|| {
            let line = text.lines().next()?;
            let (_, said) = line.split_once(r#""kind""#)?;
            let said = said.trim_start().strip_prefix(':')?.trim_start().strip_prefix('"')?;
            self.accepted_as(message_kind(said)?, text, limit)
        })
    }

    #[inline]
    fn accepted_as(&mut self, kind: Kind, text: &str, limit: usize) -> Option<usize> {
        let slot = Kind::ALL.iter().position(|it| *it == kind)?;
        let matcher =
            self.matchers.get_mut(slot)?.get_or_insert_with(|| Matcher::of(kind)).as_mut()?;
        let length = accepted_line(matcher, text, limit)?;
        self.last = Some(kind);
        Some(length)
    }
}

/// The length of the first line of `text` with its line end, if `matcher` accepts all of it.
#[inline]
fn accepted_line(matcher: &mut Matcher, text: &str, limit: usize) -> Option<usize> {
    let end = matcher.accepted_prefix(text)?;
    let length = match text.as_bytes().get(end) {
        None => end,
        Some(b'\n') => end + 1,
        Some(_) => return None,
    };
    (end <= limit).then_some(length)
}

/// The kind of a message whose field `kind` begins `text`, behind its quote.
fn message_kind(text: &str) -> Option<Kind> {
    Kind::ALL.into_iter().find(|kind| match kind.mark() {
        lorch_types::kind::Mark::Message(said) => is_quoted(text, said),
        lorch_types::kind::Mark::Fields(_) => false,
    })
}

fn is_quoted(text: &str, kind: MessageKind) -> bool {
    text.strip_prefix(kind.as_str()).is_some_and(|rest| rest.starts_with('"'))
}
