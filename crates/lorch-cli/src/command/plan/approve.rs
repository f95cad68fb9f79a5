//! `lorch plan approve`: somebody approves a plan, as it stands.

use clap::Args;
use lorch_plans::{ApprovalRequest, Approved, approve as approved};
use lorch_store::BreakGlass;
use lorch_types::SmolStr;
use lorch_types::diagnostic::visible;
use lorch_types::json::{Object, Value};
use lorch_types::plan::{Duration, PlanId, PlanState, Role, UserId};

use crate::amount::counted;
use crate::cli::Global;
use crate::clock::{new_nonce, now};
use crate::exit::{Failure, Outcome};
use crate::planning::Planning;
use crate::terminal::{print, print_line};

/// Approve a plan as it stands: everything that the approval is bound to must still be so when the
/// plan is carried out.
///
/// An approval is bound to the digests of the plan, of what its task demands and of the policy packs,
/// to the environment, to who gave it in which role, and to a time of at most 24 hours. It can be used
/// once. In production nobody approves what they asked for themselves.
///
/// lorch does not know who its caller is: whoever may run it says who approves. What is said is
/// recorded in the plan's audit log.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  lorch plan approve 880e8400-e29b-41d4-a716-446655440001 --as alice --role SRELead
  lorch plan approve 880e8400-e29b-41d4-a716-446655440001 --as bob --role SRELead --valid-for 8h
  lorch plan approve 880e8400-e29b-41d4-a716-446655440001 --as alice --role SRELead \\
    --break-glass 'the site is down' --incident INC-4711 --valid-for 30m

Exit status: 0 it is approved; 3 it waits for another person; 1 the approval is refused; 2 there is
no such plan.")]
pub(crate) struct Approve {
    /// The plan.
    #[arg(value_name = "PLAN_ID")]
    plan: PlanId,
    /// Who approves.
    #[arg(long = "as", value_name = "NAME")]
    approver: UserId,
    /// In which role.
    #[arg(long, value_name = "ROLE")]
    role: Role,
    /// What is said with it.
    #[arg(long, value_name = "TEXT")]
    comment: Option<String>,
    /// For how long it holds, such as `30m` or `8h`; otherwise for as long as it may.
    #[arg(long, value_name = "DURATION")]
    valid_for: Option<Duration>,
    /// In an emergency: why one person answers for it where two are needed; for an hour at most.
    #[arg(long, value_name = "JUSTIFICATION", requires = "incident")]
    break_glass: Option<String>,
    /// The incident that the emergency is.
    #[arg(long, value_name = "ID", requires = "break_glass")]
    incident: Option<SmolStr>,
    /// One JSON object, for programs.
    #[arg(long)]
    json: bool,
}

/// Records the approval.
pub(crate) fn approve(arguments: &Approve, global: &Global) -> Outcome {
    let planning = Planning::find(global)?;
    let store = planning.store_with_plans()?;
    let justification = arguments.break_glass.clone();
    let break_glass = justification
        .zip(arguments.incident.clone())
        .map(|(justification, incident_id)| BreakGlass { justification, incident_id });
    let request = ApprovalRequest {
        approver: arguments.approver.clone(),
        role: arguments.role.clone(),
        comment: arguments.comment.clone(),
        valid_for: arguments.valid_for.map(Into::into),
        break_glass,
        nonce: new_nonce(),
    };
    let given = approved(&planning.desk(&store), &arguments.plan, &request, now())?;
    if arguments.json {
        print_line(Value::Object(document(&given)))?;
    } else {
        print(&said(&given, &request))?;
    }
    match given.entry.state {
        PlanState::Approved => Ok(()),
        _ => Err(Failure::Waiting),
    }
}

fn said(given: &Approved, request: &ApprovalRequest) -> String {
    let Approved { entry, given, needed, expires_at } = given;
    let (given, who) = (counted(*given as u64, "approval"), visible(request.approver.as_str()));
    format!(
        "{given}, {needed} needed: that of {who} holds until {expires_at}\n{} is {}\n",
        entry.plan.id,
        entry.state.as_str()
    )
}

fn document(given: &Approved) -> Object {
    [
        ("plan_id", Value::from(given.entry.plan.id.as_str())),
        ("state", given.entry.state.as_str().into()),
        ("given", crate::verdict::count(given.given)),
        ("needed", crate::verdict::count(given.needed)),
        ("expires_at", given.expires_at.to_string().into()),
    ]
    .into_iter()
    .collect()
}
