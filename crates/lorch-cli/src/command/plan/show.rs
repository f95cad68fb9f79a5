//! `lorch plan show`: what a person should know about a plan before deciding, and what became of it.

use std::fmt::Write as _;

use clap::Args;
use lorch_plans::{
    Contract, Desk, Entry, Judgement, diff, document as as_document, first_broken, last_approved,
    plan_digest,
};
use lorch_store::{ApprovalEntry, PlanEntry};
use lorch_types::diagnostic::visible;
use lorch_types::json::{Object, Value, to_value};
use lorch_types::plan::{Phase, PlanId};

use crate::amount::counted;
use crate::cli::Global;
use crate::exit::{Failure, Outcome};
use crate::planning::Planning;
use crate::terminal::{Stream, print, print_line};
use crate::verdict::{Documents, as_json, findings, summary};

/// Show a plan: its phases, what was found in it, the worst case, its approvals and what happened to
/// it, and how it differs from the plan of its task that was approved last.
///
/// It is judged anew, by the policies, tools and metrics of now.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  lorch plan show 880e8400-e29b-41d4-a716-446655440001
  lorch plan show 880e8400-e29b-41d4-a716-446655440001 --json | jq .plan

Exit status: 0; 1 its audit log was changed; 2 there is no such plan.")]
pub(crate) struct Show {
    /// The plan.
    #[arg(value_name = "PLAN_ID")]
    plan: PlanId,
    /// One JSON object, for programs.
    #[arg(long)]
    json: bool,
}

/// Shows the plan.
pub(crate) fn show(arguments: &Show, global: &Global) -> Outcome {
    let planning = Planning::find(global)?;
    let store = planning.store_with_plans()?;
    let desk = planning.desk(&store);
    let entry = store.plan(&arguments.plan)?;
    let task = store.task(&entry.plan.task_id)?.task;
    let contract = Contract::of(&task).ok_or_else(|| Failure::work("the task has no spec"))?;
    let open = desk.open_approvals(&arguments.plan)?;
    let judgement = desk.judge(Entry::Admit, &entry.plan, contract, &open)?;
    let approvals = store.approvals(&arguments.plan)?;
    if arguments.json {
        print_line(Value::Object(document(&desk, &entry, &judgement, &approvals)?))?;
        return sound(&desk, &arguments.plan);
    }
    let color = global.color.on(Stream::Output);
    print(&heading(&entry)?)?;
    print(&phases(&entry))?;
    print(&findings(&judgement, &Documents::Recorded, color))?;
    print(&summary(&judgement))?;
    print(&given(&approvals))?;
    print(&changes(&desk, &entry)?)?;
    print(&history(&desk, &entry)?)?;
    sound(&desk, &arguments.plan)
}

/// An audit log that was changed is a failure, whatever else it says.
fn sound(desk: &Desk<'_>, plan: &PlanId) -> Outcome {
    match first_broken(&desk.store.plan_audit(plan)?) {
        None => Ok(()),
        Some(_) => Err(Failure::Reported),
    }
}

fn heading(entry: &PlanEntry) -> Result<String, Failure> {
    let mut out = String::new();
    let plan = &entry.plan;
    let digest = plan_digest(plan).map_err(Failure::work)?;
    let _ = writeln!(out, "plan    {}", plan.id);
    let _ = writeln!(out, "task    {}", plan.task_id);
    let _ = writeln!(out, "digest  {digest}");
    let reason = entry.reason.as_deref().map(|it| format!(": {}", visible(it)));
    let state = entry.state.as_str();
    let _ =
        writeln!(out, "state   {state} since {}{}", entry.updated_at, reason.unwrap_or_default());
    if let Some(by) = &entry.superseded_by {
        let _ = writeln!(out, "by      {by}");
    }
    let _ = writeln!(out, "summary {}", visible(plan.payload.summary.as_str()));
    Ok(out)
}

fn phases(entry: &PlanEntry) -> String {
    let mut out = String::new();
    for phase in entry.plan.payload.phases.iter().flatten() {
        let _ = writeln!(out, "phase   {}", visible(&described(phase)));
        let _ = writeln!(out, "        {}", visible(&assets(phase)));
    }
    out
}

/// A phase on one line: its assets, what is done, how long it is watched, and what rolls it back.
fn described(phase: &Phase) -> String {
    let mut parts = vec![counted(phase.assets.len() as u64, "asset")];
    let tools: Vec<&str> = phase.actions.iter().flatten().map(|it| it.tool.as_str()).collect();
    if !tools.is_empty() {
        parts.push(tools.join(", "));
    }
    parts.extend(phase.wait_time.iter().map(|wait| format!("watched for {wait}")));
    let checks = phase.health_checks.as_ref().map_or(0, Vec::len);
    if checks > 0 {
        parts.push(counted(checks as u64, "health check"));
    }
    parts.extend(phase.rollback_if.iter().map(|it| format!("rolled back if {it}")));
    format!("{}: {}", phase.name, parts.join("; "))
}

/// The assets of a phase, of many the first; `--json` has all.
fn assets(phase: &Phase) -> String {
    const SHOWN: usize = 20;
    let shown: Vec<&str> = phase.assets.iter().take(SHOWN).map(|it| it.as_str()).collect();
    let more = match phase.assets.len().saturating_sub(SHOWN) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!("{}{more}", shown.join(", "))
}

fn given(approvals: &[ApprovalEntry]) -> String {
    let mut out = String::new();
    for entry in approvals {
        let approval = &entry.approval;
        let became = match (&entry.used_by, entry.withdrawn_at) {
            (Some(run), _) => format!("used by {run}"),
            (None, Some(at)) => format!("withdrawn at {at}"),
            (None, None) => format!("until {}", approval.expires_at),
        };
        let (who, role) = (visible(approval.approver.as_str()), visible(approval.role.as_str()));
        let glass = approval
            .break_glass
            .as_ref()
            .map(|it| format!("; {}: {}", visible(&it.incident_id), visible(&it.justification)));
        let comment = approval.comment.as_ref().map(|it| format!("; {}", visible(it)));
        let more = [glass, comment].into_iter().flatten().collect::<String>();
        let at = approval.approved_at;
        let _ = writeln!(out, "approval {who} as {role} at {at}, {became}{more}");
    }
    out
}

/// How a plan differs from the one of its task that was approved last.
pub(super) fn changes(desk: &Desk<'_>, entry: &PlanEntry) -> Result<String, Failure> {
    let Some(before) = last_approved(desk, &entry.plan)? else { return Ok(String::new()) };
    let mut out = format!("changes since {}, which was approved last\n", before.plan.id);
    for difference in diff(&before.plan, &entry.plan).map_err(Failure::work)? {
        let _ = writeln!(out, "  {}", visible(&difference.to_string()));
    }
    Ok(out)
}

fn history(desk: &Desk<'_>, entry: &PlanEntry) -> Result<String, Failure> {
    let mut out = String::new();
    let log = desk.store.plan_audit(&entry.plan.id)?;
    for record in &log {
        let field = |name| record.entry.get(name).and_then(Value::as_str).unwrap_or_default();
        let (at, event, by) = (field("timestamp"), field("event"), field("by"));
        let _ = writeln!(out, "{at}  {event} by {}", visible(by));
    }
    if let Some(sequence) = first_broken(&log) {
        let _ = writeln!(out, "the audit log was changed: entry {sequence} does not follow");
    }
    Ok(out)
}

fn document(
    desk: &Desk<'_>,
    entry: &PlanEntry,
    judgement: &Judgement,
    approvals: &[ApprovalEntry],
) -> Result<Object, Failure> {
    let mut object = as_json(judgement, &Documents::Recorded)?;
    object.insert("plan_id", entry.plan.id.as_str());
    object.insert("plan_digest", plan_digest(&entry.plan).map_err(Failure::work)?.as_str());
    object.insert("state", entry.state.as_str());
    object.insert("updated_at", entry.updated_at.to_string());
    if let Some(reason) = &entry.reason {
        object.insert("reason", reason.as_str());
    }
    if let Some(by) = &entry.superseded_by {
        object.insert("superseded_by", by.as_str());
    }
    let plan = as_document(entry, &judgement.validation, approvals);
    object.insert("plan", to_value(&plan).map_err(Failure::work)?);
    object.insert("approvals", Value::Array(approvals.iter().map(approval_as_json).collect()));
    let log = desk.store.plan_audit(&entry.plan.id)?;
    object.insert("audit_whole", first_broken(&log).is_none());
    let log = log.into_iter().map(|record| {
        let mut entry = record.entry.as_object().cloned().unwrap_or_default();
        entry.insert("hash", record.hash.as_str());
        Value::Object(entry)
    });
    object.insert("audit_log", Value::Array(log.collect()));
    Ok(object)
}

fn approval_as_json(entry: &ApprovalEntry) -> Value {
    let approval = &entry.approval;
    let mut object: Object = [
        ("approver", Value::from(approval.approver.as_str())),
        ("role", approval.role.as_str().into()),
        ("approved_at", approval.approved_at.to_string().into()),
        ("expires_at", approval.expires_at.to_string().into()),
        ("plan_digest", approval.plan_digest.as_str().into()),
        ("task_digest", approval.task_digest.as_str().into()),
    ]
    .into_iter()
    .collect();
    let mut optional = |name: &'static str, value: Option<String>| {
        if let Some(value) = value {
            object.insert(name, value);
        }
    };
    optional("comment", approval.comment.clone());
    optional("used_by", entry.used_by.as_ref().map(ToString::to_string));
    optional("withdrawn_at", entry.withdrawn_at.map(|at| at.to_string()));
    let glass = approval.break_glass.as_ref();
    optional("justification", glass.map(|glass| glass.justification.clone()));
    optional("incident_id", glass.map(|glass| glass.incident_id.to_string()));
    Value::Object(object)
}
