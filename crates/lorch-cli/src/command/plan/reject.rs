//! `lorch plan reject`: somebody refuses a plan.

use clap::Args;
use lorch_plans::reject as rejected;
use lorch_types::json::Value;
use lorch_types::plan::{PlanId, UserId};

use crate::cli::Global;
use crate::exit::Outcome;
use crate::planning::Planning;
use crate::terminal::print_line;

/// Reject a plan that awaits approval. It stays rejected: what is done instead is another plan.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  lorch plan reject 880e8400-e29b-41d4-a716-446655440001 --as bob --reason 'not before the audit'

Exit status: 0 it is rejected; 1 it does not await approval; 2 there is no such plan.")]
pub(crate) struct Reject {
    /// The plan.
    #[arg(value_name = "PLAN_ID")]
    plan: PlanId,
    /// Why.
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// Who refuses.
    #[arg(long = "as", value_name = "NAME")]
    by: UserId,
    /// One JSON object, for programs.
    #[arg(long)]
    json: bool,
}

/// Records that the plan is refused.
pub(crate) fn reject(arguments: &Reject, global: &Global) -> Outcome {
    let planning = Planning::find(global)?;
    let store = planning.store_with_plans()?;
    let now = crate::clock::now();
    let desk = planning.desk(&store);
    let entry = rejected(&desk, &arguments.plan, &arguments.by, &arguments.reason, now)?;
    if !arguments.json {
        return print_line(format!("{} is {}", entry.plan.id, entry.state.as_str()));
    }
    let (plan_id, state) = (entry.plan.id.as_str(), entry.state.as_str());
    let members = [("plan_id", Value::from(plan_id)), ("state", state.into())];
    print_line(Value::Object(members.into_iter().collect()))
}
