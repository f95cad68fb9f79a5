//! `lorch task verify`: whether a run's ledger is what it was when it was written, and what is
//! derived from it agrees.

use std::io;

use clap::Args;
use lorch_agents::{Finding, LedgerError, Verification, verify as verified};
use lorch_types::agent::AgentRunId;
use lorch_types::diagnostic::visible;
use lorch_types::json::{Object, Value};

use crate::agents::opened;
use crate::amount::counted;
use crate::cli::Global;
use crate::exit::{Failure, Outcome};
use crate::site::Site;
use crate::terminal::{print, print_line};

/// Verify a run: every hash of its ledger's chain, its head, that every command has its end, its
/// receipts, and that the files that they are about are what they say.
///
/// A chain proves that a ledger agrees with itself: whoever can write all files of the workspace can
/// write a new chain as well. Nothing is changed.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  lorch task verify run-20251020-140818-4f9f29a1
  lorch task verify run-20251020-140818-4f9f29a1 --json

Exit status: 0 it is sound; 1 it is not; 2 there is no such ledger, or it cannot be read.")]
pub(crate) struct Verify {
    /// The run.
    #[arg(value_name = "RUN_ID")]
    run: AgentRunId,
    /// One JSON object, for programs.
    #[arg(long)]
    json: bool,
}

/// Verifies the ledger, and says what does not fit.
pub(crate) fn verify(arguments: &Verify, global: &Global) -> Outcome {
    let site = Site::find(global)?;
    let root = opened(&site)?;
    let found = verified(&root, &arguments.run).map_err(unusable)?;
    if arguments.json {
        print_line(Value::Object(as_json(&arguments.run, &found)))?;
    } else {
        print(&for_people(&arguments.run, &found))?;
    }
    if found.is_sound() { Ok(()) } else { Err(Failure::Reported) }
}

fn unusable(error: LedgerError) -> Failure {
    let is_missing = matches!(
        &error,
        LedgerError::File { source, .. } if source.kind() == io::ErrorKind::NotFound
    );
    let error = anyhow::Error::new(error);
    Failure::Usage(if is_missing { error.context("there is no ledger of this run") } else { error })
}

fn for_people(run: &AgentRunId, found: &Verification) -> String {
    let mut text = String::new();
    for finding in found.all_findings() {
        text.push_str(&format!("error: {}\n", visible(&finding.to_string())));
    }
    let lines = counted(found.ledger.lines, "line");
    let mut said = if found.is_sound() {
        let receipts = counted(found.receipts, "receipt");
        format!("{lines}, all as they were written; {receipts}")
    } else {
        format!("{lines}, {}", counted(found.all_findings().count() as u64, "error"))
    };
    for lag in lags(found) {
        said.push_str(&format!("; {lag}"));
    }
    text.push_str(&format!("{run}: {said}\n"));
    text
}

/// What a crash left, and going on with the run repairs.
fn lags(found: &Verification) -> Vec<String> {
    let ledger = &found.ledger;
    let mut lags = Vec::new();
    if ledger.torn > 0 {
        lags.push(format!("{} of a torn line at the end", counted(ledger.torn, "byte")));
    }
    if ledger.is_sound() && ledger.chained < ledger.lines {
        lags.push(format!("{} not chained yet", counted(ledger.lines - ledger.chained, "line")));
    }
    if ledger.chain_torn > 0 {
        lags.push("a torn record at the end of the chain".to_owned());
    }
    if found.unrecorded > 0 {
        let commands = counted(found.unrecorded, "command");
        lags.push(format!("{commands} done without a receipt yet"));
    }
    lags
}

fn as_json(run: &AgentRunId, found: &Verification) -> Object {
    let findings = found.all_findings().map(|finding| finding_as_json(run, finding).into());
    [
        ("run_id", Value::from(run.as_str())),
        ("sound", found.is_sound().into()),
        ("lines", found.ledger.lines.into()),
        ("chained", found.ledger.chained.into()),
        ("torn_bytes", found.ledger.torn.into()),
        ("receipts", found.receipts.into()),
        ("unrecorded", found.unrecorded.into()),
        ("findings", Value::Array(findings.collect())),
    ]
    .into_iter()
    .collect()
}

fn finding_as_json(run: &AgentRunId, finding: &Finding) -> Object {
    let (file, line) = finding.place(run);
    let mut object: Object = [
        ("class", Value::from(finding.class())),
        ("file", file.into()),
        ("message", finding.to_string().into()),
    ]
    .into_iter()
    .collect();
    if let Some(line) = line {
        object.insert("line", line);
    }
    object
}
