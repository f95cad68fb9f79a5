//! A plan as a document that says what has become of it.

use lorch_store::{ApprovalEntry, PlanEntry};
use lorch_types::plan::{Plan, PlanState, PlanStatus};

use crate::validate::Validation;

/// The plan as it was given, with its validation, its score and its status as they are recorded; the
/// last of those who approved it stands for all.
pub fn document(entry: &PlanEntry, validation: &Validation, approvals: &[ApprovalEntry]) -> Plan {
    let last = approvals.last().map(|it| &it.approval);
    let approved = last.filter(|_| entry.state == PlanState::Approved);
    let is_rejected = entry.state == PlanState::Rejected;
    Plan {
        validation: Some(validation.document()),
        quality_score: validation.score.percent(),
        created_at: entry.plan.created_at.or(Some(entry.recorded_at)),
        status: PlanStatus {
            state: entry.state,
            updated_at: Some(entry.updated_at),
            approved_by: approved.map(|approval| approval.approver.clone()),
            approved_at: approved.map(|approval| approval.approved_at),
            rejection_reason: entry.reason.as_deref().filter(|_| is_rejected).map(Into::into),
        },
        ..entry.plan.clone()
    }
}
