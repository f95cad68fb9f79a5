//! `lorch task verify`: whether a run's ledger is what it was when it was written.

use std::io;

use anyhow::Context;
use clap::Args;
use lorch_agents::{Inspection, LedgerError, open_workspace, verify as verified};
use lorch_types::agent::AgentRunId;
use lorch_types::diagnostic::visible;
use lorch_types::json::{Object, Value};

use crate::amount::counted;
use crate::cli::Global;
use crate::exit::{Failure, Outcome};
use crate::site::Site;
use crate::terminal::{print, print_line};

/// Verify the ledger of a run: every hash of its chain, its head, and that every command has its end.
///
/// A chain proves that a ledger agrees with itself: whoever can write all files of the workspace can
/// write a new chain as well. Whether receipts and artifacts agree with the ledger is what
/// `lorch validate --together` says. Nothing is changed.
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
    let root = open_workspace(&site.root)
        .with_context(|| format!("cannot open `{}`", site.root.display()))
        .map_err(Failure::Usage)?;
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

fn for_people(run: &AgentRunId, found: &Inspection) -> String {
    let mut text = String::new();
    for finding in &found.findings {
        text.push_str(&format!("error: {}\n", visible(&finding.to_string())));
    }
    let lines = counted(found.lines, "line");
    let mut said = if found.is_sound() {
        format!("{lines}, all as they were written")
    } else {
        format!("{lines}, {}", counted(found.findings.len() as u64, "error"))
    };
    for lag in lags(found) {
        said.push_str(&format!("; {lag}"));
    }
    text.push_str(&format!("{run}: {said}\n"));
    text
}

/// What a crash left, and going on with the run repairs.
fn lags(found: &Inspection) -> Vec<String> {
    let mut lags = Vec::new();
    if found.torn > 0 {
        lags.push(format!("{} of a torn line at the end", counted(found.torn, "byte")));
    }
    if found.is_sound() && found.chained < found.lines {
        let lines = counted(found.lines - found.chained, "line");
        lags.push(format!("{lines} not chained yet"));
    }
    if found.chain_torn > 0 {
        lags.push("a torn record at the end of the chain".to_owned());
    }
    lags
}

fn as_json(run: &AgentRunId, found: &Inspection) -> Object {
    let findings: Vec<Value> =
        found.findings.iter().map(|finding| finding.to_string().into()).collect();
    [
        ("run_id", Value::from(run.as_str())),
        ("sound", found.is_sound().into()),
        ("lines", found.lines.into()),
        ("chained", found.chained.into()),
        ("torn_bytes", found.torn.into()),
        ("findings", Value::Array(findings)),
    ]
    .into_iter()
    .collect()
}
