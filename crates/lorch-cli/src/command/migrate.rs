//! `lorch migrate`: documents of earlier versions, brought up to the one of today.

mod replace;

use std::path::{Path, PathBuf};

use clap::Args;
use lorch_types::diagnostic::{Color, visible};
use lorch_types::json::{Limits, Object, Value};
use lorch_validate::migrate::{Change, MIGRATIONS, Migrated, migrate as migrated};
use lorch_validate::report::Finding;

use crate::amount::counted;
use crate::cli::Global;
use crate::exit::{Failure, Outcome};
use crate::input::{self, STDIN};
use crate::site::Site;
use crate::terminal::{Stream, print, print_line, tell_error};

use replace::replace;

/// Bring documents of earlier versions up to the one of today.
///
/// What can be changed without guessing is shown, and written with `--write`; all else of a document
/// stays as it was written. What a person has to change is listed with its place. Files that end in
/// `.ndjson` or `.jsonl` hold one document a line; all are JSON.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  lorch migrate state/run.json events/*.ndjson           what would be changed, and what must be
  lorch migrate --write state/run.json events/*.ndjson

Exit status: 0 nothing is left to do; 1 something is; 2 a file cannot be read or written.")]
pub(crate) struct Migrate {
    /// The documents.
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// Write the changes into the files; each is replaced as a whole or not at all.
    #[arg(long)]
    write: bool,
    /// One JSON object a change, or a line of what is left, for programs.
    #[arg(long)]
    json: bool,
}

/// What all files came to.
#[derive(Default)]
struct Tally {
    changes: u64,
    by_hand: u64,
    unreadable: bool,
}

/// Migrates every file, and reports what was and what must be changed.
pub(crate) fn migrate(arguments: &Migrate, global: &Global) -> Outcome {
    let limits = Site::find(global)?.config.limits;
    let mut tally = Tally::default();
    let errors = global.color.on(Stream::Error);
    for path in &arguments.files {
        if path.as_os_str() == STDIN {
            return Err(Failure::usage("`lorch migrate` changes files, and `-` is none"));
        }
        let is_stream = path.extension().is_some_and(|it| it == "ndjson" || it == "jsonl");
        let max_bytes =
            if is_stream { limits.max_line_bytes } else { limits.max_document_bytes }.get();
        let file = File { path, is_stream, limits: Limits { max_bytes }, arguments, errors };
        match file.migrate(&mut tally) {
            Err(Failure::Usage(error)) => {
                tell_error(&format!("{error:#}"), errors);
                tally.unreadable = true;
            }
            outcome => outcome?,
        }
    }
    match tally {
        Tally { unreadable: true, .. } => Err(Failure::Unreadable),
        Tally { by_hand: 0, changes, .. } if changes == 0 || arguments.write => Ok(()),
        _ => Err(Failure::Reported),
    }
}

/// One file that is migrated.
struct File<'a> {
    path: &'a Path,
    is_stream: bool,
    limits: Limits,
    arguments: &'a Migrate,
    errors: Color,
}

impl File<'_> {
    fn migrate(&self, tally: &mut Tally) -> Outcome {
        let name = self.path.display().to_string();
        let text = match self.is_stream {
            true => input::read_bytes(self.path, Limits { max_bytes: usize::MAX })?,
            false => input::read_bytes(self.path, self.limits)?,
        };
        let mut new = Vec::with_capacity(text.len());
        let (mut changes, mut by_hand, mut unreadable) = (0, 0, 0_u64);
        for (number, document) in self.documents(&text) {
            if document.iter().all(u8::is_ascii_whitespace) {
                new.extend_from_slice(document);
                continue;
            }
            match migrated(&name, document, self.limits) {
                Ok(document) => {
                    changes += document.changes.len() as u64;
                    by_hand += document.by_hand.len() as u64;
                    self.report(number, &document)?;
                    new.extend_from_slice(&document.text);
                }
                Err(error) => {
                    unreadable += 1;
                    let at = if self.is_stream { number } else { error.place.line };
                    let shown = visible(&name);
                    tell_error(
                        &format!("{shown}:{at}:{}: {}", error.place.column, error.kind),
                        self.errors,
                    );
                    new.extend_from_slice(document);
                }
            }
        }
        tally.changes += changes;
        tally.by_hand += by_hand + unreadable;
        let written = self.arguments.write && changes > 0;
        if written {
            replace(self.path, &new).map_err(|error| {
                Failure::usage(format!("cannot write `{}`: {error}", self.path.display()))
            })?;
        }
        if self.arguments.json {
            Ok(())
        } else {
            self.sum_up(changes, by_hand + unreadable, written)
        }
    }

    /// The documents of the text, each with its line end and the number of its first line.
    fn documents<'t>(&self, text: &'t [u8]) -> Box<dyn Iterator<Item = (usize, &'t [u8])> + 't> {
        if self.is_stream {
            let lines = text.split_inclusive(|byte| *byte == b'\n');
            Box::new(lines.enumerate().map(|(at, line)| (at + 1, line)))
        } else {
            Box::new(std::iter::once((1, text)))
        }
    }

    fn report(&self, number: usize, document: &Migrated) -> Outcome {
        for change in &document.changes {
            if self.arguments.json {
                print_line(Value::Object(self.change_as_json(number, change)))?;
            } else {
                self.tell_change(number, change)?;
            }
        }
        for finding in &document.by_hand {
            let mut finding = finding.clone();
            if self.is_stream {
                finding.place.line = number;
            }
            if self.arguments.json {
                print_line(Value::Object(self.finding_as_json(&finding)))?;
            } else {
                self.tell_finding(&finding)?;
            }
        }
        Ok(())
    }

    fn tell_change(&self, number: usize, change: &Change) -> Outcome {
        let at = visible(&self.at(number));
        let Change { pointer, before, after, reason } = change;
        let (pointer, after) = (visible(&pointer.to_string()), visible(after));
        let what = match before {
            Some(before) => format!("`{}` becomes `{after}`", visible(before)),
            None => format!("`{after}` is added"),
        };
        print(&format!("{at}: {pointer}: {what}: {reason}\n"))
    }

    fn tell_finding(&self, finding: &Finding) -> Outcome {
        let Finding { diagnostic, place, .. } = finding;
        let name = visible(&self.path.display().to_string());
        let pointer = visible(&diagnostic.pointer.to_string());
        let at = if pointer.is_empty() { String::new() } else { format!("{pointer}: ") };
        print(&format!("{name}:{place}: by hand: {at}{}\n", visible(&diagnostic.message)))?;
        match &diagnostic.help {
            Some(help) => print(&format!("  = help: {}\n", visible(help))),
            None => Ok(()),
        }
    }

    fn sum_up(&self, changes: u64, by_hand: u64, written: bool) -> Outcome {
        let name = visible(&self.path.display().to_string());
        let said = match (changes, by_hand) {
            (0, 0) => format!("nothing to do, it is {}", MIGRATIONS.last().map_or("", |it| it.to)),
            (0, _) => format!("{by_hand} to be changed by hand"),
            _ => {
                let changes = counted(changes, "change");
                let done = if written { "written" } else { "not written: `--write` does it" };
                let rest = match by_hand {
                    0 => String::new(),
                    _ => format!("; {by_hand} to be changed by hand"),
                };
                format!("{changes}, {done}{rest}")
            }
        };
        print(&format!("{name}: {said}\n"))
    }

    /// Where a document stands: its file, and its line in a stream.
    fn at(&self, number: usize) -> String {
        match self.is_stream {
            true => format!("{}:{number}", self.path.display()),
            false => self.path.display().to_string(),
        }
    }

    fn change_as_json(&self, number: usize, change: &Change) -> Object {
        let line = u64::try_from(number).unwrap_or(u64::MAX);
        let mut object: Object = [
            ("action", Value::from("change")),
            ("file", self.path.display().to_string().into()),
            ("line", line.into()),
            ("pointer", change.pointer.to_string().into()),
            ("after", change.after.as_str().into()),
            ("reason", change.reason.into()),
        ]
        .into_iter()
        .collect();
        if let Some(before) = &change.before {
            object.insert("before", before.as_str());
        }
        object
    }

    fn finding_as_json(&self, finding: &Finding) -> Object {
        let Finding { diagnostic, place, .. } = finding;
        let count = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
        let mut object: Object = [
            ("action", Value::from("by_hand")),
            ("file", self.path.display().to_string().into()),
            ("line", count(place.line).into()),
            ("column", count(place.column).into()),
            ("pointer", diagnostic.pointer.to_string().into()),
            ("code", diagnostic.code.0.into()),
            ("message", diagnostic.message.as_str().into()),
        ]
        .into_iter()
        .collect();
        if let Some(help) = &diagnostic.help {
            object.insert("help", help.as_str());
        }
        object
    }
}
