//! `lorch validate`: documents against their schemas.

mod together;

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use clap::Args;
use lorch_types::Kind;
use lorch_types::SmolStr;
use lorch_types::diagnostic::{Color, Diagnostic, Source, render, visible};
use lorch_types::json::{Limits, Value};
use lorch_validate::report::{self, Finding, Format};
use lorch_validate::{StreamOptions, Validator, Violation, detect, validate_stream};

use crate::amount::counted;
use crate::cli::Global;
use crate::exit::{Failure, Outcome};
use crate::input;
use crate::site::Site;
use crate::terminal::{Stream, print, tell_error};

/// Validate documents against their schemas.
///
/// The kind of a document is told from its fields, or given with `--schema`. Files that end in
/// `.ndjson` hold one document a line; those that end in `.yaml` or `.yml` are YAML, all others JSON.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  lorch validate examples/orders/daily.yaml
  lorch validate --schema step-manifest manifest.json
  lorch compile examples/orders/daily.yaml --payload payload.json | lorch validate -
  lorch validate --format github jobs/*.yaml

Exit status: 0 all are valid; 1 one is not; 2 a file cannot be read.")]
pub(crate) struct Validate {
    /// The documents; `-` is standard input.
    #[arg(value_name = "FILE", required_unless_present = "together")]
    files: Vec<PathBuf>,
    /// The kind that the documents must be: `job-def`, `job-instance`, `run-record`,
    /// `step-manifest`, `attempt-record`, `step-outcome`.
    #[arg(long, value_name = "NAME")]
    schema: Option<Kind>,
    /// How to write what is found: `human`, `json` (one object a line), `sarif` or `github`.
    #[arg(long, value_name = "FORMAT", default_value_t)]
    format: Format,
    /// Standard input holds one document a line.
    #[arg(long)]
    ndjson: bool,
    /// Instead of files: every document of a workspace, and whether what one says about another
    /// holds.
    #[arg(long, value_name = "DIR", conflicts_with_all = ["files", "schema", "ndjson"])]
    together: Option<PathBuf>,
}

/// What came of all the files.
struct Verdict<'a> {
    arguments: &'a Validate,
    color: Color,
    limits: Limits,
    max_line_bytes: usize,
    findings: Vec<Finding>,
    valid: bool,
}

/// Validates every file, and reports what is wrong with each.
pub(crate) fn validate(arguments: &Validate, global: &Global) -> Outcome {
    if let Some(folder) = &arguments.together {
        return together::together(folder, arguments.format, global);
    }
    input::read_stdin_once(arguments.files.iter().map(PathBuf::as_path))?;
    let limits = Site::find(global)?.config.limits;
    let mut verdict = Verdict {
        arguments,
        color: global.color.on(Stream::Output),
        limits: Limits { max_bytes: limits.max_document_bytes.get() },
        max_line_bytes: limits.max_line_bytes.get(),
        findings: Vec::new(),
        valid: true,
    };
    let mut unreadable = false;
    for file in &arguments.files {
        match verdict.file(file) {
            Err(Failure::Usage(error)) => {
                tell_error(&format!("{error:#}"), global.color.on(Stream::Error));
                unreadable = true;
            }
            outcome => outcome?,
        }
    }
    verdict.write_findings()?;
    match (unreadable, verdict.valid) {
        (true, _) => Err(Failure::Unreadable),
        (false, true) => Ok(()),
        (false, false) => Err(Failure::Reported),
    }
}

impl Verdict<'_> {
    fn file(&mut self, path: &Path) -> Outcome {
        let stdin = path.as_os_str() == input::STDIN;
        let is_stream = path.extension().is_some_and(|it| it == "ndjson" || it == "jsonl");
        if is_stream || (stdin && self.arguments.ndjson) {
            self.stream(path, stdin)
        } else {
            self.document(&input::read_source(path, self.limits)?)
        }
    }

    fn document(&mut self, source: &Source) -> Outcome {
        let (kind, diagnostics) = match source.read(self.limits) {
            Ok(document) => {
                let (kind, violations) = self.violations(&document);
                (kind, violations.iter().map(diagnostic).collect())
            }
            Err(error) => (None, vec![(error.diagnostic(), None)]),
        };
        self.valid &= diagnostics.is_empty();
        if self.arguments.format != Format::Human {
            self.findings.extend(Finding::all_in(&diagnostics, source));
            return Ok(());
        }
        if diagnostics.is_empty() {
            let kind = kind.map(|kind| format!(" {kind}")).unwrap_or_default();
            return print(&format!("{}: valid{kind}\n", visible(&source.name)));
        }
        let count = counted(diagnostics.len() as u64, "error");
        let found: Vec<Diagnostic> = diagnostics.into_iter().map(|(it, _)| it).collect();
        print(&render(&found, std::slice::from_ref(source), self.color))?;
        print(&format!("{}: not valid, {count}\n", visible(&source.name)))
    }

    fn violations(&self, document: &Value) -> (Option<Kind>, Vec<Violation>) {
        match self.arguments.schema.map_or_else(|| detect(document), Ok) {
            Ok(kind) => (Some(kind), Validator::for_kind(kind).validate(document)),
            Err(unrecognized) => (None, vec![unrecognized.violation()]),
        }
    }

    fn stream(&mut self, path: &Path, stdin: bool) -> Outcome {
        let name = if stdin { "<stdin>".to_owned() } else { path.display().to_string() };
        let unreadable =
            |error: io::Error| Failure::usage(format!("cannot read `{}`: {error}", path.display()));
        let reader: Box<dyn io::Read + Send> = if stdin {
            Box::new(io::stdin())
        } else {
            Box::new(File::open(path).map_err(unreadable)?)
        };
        let options = StreamOptions {
            kind: self.arguments.schema,
            max_line_bytes: self.max_line_bytes,
            ..StreamOptions::named(name.clone())
        };
        let human = self.arguments.format == Format::Human;
        let findings = &mut self.findings;
        let mut text = Vec::new();
        let summary = validate_stream(reader, &options, |line| {
            if human {
                return report::write(Format::Human, &line.findings, &mut text);
            }
            findings.extend(line.findings);
            Ok(())
        })
        .map_err(unreadable)?;
        self.valid &= summary.invalid == 0;
        if human {
            let documents = counted(summary.documents as u64, "document");
            let verdict = match summary.invalid {
                0 => "all valid".to_owned(),
                invalid => format!("{invalid} not valid"),
            };
            print(&String::from_utf8_lossy(&text))?;
            print(&format!("{}: {documents}, {verdict}\n", visible(&name)))?;
        }
        Ok(())
    }

    fn write_findings(&self) -> Outcome {
        if self.arguments.format == Format::Human {
            return Ok(());
        }
        let mut text = Vec::new();
        report::write(self.arguments.format, &self.findings, &mut text).map_err(Failure::output)?;
        print(&String::from_utf8_lossy(&text))
    }
}

fn diagnostic(violation: &Violation) -> (Diagnostic, Option<SmolStr>) {
    (violation.diagnostic(), Some(violation.keyword.clone()))
}
