//! `lorch validate --together`: every document of a workspace, and what they say about each other.

mod artifacts;
mod folder;
mod lines;
mod places;

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, BufReader};
use std::path::Path;

use lorch_types::SmolStr;
use lorch_types::diagnostic::{Color, Source, visible};
use lorch_types::json::{self, Limits};
use lorch_validate::report::{self, Finding, Format};
use lorch_validate::together::Together;
use lorch_validate::{StreamOptions, detect, validate_document, validate_stream};

use self::artifacts::Artifacts;
use self::folder::Entry;
use self::places::Places;
use super::names::Form;
use crate::amount::counted;
use crate::cli::Global;
use crate::exit::{Failure, Outcome};
use crate::input;
use crate::site::Site;
use crate::terminal::{Stream, print, tell_error};

/// What was read so far.
struct Reading<'a> {
    root: &'a Path,
    limits: Limits,
    max_line_bytes: usize,
    color: Color,
    together: Together,
    /// What is wrong with documents by themselves.
    findings: Vec<Finding>,
    documents: usize,
    passed_over: usize,
    unreadable: bool,
}

/// Judges every document in `root` by itself, and then all valid ones together.
pub(super) fn together(root: &Path, format: Format, global: &Global) -> Outcome {
    let limits = Site::find(global)?.config.limits;
    let mut reading = Reading {
        root,
        limits: Limits { max_bytes: limits.max_document_bytes.get() },
        max_line_bytes: limits.max_line_bytes.get(),
        color: global.color.on(Stream::Error),
        together: Together::new(),
        findings: Vec::new(),
        documents: 0,
        passed_over: 0,
        unreadable: false,
    };
    std::fs::read_dir(root)
        .map_err(|error| Failure::usage(format!("cannot read `{}`: {error}", root.display())))?;
    let (entries, unreadable) = folder::entries(root);
    for problem in &unreadable {
        tell_error(problem, reading.color);
        reading.unreadable = true;
    }
    for entry in &entries {
        if let Err(error) = reading.read(entry) {
            let path = root.join(entry.name.as_str());
            tell_error(&format!("cannot read `{}`: {error}", path.display()), reading.color);
            reading.unreadable = true;
        }
    }
    reading.finish(format)
}

impl Reading<'_> {
    fn read(&mut self, entry: &Entry) -> io::Result<()> {
        match entry.form {
            Form::Lines => self.stream(entry),
            Form::Document => self.document(entry),
        }
    }

    fn document(&mut self, entry: &Entry) -> io::Result<()> {
        let path = self.root.join(entry.name.as_str());
        let text = input::read_file(&path, self.limits)?;
        let source = Source { name: shown(self.root, &entry.name), ..input::source(&path, text) };
        let verdict = validate_document(&source, None, self.limits);
        if verdict.kind.is_none() && !entry.is_own {
            self.passed_over += 1;
            return Ok(());
        }
        self.documents += 1;
        if let (Some(kind), true) = (verdict.kind, verdict.findings.is_empty())
            && let Ok(document) = source.read(self.limits)
        {
            // Only what is valid by itself is looked at together.
            let _ = self.together.add(&entry.name, None, kind, &document);
        }
        self.findings.extend(verdict.findings);
        Ok(())
    }

    fn stream(&mut self, entry: &Entry) -> io::Result<()> {
        let path = self.root.join(entry.name.as_str());
        let options = StreamOptions {
            max_line_bytes: self.max_line_bytes,
            ..StreamOptions::named(shown(self.root, &entry.name))
        };
        let mut invalid = BTreeSet::new();
        let mut findings = Vec::new();
        let mut any_kind = false;
        let reader = BufReader::new(File::open(&path)?);
        let summary = validate_stream(reader, &options, |line| {
            invalid.insert(line.number);
            any_kind |= line.kind.is_some();
            findings.extend(line.findings);
            Ok(())
        })?;
        if !entry.is_own && !any_kind && summary.invalid == summary.documents {
            self.passed_over += 1;
            return Ok(());
        }
        self.documents += summary.documents;
        self.findings.extend(findings);
        let limits = Limits { max_bytes: self.max_line_bytes };
        lines::each(&path, self.max_line_bytes, |number, text| {
            if !invalid.contains(&number)
                && let Ok(document) = json::read(text, limits)
                && let Ok(kind) = detect(&document)
            {
                let _ = self.together.add(&entry.name, Some(number), kind, &document);
            }
        })
    }

    /// Looks at the valid documents together, and reports everything.
    fn finish(self, format: Format) -> Outcome {
        if self.documents == 0 && !self.unreadable {
            let root = self.root.display();
            return Err(Failure::usage(format!("there is no document in `{root}`")));
        }
        let unusable =
            |error| Failure::usage(format!("cannot read `{}`: {error}", self.root.display()));
        let artifacts = Artifacts::in_folder(self.root).map_err(unusable)?;
        let outcome = self.together.finish(&artifacts);
        let places = Places { root: self.root, limits: self.limits, max_line: self.max_line_bytes };
        let invalid = self.findings.len();
        let mut findings = self.findings;
        findings.extend(places.of(&outcome.mismatches));
        let mut text = Vec::new();
        report::write(format, &findings, &mut text).map_err(Failure::output)?;
        print(&String::from_utf8_lossy(&text))?;
        if format == Format::Human {
            let verdict = match (invalid, outcome.mismatches.len()) {
                (0, 0) => "all hold".to_owned(),
                (0, wrong) => counted(wrong as u64, "error"),
                (invalid, wrong) => format!(
                    "{} by themselves, {} together",
                    counted(invalid as u64, "error"),
                    counted(wrong as u64, "error")
                ),
            };
            let documents = counted(self.documents as u64, "document");
            let references = counted(outcome.references as u64, "reference");
            let root = self.root.display().to_string();
            print(&format!("{}: {documents}, {references}, {verdict}\n", visible(&root)))?;
        }
        match (self.unreadable, findings.is_empty()) {
            (true, _) => Err(Failure::Unreadable),
            (false, true) => Ok(()),
            (false, false) => Err(Failure::Reported),
        }
    }
}

/// The name of a file as people and editors find it from where they are.
fn shown(root: &Path, name: &SmolStr) -> String {
    match root == Path::new(".") {
        true => name.to_string(),
        false => root.join(name.as_str()).display().to_string(),
    }
}
