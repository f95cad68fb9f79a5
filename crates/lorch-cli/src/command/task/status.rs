//! `lorch task status`: how far runs of tasks are.

use clap::Args;
use lorch_agents::{End, Look, look, runs};
use lorch_types::agent::{AgentRunId, RunState, RunStatus, Stage};
use lorch_types::json::{Object, Value, to_value};

use crate::agents::{opened, settings};
use crate::cli::Global;
use crate::dialogue::{asked, ended, question_fields};
use crate::exit::{Failure, Outcome};
use crate::site::Site;
use crate::table::Table;
use crate::terminal::{Stream, print, print_line, tell};

/// Show how far runs of tasks are, and what they ask.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  lorch task status
  lorch task status run-20251020-140818-4f9f29a1
  lorch task status --json | jq -r 'select(.status == \"running\") | .run_id'

Exit status: 0 it is shown; 2 there is no such run, or its ledger cannot be read.")]
pub(crate) struct Status {
    /// The run; all runs without one.
    #[arg(value_name = "RUN_ID")]
    run: Option<AgentRunId>,
    /// One JSON object a line, for programs.
    #[arg(long)]
    json: bool,
}

/// Shows one run, or all.
pub(crate) fn status(arguments: &Status, global: &Global) -> Outcome {
    let site = Site::find(global)?;
    let root = opened(&site)?;
    let rules = settings(&site)?.rules;
    let looked =
        |run: &AgentRunId| look(&root, run, rules).map_err(|error| Failure::Usage(error.into()));
    let ids = match &arguments.run {
        Some(run) => vec![run.clone()],
        None => runs(&root).map_err(|error| Failure::Usage(error.into()))?,
    };
    if arguments.json {
        return ids
            .iter()
            .try_for_each(|run| print_line(Value::Object(as_json(run, looked(run)?))));
    }
    if let Some(run) = &arguments.run {
        return print(&one(run, &looked(run)?));
    }
    if ids.is_empty() {
        tell(&format!("no runs of tasks yet in {}\n", site.root.display()));
        return Ok(());
    }
    let mut table = Table::new(["RUN", "TASK", "STATUS", "STAGE", "STARTED"]);
    for run in &ids {
        let found = looked(run)?;
        let (task, stage, started) = found.state.as_ref().map_or_else(Default::default, |state| {
            let stage = stage(state.current_stage).to_owned();
            (state.task_id.to_string(), stage, state.started_at.to_string())
        });
        table.row([run.to_string(), task, word(&found), stage, started]);
    }
    print(&table.draw(global.color.on(Stream::Output)))
}

fn one(run: &AgentRunId, found: &Look) -> String {
    let mut text = format!("run      {run}\nstatus   {}\n", word(found));
    if let Some(state) = &found.state {
        let RunState { task_id, current_stage, snapshot_id, started_at, .. } = state;
        let stage = stage(*current_stage);
        text.push_str(&format!(
            "task     {task_id}\nstage    {stage}\nstarted  {started_at}\nbase     {snapshot_id}\n"
        ));
        for (name, time) in [("ended", state.completed_at)] {
            if let Some(time) = time {
                text.push_str(&format!("{name:<8} {time}\n"));
            }
        }
    }
    if let Some(End::Failed(failure)) = &found.end {
        let reason = format!("{}: {}", failure.code, failure.message);
        text.push_str(&format!("reason   {}\n", lorch_types::diagnostic::visible(&reason)));
    }
    if let Some(question) = &found.question {
        text.push_str(&asked(question));
        text.push_str(&format!("\nlorch task decide {run} ANSWER\n"));
    }
    text
}

fn word(found: &Look) -> String {
    match (&found.out_of_place, &found.question, &found.state) {
        (Some(_), ..) => "of another loop".to_owned(),
        (_, Some(question), _) => format!("waits ({})", question.kind.as_str()),
        (_, _, Some(state)) => status_word(state.status).to_owned(),
        (_, _, None) => "begun".to_owned(),
    }
}

fn as_json(run: &AgentRunId, found: Look) -> Object {
    let state = found.state.as_ref().and_then(|state| to_value(state).ok());
    let mut line = match state {
        Some(Value::Object(state)) => state,
        _ => Object::new(),
    };
    line.insert("run_id", run.as_str());
    if let Some(end) = &found.end {
        ended(&mut line, end);
    }
    if let Some(question) = &found.question {
        question_fields(&mut line, question);
    }
    if let Some(error) = &found.out_of_place {
        line.insert("out_of_place", error.to_string());
    }
    line
}

fn status_word(status: RunStatus) -> &'static str {
    match status {
        RunStatus::Running => "running",
        RunStatus::Completed => "completed",
        RunStatus::Failed => "failed",
        RunStatus::Aborted => "aborted",
    }
}

fn stage(stage: Stage) -> &'static str {
    match stage {
        Stage::Implement => "implement",
        Stage::Review => "review",
        Stage::SpecMaintain => "spec_maintain",
        Stage::Complete => "complete",
    }
}
