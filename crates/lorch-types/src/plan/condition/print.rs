//! Writes conditions.

use std::fmt;

use super::{Expr, ExprKind, RollbackCondition};

/// How operators are written.
struct Spelling {
    or: &'static str,
    and: &'static str,
    not: &'static str,
    space: &'static str,
}

const READABLE: Spelling = Spelling { or: " or ", and: " and ", not: "not ", space: " " };

/// No text that says the same is shorter, so what was short enough to be read still is.
const SHORTEST: Spelling = Spelling { or: "||", and: "&&", not: "!", space: "" };

impl fmt::Display for RollbackCondition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Readably, unless that has more characters than a condition may have.
impl fmt::Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let readable = self.text(&READABLE);
        if readable.len() <= RollbackCondition::MAX_LENGTH {
            f.write_str(&readable)
        } else {
            f.write_str(&self.text(&SHORTEST))
        }
    }
}

/// How tightly an expression holds together; an operand that holds less needs parentheses.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Binding {
    Any,
    All,
    Not,
    Atom,
}

impl Expr {
    fn text(&self, spelling: &Spelling) -> String {
        let mut out = String::new();
        self.write(spelling, Binding::Any, &mut out);
        out
    }

    const fn binding(&self) -> Binding {
        match self.kind {
            ExprKind::Any(_) => Binding::Any,
            ExprKind::All(_) => Binding::All,
            ExprKind::Not(_) => Binding::Not,
            ExprKind::Flag(_) | ExprKind::Compare { .. } => Binding::Atom,
        }
    }

    fn write(&self, spelling: &Spelling, at_least: Binding, out: &mut String) {
        if self.binding() < at_least {
            out.push('(');
            self.write(spelling, Binding::Any, out);
            out.push(')');
            return;
        }
        match &self.kind {
            ExprKind::Flag(metric) => out.push_str(metric.as_str()),
            ExprKind::Compare { metric, comparison, quantity, held_for } => {
                let space = spelling.space;
                out.push_str(&format!("{metric}{space}{comparison}{space}{quantity}"));
                if let Some(duration) = held_for {
                    out.push_str(&format!(" for {duration}"));
                }
            }
            ExprKind::Not(inner) => {
                out.push_str(spelling.not);
                inner.write(spelling, Binding::Atom, out);
            }
            ExprKind::All(operands) => {
                write_joined(operands, spelling.and, Binding::Not, spelling, out);
            }
            ExprKind::Any(operands) => {
                write_joined(operands, spelling.or, Binding::All, spelling, out);
            }
        }
    }
}

fn write_joined(
    operands: &[Expr],
    operator: &str,
    at_least: Binding,
    spelling: &Spelling,
    out: &mut String,
) {
    for (index, operand) in operands.iter().enumerate() {
        if index > 0 {
            out.push_str(operator);
        }
        operand.write(spelling, at_least, out);
    }
}
