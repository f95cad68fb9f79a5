//! Conditions: what may stand in a step's `if`.
//!
//! A subset of [CEL](https://cel.dev) over `@ctx` and `@payload`: deleting every `@` that begins a
//! reference leaves valid CEL with the same result. This is the syntax; what a condition yields is
//! decided when compiling.

mod error;
mod literal;
mod parse;
mod print;

use std::str::FromStr;

use crate::json::Value;
use crate::place::Span;
use crate::reference::Reference;

pub use error::{ConditionError, ConditionErrorKind};

/// A condition: an expression that must yield a boolean.
///
/// `Display` writes it with single spaces and the parentheses it needs; parsing that gives an equal
/// condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition(Expr);

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
    /// `null`, a boolean, a number, a string, or a list of such.
    Literal(Value),
    /// The value that a reference names.
    Reference(Reference),
    /// Whether the member in which the reference ends is there.
    Has(Reference),
    /// How many characters, items or members there are.
    Size(Box<Expr>),
    /// True when the operand is false.
    Not(Box<Expr>),
    /// A comparison of two values.
    Compare(Comparison, Box<(Expr, Expr)>),
    /// Two or more operands joined by `&&`.
    All(Vec<Expr>),
    /// Two or more operands joined by `||`.
    Any(Vec<Expr>),
}

/// A comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Comparison {
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
    /// `in`: an item of a list, or a key of an object.
    In,
}

impl Condition {
    /// How deep parentheses, `!` and lists may nest.
    pub const MAX_DEPTH: usize = 32;

    /// The condition that `text` writes.
    ///
    /// # Errors
    /// The first thing that is no condition, with the bytes at fault.
    pub fn parse(text: &str) -> Result<Self, ConditionError> {
        parse::parse(text).map(Self).map_err(|error| *error)
    }

    /// The outermost expression.
    pub fn root(&self) -> &Expr {
        &self.0
    }
}

impl FromStr for Condition {
    type Err = ConditionError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl PartialEq for Expr {
    fn eq(&self, other: &Self) -> bool {
        self.kind == other.kind
    }
}

impl Eq for Expr {}

impl Expr {
    /// Calls `visit` with each reference in it, in the order in which they are written.
    pub fn each_reference<'e>(&'e self, visit: &mut impl FnMut(&'e Reference, &'e Span)) {
        match &self.kind {
            ExprKind::Literal(_) => {}
            ExprKind::Reference(reference) | ExprKind::Has(reference) => {
                visit(reference, &self.span);
            }
            ExprKind::Size(inner) | ExprKind::Not(inner) => inner.each_reference(visit),
            ExprKind::Compare(_, operands) => {
                operands.0.each_reference(visit);
                operands.1.each_reference(visit);
            }
            ExprKind::All(operands) | ExprKind::Any(operands) => {
                operands.iter().for_each(|operand| operand.each_reference(visit));
            }
        }
    }
}

impl Comparison {
    /// The operator as it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
            Self::In => "in",
        }
    }
}
