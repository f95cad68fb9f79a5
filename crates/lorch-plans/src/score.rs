//! How good a plan is, from 0 to 100, and why.

use lorch_types::Percent;
use lorch_types::diagnostic::{Diagnostic, Severity};
use lorch_types::json::Number;
use lorch_types::plan::Plan;

use crate::finding::{Rule, counted, spelled};
use crate::validate::Setting;

/// How much each part can give.
const FULL: usize = 20;

/// What speaks for a plan beside what it says.
///
/// Runs are of the same kind when their plans have the same type and were carried out in the same
/// environment: what goes well in a sandbox says little of production.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Evidence {
    /// How many runs of the same kind have ended.
    pub runs: u64,
    /// How many of them completed.
    pub completed: u64,
    /// How many people have approved it as it stands: an approval that was used still counts, one that
    /// was withdrawn, or given for something else than what is there now, does not.
    pub reviews: usize,
}

/// How good a plan is: the sum of its parts. Where there is no evidence a part gives nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Score {
    /// The parts, none for a plan that breaks its schema.
    pub parts: Vec<Part>,
}

/// A part of a score.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// What is looked at.
    pub name: &'static str,
    /// From 0 to 20.
    pub points: usize,
    /// Why so many.
    pub reason: String,
}

impl Score {
    /// From 0 to 100.
    pub fn total(&self) -> usize {
        self.parts.iter().map(|part| part.points).sum()
    }

    /// The same as a plan carries it.
    pub fn percent(&self) -> Option<Percent> {
        Percent::new(Number::from(u64::try_from(self.total()).ok()?))
    }
}

pub(crate) fn score(
    plan: &Plan,
    setting: &Setting<'_>,
    policy: &[Diagnostic],
    safety: &[Diagnostic],
) -> Score {
    let parts = vec![
        structure(plan, safety),
        by_policy(policy),
        coverage(plan, setting, safety),
        history(setting),
        review(setting),
    ];
    Score { parts }
}

/// Five points each for what a person needs to judge the plan by.
fn structure(plan: &Plan, safety: &[Diagnostic]) -> Part {
    let breaks = |rules: &[Rule]| safety.iter().any(|it| is_error_of(it, rules));
    let payload = &plan.payload;
    let criteria = [
        ("each asset is in one phase", !breaks(&[Rule::Assets, Rule::Excluded, Rule::Phases])),
        ("phases are small", !breaks(&[Rule::Batch, Rule::Canary])),
        (
            "its duration is estimated",
            payload.estimated_duration.is_some() && !breaks(&[Rule::Duration]),
        ),
        (
            "its risk is assessed",
            payload.risk_assessment.as_ref().is_some_and(|it| !it.trim().is_empty()),
        ),
    ];
    let missing: Vec<&str> = criteria.iter().filter(|(_, is)| !is).map(|(name, _)| *name).collect();
    let kept = criteria.len() - missing.len();
    let reason = match missing.as_slice() {
        [] => "all four marks of a plan that can be judged".to_owned(),
        missing => format!("it does not hold that {}", missing.join(", that ")),
    };
    Part { name: "structure", points: kept * FULL / criteria.len(), reason }
}

fn is_error_of(diagnostic: &Diagnostic, rules: &[Rule]) -> bool {
    diagnostic.severity == Severity::Error && rules.iter().any(|it| it.code() == diagnostic.code)
}

fn by_policy(policy: &[Diagnostic]) -> Part {
    let (points, reason) = match policy.len() {
        0 => (FULL, "every policy allows it".to_owned()),
        many => (0, format!("policies have {}", counted(many, "objection"))),
    };
    Part { name: "policy", points, reason }
}

/// In proportion to the phases that have both a health check and a rollback condition.
fn coverage(plan: &Plan, setting: &Setting<'_>, safety: &[Diagnostic]) -> Part {
    let phases = plan.payload.phases.as_deref().unwrap_or_default();
    let inherits = setting.contract.rollback_trigger().is_some();
    let covered = phases.iter().filter(|phase| {
        phase.health_checks.as_ref().is_some_and(|checks| !checks.is_empty())
            && (phase.rollback_if.is_some() || inherits)
    });
    let is_unsound = safety.iter().any(|it| {
        is_error_of(
            it,
            &[Rule::Condition, Rule::Overlap, Rule::Constant, Rule::Laxer, Rule::Unfathomable],
        )
    });
    let covered = if is_unsound { 0 } else { covered.count() };
    let points = (covered * FULL).checked_div(phases.len()).unwrap_or(0);
    let reason = match (phases.len(), is_unsound) {
        (0, _) => "there are no phases".to_owned(),
        (_, true) => "conditions are wrong".to_owned(),
        (all, false) => {
            format!("{covered} of {} can be checked and rolled back", counted(all, "phase"))
        }
    };
    Part { name: "health", points, reason }
}

fn history(setting: &Setting<'_>) -> Part {
    let Evidence { runs, completed, .. } = setting.evidence;
    let completed = completed.min(runs);
    let points = share_of_full(completed, runs);
    let place = spelled(&setting.contract.environment());
    let reason = match runs {
        0 => format!("no plan of this kind has run in {place} yet"),
        1 => format!("{completed} of 1 run of this kind in {place} completed"),
        _ => format!("{completed} of {runs} runs of this kind in {place} completed"),
    };
    Part { name: "history", points, reason }
}

/// The points for `part` of `whole`, rounded down.
fn share_of_full(part: u64, whole: u64) -> usize {
    let full = u128::try_from(FULL).unwrap_or(0);
    usize::try_from(u128::from(part) * full / u128::from(whole.max(1))).unwrap_or(FULL)
}

fn review(setting: &Setting<'_>) -> Part {
    let needed = setting.contract.approvers_needed();
    let given = setting.evidence.reviews.min(needed);
    let points = (given * FULL).checked_div(needed).unwrap_or(0);
    let people = if needed == 1 { "person" } else { "people" };
    let reason = format!("approved as it stands by {given} of {needed} {people}");
    Part { name: "review", points, reason }
}
