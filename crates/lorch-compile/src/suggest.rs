//! The name that was probably meant.

/// Names longer than this are no slips of the pen.
const MAX_LENGTH: usize = 64;
/// How many names are looked at, so that many errors in a large job do not take quadratic time.
const MAX_CANDIDATES: usize = 2000;

/// The candidate nearest to `name`, if one is near enough to be what was meant.
pub(crate) fn nearest<'c>(
    name: &str,
    candidates: impl IntoIterator<Item = &'c str>,
) -> Option<&'c str> {
    if name.len() > MAX_LENGTH {
        return None;
    }
    let lower = name.to_lowercase();
    let allowed = (name.chars().count() / 3).max(1);
    candidates
        .into_iter()
        .take(MAX_CANDIDATES)
        .filter(|candidate| candidate.len() <= MAX_LENGTH)
        .filter(|candidate| candidate.len().abs_diff(name.len()) <= allowed)
        .map(|candidate| (strsim::osa_distance(&lower, &candidate.to_lowercase()), candidate))
        .filter(|(distance, candidate)| *distance <= allowed && *candidate != name)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// "did you mean ...?" for the nearest candidate, or the candidates when there are few.
pub(crate) fn among<'c>(
    name: &str,
    candidates: impl IntoIterator<Item = &'c str> + Clone,
    what: &str,
) -> Option<String> {
    if let Some(near) = nearest(name, candidates.clone()) {
        return Some(format!("did you mean `{}`?", near.escape_debug()));
    }
    list(candidates).map(|names| format!("{what} {names}"))
}

/// A few names for a sentence; none when there are none or too many to help.
pub(crate) fn list<'c>(names: impl IntoIterator<Item = &'c str>) -> Option<String> {
    const SHOWN: usize = 8;
    let mut names = names.into_iter();
    let shown: Vec<String> = names
        .by_ref()
        .take(SHOWN)
        .map(|name| {
            format!("`{}`", name.chars().take(MAX_LENGTH).collect::<String>().escape_debug())
        })
        .collect();
    if shown.is_empty() || names.next().is_some() {
        return None;
    }
    Some(shown.join(", "))
}
