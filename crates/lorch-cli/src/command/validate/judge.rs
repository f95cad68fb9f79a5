//! Files one after the other: judged, and what is wrong written as it is found.

use std::fs::File;
use std::io::{self, IsTerminal, Read, Stdout};
use std::path::Path;

use lorch_types::Kind;
use lorch_types::diagnostic::{Color, Diagnostic, Source, render, visible};
use lorch_types::json::Limits;
use lorch_validate::report::{Finding, Format, Report};
use lorch_validate::{
    CustomValidator, Line, StreamOptions, StreamSummary, Verdict, begins_foreign,
    validate_document, validate_stream,
};

use super::meter::{self, Meter};
use super::names::{Form, is_bookkeeping};
use super::tally::Tally;
use super::targets::Target;
use crate::amount::{count, counted};
use crate::exit::{Failure, Outcome};
use crate::input::{self, STDIN};
use crate::terminal::print;

/// By what documents are judged.
pub(super) enum Rules {
    /// The schema of the kind that each shows itself to be.
    Detected,
    /// The schema of one kind.
    Kind(Kind),
    /// Somebody's own schema.
    Custom(Box<CustomValidator>),
}

/// How files are judged and findings written.
pub(super) struct Options {
    pub(super) rules: Rules,
    pub(super) format: Format,
    pub(super) color: Color,
    pub(super) document_limits: Limits,
    pub(super) line_limits: Limits,
    /// Whether every file holds one document a line, whatever its name.
    pub(super) all_streams: bool,
    /// How many violations of one file are written.
    pub(super) max_violations: usize,
}

/// Judges files, and keeps count.
pub(super) struct Judge {
    options: Options,
    sink: Sink,
    pub(super) tally: Tally,
}

impl Judge {
    /// Begins the report.
    pub(super) fn new(options: Options) -> Result<Self, Failure> {
        let report = Report::begin(options.format, io::stdout()).map_err(Failure::output)?;
        let sink = Sink { report, max_violations: options.max_violations };
        Ok(Self { options, sink, tally: Tally::default() })
    }

    /// Judges one file.
    pub(super) fn file(&mut self, target: &Target) -> Outcome {
        if matches!(self.options.rules, Rules::Detected) && is_bookkeeping(&target.path) {
            self.tally.bookkeeping += 1;
            return Ok(());
        }
        let is_stream = self.options.all_streams || Form::of(&target.path) == Some(Form::Lines);
        let judged = if is_stream { self.stream(target) } else { self.document(target) };
        if matches!(judged, Err(Failure::Usage(_))) {
            self.tally.unreadable += 1;
        }
        judged
    }

    /// Ends the report, and gives what the files came to.
    pub(super) fn end(self) -> Result<Tally, Failure> {
        match self.sink.report.end() {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Failure::output(error)),
            _ => Ok(self.tally),
        }
    }

    fn document(&mut self, target: &Target) -> Outcome {
        let limits = self.options.document_limits;
        let source = input::read_source(&target.path, limits)?;
        let verdict = match &self.options.rules {
            Rules::Detected => validate_document(&source, None, limits),
            Rules::Kind(kind) => validate_document(&source, Some(*kind), limits),
            Rules::Custom(validator) => validator.validate_document(&source, limits),
        };
        if verdict.is_foreign && self.options.may_pass_over(target) {
            self.tally.foreign += 1;
            return Ok(());
        }
        self.tally.documents += 1;
        self.tally.file(verdict.findings.len(), self.options.max_violations);
        match self.options.format {
            Format::Human => self.tell_document(&source, &verdict),
            _ => self.sink.write(&verdict.findings, 0),
        }
    }

    fn tell_document(&self, source: &Source, verdict: &Verdict) -> Outcome {
        let name = visible(&source.name);
        if verdict.is_valid() {
            let kind = verdict.kind.map(|kind| format!(" {kind}")).unwrap_or_default();
            return print(&format!("{name}: valid{kind}\n"));
        }
        let max = self.options.max_violations;
        let shown = verdict.findings.iter().take(max).map(|it| it.diagnostic.clone());
        let shown: Vec<Diagnostic> = shown.collect();
        let violations = errors(verdict.findings.len(), max);
        print(&render(&shown, std::slice::from_ref(source), self.options.color))?;
        print(&format!("{name}: not valid, {violations}\n"))
    }

    fn stream(&mut self, target: &Target) -> Outcome {
        let unreadable = |error: io::Error| {
            let shown = visible(&target.path.display().to_string());
            Failure::usage(format!("cannot read `{shown}`: {error}"))
        };
        if self.options.may_pass_over(target) {
            let file = File::open(&target.path).map_err(unreadable)?;
            if begins_foreign(file, &self.options.stream("")).map_err(unreadable)? {
                self.tally.foreign += 1;
                return Ok(());
            }
        }
        let name = match target.path.as_os_str() == STDIN {
            true => "<stdin>".to_owned(),
            false => target.path.display().to_string(),
        };
        let (reader, length) = open(&target.path).map_err(unreadable)?;
        let (violations, judged) = self.lines(&name, reader, length);
        match judged {
            Ok(summary) => self.sum_up(&name, summary, violations),
            Err(Stopped::Reading(error)) => Err(unreadable(error)),
            Err(Stopped::Writing(failure)) => Err(failure),
        }
    }

    /// Judges the lines that `reader` gives: how many violations they have, and what came of it.
    fn lines(
        &mut self,
        name: &str,
        reader: Box<dyn Read + Send>,
        length: Option<u64>,
    ) -> (usize, Result<StreamSummary, Stopped>) {
        let Self { options, sink, .. } = self;
        let bar = meter::bar(name, length);
        let reader = match &bar {
            Some(bar) => Box::new(Meter::new(reader, bar.clone())),
            None => reader,
        };
        // The bar makes room only for what is written where it stands.
        let in_its_way = io::stdout().is_terminal();
        let (mut violations, mut failure) = (0, None);
        let on_invalid = |line: Line| {
            let is_written = violations < sink.max_violations;
            let written = match &bar {
                Some(bar) if in_its_way && is_written => {
                    bar.suspend(|| sink.write(&line.findings, violations))
                }
                _ => sink.write(&line.findings, violations),
            };
            violations += line.findings.len();
            written.map_err(|error| {
                failure = Some(error);
                io::Error::other("what was found cannot be written")
            })
        };
        let judged = options.validate_stream(name, reader, on_invalid);
        if let Some(bar) = bar {
            bar.finish_and_clear();
        }
        let judged = judged.map_err(|error| match failure {
            Some(failure) => Stopped::Writing(failure),
            None => Stopped::Reading(error),
        });
        (violations, judged)
    }

    fn sum_up(&mut self, name: &str, summary: StreamSummary, violations: usize) -> Outcome {
        let StreamSummary { documents, invalid, .. } = summary;
        let max = self.options.max_violations;
        self.tally.documents += documents as u64;
        self.tally.file(violations, max);
        if self.options.format != Format::Human {
            return Ok(());
        }
        let verdict = match invalid {
            _ if documents == 0 => return print(&format!("{}: no documents\n", visible(name))),
            0 => "all valid".to_owned(),
            _ if violations > max => {
                format!("{} not valid; {}", count(invalid as u64), errors(violations, max))
            }
            _ => format!("{} not valid", count(invalid as u64)),
        };
        let documents = counted(documents as u64, "document");
        print(&format!("{}: {documents}, {verdict}\n", visible(name)))
    }
}

impl Options {
    /// Whether a file that is no document of lorch may be passed over.
    fn may_pass_over(&self, target: &Target) -> bool {
        !target.is_named && matches!(self.rules, Rules::Detected)
    }

    fn validate_stream(
        &self,
        name: &str,
        reader: Box<dyn Read + Send>,
        on_invalid: impl FnMut(Line) -> io::Result<()>,
    ) -> io::Result<StreamSummary> {
        let options = self.stream(name);
        match &self.rules {
            Rules::Custom(validator) => validator.validate_stream(reader, &options, on_invalid),
            Rules::Detected | Rules::Kind(_) => validate_stream(reader, &options, on_invalid),
        }
    }

    /// How a stream of this name is judged.
    fn stream(&self, name: &str) -> StreamOptions {
        let kind = match self.rules {
            Rules::Kind(kind) => Some(kind),
            Rules::Detected | Rules::Custom(_) => None,
        };
        let max_line_bytes = self.line_limits.max_bytes;
        StreamOptions { kind, max_line_bytes, ..StreamOptions::named(name) }
    }
}

/// Why a stream was not judged to its end.
enum Stopped {
    Reading(io::Error),
    Writing(Failure),
}

/// Where findings go.
struct Sink {
    report: Report<Stdout>,
    max_violations: usize,
}

impl Sink {
    /// Writes those of `findings` that the limit leaves room for when there were `earlier` ones.
    fn write(&mut self, findings: &[Finding], earlier: usize) -> Outcome {
        let room = self.max_violations.saturating_sub(earlier);
        let written = findings.iter().take(room).try_for_each(|it| self.report.write(it));
        written.map_err(|error| match error.kind() {
            // Nobody reads on, and that something is wrong is known.
            io::ErrorKind::BrokenPipe => Failure::Reported,
            _ => Failure::output(error),
        })
    }
}

/// `304 errors`, or `304 errors, the first 100 of which are shown`.
fn errors(found: usize, max: usize) -> String {
    let all = counted(found as u64, "error");
    if found > max {
        format!("{all}, the first {} of which are shown", count(max as u64))
    } else {
        all
    }
}

/// A reader of a file or of standard input, and how long it is, where that is known.
fn open(path: &Path) -> io::Result<(Box<dyn Read + Send>, Option<u64>)> {
    if path.as_os_str() == STDIN {
        return Ok((Box::new(io::stdin()), None));
    }
    let file = File::open(path)?;
    let metadata = file.metadata()?;
    let length = metadata.is_file().then_some(metadata.len());
    Ok((Box::new(file), length))
}
