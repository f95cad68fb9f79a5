//! `lorch plan submit`: a plan is put before those who may approve it.

use std::path::PathBuf;

use clap::Args;
use lorch_plans::{Change, Submission, TASK_CHANGED, submit as submitted};
use lorch_types::json::{Object, Value, from_value};
use lorch_types::plan::{Plan, PlanState};

use super::show;
use crate::cli::Global;
use crate::clock::{new_nonce, now};
use crate::exit::{Failure, Outcome};
use crate::input::read_stdin_once;
use crate::notify;
use crate::planning::Planning;
use crate::terminal::{Stream, print, print_line};
use crate::verdict::{Documents, as_json, findings, summary};

/// Submit a plan: validate it, record it, and put it before those who may approve it.
///
/// A plan that passes takes the place of every other plan of its task that might still be carried
/// out. One that does not is recorded as a draft, which nobody can approve, and can be submitted again
/// under its id. A plan that was submitted never changes: a changed one has another id.
///
/// Outside production, a task that needs no person (`hitl_required` is false, its mode is not
/// `plan_only`, and neither its risk nor its policy demands two people) is approved by policy.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  lorch plan submit --task task.json plan.json

Exit status: 0 it is approved, by policy; 3 it waits for a person; 1 it is refused; 2 a file cannot
be read.")]
pub(crate) struct Submit {
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

/// Submits the plan, and says what a person should know before approving it.
pub(crate) fn submit(arguments: &Submit, global: &Global) -> Outcome {
    read_stdin_once([arguments.plan.as_path(), &arguments.task])?;
    let planning = Planning::find(global)?.for_programs(arguments.json);
    let (task_source, task) = planning.task(&arguments.task)?;
    let (plan_source, value) = planning.plan(&arguments.plan)?;
    let documents = Documents::Given { plan: &plan_source, task: &task_source };
    let color = global.color.on(Stream::Output);
    let plan = match from_value::<Plan>(&value) {
        Ok(plan) if plan.task_id == task.id => plan,
        other => {
            let why = other.map_or("no plan", |_| "a plan of another task");
            let judgement = planning.judge(&value, &task)?;
            if arguments.json {
                let mut object = as_json(&judgement, &documents)?;
                object.insert("changed", Change::Nothing.as_str());
                print_line(Value::Object(object))?;
            } else {
                print(&findings(&judgement, &documents, color))?;
                print(&format!("{}not recorded: it is {why}\n", summary(&judgement)))?;
            }
            return Err(Failure::Reported);
        }
    };
    let store = planning.store()?;
    let desk = planning.desk(&store);
    let submission = submitted(&desk, &task, &plan, &task.created_by, now(), new_nonce())?;
    tell(&planning, &submission);
    if arguments.json {
        let mut object = as_json(&submission.judgement, &documents)?;
        describe(&submission, &mut object);
        print_line(Value::Object(object))?;
    } else {
        print(&findings(&submission.judgement, &documents, color))?;
        print(&summary(&submission.judgement))?;
        print(&show::changes(&desk, &submission.entry)?)?;
        print(&said(&submission))?;
    }
    outcome(&submission)
}

/// What came of submitting, for programs.
pub(super) fn describe(submission: &Submission, object: &mut Object) {
    object.insert("plan_id", submission.entry.plan.id.as_str());
    object.insert("state", submission.entry.state.as_str());
    object.insert("changed", submission.change.as_str());
    let superseded = submission.superseded.iter().map(|plan| Value::from(plan.as_str()));
    object.insert("superseded", Value::Array(superseded.collect()));
}

/// What came of submitting, for people.
pub(super) fn said(submission: &Submission) -> String {
    let entry = &submission.entry;
    let mut said = String::new();
    for plan in &submission.superseded {
        said.push_str(&format!("{plan} is superseded\n"));
    }
    let already = match submission.change {
        Change::Nothing => " already: nothing has changed",
        Change::Task => ": its task has changed, and no approval of before holds",
        Change::Plan => "",
    };
    let is_valid = submission.judgement.validation.overall_valid();
    let next = match entry.state {
        PlanState::AwaitingApproval if is_valid => {
            format!("; `lorch plan approve {} --as NAME --role ROLE` approves it", entry.plan.id)
        }
        PlanState::Approved if is_valid => match submission.change {
            Change::Plan => ", by policy".to_owned(),
            Change::Nothing | Change::Task => String::new(),
        },
        PlanState::Approved => "; it will not be carried out as it is".to_owned(),
        PlanState::AwaitingApproval => "; nobody can approve it as it is".to_owned(),
        PlanState::Draft | PlanState::Validated | PlanState::Rejected | PlanState::Superseded => {
            ": nobody can approve it".to_owned()
        }
    };
    said.push_str(&format!("{} is {}{already}{next}\n", entry.plan.id, entry.state.as_str()));
    said
}

/// Tells the webhook that a plan waits, if that is new.
pub(super) fn tell(planning: &Planning, submission: &Submission) {
    let entry = &submission.entry;
    if submission.change != Change::Nothing && entry.state == PlanState::AwaitingApproval {
        let reason = (submission.change == Change::Task).then_some(TASK_CHANGED);
        notify::plan_waits(planning.site(), &entry.plan, reason);
    }
}

/// What the command comes to.
pub(super) fn outcome(submission: &Submission) -> Outcome {
    let is_valid = submission.judgement.validation.overall_valid();
    match submission.entry.state {
        PlanState::Approved if is_valid => Ok(()),
        PlanState::AwaitingApproval if is_valid => Err(Failure::Waiting),
        _ => Err(Failure::Reported),
    }
}
