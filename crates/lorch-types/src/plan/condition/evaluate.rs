//! What a condition is over what was observed.

use std::time::Duration;

use super::{Expr, ExprKind, RollbackCondition};
use crate::plan::{History, Metric, Observed, Threshold, Truth};

impl RollbackCondition {
    /// Whether the condition holds at the moment `now`, by what `history` says up to then.
    ///
    /// A flag or comparison is what the observation in force at `now` makes it, and unknown without one.
    /// A comparison `for` a duration is true when it was true at every moment from that long ago to
    /// `now`, false when it was false at any of them, and else unknown. These join by Kleene's logic.
    pub fn evaluate(&self, history: &History, now: Duration) -> Truth {
        self.0.evaluate(history, now)
    }

    /// How far back evaluating looks: the longest duration after a `for`, zero without any.
    pub fn horizon(&self) -> Duration {
        let mut longest = Duration::ZERO;
        self.each_atom(&mut |atom| {
            if let ExprKind::Compare { held_for: Some(duration), .. } = &atom.kind {
                longest = longest.max((*duration).into());
            }
        });
        longest
    }
}

impl Expr {
    fn evaluate(&self, history: &History, now: Duration) -> Truth {
        match &self.kind {
            ExprKind::Flag(metric) => {
                held(history, metric, now, Duration::ZERO, |observed| match observed {
                    Some(Observed::Flag(flag)) => flag.into(),
                    _ => Truth::Unknown,
                })
            }
            ExprKind::Compare { metric, comparison, quantity, held_for } => {
                let threshold = Threshold { comparison: *comparison, quantity: *quantity };
                let length = held_for.map_or(Duration::ZERO, Duration::from);
                held(history, metric, now, length, |observed| threshold.judge(observed))
            }
            ExprKind::Not(inner) => !inner.evaluate(history, now),
            ExprKind::All(operands) => operands
                .iter()
                .map(|operand| operand.evaluate(history, now))
                .fold(Truth::True, |all, operand| all & operand),
            ExprKind::Any(operands) => operands
                .iter()
                .map(|operand| operand.evaluate(history, now))
                .fold(Truth::False, |any, operand| any | operand),
        }
    }
}

/// Whether `judge` was true at every moment from `length` before `now` to `now`.
fn held(
    history: &History,
    metric: &Metric,
    now: Duration,
    length: Duration,
    judge: impl Fn(Option<Observed>) -> Truth,
) -> Truth {
    let in_force = history.in_force(metric, now, length);
    in_force.into_iter().fold(Truth::True, |all, observed| all & judge(observed))
}
