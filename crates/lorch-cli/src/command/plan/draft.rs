//! `lorch plan draft`: a planner is asked for a plan, which is then submitted.

mod agent;
mod llm;
mod task;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use clap::{Args, ValueEnum};
use lorch_backends::Cancellation;
use lorch_plans::{Draft as Drafted, DraftError, DraftFailure, Held, Order, draft as drafted};
use lorch_store::{Store, StoreError};
use lorch_types::diagnostic::visible;
use lorch_types::json::{Object, Value, to_value};
use lorch_types::plan::{
    Duration, Environment, ExecutionMode, OrgId, Task, TaskErrorCode, TaskEvent, TaskState, UserId,
    UserIntent,
};

use super::{show, submit};
use crate::amount::counted;
use crate::cli::Global;
use crate::clock::{new_nonce, new_uuid, now};
use crate::exit::{Failure, Outcome};
use crate::planning::Planning;
use crate::terminal::{Stream, print, print_line};
use crate::verdict::{Documents, as_json, count, findings, summary};

/// Have a plan drafted by a language model or an agent, and submit it.
///
/// The planner is the agent `[agents.orchestration]` of lorch.toml, or the language model of `[llm]`.
/// It is told the schemas, the tools and the task; what it answers is validated like any plan, and
/// sent back with what is wrong at most three times. Model, digest of the prompt and tokens are
/// recorded in the task.
///
/// What it says can make the task stricter, never laxer: in risk, environment, mode, approvers, batches
/// and policies the stricter of given and said holds. What nobody gives is strict: production, with
/// `hitl_required`, and the mode `plan_only`, in which no plan changes anything.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  lorch plan draft --intent 'Which web servers have drifted?' --as alice --environment staging
  lorch plan draft --intent 'Patch the staging web servers' --as alice \\
    --environment staging --mode full-auto
  lorch plan draft --task task.json --planner llm --json

Exit status: 3 the plan waits for a person; 0 it is approved, by policy; 1 there is no plan, and the
task says why; 2 no planner is configured, or a file cannot be read.")]
pub(crate) struct Draft {
    /// What is wanted; otherwise what the task says.
    #[arg(long, value_name = "TEXT", required_unless_present = "task")]
    intent: Option<UserIntent>,
    /// The task, with as much of a `task_spec` as is settled; otherwise a new one.
    #[arg(long, value_name = "TASK")]
    task: Option<PathBuf>,
    /// Where the plan is to be carried out; production when nobody says it.
    #[arg(long, value_enum, value_name = "ENVIRONMENT")]
    environment: Option<Where>,
    /// How much of the plan may be carried out, in a new task; `plan-only` when nobody says it.
    #[arg(long, value_enum, value_name = "MODE", conflicts_with = "task")]
    mode: Option<Mode>,
    /// Who asks, in a new task.
    #[arg(
        long = "as",
        value_name = "NAME",
        required_unless_present = "task",
        conflicts_with = "task"
    )]
    creator: Option<UserId>,
    /// For which organization, in a new task.
    #[arg(long, value_name = "ORG", default_value = "local", conflicts_with = "task")]
    org: OrgId,
    /// Who is asked; otherwise the agent where there is one, and the language model where not.
    #[arg(long, value_enum, value_name = "PLANNER")]
    planner: Option<Who>,
    /// How long all of it may take, such as `5m`; otherwise the task's `timeout_minutes`, 30 by default.
    #[arg(long, value_name = "DURATION")]
    timeout: Option<Duration>,
    /// One JSON object, for programs.
    #[arg(long)]
    json: bool,
}

/// Where a plan is carried out.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Where {
    Production,
    Staging,
    Development,
    Sandbox,
}

/// How much of a plan may be carried out.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Mode {
    PlanOnly,
    CanaryOnly,
    FullAuto,
}

/// Who is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Who {
    /// The agent `[agents.orchestration]`.
    Agent,
    /// The language model of `[llm]`.
    Llm,
}

impl From<Where> for Environment {
    fn from(environment: Where) -> Self {
        match environment {
            Where::Production => Self::Production,
            Where::Staging => Self::Staging,
            Where::Development => Self::Development,
            Where::Sandbox => Self::Sandbox,
        }
    }
}

impl From<Mode> for ExecutionMode {
    fn from(mode: Mode) -> Self {
        match mode {
            Mode::PlanOnly => Self::PlanOnly,
            Mode::CanaryOnly => Self::CanaryOnly,
            Mode::FullAuto => Self::FullAuto,
        }
    }
}

/// Has a plan drafted, submits it, and says what a person should know before approving it.
pub(crate) fn draft(arguments: &Draft, global: &Global) -> Outcome {
    let planning = Planning::find(global)?;
    let task = task::wanted(arguments, &planning)?;
    let who = chosen(arguments, &planning)?;
    let store = planning.store()?;
    let recorded = begin(&store, &task)?;
    let asked = ask(arguments, &planning, &store, (&task, recorded.as_ref()), who);
    let drafted = match asked {
        Ok(drafted) => drafted,
        Err(Ended::Failed(failure)) => return failed(arguments, &store, &task, &failure),
        Err(Ended::Otherwise(failure)) => return Err(failure),
    };
    let desk = planning.desk(&store);
    let by = &task.created_by;
    let (task, plan) = (&drafted.task, &drafted.plan);
    let submission = lorch_plans::submit(&desk, task, plan, by, now(), new_nonce())?;
    submit::tell(&planning, &submission);
    if arguments.json {
        let mut object = as_json(&submission.judgement, &Documents::Recorded)?;
        submit::describe(&submission, &mut object);
        describe(&drafted, &mut object)?;
        print_line(Value::Object(object))?;
    } else {
        print(&said(&drafted))?;
        let color = global.color.on(Stream::Output);
        print(&findings(&submission.judgement, &Documents::Recorded, color))?;
        print(&summary(&submission.judgement))?;
        print(&show::changes(&desk, &submission.entry)?)?;
        print(&submit::said(&submission))?;
    }
    submit::outcome(&submission)
}

/// How asking ended without a plan.
enum Ended {
    /// As the task says then.
    Failed(Box<DraftFailure>),
    /// Before anybody could be asked.
    Otherwise(Failure),
}

impl From<Failure> for Ended {
    fn from(failure: Failure) -> Self {
        Self::Otherwise(failure)
    }
}

fn chosen(arguments: &Draft, planning: &Planning) -> Result<Who, Failure> {
    use lorch_types::agent::AgentType;
    let config = &planning.site().config;
    let has_agent = config.agents.get(AgentType::Orchestration).is_some();
    match (arguments.planner, has_agent, config.llm.is_some()) {
        (Some(Who::Agent) | None, true, _) => Ok(Who::Agent),
        (Some(Who::Llm) | None, _, true) => Ok(Who::Llm),
        _ => Err(Failure::usage(
            "lorch.toml names nobody who could plan\n  = help: add `[agents.orchestration]` with \
             `cmd = [\"PROGRAM\", …]`, or `[llm]` with `base_url` and `model`",
        )),
    }
}

/// Records the task, if it is new, and that it is being parsed; the task as it was recorded already.
fn begin(store: &Store, task: &Task) -> Result<Option<Task>, Failure> {
    // Before it is parsed nothing was understood of it, whatever was given with it.
    let asked = Task { task_spec: None, ..task.clone() };
    let entry = match store.task(&task.id) {
        Err(StoreError::NoSuchTask { .. }) => {
            store.advance_task(&asked, TaskEvent::Parse, now())?;
            return Ok(None);
        }
        entry => entry?,
    };
    if (&entry.task.created_by, &entry.task.org_id) != (&task.created_by, &task.org_id) {
        return Err(StoreError::TaskOfAnother { task_id: task.id.clone() }.into());
    }
    match entry.state {
        TaskState::Created => store.advance_task(&asked, TaskEvent::Parse, now())?,
        TaskState::Parsing | TaskState::Planned => {}
        TaskState::Failed => return Err(failed_before(&entry.task)),
    }
    Ok(Some(entry.task))
}

/// A task that failed stays so: what it says then is what came of it.
fn failed_before(task: &Task) -> Failure {
    let why = task.status.error.as_deref().map(|it| format!(": {}", visible(it)));
    Failure::work(format!(
        "no plan can be drafted for the task {}, which failed{}\n  = help: a task that failed stays \
         so; give it another `id` in its file, such as {}, and draft it again",
        task.id,
        why.unwrap_or_default(),
        new_uuid()
    ))
}

/// What an interrupt says: an answer that is not there yet is lost.
const NO_PLAN: &str = "stopping: no plan is recorded, and the same command asks anew";

fn ask(
    arguments: &Draft,
    planning: &Planning,
    store: &Store,
    (task, recorded): (&Task, Option<&Task>),
    who: Who,
) -> Result<Drafted, Ended> {
    let plan_id = new_uuid().parse().map_err(Failure::work)?;
    let environment = arguments.environment.map(Environment::from);
    let order = Order { task, recorded, environment, plan_id: &plan_id };
    let desk = planning.desk(store);
    let timeout = task::timeout(arguments, task);
    let (result, stop) = match who {
        Who::Llm => {
            let stop = Arc::new(AtomicBool::new(false));
            crate::machinery::stop_on_interrupt(Arc::clone(&stop), NO_PLAN)?;
            let cancellation = Cancellation::new(Arc::clone(&stop)).with_timeout(timeout);
            let mut planner = llm::Model::new(planning.site(), cancellation)?;
            (drafted(&desk, &order, &mut planner), stop)
        }
        Who::Agent => {
            let owned = crate::agents::owned(planning.site(), NO_PLAN)?;
            let stop = Arc::clone(&owned.stop);
            let mut planner = agent::Agent::start(planning.site(), &owned, timeout)?;
            (drafted(&desk, &order, &mut planner), stop)
        }
    };
    match result {
        _ if stop.load(Ordering::Relaxed) => Err(Failure::Interrupted.into()),
        Ok(drafted) => Ok(drafted),
        Err(DraftError::Failed { failure }) => Err(Ended::Failed(failure)),
        Err(DraftError::Plan(error)) => Err(Failure::from(error).into()),
    }
}

/// Records that the task failed, and says why.
fn failed(arguments: &Draft, store: &Store, task: &Task, failure: &DraftFailure) -> Outcome {
    // A task that has a plan already keeps it.
    if store.task(&task.id)?.state == TaskState::Parsing {
        store.advance_task(&task::failed(task, failure), TaskEvent::Fail, now())?;
    }
    if arguments.json {
        print_line(Value::Object(failure_document(task, failure)?))?;
        return Err(Failure::Reported);
    }
    let mut told = format!("the task {} has no plan: {}", task.id, visible(&failure.reason));
    for violation in failure.violations.iter().skip(1) {
        told.push_str(&format!("\n  = and: {}", visible(violation)));
    }
    Err(Failure::work(told))
}

fn failure_document(task: &Task, failure: &DraftFailure) -> Result<Object, Failure> {
    let violations = failure.violations.iter().map(|it| Value::from(it.as_str()));
    let mut object = Object::new();
    object.insert("valid", false);
    object.insert("task_id", task.id.as_str());
    object.insert("error_code", code(failure.code)?);
    object.insert("error", failure.reason.as_str());
    object.insert("violations", Value::Array(violations.collect()));
    object.insert("corrections", count(failure.corrections));
    object.insert("llm_profile", to_value(&failure.usage).map_err(Failure::work)?);
    Ok(object)
}

fn code(code: TaskErrorCode) -> Result<Value, Failure> {
    to_value(&code).map_err(Failure::work)
}

fn describe(drafted: &Drafted, object: &mut Object) -> Outcome {
    let held = drafted.held.iter().map(|held| {
        let because = held.because.as_str();
        let Held { matter, said, kept, .. } = held;
        let members = [("matter", *matter), ("said", said), ("kept", kept), ("because", because)];
        let members = members.map(|(name, text)| (name, Value::from(text)));
        Value::Object(members.into_iter().collect())
    });
    object.insert("held", Value::Array(held.collect()));
    object.insert("corrections", count(drafted.corrections));
    object.insert("task", to_value(&drafted.task).map_err(Failure::work)?);
    object.insert("plan", to_value(&drafted.plan).map_err(Failure::work)?);
    Ok(())
}

fn said(drafted: &Drafted) -> String {
    let task = &drafted.task;
    let usage = task.llm_profile.as_ref();
    let model = usage.and_then(|usage| usage.model.as_deref()).unwrap_or("the planner");
    let corrections = counted(drafted.corrections as u64, "correction");
    let mut said = format!(
        "task {}\n{} drafts: {}, after {corrections}\n",
        task.id,
        visible(model),
        visible(drafted.plan.payload.summary.as_str())
    );
    for held in &drafted.held {
        said.push_str(&format!("held: {}\n", visible(&held.to_string())));
    }
    said
}
