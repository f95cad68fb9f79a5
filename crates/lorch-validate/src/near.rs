//! Which of some names was probably meant.

/// The candidate nearest to `name`, if one is near enough to be what was meant.
///
/// Names that differ only in case, hyphens or underscores are the same word, and one that begins the
/// other is short for it; otherwise about one character in three may be wrong.
pub(crate) fn nearest<'n>(
    name: &str,
    candidates: impl IntoIterator<Item = &'n str>,
) -> Option<&'n str> {
    let plain = plain(name);
    let tolerance = (length(&plain) / 3).max(1);
    candidates
        .into_iter()
        .filter(|candidate| *candidate != name)
        .map(|candidate| (self::plain(candidate), candidate))
        .filter_map(|(other, candidate)| {
            // No texts whose lengths differ by more are so near.
            let may_be_near = length(&other).abs_diff(length(&plain)) <= tolerance;
            let distance = may_be_near.then(|| distance(&plain, &other));
            let near = distance.filter(|distance| *distance <= tolerance);
            near.or(is_short_for(&plain, &other).then_some(tolerance + 1)).zip(Some(candidate))
        })
        .min()
        .map(|(_, candidate)| candidate)
}

fn plain(name: &str) -> String {
    name.chars().filter(|c| !matches!(c, '_' | '-')).flat_map(char::to_lowercase).collect()
}

/// Whether one of two words begins the other, and is long enough to be meant as it.
fn is_short_for(a: &str, b: &str) -> bool {
    let (short, long) = if a.len() < b.len() { (a, b) } else { (b, a) };
    length(short) >= 3 && long.starts_with(short)
}

fn length(text: &str) -> usize {
    text.chars().count()
}

fn distance(a: &str, b: &str) -> usize {
    strsim::damerau_levenshtein(a, b)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[track_caller]
    fn check(name: &str, candidates: &[&'static str], expected: Option<&str>) {
        assert_eq!(nearest(name, candidates.iter().copied()), expected, "{name}");
    }

    #[test]
    fn a_name_that_is_nearly_right_is_found() {
        check("setps", &["steps", "version"], Some("steps"));
        check("runing", &["pending", "running"], Some("running"));
        check("stepId", &["step_id", "steps"], Some("step_id"));
        check("step-id", &["step_id"], Some("step_id"));
        check("warning", &["info", "warn", "error"], Some("warn"));
        check("prod", &["production", "staging"], Some("production"));
        check("fo", &["for", "of"], Some("for"));
    }

    #[test]
    fn a_name_that_is_nothing_like_them_is_not() {
        check("colour", &["steps", "version"], None);
        check("x", &["steps"], None);
    }
}
