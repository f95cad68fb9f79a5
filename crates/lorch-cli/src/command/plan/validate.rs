//! `lorch plan validate`: everything that can be said about a plan before anybody decides.

use std::path::PathBuf;

use clap::Args;
use lorch_types::json::Value;

use crate::cli::Global;
use crate::exit::{Failure, Outcome};
use crate::input::read_stdin_once;
use crate::planning::Planning;
use crate::terminal::{Stream, print, print_line};
use crate::verdict::{Documents, as_json, findings, summary};

/// Validate a plan: its schema, the policies that its task names, and the built-in safety rules.
///
/// Nothing is recorded. Policies ship with lorch (`production_safety`, `tool_authorization`) or are
/// folders in `policies/`; tools and metrics stand in lorch.toml.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  lorch plan validate plan.json --task task.json
  lorch plan validate plan.json --task task.json --json | jq .findings

Exit status: 0 it may be put before a person; 1 it may not; 2 a file cannot be read.")]
pub(crate) struct Validate {
    /// The plan; `-` is standard input.
    #[arg(value_name = "PLAN")]
    plan: PathBuf,
    /// The task that it is for, with its `task_spec`.
    #[arg(long, value_name = "TASK")]
    task: PathBuf,
    /// One JSON object, for programs.
    #[arg(long)]
    json: bool,
}

/// Validates the plan, and says what was found.
pub(crate) fn validate(arguments: &Validate, global: &Global) -> Outcome {
    read_stdin_once([arguments.plan.as_path(), &arguments.task])?;
    let planning = Planning::find(global)?.for_programs(arguments.json);
    let (task_source, task) = planning.task(&arguments.task)?;
    let (plan_source, plan) = planning.plan(&arguments.plan)?;
    let judgement = planning.judge(&plan, &task)?;
    let documents = Documents::Given { plan: &plan_source, task: &task_source };
    if arguments.json {
        print_line(Value::Object(as_json(&judgement, &documents)?))?;
    } else {
        print(&findings(&judgement, &documents, global.color.on(Stream::Output)))?;
        print(&summary(&judgement))?;
    }
    if judgement.validation.overall_valid() { Ok(()) } else { Err(Failure::Reported) }
}
