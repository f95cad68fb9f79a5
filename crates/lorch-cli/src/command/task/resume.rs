//! `lorch task resume`: go on with a run of a task.

use clap::Args;
use lorch_agents::{Run as TaskRun, Told};
use lorch_types::agent::AgentRunId;

use super::run::{Shown, begin_all};
use crate::agents::{failed, owned, settings};
use crate::cli::Global;
use crate::exit::{Failure, Outcome};
use crate::machinery::RESUMABLE;
use crate::site::Site;

/// Go on with a run of a task that was interrupted, crashed, or waited for a person.
///
/// Work that is done is not asked for again. What was asked for and not answered is sent again with
/// the same key. A file that is not as its work left it stops the run with a question.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  lorch task resume run-20251020-140818-4f9f29a1

Exit status: 0 the task is done; 1 it failed, the run was over before, or another process owns the
workspace; 2 there is no such run; 3 the run waits for a person; 130 interrupted.")]
pub(crate) struct Resume {
    /// The run.
    #[arg(value_name = "RUN_ID")]
    run: AgentRunId,
    /// Write what happens to standard output, one JSON object a line.
    #[arg(long)]
    json: bool,
}

/// Opens the run and drives it on.
pub(crate) fn resume(arguments: &Resume, global: &Global) -> Outcome {
    let site = Site::find(global)?;
    let settings = settings(&site)?;
    let owned = owned(&site, RESUMABLE)?;
    let root = owned.root.try_clone().map_err(Failure::work)?;
    let opened = TaskRun::open(root, &arguments.run, settings.clone());
    let (mut run, recovery) = opened.map_err(|error| failed(Some(&arguments.run), error))?;
    let (id, task) = (run.id().clone(), run.task().clone());
    let shown = Shown { run: id, task: task.clone(), global, json: arguments.json };
    shown.head(task.as_str());
    shown.drive(|audience| {
        audience.told(Told::Recovered(&recovery));
        run.drive(&owned.stop, audience)
    })?;
    begin_all(&owned, run.proposed(), &settings, global, arguments.json)
}
