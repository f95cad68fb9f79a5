//! Conditions on metrics: what may stand in `rollback_if` and `rollback_trigger`.
//!
//! ```text
//! condition  = or
//! or         = and { ("or" | "||") and }
//! and        = not { ("and" | "&&") not }
//! not        = [ "not" | "!" ] atom
//! atom       = "(" or ")" | metric cmp quantity [ "for" duration ] | metric
//! cmp        = "<" | "<=" | ">" | ">=" | "==" | "!="
//! quantity   = number [ unit ]     unit = "%" | "ms" | "s" | "m" | "h" | "KiB" | "MiB" | "GiB" | "/s"
//! ```
//!
//! A condition over a [`History`](super::History) is a [`Truth`](super::Truth).

mod error;
mod evaluate;
mod help;
mod parse;
mod print;

use super::{Comparison, Duration, Metric, Metrics, Quantity};
use crate::place::Span;

pub use error::{ConditionError, ConditionErrorKind};

/// A condition on metrics, each compared with a quantity of its type.
///
/// `Display` writes it with single spaces and the parentheses it needs; parsing that gives an equal
/// condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RollbackCondition(Expr);

/// A part of a condition and where it stands in the text.
///
/// Equal to another that says the same, wherever the two stand.
#[derive(Clone, Debug)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// The bytes of the condition's text that write it.
    pub span: Span,
}

/// What an [`Expr`] can be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExprKind {
    /// A flag.
    Flag(Metric),
    /// A comparison of a metric with a quantity of its type.
    Compare {
        /// The metric.
        metric: Metric,
        /// How it is compared.
        comparison: Comparison,
        /// With what.
        quantity: Quantity,
        /// For how long the comparison must have held without interruption.
        held_for: Option<Duration>,
    },
    /// True when the operand is false.
    Not(Box<Expr>),
    /// Two or more operands joined by `and`.
    All(Vec<Expr>),
    /// Two or more operands joined by `or`.
    Any(Vec<Expr>),
}

impl RollbackCondition {
    /// How many characters the text may have.
    pub const MAX_LENGTH: usize = 512;

    /// How deep parentheses and `not` may nest.
    pub const MAX_DEPTH: usize = 32;

    /// The condition that `text` writes about some of `metrics`.
    ///
    /// # Errors
    /// The first thing that is no condition, with the bytes at fault.
    pub fn parse(text: &str, metrics: &Metrics) -> Result<Self, ConditionError> {
        parse::parse(text, metrics).map(Self).map_err(|error| *error)
    }

    /// The outermost expression.
    pub fn root(&self) -> &Expr {
        &self.0
    }

    /// Calls `visit` with each flag and comparison, in the order in which they are written.
    pub fn each_atom<'c>(&'c self, visit: &mut impl FnMut(&'c Expr)) {
        self.0.each_atom(visit);
    }

    /// The metrics that it names, each once, in the order in which they are first written.
    pub fn metrics(&self) -> Vec<&Metric> {
        let mut found: Vec<&Metric> = Vec::new();
        self.each_atom(&mut |atom| {
            if let ExprKind::Flag(metric) | ExprKind::Compare { metric, .. } = &atom.kind
                && !found.contains(&metric)
            {
                found.push(metric);
            }
        });
        found
    }
}

impl PartialEq for Expr {
    fn eq(&self, other: &Self) -> bool {
        self.kind == other.kind
    }
}

impl Eq for Expr {}

impl Expr {
    fn each_atom<'e>(&'e self, visit: &mut impl FnMut(&'e Self)) {
        match &self.kind {
            ExprKind::Flag(_) | ExprKind::Compare { .. } => visit(self),
            ExprKind::Not(inner) => inner.each_atom(visit),
            ExprKind::All(operands) | ExprKind::Any(operands) => {
                operands.iter().for_each(|operand| operand.each_atom(visit));
            }
        }
    }
}
