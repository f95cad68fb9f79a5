//! `lorch agent check`: whether a program is an agent.

mod cases;
mod lab;
mod session;

use std::ffi::OsString;
use std::time::Duration;

use clap::Args;
use lorch_types::agent::WorkspacePath;
use lorch_types::diagnostic::Color;
use serde::Serialize;

use self::cases::Bench;
use self::lab::Lab;
use super::role::Role;
use crate::cli::Global;
use crate::exit::{Failure, Outcome};
use crate::site::Site;
use crate::table::Table;
use crate::terminal::{Stream, print, print_document};

/// Test whether a program is a conforming agent.
///
/// The program is started several times in a copy of the workspace (without .git, .lorch, target and
/// node_modules), is asked to do something, gets junk and lines that are too long, is killed, and is asked
/// again. It is told the same goal each time, twice with a new key: a program that asks a language model
/// may cost something.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  lorch agent check -- python3 agents/builder.py
  lorch agent check --role reviewer -- lorch agent wrap --role reviewer -- my-coding-tool
  lorch agent check --json -- ./my-agent | jq '.checks[] | select(.result == \"failed\")'

Exit status: 0 it conforms; 1 it does not; 2 the workspace cannot be copied.")]
pub(crate) struct Check {
    /// What the agent is for.
    #[arg(long, value_enum, default_value_t = Role::Builder, value_name = "builder|reviewer|spec_maintainer|orchestration", hide_possible_values = true)]
    role: Role,
    /// What it is asked to do.
    #[arg(
        long,
        default_value = "Say hello to the naïve reader of src/hello.txt",
        value_name = "TEXT"
    )]
    goal: String,
    /// A file that it is to write.
    #[arg(long, value_name = "PATH")]
    expect: Vec<WorkspacePath>,
    /// A variable of the environment that is handed through.
    #[arg(long, value_name = "NAME")]
    env: Vec<String>,
    /// How many seconds an answer may take.
    #[arg(long, default_value_t = 120, value_name = "SECONDS")]
    timeout: u64,
    /// The results, for programs.
    #[arg(long)]
    json: bool,
    /// The program and its arguments.
    #[arg(last = true, required = true, value_name = "CMD")]
    program: Vec<OsString>,
}

/// All results.
#[derive(Debug, Serialize)]
struct Report {
    conforms: bool,
    checks: Vec<Checked>,
}

/// The result of one check.
#[derive(Debug, Serialize)]
pub(super) struct Checked {
    name: &'static str,
    result: Verdict,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Verdict {
    Passed,
    Failed,
    /// An earlier one failed that it needs.
    Skipped,
}

/// Checks the program and prints the results.
pub(crate) fn check(arguments: &Check, global: &Global) -> Outcome {
    let site = Site::find(global)?;
    let lab = Lab::copy_of(&site, arguments)?;
    let bench = Bench::new(&lab, arguments.role.agent_type(), &arguments.goal, &arguments.expect);
    let checks = bench.run(Duration::from_secs(arguments.timeout));
    let conforms = checks.iter().all(|check| check.result == Verdict::Passed);
    let report = Report { conforms, checks };
    if arguments.json {
        print_document(&report)?;
    } else {
        print(&report.for_people(global.color.on(Stream::Output)))?;
    }
    if conforms { Ok(()) } else { Err(Failure::Reported) }
}

impl Report {
    fn for_people(&self, color: Color) -> String {
        let mut table = Table::new(["", "check", "reason"]);
        for Checked { name, result, reason } in &self.checks {
            let mark = match result {
                Verdict::Passed => "✓",
                Verdict::Failed => "✗",
                Verdict::Skipped => "-",
            };
            let reason = reason.clone().unwrap_or_default();
            table.row([mark.to_owned(), (*name).to_owned(), reason]);
        }
        table.draw(color)
    }
}

impl Checked {
    fn new(name: &'static str, outcome: Result<(), String>) -> Self {
        match outcome {
            Ok(()) => Self { name, result: Verdict::Passed, reason: None },
            Err(reason) => Self { name, result: Verdict::Failed, reason: Some(reason) },
        }
    }

    fn skipped(name: &'static str) -> Self {
        Self { name, result: Verdict::Skipped, reason: None }
    }
}
