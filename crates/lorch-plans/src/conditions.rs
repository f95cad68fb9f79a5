//! Whether the health checks and the rollback condition of a phase are of one mind.
//!
//! Nothing is sampled: the quantities that conditions name cut the values of a metric into cells, in
//! each of which every comparison is the same. All cells are looked at.

mod cell;
mod space;

use lorch_types::diagnostic::Diagnostic;
use lorch_types::plan::condition::{Expr, ExprKind, RollbackCondition};
use lorch_types::plan::{Metric, Threshold, Truth};
use lorch_types::pointer::Pointer;

use crate::finding::{Placed, Rule, TASK_FILE};
use space::{Held, Space, Values};

/// What a health check holds its metric to.
#[derive(Clone, Debug)]
pub(crate) struct Check {
    pub(crate) metric: Metric,
    /// Of a flag there is none: it must be true.
    pub(crate) threshold: Option<Threshold>,
}

/// The health checks of a phase, all of which must pass.
#[derive(Clone, Debug)]
pub(crate) struct Health {
    pub(crate) checks: Vec<Check>,
}

/// The rollback condition of a phase.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rollback<'c> {
    pub(crate) condition: &'c RollbackCondition,
    /// Whether it is the phase's own, not the task's.
    pub(crate) is_own: bool,
}

/// Notes a trigger that can never hold, or always does.
pub(crate) fn compare_trigger(
    trigger: &RollbackCondition,
    at: &Pointer,
    found: &mut Vec<Diagnostic>,
) {
    let findings = constant(trigger, at, "`rollback_trigger`");
    found.extend(findings.map(|it| it.in_file(TASK_FILE)));
}

/// Notes where the conditions of a phase contradict each other or the task's.
pub(crate) fn compare_phase(
    placed: &Placed<'_>,
    health: &Health,
    rollback: Rollback<'_>,
    trigger: Option<&RollbackCondition>,
    found: &mut Vec<Diagnostic>,
) {
    let before = found.len();
    found.extend(unpassable(placed, health));
    if rollback.is_own {
        found.extend(constant(rollback.condition, &placed.at("rollback_if"), "`rollback_if`"));
    }
    if found.len() > before {
        return;
    }
    let space = Space::of([rollback.condition.root()], health);
    match space {
        Some(space) => {
            found.extend(overlap(placed, &space, health, rollback));
            gaps(placed, &space, health, rollback, found);
        }
        None => found.push(unfathomable(placed)),
    }
    if let (true, Some(trigger)) = (rollback.is_own, trigger) {
        found.extend(laxer(placed, rollback.condition, trigger));
    }
}

/// A condition that is the same whatever is observed.
fn constant(condition: &RollbackCondition, at: &Pointer, what: &str) -> Option<Diagnostic> {
    let Some(space) = Space::of([condition.root()], &Health { checks: Vec::new() }) else {
        let message = format!("{what} compares too much for it to be looked through");
        return Some(Rule::Unfathomable.error(at.clone(), message));
    };
    let mut all = space.all().map(|values| truth(condition.root(), &space, &values, Held::Unknown));
    let first = all.next()?;
    if first == Truth::Unknown || all.any(|truth| truth != first) {
        return None;
    }
    let always = if first == Truth::True { "always holds" } else { "can never hold" };
    Some(Rule::Constant.error(at.clone(), format!("{what} {always}: `{condition}`")))
}

/// Health checks that cannot pass together, or one that says nothing.
fn unpassable(placed: &Placed<'_>, health: &Health) -> Option<Diagnostic> {
    for (index, check) in health.checks.iter().enumerate() {
        let alone = Health { checks: vec![check.clone()] };
        let space = Space::of([], &alone)?;
        let passing = space.all().filter(|values| passes(&alone, &space, values)).count();
        let always = match (passing, check.threshold) {
            (0, _) => "can never pass",
            (all, Some(_)) if all == space.all().count() => "always passes",
            _ => continue,
        };
        let written = check.threshold.map(|it| format!(" {it}")).unwrap_or_default();
        let message = format!("the health check {always}: `{}{written}`", check.metric);
        return Some(Rule::Constant.error(placed.at("health_checks").join(index), message));
    }
    let space = Space::of([], health)?;
    let is_passable = space.all().any(|values| passes(health, &space, &values));
    (!is_passable).then(|| {
        let message =
            format!("the health checks of phase `{}` can never all pass", placed.phase.name);
        Rule::Constant.error(placed.at("health_checks"), message)
    })
}

/// A value that passes every health check and rolls the phase back all the same.
fn overlap(
    placed: &Placed<'_>,
    space: &Space,
    health: &Health,
    rollback: Rollback<'_>,
) -> Option<Diagnostic> {
    let checked = space.checked(health);
    let is_overlap = |values: &Values| {
        passes(health, space, values)
            && [Held::Now, Held::Forever]
                .into_iter()
                .any(|held| truth(rollback.condition.root(), space, values, held) == Truth::True)
    };
    let witness = space.of_axes(&checked).find(&is_overlap)?;
    let shared = space.named_by(rollback.condition, &checked);
    let said = space.describe(&witness, &shared, &is_overlap);
    let message = format!(
        "phase `{}`: {said} passes the health checks and rolls the phase back",
        placed.phase.name
    );
    let help = format!("`{}` rolls back: let it begin where health ends", rollback.condition);
    Some(Rule::Overlap.error(rollback.place(placed), message).with_help(help))
}

/// Values of one metric at which its health checks fail, and the phase is not rolled back although
/// everything else is well.
fn gaps(
    placed: &Placed<'_>,
    space: &Space,
    health: &Health,
    rollback: Rollback<'_>,
    found: &mut Vec<Diagnostic>,
) {
    let checked = space.checked(health);
    for axis in space.named_by(rollback.condition, &checked) {
        let is_undecided = |values: &Values| {
            !passes_on(health, space, values, |it| it == axis)
                && passes_on(health, space, values, |it| it != axis)
                && truth(rollback.condition.root(), space, values, Held::Forever) != Truth::True
        };
        let mut undecided: Vec<usize> = space
            .of_axes(&checked)
            .filter(is_undecided)
            .filter_map(|values| values.cell(axis))
            .collect();
        undecided.sort_unstable();
        undecided.dedup();
        for (run, said) in space.describe_runs(axis, &undecided) {
            let message = format!(
                "phase `{}`: {said} neither passes the health checks nor rolls the phase back",
                placed.phase.name
            );
            let help = bridge(space, health, axis, run);
            found.push(Rule::Gap.warning(rollback.place(placed), message).with_help(help));
        }
    }
}

/// What to write so that the cells from the first to the last of `axis` are decided.
fn bridge(space: &Space, health: &Health, axis: usize, (first, last): (usize, usize)) -> String {
    const PAUSES: &str = "it pauses there, until a person decides";
    let Some(quantity) = space.point(axis, first).filter(|_| first == last) else {
        return format!("{PAUSES}: let one of the two begin where the other ends");
    };
    let is_well = |cell: Option<usize>| {
        let values = cell.map(|cell| space.at(axis, cell));
        values.is_some_and(|values| passes_on(health, space, &values, |it| it == axis))
    };
    let (check, condition) = match (is_well(first.checked_sub(1)), is_well(first.checked_add(1))) {
        (true, false) => ("<=", ">="),
        (false, true) => (">=", "<="),
        _ => return format!("{PAUSES}: let one of the two include {quantity}"),
    };
    format!(
        "{PAUSES}: write `{check} {quantity}` in the health check, or `{condition} {quantity}` in \
         the rollback condition"
    )
}

/// A value at which the task demands that the phase be rolled back, and it is not.
fn laxer(
    placed: &Placed<'_>,
    own: &RollbackCondition,
    trigger: &RollbackCondition,
) -> Option<Diagnostic> {
    let no_checks = Health { checks: Vec::new() };
    let Some(space) = Space::of([own.root(), trigger.root()], &no_checks) else {
        return Some(unfathomable(placed));
    };
    let helds = || [Held::Now, Held::Forever].into_iter().chain(space.durations().map(Held::For));
    let is_laxer = |values: &Values| {
        helds().any(|held| {
            truth(trigger.root(), &space, values, held) == Truth::True
                && truth(own.root(), &space, values, held) != Truth::True
        })
    };
    let witness = space.all().find(&is_laxer)?;
    let every: Vec<usize> = space.axes().collect();
    let said = space.describe(&witness, &space.named_by(trigger, &every), &is_laxer);
    let message = format!(
        "phase `{}` is not rolled back at {said}, and the task demands it: `{trigger}`",
        placed.phase.name
    );
    let help = format!("write `{own} or {trigger}`, or leave `rollback_if` out");
    Some(Rule::Laxer.error(placed.at("rollback_if"), message).with_help(help))
}

fn unfathomable(placed: &Placed<'_>) -> Diagnostic {
    let name = &placed.phase.name;
    let message = format!("the conditions of phase `{name}` compare too much to be looked through");
    Rule::Unfathomable
        .error(placed.pointer(), message)
        .with_help("compare fewer metrics, with fewer quantities")
}

impl Rollback<'_> {
    /// Where findings about it stand.
    fn place(&self, placed: &Placed<'_>) -> Pointer {
        placed.at(if self.is_own { "rollback_if" } else { "health_checks" })
    }
}

/// Whether all health checks pass.
fn passes(health: &Health, space: &Space, values: &Values) -> bool {
    passes_on(health, space, values, |_| true)
}

/// Whether the health checks of the axes that `which` takes pass.
fn passes_on(
    health: &Health,
    space: &Space,
    values: &Values,
    which: impl Fn(usize) -> bool,
) -> bool {
    health.checks.iter().all(|check| {
        let Some(axis) = space.axis(&check.metric) else { return true };
        !which(axis) || space.judge(axis, check.threshold, values) == Truth::True
    })
}

/// What `expr` is at `values` that have been so for as long as `held` says.
fn truth(expr: &Expr, space: &Space, values: &Values, held: Held) -> Truth {
    let all =
        |operands: &[Expr]| operands.iter().map(|it| truth(it, space, values, held)).collect();
    match &expr.kind {
        ExprKind::Flag(metric) => space.judge_metric(metric, None, values),
        ExprKind::Compare { metric, comparison, quantity, held_for } => {
            let threshold = Threshold { comparison: *comparison, quantity: *quantity };
            let now = space.judge_metric(metric, Some(threshold), values);
            match held_for {
                Some(duration) => now & held.for_at_least(*duration),
                None => now,
            }
        }
        ExprKind::Not(inner) => !truth(inner, space, values, held),
        ExprKind::All(operands) => {
            let operands: Vec<Truth> = all(operands);
            operands.into_iter().fold(Truth::True, |all, it| all & it)
        }
        ExprKind::Any(operands) => {
            let operands: Vec<Truth> = all(operands);
            operands.into_iter().fold(Truth::False, |any, it| any | it)
        }
    }
}
