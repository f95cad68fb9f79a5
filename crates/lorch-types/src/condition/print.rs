//! Writes conditions.

use std::fmt::{self, Display as _, Write as _};

use super::parse::is_plain_name;
use super::{Comparison, Condition, Expr, ExprKind};
use crate::json::{Number, Value, write_string};
use crate::reference::{Reference, Segment};

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// How tightly an expression holds together; an operand that holds less needs parentheses.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Binding {
    Any,
    All,
    Compare,
    Unary,
}

impl Expr {
    fn binding(&self) -> Binding {
        match &self.kind {
            ExprKind::Any(_) => Binding::Any,
            ExprKind::All(_) => Binding::All,
            ExprKind::Compare(..) => Binding::Compare,
            ExprKind::Literal(_)
            | ExprKind::Reference(_)
            | ExprKind::Has(_)
            | ExprKind::Size(_)
            | ExprKind::Not(_) => Binding::Unary,
        }
    }

    fn write(&self, f: &mut fmt::Formatter<'_>, at_least: Binding) -> fmt::Result {
        if self.binding() < at_least { write!(f, "({self})") } else { self.fmt(f) }
    }
}

impl fmt::Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            ExprKind::Literal(value) => write_literal(value, f),
            ExprKind::Reference(reference) => write_reference(reference, f),
            ExprKind::Has(reference) => {
                f.write_str("has(")?;
                write_reference(reference, f)?;
                f.write_char(')')
            }
            ExprKind::Size(inner) => write!(f, "size({inner})"),
            ExprKind::Not(inner) => {
                f.write_char('!')?;
                inner.write(f, Binding::Unary)
            }
            ExprKind::Compare(comparison, operands) => {
                operands.0.write(f, Binding::Compare)?;
                write!(f, " {comparison} ")?;
                operands.1.write(f, Binding::Unary)
            }
            ExprKind::All(operands) => write_joined(operands, " && ", Binding::Compare, f),
            ExprKind::Any(operands) => write_joined(operands, " || ", Binding::All, f),
        }
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

fn write_joined(
    operands: &[Expr],
    operator: &str,
    at_least: Binding,
    f: &mut fmt::Formatter<'_>,
) -> fmt::Result {
    for (index, operand) in operands.iter().enumerate() {
        if index > 0 {
            f.write_str(operator)?;
        }
        operand.write(f, at_least)?;
    }
    Ok(())
}

fn write_literal(value: &Value, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match value {
        Value::Number(number) => write_number(*number, f),
        Value::Array(items) => {
            f.write_char('[')?;
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    f.write_str(", ")?;
                }
                write_literal(item, f)?;
            }
            f.write_char(']')
        }
        Value::String(text) => f.write_str(&quoted(text)),
        // Conditions have no literal objects; a tree made by hand that holds one prints as JSON.
        Value::Null | Value::Bool(_) | Value::Object(_) => value.fmt(f),
    }
}

/// CEL reads digits alone as an integer of at most 63 bits; what is larger was a float.
fn write_number(number: Number, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    if number.is_integer() && number.as_i64().is_none() {
        write!(f, "{:e}", number.as_f64())
    } else {
        number.fmt(f)
    }
}

/// What JSON escapes in a string CEL reads the same way.
fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    write_string(text, &mut out);
    out
}

/// In a condition a name is one of CEL: without hyphens, and no keyword.
fn write_reference(reference: &Reference, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    write!(f, "@{}", reference.root())?;
    reference.path().iter().try_for_each(|segment| match segment {
        Segment::Key(name) if is_plain_name(name) => write!(f, ".{name}"),
        Segment::Key(key) => write!(f, "[{}]", quoted(key)),
        Segment::Index(index) => write!(f, "[{index}]"),
    })
}
