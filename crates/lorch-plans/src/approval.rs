//! Whether approvals hold: clause by clause.

use std::collections::BTreeSet;
use std::time::Duration;

use lorch_store::Approval;
use lorch_types::plan::{Role, UserId};
use lorch_types::{SmolStr, Timestamp};

use crate::bound::Bound;
use crate::contract::Contract;

/// How long an approval may hold: a day.
pub const MOST_VALID: Duration = Duration::from_secs(24 * 60 * 60);

/// How long one may hold that did not take the usual way: an hour.
pub const MOST_VALID_BREAK_GLASS: Duration = Duration::from_secs(60 * 60);

/// How much later than its own moment a decision may find an approval that was given beside it: deciding
/// takes time, and the moment is that at which it began.
const AT_ONCE: Duration = Duration::from_secs(60);

/// What the name of a policy as approver begins with; no person's does.
pub(crate) const POLICY_APPROVER: &str = "policy:";

/// A clause of an approval that does not hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Clause {
    /// There is no approval that was neither used nor withdrawn.
    #[error("there is no approval that is not used")]
    Used,
    /// The plan is not the one that was approved.
    #[error("the plan is not the one that `{approver}` approved")]
    Plan {
        /// Whose approval it is.
        approver: UserId,
    },
    /// What the task demands has changed.
    #[error("the task has changed since `{approver}` approved")]
    Task {
        /// Whose approval it is.
        approver: UserId,
    },
    /// It is for another environment.
    #[error("`{approver}` approved it for another environment")]
    Environment {
        /// Whose approval it is.
        approver: UserId,
    },
    /// A tool is not what it was.
    #[error("a tool of the plan has changed in `lorch.toml` since `{approver}` approved")]
    Tools {
        /// Whose approval it is.
        approver: UserId,
    },
    /// A policy pack is not the one that allowed it.
    #[error("the policy `{pack}` has changed since `{approver}` approved")]
    Policy {
        /// The first such pack.
        pack: SmolStr,
        /// Whose approval it is.
        approver: UserId,
    },
    /// It holds no longer.
    #[error("the approval of `{approver}` expired at {at}")]
    Expired {
        /// Whose approval it is.
        approver: UserId,
        /// When.
        at: Timestamp,
    },
    /// It was given so much later than now that a clock was set back.
    #[error("the approval of `{approver}` is of {at}, which has not come yet")]
    NotYet {
        /// Whose approval it is.
        approver: UserId,
        /// When it was given.
        at: Timestamp,
    },
    /// The role may not approve.
    #[error("`{approver}` approved as `{role}`, which may not approve")]
    Role {
        /// Whose approval it is.
        approver: UserId,
        /// In which role.
        role: Role,
    },
    /// In production nobody approves a task of their own.
    #[error("`{approver}` asked for it, and cannot approve it for production")]
    OwnTask {
        /// Whose approval it is.
        approver: UserId,
    },
    /// A policy approved what a person must.
    #[error("it was approved by policy, and needs a person")]
    NeedsPerson,
    /// Fewer distinct people than needed have approved.
    #[error("{given} of {needed} approvals are given")]
    TooFew {
        /// How many did.
        given: usize,
        /// How many must.
        needed: usize,
    },
    /// The plan no longer passes validation.
    #[error("the plan no longer passes: {reason}")]
    Invalid {
        /// The first thing against it.
        reason: String,
    },
}

/// Whether `approvals`, all of them open, let the plan be carried out now.
///
/// # Errors
/// The first clause that does not hold.
pub(crate) fn hold(
    approvals: &[Approval],
    bound: &Bound,
    contract: &Contract<'_>,
    now: Timestamp,
) -> Result<(), Clause> {
    if approvals.is_empty() {
        return Err(Clause::Used);
    }
    approvals.iter().try_for_each(|approval| holds(approval, bound, contract, now))?;
    let (given, needed) = (distinct(approvals), needed(approvals, contract));
    if given < needed { Err(Clause::TooFew { given, needed }) } else { Ok(()) }
}

/// Whether one approval holds, as far as it can alone.
pub(crate) fn holds(
    approval: &Approval,
    bound: &Bound,
    contract: &Contract<'_>,
    now: Timestamp,
) -> Result<(), Clause> {
    is_bound_to(approval, bound)?;
    let approver = approval.approver.clone();
    if now >= approval.expires_at {
        return Err(Clause::Expired { approver, at: approval.expires_at });
    }
    if now.saturating_add(AT_ONCE) < approval.approved_at {
        return Err(Clause::NotYet { approver, at: approval.approved_at });
    }
    may_approve(&approval.approver, &approval.role, contract)
}

/// Whether what an approval was given for is what is there now.
fn is_bound_to(approval: &Approval, bound: &Bound) -> Result<(), Clause> {
    let approver = approval.approver.clone();
    if approval.plan_digest != bound.plan_digest {
        return Err(Clause::Plan { approver });
    }
    if approval.task_digest != bound.task_digest {
        return Err(Clause::Task { approver });
    }
    if approval.tools_digest.as_ref() != Some(&bound.tools_digest) {
        return Err(Clause::Tools { approver });
    }
    if approval.environment != bound.environment {
        return Err(Clause::Environment { approver });
    }
    let packs = approval.policies.keys().chain(bound.policies.keys());
    let differs = |pack: &&SmolStr| approval.policies.get(*pack) != bound.policies.get(*pack);
    if let Some(pack) = packs.clone().find(differs) {
        return Err(Clause::Policy { pack: pack.clone(), approver });
    }
    Ok(())
}

/// Whether a person gave it, for what is there now.
pub(crate) fn is_review_of(approval: &Approval, bound: &Bound) -> bool {
    !is_policy(&approval.approver) && is_bound_to(approval, bound).is_ok()
}

fn is_policy(approver: &UserId) -> bool {
    approver.as_str().starts_with(POLICY_APPROVER)
}

/// Whether somebody may approve plans of this task in a role.
pub(crate) fn may_approve(
    approver: &UserId,
    role: &Role,
    contract: &Contract<'_>,
) -> Result<(), Clause> {
    if is_policy(approver) {
        return if contract.needs_person() { Err(Clause::NeedsPerson) } else { Ok(()) };
    }
    if contract.is_production() && same_person(approver, contract.creator()) {
        return Err(Clause::OwnTask { approver: approver.clone() });
    }
    match contract.approver_roles() {
        Some(roles) if !roles.contains(role) => {
            Err(Clause::Role { approver: approver.clone(), role: role.clone() })
        }
        _ => Ok(()),
    }
}

/// How many distinct people have approved.
pub(crate) fn distinct(approvals: &[Approval]) -> usize {
    approvals.iter().map(|approval| person(&approval.approver)).collect::<BTreeSet<_>>().len()
}

/// Whether both names are those of one person: nobody is two people by writing their name in capitals,
/// or with space around it.
pub(crate) fn same_person(one: &UserId, other: &UserId) -> bool {
    person(one) == person(other)
}

fn person(name: &UserId) -> String {
    name.as_str().trim().to_lowercase()
}

/// How many must: one, where somebody answers for an emergency.
pub(crate) fn needed(approvals: &[Approval], contract: &Contract<'_>) -> usize {
    let is_emergency = approvals.iter().any(|approval| approval.break_glass.is_some());
    if is_emergency { 1 } else { contract.approvers_needed() }
}
