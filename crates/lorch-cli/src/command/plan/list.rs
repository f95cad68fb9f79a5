//! `lorch plan list`: the plans that were submitted in this workspace.

use clap::Args;
use lorch_store::PlanEntry;
use lorch_types::json::{Object, Value, to_value};

use crate::amount::count;
use crate::cli::Global;
use crate::exit::{Failure, Outcome};
use crate::planning::Planning;
use crate::table::Table;
use crate::terminal::{Stream, print, print_line, tell};

/// List the plans of this workspace, newest first.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  lorch plan list
  lorch plan list --json | jq -r 'select(.state == \"awaiting_approval\").plan_id'

Exit status: 0 whether there are any or not; 2 the store cannot be read.")]
pub(crate) struct List {
    /// One JSON object a line.
    #[arg(long)]
    json: bool,
    /// At most this many; 30 when absent, all of them with `--json`.
    #[arg(short = 'n', long, value_name = "N")]
    limit: Option<usize>,
}

/// Lists the plans.
pub(crate) fn list(arguments: &List, global: &Global) -> Outcome {
    const SHOWN: usize = 30;
    let planning = Planning::find(global)?;
    let Some(store) = planning.existing_store()? else {
        tell("no plan was submitted here\n");
        return Ok(());
    };
    if arguments.json {
        let plans = store.plans(arguments.limit.unwrap_or(usize::MAX))?;
        return plans.iter().try_for_each(|entry| print_line(Value::Object(line(entry)?)));
    }
    let mut table = Table::new(["PLAN", "STATE", "SINCE", "ASSETS", "SUMMARY"]);
    for entry in store.plans(arguments.limit.unwrap_or(SHOWN))? {
        let payload = &entry.plan.payload;
        table.row([
            entry.plan.id.to_string(),
            entry.state.as_str().to_owned(),
            entry.updated_at.to_string(),
            count(payload.affected_assets.len() as u64),
            payload.summary.to_string(),
        ]);
    }
    print(&table.draw(global.color.on(Stream::Output)))
}

fn line(entry: &PlanEntry) -> Result<Object, Failure> {
    let plan = &entry.plan;
    let mut line = Object::new();
    line.insert("plan_id", plan.id.as_str());
    line.insert("task_id", plan.task_id.as_str());
    line.insert("type", to_value(&plan.plan_type).map_err(Failure::work)?);
    line.insert("state", entry.state.as_str());
    line.insert("updated_at", entry.updated_at.to_string());
    line.insert("assets", crate::verdict::count(plan.payload.affected_assets.len()));
    line.insert("summary", plan.payload.summary.as_str());
    Ok(line)
}
