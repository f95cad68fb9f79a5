//! `lorch plan diff`: how two plans differ.

use std::path::PathBuf;

use clap::Args;
use lorch_plans::diff as differences;
use lorch_types::diagnostic::visible;
use lorch_types::json::{Object, Value};

use crate::cli::Global;
use crate::exit::{Failure, Outcome};
use crate::input::read_stdin_once;
use crate::planning::Planning;
use crate::terminal::{print, print_line};

/// Say how two plans differ in type and payload: phase by phase, asset by asset.
///
/// Phases are compared by their names. The order of assets means nothing.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  lorch plan diff plan.json better.json
  lorch plan diff 880e8400-e29b-41d4-a716-446655440001 better.json

A line begins with `+` for what only OTHER has, `-` for what only PLAN has, `~` for what differs.
Exit status: 0 whether they differ or not; 1 one is no plan; 2 one cannot be read.")]
pub(crate) struct Diff {
    /// The first plan: a file, or the id of one that was submitted.
    #[arg(value_name = "PLAN")]
    plan: PathBuf,
    /// The second.
    #[arg(value_name = "OTHER")]
    other: PathBuf,
    /// One JSON object a line: `place`, `before`, `after`.
    #[arg(long)]
    json: bool,
}

/// Compares the plans.
pub(crate) fn diff(arguments: &Diff, global: &Global) -> Outcome {
    read_stdin_once([arguments.plan.as_path(), &arguments.other])?;
    let planning = Planning::find(global)?;
    let before = planning.named(&arguments.plan)?;
    let after = planning.named(&arguments.other)?;
    let found = differences(&before, &after).map_err(Failure::work)?;
    for difference in &found {
        if !arguments.json {
            print_line(visible(&difference.to_string()))?;
            continue;
        }
        let mut object = Object::new();
        object.insert("place", difference.place.to_string());
        for (name, value) in [("before", &difference.before), ("after", &difference.after)] {
            if let Some(value) = value {
                object.insert(name, value.clone());
            }
        }
        print_line(Value::Object(object))?;
    }
    match (found.is_empty(), arguments.json) {
        (true, false) => print("they do not differ\n"),
        _ => Ok(()),
    }
}
