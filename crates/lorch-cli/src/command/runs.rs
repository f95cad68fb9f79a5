//! `lorch runs`: what has run in this workspace.

use clap::Args;
use lorch_store::RunSummary;
use lorch_types::json::Object;

use crate::amount::{count, duration};
use crate::cli::Global;
use crate::clock::now;
use crate::exit::Outcome;
use crate::site::{Site, shown};
use crate::table::Table;
use crate::terminal::{Stream, print, print_line, tell};

/// List the runs of this workspace, newest first.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  lorch runs
  lorch runs --json | jq -r 'select(.status == \"interrupted\").run_id'

Status: `running`; `interrupted` (begun, and its process is gone: `lorch resume RUN_ID`);
`completed`; `failed`.")]
pub(crate) struct Runs {
    /// One JSON object a line.
    #[arg(long)]
    json: bool,
    /// At most this many; 30 when absent, all of them with `--json`.
    #[arg(short = 'n', long, value_name = "N")]
    limit: Option<usize>,
}

/// Lists the runs.
pub(crate) fn runs(arguments: &Runs, global: &Global) -> Outcome {
    const SHOWN: usize = 30;
    let site = Site::find(global)?;
    let Some(store) = site.existing_store()? else {
        tell(&format!("no runs yet in {}\n", shown(&site.store_path())));
        return Ok(());
    };
    if arguments.json {
        let all = store.runs(now(), arguments.limit.unwrap_or(usize::MAX))?;
        return all
            .iter()
            .try_for_each(|run| print_line(lorch_types::json::Value::from(line(run))));
    }
    let limit = arguments.limit.unwrap_or(SHOWN);
    let mut runs = store.runs(now(), limit.saturating_add(1))?;
    let more = runs.len() > limit;
    runs.truncate(limit);
    let mut table = Table::new(["RUN", "JOB", "STATUS", "STARTED", "TOOK", "ATTEMPTS"]);
    for run in &runs {
        let took = run.completed_at.map(|end| duration(end.millis_since(run.started_at)));
        let holder = run.holder.as_ref().map(|it| format!(" ({})", it.owner)).unwrap_or_default();
        table.row([
            run.run_id.to_string(),
            run.job_id.to_string(),
            format!("{}{holder}", run.status.as_str()),
            run.started_at.to_string(),
            took.unwrap_or_default(),
            count(run.attempts),
        ]);
    }
    print(&table.draw(global.color.on(Stream::Output)))?;
    if more {
        tell(&format!("(the newest {limit}; -n says how many)\n"));
    }
    Ok(())
}

fn line(run: &RunSummary) -> Object {
    let mut line = Object::new();
    line.insert("run_id", run.run_id.as_str());
    line.insert("job_id", run.job_id.as_str());
    line.insert("status", run.status.as_str());
    line.insert("started_at", run.started_at.to_string());
    line.insert("completed_at", run.completed_at.map(|end| end.to_string()));
    line.insert("attempts", run.attempts);
    line
}
