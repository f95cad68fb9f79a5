//! `lorch validate`: documents against their schemas.

mod judge;
mod meter;
mod names;
mod pattern;
mod tally;
mod targets;
mod together;

use std::path::PathBuf;

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use glob::Pattern;
use lorch_types::Kind;
use lorch_types::diagnostic::{Color, Diagnostic, render};
use lorch_types::json::Limits;
use lorch_validate::CustomValidator;
use lorch_validate::report::Format;

use crate::amount::counted;
use crate::cli::Global;
use crate::exit::{Failure, Outcome};
use crate::input;
use crate::site::Site;
use crate::terminal::{Stream, print_line, tell, tell_error, tell_warning};

use judge::{Judge, Options, Rules};
use tally::{Tally, links_left_out};
use targets::{Targets, targets};

/// How many violations of one file people are shown.
const SHOWN_TO_PEOPLE: usize = 100;

/// The arguments that mean nothing with `--together`.
const NOT_TOGETHER: [&str; 6] =
    ["files", "schema", "schema_file", "max_violations", "exclude", "ndjson"];

/// Validate documents against their schemas.
///
/// The kind of a document is told from its fields, or given with `--schema`. Files that end in
/// `.ndjson` or `.jsonl` hold one document a line; those that end in `.yaml` or `.yml` are YAML, all
/// others JSON.
///
/// A FOLDER stands for all `*.json`, `*.yaml`, `*.yml`, `*.ndjson` and `*.jsonl` beneath it, in the
/// order of their names, without hidden files and folders, `node_modules`, `target` and links. A
/// PATTERN (`*`, `?`, `[a-z]`, `**`) names the files that it matches, also where no shell expands it;
/// one that ends with `/` or `**` names folders.
///
/// What is named must be a document of lorch. What is merely found in a folder is passed over and
/// counted if its fields are those of no kind; it is judged if it nearly is a document: with at least
/// two and at least half of the fields that one kind requires, and at least half of its own fields
/// being of that kind, misspelt ones included. Of lines, the first decides for the file.
///
/// The files in which lorch keeps track of ledgers (`*.chain.ndjson`, `ledger-head.json`) are no
/// documents, and are passed over.
///
/// Lines end with LF or CR LF; lines of nothing but spaces and tabs are passed over. A last line that
/// ends within a document and has no line end is reported as cut off. A file without any line is
/// valid, as a ledger is in which nothing was written yet.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  lorch validate examples/orders/daily.yaml
  lorch validate state/ receipts/ 'events/*.ndjson'
  lorch validate --schema step-manifest manifest.json
  lorch validate --schema-file order.schema.json orders.ndjson
  lorch compile examples/orders/daily.yaml --payload payload.json | lorch validate -
  lorch validate --format github .
  lorch validate --together .

Exit status: 0 all are valid; 1 one is not, or cannot be parsed, or there is none; 2 wrong usage, a
file that cannot be read, or a `--schema-file` that cannot be used.")]
pub(crate) struct Validate {
    /// Files, folders and patterns; `-` is standard input.
    #[arg(value_name = "FILE|FOLDER|PATTERN", required_unless_present = "together")]
    files: Vec<PathBuf>,
    /// The kind that the documents must be.
    #[arg(long, value_name = "NAME", value_parser = kind_parser())]
    schema: Option<Kind>,
    /// A JSON Schema (Draft-07) of your own that the documents must satisfy; it stands by itself: no
    /// address and no other file is opened.
    #[arg(long, value_name = "FILE", conflicts_with = "schema")]
    schema_file: Option<PathBuf>,
    /// How to write what is found: `human`, `json` (one object a line), `sarif` or `github`.
    #[arg(long, value_name = "FORMAT", default_value_t, value_parser = format_parser())]
    format: Format,
    /// How many violations of one file to write, or `all`; the others are counted [default: 100 for
    /// people, otherwise all].
    #[arg(long, value_name = "N", value_parser = parse_limit)]
    max_violations: Option<usize>,
    /// Leave out what is found in folders and has such a name, or, if there is a `/` in it, such a
    /// path from the folder on.
    #[arg(long, value_name = "PATTERN")]
    exclude: Vec<Pattern>,
    /// Every file holds one document a line, whatever its name; so does standard input.
    #[arg(long)]
    ndjson: bool,
    /// Instead of files: every document of a workspace, and whether what one says about another
    /// holds.
    #[arg(long, value_name = "DIR", conflicts_with_all = NOT_TOGETHER)]
    together: Option<PathBuf>,
}

/// Validates every file, and reports what is wrong with each.
pub(crate) fn validate(arguments: &Validate, global: &Global) -> Outcome {
    if let Some(folder) = &arguments.together {
        return together::together(folder, arguments.format, global);
    }
    let inputs = arguments.files.iter().chain(&arguments.schema_file);
    input::read_stdin_once(inputs.map(PathBuf::as_path))?;
    let limits = Site::find(global)?.config.limits;
    let document_limits = Limits { max_bytes: limits.max_document_bytes.get() };
    let errors = global.color.on(Stream::Error);
    let mut judge = Judge::new(Options {
        rules: rules(arguments, document_limits, errors)?,
        format: arguments.format,
        color: global.color.on(Stream::Output),
        document_limits,
        line_limits: Limits { max_bytes: limits.max_line_bytes.get() },
        all_streams: arguments.ndjson,
        max_violations: match arguments.format {
            Format::Human => arguments.max_violations.unwrap_or(SHOWN_TO_PEOPLE),
            _ => arguments.max_violations.unwrap_or(usize::MAX),
        },
    })?;
    let targets = targets(&arguments.files, &arguments.exclude);
    for problem in targets.unreadable.iter().chain(&targets.empty) {
        tell_error(problem, errors);
    }
    for target in &targets.files {
        match judge.file(target) {
            Err(Failure::Usage(error)) => tell_error(&format!("{error:#}"), errors),
            outcome => outcome?,
        }
    }
    let tally = judge.end()?;
    if arguments.format == Format::Human {
        tell_totals(&tally, &targets)?;
    } else if tally.unwritten > 0 {
        let unwritten = counted(tally.unwritten, "violation");
        tell_warning(&format!("{unwritten} more than `--max-violations` lets through"), errors);
    }
    outcome(&tally, &targets, errors)
}

fn tell_totals(tally: &Tally, targets: &Targets) -> Outcome {
    if tally.judged() + tally.unreadable > 1 {
        print_line(tally.total())?;
    }
    let rest = [tally.passed_over(), tally.kept_track(), links_left_out(targets.links)];
    rest.into_iter().flatten().try_for_each(print_line)
}

fn outcome(tally: &Tally, targets: &Targets, color: Color) -> Outcome {
    if tally.unreadable > 0 || !targets.unreadable.is_empty() {
        return Err(Failure::Unreadable);
    }
    if tally.judged() == 0 && targets.empty.is_empty() {
        tell_error("there was nothing to validate: no file is a document of lorch", color);
        return Err(Failure::Reported);
    }
    if tally.invalid > 0 || !targets.empty.is_empty() {
        return Err(Failure::Reported);
    }
    Ok(())
}

/// The rules that the arguments name; what makes a schema unusable is told.
fn rules(arguments: &Validate, limits: Limits, color: Color) -> Result<Rules, Failure> {
    let Some(path) = &arguments.schema_file else {
        return Ok(arguments.schema.map_or(Rules::Detected, Rules::Kind));
    };
    let source = input::read_source(path, limits)?;
    let unusable = |diagnostic: Diagnostic| {
        tell(&render(&[diagnostic], std::slice::from_ref(&source), color));
        Failure::Unreadable
    };
    let schema = source.read(limits).map_err(|error| unusable(error.diagnostic()))?;
    let validator = CustomValidator::new(&schema).map_err(|error| unusable(error.diagnostic()))?;
    Ok(Rules::Custom(Box::new(validator)))
}

fn kind_parser() -> impl TypedValueParser<Value = Kind> {
    PossibleValuesParser::new(Kind::ALL.map(Kind::name)).try_map(|name| name.parse::<Kind>())
}

fn format_parser() -> impl TypedValueParser<Value = Format> {
    PossibleValuesParser::new(Format::ALL.map(Format::name)).try_map(|name| name.parse::<Format>())
}

fn parse_limit(text: &str) -> Result<usize, String> {
    match text {
        "all" => Ok(usize::MAX),
        _ => text.parse().map_err(|_| "it is a number, or `all`".to_owned()),
    }
}
