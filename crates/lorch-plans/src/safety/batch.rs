//! How much one phase may concern, and the canary that comes first.

use lorch_types::diagnostic::Diagnostic;
use lorch_types::plan::{DurationField, Plan};

use super::assets;
use crate::contract::Contract;
use crate::finding::{Placed, Rule, counted, share};

/// So many assets a canary may have whatever part of all they are.
const SMALL: usize = 5;

pub(super) fn check(
    plan: &Plan,
    phases: &[Placed<'_>],
    contract: &Contract<'_>,
    found: &mut Vec<Diagnostic>,
) {
    // Shares of assets that are not counted alike would mislead; that they are not is said already.
    let total = assets::agree(plan, phases).then_some(plan.payload.affected_assets.len());
    let limits =
        Limits { total, percent: contract.max_batch_percent(), size: contract.max_batch_size() };
    if let Some(first) = phases.first().filter(|_| contract.needs_canary()) {
        canary(first, &limits, found);
    }
    // The canary has been measured by its own rule.
    let measured = usize::from(contract.needs_canary());
    for placed in phases.iter().skip(measured) {
        let is_exempt = placed.phase.assets.len() == 1 || is_small_canary(placed);
        if let Some(message) = limits.exceeded(placed, is_exempt) {
            found.push(limits.explain(Rule::Batch.error(placed.at("assets"), message)));
        }
    }
}

struct Limits {
    /// How many assets the plan affects; `None` when that cannot be said.
    total: Option<usize>,
    percent: u64,
    size: Option<u64>,
}

/// The first phase, where it is no more than a canary may always be.
fn is_small_canary(placed: &Placed<'_>) -> bool {
    placed.index == 0 && placed.phase.assets.len() <= SMALL
}

fn canary(first: &Placed<'_>, limits: &Limits, found: &mut Vec<Diagnostic>) {
    if let Some(message) = limits.exceeded(first, is_small_canary(first)) {
        let message = format!("the first phase is no canary: {message}");
        found.push(limits.explain(Rule::Canary.error(first.at("assets"), message)));
    }
    match &first.phase.wait_time {
        None => {
            let message = format!("the canary `{}` has no `wait_time`", first.phase.name);
            let diagnostic = Rule::Canary.error(first.pointer(), message);
            found.push(diagnostic.with_help("say how long it is watched, such as `30m`"));
        }
        Some(text) if DurationField::WaitTime.parse(text).is_ok_and(|it| it.seconds() == 0) => {
            let message = format!("the canary `{}` is watched for no time", first.phase.name);
            found.push(Rule::Canary.error(first.at("wait_time"), message));
        }
        Some(_) => {}
    }
}

impl Limits {
    /// How a phase is too large, if it is; one that is exempt is measured by the plain size alone.
    fn exceeded(&self, placed: &Placed<'_>, is_exempt: bool) -> Option<String> {
        let len = placed.phase.assets.len();
        let name = &placed.phase.name;
        let count = u64::try_from(len).unwrap_or(u64::MAX);
        if let Some(size) = self.size.filter(|size| count > *size) {
            let held = counted(len, "asset");
            return Some(format!("phase `{name}` concerns {held}, and {size} are allowed"));
        }
        let total = self.total.filter(|_| !is_exempt)?;
        self.is_over(len, total).then(|| {
            let percent = self.percent;
            format!(
                "phase `{name}` concerns {len} of {}, {}, and {percent} % are allowed",
                counted(total, "asset"),
                share(len, total)
            )
        })
    }

    /// `len / total > percent / 100`, without rounding.
    fn is_over(&self, len: usize, total: usize) -> bool {
        let wide = |count: usize| u128::try_from(count).unwrap_or(u128::MAX);
        wide(len).saturating_mul(100) > u128::from(self.percent).saturating_mul(wide(total))
    }

    /// The most that a phase may have.
    fn explain(&self, diagnostic: Diagnostic) -> Diagnostic {
        let by_percent = self.total.map(|total| {
            let total = u64::try_from(total).unwrap_or(u64::MAX);
            (total.saturating_mul(self.percent) / 100).max(1)
        });
        match by_percent.into_iter().chain(self.size).min() {
            Some(1) => diagnostic.with_help("split it into phases of one asset"),
            Some(most) => {
                diagnostic.with_help(format!("split it into phases of at most {most} assets"))
            }
            None => diagnostic,
        }
    }
}
