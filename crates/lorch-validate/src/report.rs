//! What was found, written for people and for programs.

mod github;
mod json;
mod sarif;

use std::fmt;
use std::io::{self, Write};
use std::str::FromStr;

use lorch_types::SmolStr;
use lorch_types::diagnostic::{Diagnostic, Severity, Source, visible};
use lorch_types::place::Place;

/// A form that findings can be written in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Format {
    /// One line each, for people; `lorch_types::diagnostic::render` shows the source as well.
    #[default]
    Human,
    /// One JSON object a line.
    Json,
    /// SARIF 2.1.0, one document.
    Sarif,
    /// Annotations of GitHub Actions.
    GitHub,
}

/// A name that no format has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no format `{}`: it is human, json, sarif or github", name.escape_debug())]
pub struct UnknownFormat {
    name: String,
}

/// A diagnostic and where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What is wrong.
    pub diagnostic: Diagnostic,
    /// The JSON Schema keyword that says so, if one does.
    pub keyword: Option<SmolStr>,
    /// The file, by the name of its source.
    pub file: String,
    /// Where it begins.
    pub place: Place,
    /// Where it ends.
    pub end: Place,
}

impl Format {
    /// All formats.
    pub const ALL: [Self; 4] = [Self::Human, Self::Json, Self::Sarif, Self::GitHub];

    /// The name, as in `--format NAME`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Human => "human",
            Self::Json => "json",
            Self::Sarif => "sarif",
            Self::GitHub => "github",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let format = Self::ALL.into_iter().find(|format| format.name() == name);
        format.ok_or_else(|| UnknownFormat { name: name.to_owned() })
    }
}

impl Finding {
    /// Each of `diagnostics` with its place: those that name a file in the source of that name, the
    /// others in the first. They are ordered by source, and by place within.
    pub fn all(diagnostics: &[Diagnostic], sources: &[Source]) -> Vec<Self> {
        let mut findings = Vec::with_capacity(diagnostics.len());
        for (index, source) in sources.iter().enumerate() {
            let here = |diagnostic: &&Diagnostic| match &diagnostic.file {
                None => index == 0,
                Some(file) => source.name == *file,
            };
            let of_source: Vec<_> =
                diagnostics.iter().filter(here).map(|it| (it.clone(), None)).collect();
            if !of_source.is_empty() {
                findings.extend(Self::all_in(&of_source, source));
            }
        }
        findings
    }

    /// Each diagnostic, with the keyword that gave it, at its place in `source`.
    pub fn all_in(diagnostics: &[(Diagnostic, Option<SmolStr>)], source: &Source) -> Vec<Self> {
        let outline = source.outline();
        let mut findings: Vec<_> = diagnostics
            .iter()
            .map(|(diagnostic, keyword)| {
                let location = source.locate(&outline, diagnostic);
                Self {
                    diagnostic: diagnostic.clone(),
                    keyword: keyword.clone(),
                    file: source.name.clone(),
                    place: location.start,
                    end: Place::of(&source.text, location.span.end),
                }
            })
            .collect();
        findings.sort_by_key(|finding| finding.place);
        findings
    }
}

/// Writes findings as they come, in one form.
///
/// Nothing is kept of what was written, so a report may be of any length.
#[derive(Debug)]
pub struct Report<W> {
    out: W,
    form: Form,
}

#[derive(Debug)]
enum Form {
    Human,
    Json,
    Sarif(sarif::Log),
    GitHub,
}

impl<W: Write> Report<W> {
    /// Begins a report.
    ///
    /// # Errors
    /// When writing fails.
    pub fn begin(format: Format, mut out: W) -> io::Result<Self> {
        let form = match format {
            Format::Human => Form::Human,
            Format::Json => Form::Json,
            Format::Sarif => {
                let log = sarif::Log::default();
                log.begin(&mut out)?;
                Form::Sarif(log)
            }
            Format::GitHub => Form::GitHub,
        };
        Ok(Self { out, form })
    }

    /// Writes one finding.
    ///
    /// # Errors
    /// When writing fails.
    pub fn write(&mut self, finding: &Finding) -> io::Result<()> {
        match &mut self.form {
            Form::Human => human(finding, &mut self.out),
            Form::Json => json::write(finding, &mut self.out),
            Form::Sarif(log) => log.result(finding, &mut self.out),
            Form::GitHub => github::write(finding, &mut self.out),
        }
    }

    /// Writes what ends the report, and everything that is still in a buffer.
    ///
    /// # Errors
    /// When writing fails.
    pub fn end(mut self) -> io::Result<()> {
        if let Form::Sarif(log) = self.form {
            log.end(&mut self.out)?;
        }
        self.out.flush()
    }
}

/// Writes a report of `findings` to `out`.
///
/// # Errors
/// When writing fails.
pub fn write(format: Format, findings: &[Finding], out: &mut dyn Write) -> io::Result<()> {
    let mut report = Report::begin(format, out)?;
    findings.iter().try_for_each(|finding| report.write(finding))?;
    report.end()
}

fn human(finding: &Finding, out: &mut dyn Write) -> io::Result<()> {
    let Finding { diagnostic, file, place, .. } = finding;
    let severity = severity(diagnostic.severity);
    let code = diagnostic.code;
    let message = visible(&diagnostic.message);
    writeln!(out, "{}:{place}: {severity}[{code}]: {}{message}", visible(file), at(diagnostic))?;
    if let Some(help) = &diagnostic.help {
        writeln!(out, "  = help: {}", visible(help))?;
    }
    Ok(())
}

/// The pointer before a message about a part of a document.
fn at(diagnostic: &Diagnostic) -> String {
    match diagnostic.pointer.is_root() {
        true => String::new(),
        false => format!("{}: ", visible(&diagnostic.pointer.to_string())),
    }
}

fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    }
}
