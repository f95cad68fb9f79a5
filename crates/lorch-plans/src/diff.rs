//! How two plans differ: phase by phase, asset by asset.

use std::collections::BTreeSet;
use std::fmt;

use lorch_types::json::{Object, ToValueError, Value, to_value};
use lorch_types::plan::Plan;
use lorch_types::pointer::Pointer;

/// Something in which two plans differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Where: as a pointer, in which phases stand by their names.
    pub place: Pointer,
    /// What stands there in the first; `None` when it has nothing there.
    pub before: Option<Value>,
    /// What stands there in the second.
    pub after: Option<Value>,
}

/// How `after` differs from `before`, in type and payload. Lists of names are compared as sets: the
/// order in which assets are written means nothing.
///
/// # Errors
/// Never for documents that were read.
pub fn diff(before: &Plan, after: &Plan) -> Result<Vec<Difference>, ToValueError> {
    let mut found = Vec::new();
    let parts = |plan: &Plan| -> Result<Object, ToValueError> {
        let parts = [("type", to_value(&plan.plan_type)?), ("payload", to_value(&plan.payload)?)];
        Ok(parts.into_iter().collect())
    };
    objects(&parts(before)?, &parts(after)?, &Pointer::root(), &mut found);
    Ok(found)
}

fn values(before: &Value, after: &Value, at: &Pointer, found: &mut Vec<Difference>) {
    if before == after {
        return;
    }
    match (before, after) {
        (Value::Object(before), Value::Object(after)) => objects(before, after, at, found),
        (Value::Array(before), Value::Array(after)) => match (by_name(before), by_name(after)) {
            (Some(before), Some(after)) => objects(&before, &after, at, found),
            _ if is_set(before) && is_set(after) => sets(before, after, at, found),
            _ => lists(before, after, at, found),
        },
        _ => found.push(difference(at.clone(), Some(before), Some(after))),
    }
}

fn objects(before: &Object, after: &Object, at: &Pointer, found: &mut Vec<Difference>) {
    let new = after.iter().map(|(key, _)| key).filter(|key| !before.contains_key(key));
    for key in before.iter().map(|(key, _)| key).chain(new) {
        match (before.get(key), after.get(key)) {
            (Some(before), Some(after)) => values(before, after, &at.join(key), found),
            (before, after) => found.push(difference(at.join(key), before, after)),
        }
    }
}

fn lists(before: &[Value], after: &[Value], at: &Pointer, found: &mut Vec<Difference>) {
    for index in 0..before.len().max(after.len()) {
        match (before.get(index), after.get(index)) {
            (Some(before), Some(after)) => values(before, after, &at.join(index), found),
            (before, after) => found.push(difference(at.join(index), before, after)),
        }
    }
}

fn sets(before: &[Value], after: &[Value], at: &Pointer, found: &mut Vec<Difference>) {
    let texts = |all: &[Value]| -> BTreeSet<String> {
        all.iter().filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let (old, new) = (texts(before), texts(after));
    if old.len() < before.len() || new.len() < after.len() {
        return lists(before, after, at, found);
    }
    let is_in = |set: &BTreeSet<String>, it: &Value| it.as_str().is_some_and(|it| set.contains(it));
    let gone = before.iter().filter(|it| !is_in(&new, it));
    found.extend(gone.map(|it| difference(at.clone(), Some(it), None)));
    let came = after.iter().filter(|it| !is_in(&old, it));
    found.extend(came.map(|it| difference(at.clone(), None, Some(it))));
}

fn is_set(items: &[Value]) -> bool {
    items.iter().all(|item| item.as_str().is_some())
}

/// Objects that all have a `name` of their own, by it.
fn by_name(items: &[Value]) -> Option<Object> {
    let named = items.iter().map(|item| {
        let name = item.get("name").and_then(Value::as_str)?;
        Some((name.into(), item.clone()))
    });
    let named: Vec<_> = named.collect::<Option<_>>()?;
    if named.is_empty() { None } else { Object::from_entries(named).ok() }
}

fn difference(place: Pointer, before: Option<&Value>, after: Option<&Value>) -> Difference {
    Difference { place, before: before.cloned(), after: after.cloned() }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.before, &self.after) {
            (Some(before), Some(after)) => write!(f, "~ {} {before} -> {after}", self.place),
            (Some(before), None) => write!(f, "- {} {before}", self.place),
            (None, Some(after)) => write!(f, "+ {} {after}", self.place),
            (None, None) => write!(f, "  {}", self.place),
        }
    }
}
