//! Alternatives (`anyOf`, `oneOf`) of which none fits: what to say about the one that was meant.

use jsonschema::ValidationError;
use jsonschema::error::ValidationErrorKind as Rule;
use lorch_types::pointer::Pointer;

use super::words::{Words, one_of, types, wrong_type};
use super::{Explainer, violation};
use crate::violation::{Family, Violation};

type Errors<'e> = Vec<ValidationError<'e>>;

impl Explainer<'_> {
    /// None of several alternatives fits: the errors of the one that was meant.
    ///
    /// That is one for values of this type; one whose constants fit; one that asks for the fewest
    /// changes. Where several ask for one change each, and at the same value, any of them would do.
    pub(super) fn alternatives(
        &self,
        error: &ValidationError<'_>,
        pointer: Pointer,
        context: &[Errors<'_>],
        out: &mut Vec<Violation>,
    ) {
        let (of_other_type, of_this_type): (Vec<_>, Vec<_>) =
            context.iter().partition(|errors| errors.iter().any(|inner| is_type_of(inner, error)));
        let Some(meant) = of_this_type.iter().min_by_key(|errors| misfit(errors)) else {
            let words = wrong_type(&one_of(&expected_types(&of_other_type)), error.instance());
            out.push(Violation { keyword: "type".into(), ..violation(error, pointer, words) });
            return;
        };
        let as_good = of_this_type.iter().filter(|errors| misfit(errors) == misfit(meant));
        let as_good: Vec<&Errors<'_>> = as_good.copied().collect();
        if let Some(words) = self.any_of_them(error, &as_good) {
            out.push(violation(error, pointer, words));
            return;
        }
        for inner in meant.iter() {
            self.explain(inner, out);
        }
    }

    /// What is said where several alternatives need the same value to change in one way each.
    fn any_of_them(&self, error: &ValidationError<'_>, all: &[&Errors<'_>]) -> Option<Words> {
        let all: Option<Vec<_>> = all.iter().map(|errors| only(errors)).collect();
        let all = all.filter(|all| all.len() > 1)?;
        let missing: Option<Vec<String>> = all.iter().map(|inner| missing(inner, error)).collect();
        if let Some(names) = missing {
            let message = format!("one of the fields {} is missing", and(&names));
            return Some(Words::new(Family::Missing, message).expecting(one_of(&names)));
        }
        let is_here = |inner: &&&ValidationError<'_>| {
            inner.instance_path().as_str() == error.instance_path().as_str()
        };
        if !all.iter().all(|inner| is_here(&inner)) {
            return None;
        }
        let words: Vec<Words> = all.iter().map(|inner| self.words(inner)).collect();
        let mut expected: Vec<&str> = Vec::new();
        for one in &words {
            let one = one.expected.as_deref()?;
            if !expected.contains(&one) {
                expected.push(one);
            }
        }
        let help = words.iter().find_map(|words| words.help.clone());
        let family = words.first()?.family;
        let expected = one_of(&expected);
        let message =
            format!("{} does not do: it should be {expected}", super::shown(error.instance()));
        Some(Words::new(family, message).expecting(expected).with_help(help))
    }
}

/// How far the value is from an alternative: first whether one of its constants says that another
/// one is meant, then how much is wrong.
fn misfit(errors: &Errors<'_>) -> (bool, usize) {
    let is_other = |error: &ValidationError<'_>| matches!(error.kind(), Rule::Constant { .. });
    (errors.iter().any(is_other), errors.len())
}

fn only<'a, 'e>(errors: &&'a Errors<'e>) -> Option<&'a ValidationError<'e>> {
    match errors.as_slice() {
        [only] => Some(only),
        _ => None,
    }
}

/// The field that `inner` says is missing in the value that `outer` is about.
fn missing(inner: &ValidationError<'_>, outer: &ValidationError<'_>) -> Option<String> {
    let is_here = inner.instance_path().as_str() == outer.instance_path().as_str();
    match inner.kind() {
        Rule::Required { property } if is_here => {
            Some(format!("`{}`", property.as_str()?.escape_debug()))
        }
        _ => None,
    }
}

fn and(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

fn expected_types(alternatives: &[&Errors<'_>]) -> Vec<&'static str> {
    let mut expected = Vec::new();
    for inner in alternatives.iter().copied().flatten() {
        if let Rule::Type { kind } = inner.kind() {
            for name in types(kind) {
                if !expected.contains(&name) {
                    expected.push(name);
                }
            }
        }
    }
    expected
}

/// Whether `inner`, an error of an alternative, says that the whole value has another type.
fn is_type_of(inner: &ValidationError<'_>, outer: &ValidationError<'_>) -> bool {
    matches!(inner.kind(), Rule::Type { .. })
        && inner.instance_path().as_str() == outer.instance_path().as_str()
}
