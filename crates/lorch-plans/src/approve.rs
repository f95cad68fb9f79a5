//! People approve and reject plans.

use std::time::Duration;

use lorch_store::{Approval, BreakGlass, PlanChange, PlanDecision, PlanEntry, StoreError};
use lorch_types::json::{Object, Value};
use lorch_types::plan::{PlanId, PlanState, Role, UserId};
use lorch_types::{SmolStr, Timestamp};

use crate::approval::{self, Clause, MOST_VALID, MOST_VALID_BREAK_GLASS, POLICY_APPROVER};
use crate::bound::Bound;
use crate::contract::Contract;
use crate::desk::{Desk, contract};
use crate::error::PlanError;
use crate::policy::Entry;

/// What somebody says who approves a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApprovalRequest {
    /// Who.
    pub approver: UserId,
    /// In which role.
    pub role: Role,
    /// What they say with it.
    pub comment: Option<String>,
    /// For how long it holds; as long as it may when absent.
    pub valid_for: Option<Duration>,
    /// Why not in the usual way, if not so.
    pub break_glass: Option<BreakGlass>,
    /// What tells it from every other approval.
    pub nonce: SmolStr,
}

/// What came of an approval.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Approved {
    /// The plan as it is recorded now.
    pub entry: PlanEntry,
    /// How many people have approved it.
    pub given: usize,
    /// How many must.
    pub needed: usize,
    /// Until when this approval holds.
    pub expires_at: Timestamp,
}

/// Records that somebody approves a plan; with the last approval that it needs, it is approved.
///
/// # Errors
/// When the plan does not await approval or no longer passes, or the approval would not hold.
pub fn approve(
    desk: &Desk<'_>,
    plan_id: &PlanId,
    request: &ApprovalRequest,
    now: Timestamp,
) -> Result<Approved, PlanError> {
    let most = vet(request)?;
    let valid_for = request.valid_for.unwrap_or(most);
    if valid_for > most || valid_for < Duration::from_secs(60) {
        return Err(PlanError::Validity { most });
    }
    again_if_changed(|| decide_approval(desk, plan_id, request, now, valid_for))
}

/// Decides on the plan as it is now.
fn decide_approval(
    desk: &Desk<'_>,
    plan_id: &PlanId,
    request: &ApprovalRequest,
    now: Timestamp,
    valid_for: Duration,
) -> Result<Approved, PlanError> {
    let entry = desk.store.plan(plan_id)?;
    leads_to(&entry, PlanState::Approved)?;
    let task = desk.task(&entry.plan)?;
    let contract = contract(&task)?;
    approval::may_approve(&request.approver, &request.role, &contract)
        .map_err(PlanError::Refused)?;
    let bound = admissible(desk, &entry, &contract)?;
    let (standing, stale) = sorted(desk, &entry, &bound, &contract, now)?;
    if standing.iter().any(|it| approval::same_person(&it.approver, &request.approver)) {
        let (plan_id, approver) = (plan_id.clone(), request.approver.clone());
        return Err(StoreError::ApprovedAlready { plan_id, approver }.into());
    }
    let approval = given(request, bound, now, valid_for);
    let expires_at = approval.expires_at;
    let mut all = standing;
    all.push(approval.clone());
    let (given, needed) = (approval::distinct(&all), approval::needed(&all, &contract));
    let mut changes = vec![PlanChange::Withdraw(stale), PlanChange::Approve(Box::new(approval))];
    if given >= needed {
        changes.push(PlanChange::Move { to: PlanState::Approved, reason: request.comment.clone() });
    }
    let details = described(request, given, needed);
    let decision = decision(&entry, &request.approver, now, changes, "plan_approved", details);
    let entry = only(desk.store.decide(vec![decision])?, entry);
    Ok(Approved { entry, given, needed, expires_at })
}

/// Records that somebody refuses a plan.
///
/// # Errors
/// When the plan does not await approval, no reason is given, or nobody has such a name.
pub fn reject(
    desk: &Desk<'_>,
    plan_id: &PlanId,
    by: &UserId,
    reason: &str,
    now: Timestamp,
) -> Result<PlanEntry, PlanError> {
    check_person(by)?;
    if reason.trim().is_empty() {
        return Err(PlanError::Empty { what: "reason" });
    }
    again_if_changed(|| {
        let entry = desk.store.plan(plan_id)?;
        leads_to(&entry, PlanState::Rejected)?;
        let changes =
            vec![PlanChange::Move { to: PlanState::Rejected, reason: Some(reason.to_owned()) }];
        let details = [("reason", Value::from(reason))].into_iter().collect();
        let decision = decision(&entry, by, now, changes, "plan_rejected", details);
        Ok(only(desk.store.decide(vec![decision])?, entry))
    })
}

/// Decides anew while somebody else decides at the same time; what they decided counts.
pub(crate) fn again_if_changed<T>(
    mut decide: impl FnMut() -> Result<T, PlanError>,
) -> Result<T, PlanError> {
    const TIMES: usize = 16;
    for _ in 1..TIMES {
        match decide() {
            Err(PlanError::Store(
                StoreError::PlanChanged { .. } | StoreError::PlanHasRival { .. },
            )) => {}
            decided => return decided,
        }
    }
    decide()
}

/// How long the approval may hold, if what is said with it is whole.
fn vet(request: &ApprovalRequest) -> Result<Duration, PlanError> {
    check_person(&request.approver)?;
    let Some(glass) = &request.break_glass else { return Ok(MOST_VALID) };
    let empty = |what| PlanError::Empty { what };
    match (glass.justification.trim(), glass.incident_id.trim()) {
        ("", _) => Err(empty("justification")),
        (_, "") => Err(empty("incident id")),
        _ => Ok(MOST_VALID_BREAK_GLASS),
    }
}

/// Whether a name can be that of a person who decides.
///
/// # Errors
/// [`PlanError::Reserved`] for a policy, [`PlanError::Unseen`] for a name of which not all can be seen.
pub fn check_person(name: &UserId) -> Result<(), PlanError> {
    let text = name.as_str();
    if text.to_lowercase().starts_with(POLICY_APPROVER) {
        return Err(PlanError::Reserved { approver: name.clone() });
    }
    if text.trim() != text || !text.chars().all(is_seen) {
        return Err(PlanError::Unseen { approver: name.clone() });
    }
    Ok(())
}

/// Whether a character of a name can be seen: what cannot makes nobody another person. Letters of other
/// scripts that look alike are not told apart.
fn is_seen(character: char) -> bool {
    character == ' ' || character.is_alphanumeric() || character.is_ascii_graphic()
}

/// Refuses a plan whose state does not lead to `state`.
pub(crate) fn leads_to(entry: &PlanEntry, state: PlanState) -> Result<(), PlanError> {
    entry.state.event_to(state).map(drop).map_err(|source| PlanError::State {
        plan_id: entry.plan.id.clone(),
        source: Box::new(source),
    })
}

/// What an approval is bound to now, of a plan that still may be put before a person.
fn admissible(
    desk: &Desk<'_>,
    entry: &PlanEntry,
    contract: &Contract<'_>,
) -> Result<Bound, PlanError> {
    let judgement = desk.judge(Entry::Admit, &entry.plan, *contract, &[])?;
    match judgement.validation.first_error() {
        Some(reason) => Err(PlanError::Refused(Clause::Invalid { reason })),
        None => Ok(Bound::of(&entry.plan, contract, desk.tools, &judgement.verdicts)?),
    }
}

/// The open approvals that still hold, and the nonces of those that no longer do.
fn sorted(
    desk: &Desk<'_>,
    entry: &PlanEntry,
    bound: &Bound,
    contract: &Contract<'_>,
    now: Timestamp,
) -> Result<(Vec<Approval>, Vec<SmolStr>), PlanError> {
    let open = desk.open_approvals(&entry.plan.id)?;
    let (standing, stale): (Vec<_>, Vec<_>) =
        open.into_iter().partition(|it| approval::holds(it, bound, contract, now).is_ok());
    Ok((standing, stale.into_iter().map(|it| it.nonce).collect()))
}

fn given(request: &ApprovalRequest, bound: Bound, now: Timestamp, valid_for: Duration) -> Approval {
    Approval {
        approver: request.approver.clone(),
        role: request.role.clone(),
        nonce: request.nonce.clone(),
        plan_digest: bound.plan_digest,
        task_digest: bound.task_digest,
        tools_digest: Some(bound.tools_digest),
        environment: bound.environment,
        policies: bound.policies,
        approved_at: now,
        expires_at: now.saturating_add(valid_for),
        comment: request.comment.clone(),
        break_glass: request.break_glass.clone(),
    }
}

fn described(request: &ApprovalRequest, given: usize, needed: usize) -> Object {
    let count = |count: usize| Value::from(u64::try_from(count).unwrap_or(u64::MAX));
    let mut details: Object = [
        ("role", Value::from(request.role.as_str())),
        ("given", count(given)),
        ("needed", count(needed)),
    ]
    .into_iter()
    .collect();
    if let Some(comment) = &request.comment {
        details.insert("comment", comment.as_str());
    }
    if let Some(glass) = &request.break_glass {
        details.insert("justification", glass.justification.as_str());
        details.insert("incident_id", glass.incident_id.as_str());
    }
    details
}

pub(crate) fn decision(
    entry: &PlanEntry,
    by: &UserId,
    at: Timestamp,
    changes: Vec<PlanChange>,
    event: &'static str,
    details: Object,
) -> PlanDecision {
    let (plan_id, revision, by) = (entry.plan.id.clone(), entry.revision, by.clone());
    PlanDecision { plan_id, revision, at, by, changes, event, details }
}

/// What became of the one plan that was decided on.
pub(crate) fn only(decided: Vec<PlanEntry>, before: PlanEntry) -> PlanEntry {
    decided.into_iter().next().unwrap_or(before)
}
