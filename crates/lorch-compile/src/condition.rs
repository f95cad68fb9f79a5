//! Decides conditions.
//!
//! Whatever this yields CEL yields as well; where CEL would guess or go on after an error, this is
//! an error.

use std::borrow::Cow;
use std::cmp::Ordering;

use lorch_types::condition::{Comparison, Condition, Expr, ExprKind};
use lorch_types::json::{Value, ValueType};
use lorch_types::place::Span;
use lorch_types::reference::{Reference, Root};

use crate::bindings::{Bindings, Miss, Payload, Resolved};
use crate::code;
use crate::report::Problem;

/// Whether `condition` holds.
pub(crate) fn decide(condition: &Condition, bindings: &Bindings<'_>) -> Result<bool, Miss> {
    boolean(condition.root(), bindings, "the condition")
}

/// What is wrong with the references of `condition`, whether or not they matter in the end; marks
/// the members of the payload that it refers to.
pub(crate) fn misplaced_references(condition: &Condition, bindings: &Bindings<'_>) -> Vec<Problem> {
    let mut problems = Vec::new();
    condition.root().each_reference(&mut |reference, span| match reference.root() {
        Root::Ctx => {}
        Root::Payload => {
            if let Some(key) = reference.path().first().and_then(|first| first.as_key()) {
                bindings.payload.mark(key);
            }
        }
        Root::Run | Root::Secret => {
            let root = reference.root();
            let message = format!("a condition cannot refer to `@{root}`: `{reference}`");
            let help = "conditions are decided when compiling, over `@ctx` and `@payload`";
            problems.push(
                Problem::new(code::CONDITION_ROOT, message)
                    .with_help(help.to_owned())
                    .within(span.clone()),
            );
        }
    });
    problems
}

/// What `condition` always is, if it does not depend on anything.
pub(crate) fn constant(condition: &Condition) -> Option<bool> {
    constant_of(condition.root())
}

fn constant_of(expr: &Expr) -> Option<bool> {
    match &expr.kind {
        ExprKind::Not(inner) => constant_of(inner).map(|value| !value),
        ExprKind::All(operands) => decided_by(operands, false),
        ExprKind::Any(operands) => decided_by(operands, true),
        _ if refers(expr) => None,
        _ => {
            let nothing = Bindings { ctx: &Value::Null, payload: Payload::given(&Value::Null) };
            evaluate(expr, &nothing).ok().and_then(|value| value.as_bool())
        }
    }
}

/// What operands are together when one that is `decisive` decides.
fn decided_by(operands: &[Expr], decisive: bool) -> Option<bool> {
    let mut all_known = true;
    for operand in operands {
        match constant_of(operand) {
            Some(value) if value == decisive => return Some(decisive),
            Some(_) => {}
            None => all_known = false,
        }
    }
    all_known.then_some(!decisive)
}

fn refers(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Literal(_) => false,
        ExprKind::Reference(_) | ExprKind::Has(_) => true,
        ExprKind::Size(inner) | ExprKind::Not(inner) => refers(inner),
        ExprKind::Compare(_, operands) => refers(&operands.0) || refers(&operands.1),
        ExprKind::All(operands) | ExprKind::Any(operands) => operands.iter().any(refers),
    }
}

fn evaluate<'v>(expr: &'v Expr, bindings: &Bindings<'v>) -> Result<Cow<'v, Value>, Miss> {
    let truth = |value: bool| Cow::Owned(Value::Bool(value));
    match &expr.kind {
        ExprKind::Literal(value) => Ok(Cow::Borrowed(value)),
        ExprKind::Reference(reference) => lookup(reference, &expr.span, bindings),
        ExprKind::Has(reference) => has(reference, &expr.span, bindings).map(truth),
        ExprKind::Size(inner) => size(inner, bindings),
        ExprKind::Not(inner) => boolean(inner, bindings, "the operand of `!`").map(|it| truth(!it)),
        ExprKind::Compare(comparison, operands) => {
            let left = evaluate(&operands.0, bindings)?;
            let right = evaluate(&operands.1, bindings)?;
            compare(*comparison, &left, &right)
                .map(truth)
                .map_err(|problem| problem.within(expr.span.clone()).into())
        }
        ExprKind::All(operands) => {
            for operand in operands {
                if !boolean(operand, bindings, "an operand of `&&`")? {
                    return Ok(truth(false));
                }
            }
            Ok(truth(true))
        }
        ExprKind::Any(operands) => {
            for operand in operands {
                if boolean(operand, bindings, "an operand of `||`")? {
                    return Ok(truth(true));
                }
            }
            Ok(truth(false))
        }
    }
}

fn boolean(expr: &Expr, bindings: &Bindings<'_>, what: &str) -> Result<bool, Miss> {
    let value = evaluate(expr, bindings)?;
    value.as_bool().ok_or_else(|| {
        let found = value.value_type().with_article();
        let help = match &*value {
            Value::String(text) if matches!(text.as_str(), "true" | "false") => {
                Some(format!("compare it with the string: `{expr} == \"true\"`"))
            }
            Value::String(_) | Value::Array(_) | Value::Object(_) => {
                Some(format!("compare it, as in `size({expr}) > 0`"))
            }
            Value::Number(_) => Some(format!("compare it, as in `{expr} != 0`")),
            Value::Null => Some(format!("compare it, as in `{expr} != null`")),
            Value::Bool(_) => None,
        };
        Problem::new(code::NOT_A_BOOLEAN, format!("{what} is {found}, not a boolean"))
            .with_help(help)
            .within(expr.span.clone())
            .into()
    })
}

fn lookup<'v>(
    reference: &Reference,
    span: &Span,
    bindings: &Bindings<'v>,
) -> Result<Cow<'v, Value>, Miss> {
    if matches!(reference.root(), Root::Run | Root::Secret) {
        return Err(Miss::Reported);
    }
    match bindings.data(reference) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(live)) => Err(undecidable(reference, &live, bindings).within(span.clone()).into()),
        Err(miss) => Err(placed(miss, span)),
    }
}

fn placed(miss: Miss, span: &Span) -> Miss {
    match miss {
        Miss::Problem(problem) => problem.within(span.clone()).into(),
        Miss::Reported => Miss::Reported,
    }
}

/// Whether the member in which the reference ends is there; what it is in must be.
fn has(reference: &Reference, span: &Span, bindings: &Bindings<'_>) -> Result<bool, Miss> {
    if matches!(reference.root(), Root::Run | Root::Secret) {
        return Err(Miss::Reported);
    }
    match bindings.find_parent(reference).map_err(|miss| placed(miss, span))? {
        (Resolved::Live(live), _) => {
            Err(undecidable(reference, &live, bindings).within(span.clone()).into())
        }
        (Resolved::Data(parent) | Resolved::Compiled(parent), key) => match parent {
            Value::Object(object) => Ok(object.contains_key(key)),
            other => {
                let found = other.value_type().with_article();
                let message = format!("`has({reference})` looks for a member of {found}");
                let problem = Problem::new(code::NOT_A_CONTAINER, message);
                Err(problem.within(span.clone()).into())
            }
        },
    }
}

/// A condition of a nested job depends on what a step will give.
fn undecidable(reference: &Reference, live: &Reference, bindings: &Bindings<'_>) -> Problem {
    let giver = match &bindings.payload {
        Payload::Bound { step, .. } => format!(" by step `{step}`"),
        Payload::Given { .. } => String::new(),
    };
    let message = format!(
        "the condition needs `{reference}`, which is bound{giver} to `{live}` and so known only \
         when running"
    );
    Problem::new(code::CONDITION_ON_RUN, message)
        .with_help("a condition can depend on `@ctx` and on what a payload states".to_owned())
}

fn size<'v>(inner: &'v Expr, bindings: &Bindings<'v>) -> Result<Cow<'v, Value>, Miss> {
    let value = evaluate(inner, bindings)?;
    let count = match &*value {
        Value::String(text) => text.chars().count(),
        Value::Array(items) => items.len(),
        Value::Object(object) => object.len(),
        other => {
            let found = other.value_type().with_article();
            let message = format!("`size` takes a string, a list or an object, not {found}");
            let problem = Problem::new(code::OPERAND_TYPE, message);
            return Err(problem.within(inner.span.clone()).into());
        }
    };
    Ok(Cow::Owned(u64::try_from(count).unwrap_or(u64::MAX).into()))
}

fn compare(comparison: Comparison, left: &Value, right: &Value) -> Result<bool, Problem> {
    match comparison {
        Comparison::Equal => equal(comparison, left, right),
        Comparison::NotEqual => equal(comparison, left, right).map(|equal| !equal),
        Comparison::Less => order(comparison, left, right).map(Ordering::is_lt),
        Comparison::LessOrEqual => order(comparison, left, right).map(Ordering::is_le),
        Comparison::Greater => order(comparison, left, right).map(Ordering::is_gt),
        Comparison::GreaterOrEqual => order(comparison, left, right).map(Ordering::is_ge),
        Comparison::In => contains(left, right),
    }
}

fn equal(comparison: Comparison, left: &Value, right: &Value) -> Result<bool, Problem> {
    let (a, b) = (left.value_type(), right.value_type());
    if a == b || a == ValueType::Null || b == ValueType::Null {
        return Ok(left == right);
    }
    let message = format!(
        "`{comparison}` compares {} with {}, which are never equal",
        a.with_article(),
        b.with_article()
    );
    let help = match (left, right) {
        (Value::String(_), Value::Number(number)) | (Value::Number(number), Value::String(_)) => {
            Some(format!("a number in quotes is a string: `\"{number}\"`"))
        }
        (Value::String(_), Value::Bool(value)) | (Value::Bool(value), Value::String(_)) => {
            Some(format!("a boolean in quotes is a string: `\"{value}\"`"))
        }
        _ => None,
    };
    Err(Problem::new(code::OPERAND_TYPE, message).with_help(help))
}

fn order(comparison: Comparison, left: &Value, right: &Value) -> Result<Ordering, Problem> {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => Ok(left.cmp(right)),
        (Value::String(left), Value::String(right)) => Ok(left.cmp(right)),
        _ => {
            let message = format!(
                "`{comparison}` orders two numbers or two strings, not {} and {}",
                left.value_type().with_article(),
                right.value_type().with_article()
            );
            Err(Problem::new(code::OPERAND_TYPE, message))
        }
    }
}

/// Whether `left` is an item of a list or a key of an object; other types are simply not in it.
fn contains(left: &Value, right: &Value) -> Result<bool, Problem> {
    match (left, right) {
        (_, Value::Array(items)) => Ok(items.contains(left)),
        (Value::String(key), Value::Object(object)) => Ok(object.contains_key(key)),
        (_, Value::Object(_)) => Ok(false),
        (_, other) => {
            let found = other.value_type().with_article();
            let message = format!("`in` looks into a list or an object, not into {found}");
            Err(Problem::new(code::OPERAND_TYPE, message))
        }
    }
}
