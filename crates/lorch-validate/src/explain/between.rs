//! Rules between fields (`if` and `then`) in the schemas of lorch's own documents.

use lorch_types::pointer::Pointer;
use serde_json::Value as Json;

use crate::violation::{Family, Violation};

/// The words of a rule between fields (`if` and `then`), if the keyword at `path` belongs to one:
/// the nearest description around it, from the branch inwards.
pub(super) fn rule_between_fields(schema: &Json, path: &str) -> Option<String> {
    let mut at = schema;
    let mut in_branch = false;
    let mut words = None;
    let mut names_follow = false;
    for token in path.split('/').skip(1) {
        at = match at {
            Json::Array(items) => items.get(token.parse::<usize>().ok()?)?,
            _ => at.get(token.replace("~1", "/").replace("~0", "~"))?,
        };
        in_branch |= !names_follow && matches!(token, "then" | "else");
        names_follow = !names_follow && matches!(token, "properties" | "definitions");
        if in_branch && !names_follow {
            words = at.get("description").and_then(Json::as_str).or(words);
        }
    }
    words.map(str::to_owned)
}

/// Leaves out what only follows from something else: a rule between fields says nothing new about
/// an object one of whose own fields is missing or wrong.
pub(super) fn without_consequences(violations: Vec<Violation>) -> Vec<Violation> {
    let direct: Vec<Pointer> = violations
        .iter()
        .filter(|violation| violation.family != Family::Together)
        .map(|violation| match violation.family {
            Family::Missing => violation.pointer.clone(),
            _ => parent(&violation.pointer),
        })
        .collect();
    let follows = |violation: &Violation| {
        violation.family == Family::Together
            && violation.keyword != "required"
            && direct.contains(&parent(&violation.pointer))
    };
    violations.into_iter().filter(|violation| !follows(violation)).collect()
}

fn parent(pointer: &Pointer) -> Pointer {
    let mut parent = pointer.clone();
    parent.pop();
    parent
}
