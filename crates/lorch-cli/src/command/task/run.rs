//! `lorch task run`: a task goes through builder, reviewer and spec maintainer.

use std::io::{self, BufRead as _, IsTerminal as _};
use std::time::Instant;

use clap::Args;
use lorch_agents::{
    Assignment, Audience, End, Ending, Rules, Run as TaskRun, RunError, RunSettings, proposed_task,
    read_run_state,
};
use lorch_types::agent::{Action, AgentRunId, RunStatus, TaskId};
use lorch_types::diagnostic::{Color, visible};
use lorch_types::json::Value;

use crate::agents::{self, Owned, all_configured, assignment_of_goal, opened, owned, settings};
use crate::amount::duration;
use crate::cli::Global;
use crate::clock::word;
use crate::dialogue::{People, Programs, asked};
use crate::exit::{Failure, Outcome};
use crate::machinery::RESUMABLE;
use crate::site::{CONFIG_FILE, Site};
use crate::terminal::{Stream, print, tell};

/// Run a task: a builder implements it, a reviewer judges it, a spec maintainer keeps the
/// specification, until all agree.
///
/// The agents are the programs of `[agents.builder]`, `[agents.reviewer]` and
/// `[agents.spec_maintainer]` in lorch.toml. All that is said stands in `events/RUN_ID.ndjson`, durable
/// before anything follows from it. A run that was interrupted is gone on with by `lorch task resume`.
/// A question is asked at the terminal; without one the run pauses, and `lorch task decide` answers.
///
/// Without a task the agent of `[agents.orchestration]` makes tasks of what is wanted; once they are
/// accepted, they run one after the other.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  lorch task run T-0042
  lorch task run T-0042 --goal \"Add user authentication\"
  lorch task run --goal \"People can sign in\"
  lorch task run T-0042 --json | jq -r .event

Exit status: 0 the task is done; 1 it failed, or another process owns the workspace; 2 it is not
known, or an agent is not configured; 3 the run waits for a person; 130 interrupted.")]
pub(crate) struct Run {
    /// The task; `[tasks.TASK]` in lorch.toml says what it is about.
    #[arg(value_name = "TASK")]
    task: Option<TaskId>,
    /// What is wanted, instead of the goal in lorch.toml.
    #[arg(long, value_name = "TEXT")]
    goal: Option<String>,
    /// Begin a new run, though the last one of this task is not over.
    #[arg(long)]
    anew: bool,
    /// Write what happens to standard output, one JSON object a line.
    #[arg(long)]
    json: bool,
}

/// The task that stands for a wish of which an orchestrating agent makes tasks.
const WISH: &str = "T-0000";

/// Begins a run of the task and drives it.
pub(crate) fn run(arguments: &Run, global: &Global) -> Outcome {
    let site = Site::find(global)?;
    let settings = settings(&site)?;
    if arguments.goal.as_ref().is_some_and(|goal| goal.trim().is_empty()) {
        return Err(Failure::usage("the goal is empty"));
    }
    let assignment = match &arguments.task {
        Some(task) => assignment(&site, task, arguments.goal.as_deref(), settings.rules)?,
        None => wish(arguments.goal.as_deref())?,
    };
    all_configured(&settings, assignment.first)?;
    let owned = owned(&site, RESUMABLE)?;
    if !arguments.anew {
        refuse_unfinished(&owned.root, &assignment.task_id)?;
    }
    begin(&owned, assignment, &settings, global, arguments.json)
}

/// Begins a run and drives it; then those of the tasks that came of it.
fn begin(
    owned: &Owned,
    assignment: Assignment,
    settings: &RunSettings,
    global: &Global,
    json: bool,
) -> Outcome {
    let task = assignment.task_id.clone();
    let goal = assignment.inputs.get("goal").and_then(Value::as_str).unwrap_or_default();
    let head = format!("{task} {}", visible(goal));
    let root = owned.root.try_clone().map_err(Failure::work)?;
    let run = TaskRun::start(root, assignment, settings.clone());
    let mut run = run.map_err(|error| agents::failed(None, error))?;
    let shown = Shown { run: run.id().clone(), task, global, json };
    shown.head(&head);
    shown.drive(|audience| run.drive(&owned.stop, audience))?;
    begin_all(owned, run.proposed(), settings, global, json)
}

/// Runs the tasks that a wish became, one after the other, as long as they are done.
pub(super) fn begin_all(
    owned: &Owned,
    tasks: &[Assignment],
    settings: &RunSettings,
    global: &Global,
    json: bool,
) -> Outcome {
    tasks.iter().try_for_each(|task| {
        if !json {
            tell("\n");
        }
        let settings = RunSettings { seed: word(), ..settings.clone() };
        begin(owned, task.clone(), &settings, global, json)
    })
}

fn assignment(
    site: &Site,
    task: &TaskId,
    goal: Option<&str>,
    rules: Rules,
) -> Result<Assignment, Failure> {
    let known = match agents::assignment(site, task) {
        None if goal.is_none() => {
            let root = opened(site)?;
            proposed_task(&root, task, rules).map_err(|error| Failure::Usage(error.into()))?
        }
        known => known,
    };
    match (known, goal) {
        (Some(mut known), Some(goal)) => {
            known.inputs.insert("goal", goal);
            Ok(known)
        }
        (Some(known), None) => Ok(known),
        (None, Some(goal)) => Ok(assignment_of_goal(task, Action::Implement, goal)),
        (None, None) => Err(Failure::usage(format!(
            "nothing says what {task} is about\n  = help: add `[tasks.{task}]` with `goal = \"…\"` to \
             {CONFIG_FILE}, or give `--goal`"
        ))),
    }
}

/// What an orchestrating agent is to make tasks of.
fn wish(goal: Option<&str>) -> Result<Assignment, Failure> {
    let goal = match goal {
        Some(goal) => goal.to_owned(),
        None => asked_for_goal()?,
    };
    let task = WISH.parse().map_err(Failure::work)?;
    Ok(assignment_of_goal(&task, Action::Intake, &goal))
}

fn asked_for_goal() -> Result<String, Failure> {
    let unsaid = || {
        Failure::usage(
            "no task is given\n  = help: `lorch task run TASK` runs one of lorch.toml, `lorch task run \
             --goal \"…\"` has tasks made of what is wanted",
        )
    };
    if !io::stdin().is_terminal() {
        return Err(unsaid());
    }
    tell("what is to be done? ");
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line).map_err(Failure::usage)?;
    let goal = line.trim();
    if goal.is_empty() { Err(unsaid()) } else { Ok(goal.to_owned()) }
}

/// Two runs of one task at the same files would undo each other's work.
fn refuse_unfinished(root: &cap_std::fs::Dir, task: &TaskId) -> Result<(), Failure> {
    let last = read_run_state(root).map_err(|error| Failure::Usage(error.into()))?;
    let unfinished = last.filter(|last| last.status == RunStatus::Running && last.task_id == *task);
    unfinished.map_or(Ok(()), |last| {
        let run = last.run_id;
        Err(Failure::work(format!(
            "{run} of {task} is not over\n  = help: `lorch task resume {run}` goes on with it, `lorch \
             task decide {run} abort` stops it for good, `--anew` leaves it as it is"
        )))
    })
}

/// A run that is shown while it is driven.
pub(super) struct Shown<'s> {
    pub(super) run: AgentRunId,
    pub(super) task: TaskId,
    pub(super) global: &'s Global,
    pub(super) json: bool,
}

impl Shown<'_> {
    /// What is said before anything happens.
    pub(super) fn head(&self, head: &str) {
        if !self.json {
            tell(&format!("{head}\nrun {}\n\n", self.run));
        }
    }

    /// Drives the run, and says what came of it.
    pub(super) fn drive(
        &self,
        drive: impl FnOnce(&mut dyn Audience) -> Result<Ending, RunError>,
    ) -> Outcome {
        let began = Instant::now();
        let ending = if self.json {
            drive(&mut Programs::new(self.run.clone()))
        } else {
            drive(&mut People::new(self.global.color.on(Stream::Error)))
        };
        let ending = ending.map_err(|error| agents::failed(Some(&self.run), error))?;
        if !self.json {
            let millis = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
            tell("\n");
            if let Ending::Paused(question) = &ending {
                tell(&asked(question));
                tell("\n");
            }
            print(&self.summary(&ending, millis))?;
        }
        match ending {
            Ending::Ended(End::Completed) => Ok(()),
            Ending::Ended(End::Failed(_) | End::Aborted) => Err(Failure::Reported),
            Ending::Paused(_) => Err(Failure::Waiting),
            Ending::Interrupted => Err(Failure::Interrupted),
        }
    }

    fn summary(&self, ending: &Ending, millis: u64) -> String {
        let Self { run, task, .. } = self;
        let paint = |style: &str, text: &str| match self.global.color.on(Stream::Output) {
            Color::Always => format!("\x1b[{style}m{text}\x1b[0m"),
            Color::Never => text.to_owned(),
        };
        let (verdict, next) = match ending {
            Ending::Ended(End::Completed) => {
                (paint("1;32", "completed"), ("verify", format!("lorch task verify {run}")))
            }
            Ending::Ended(End::Failed(failure)) => {
                let reason = visible(&format!(" ({}: {})", failure.code, failure.message));
                let failed = format!("{}{reason}", paint("1;31", "failed"));
                (failed, ("anew", format!("lorch task run {task}")))
            }
            Ending::Ended(End::Aborted) => {
                (paint("1;31", "aborted"), ("anew", format!("lorch task run {task}")))
            }
            Ending::Paused(_) => (
                paint("1;33", "waits for a person"),
                ("decide", format!("lorch task decide {run} ANSWER")),
            ),
            Ending::Interrupted => {
                (paint("1;33", "stopped"), ("resume", format!("lorch task resume {run}")))
            }
        };
        let (word, command) = next;
        let took = duration(millis);
        format!(
            "{task} {verdict} in {took}\n  run     {run}\n  {word:<7} {command}\n  log     lorch task log {run}\n"
        )
    }
}
