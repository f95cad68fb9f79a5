//! Which of some names was probably meant.

/// The candidate nearest to `name`, if one is near enough to be what was meant: it begins with `name`
/// (of at least four characters), or about one character in three is wrong.
pub(super) fn nearest<'n>(
    name: &str,
    candidates: impl IntoIterator<Item = &'n str>,
) -> Option<&'n str> {
    let lower = name.to_ascii_lowercase();
    let tolerance = (lower.len() / 3).max(1);
    candidates
        .into_iter()
        .filter_map(|candidate| {
            let other = candidate.to_ascii_lowercase();
            let distance = if lower.len() >= 4 && other.starts_with(&lower) {
                0
            } else if lower.len().abs_diff(other.len()) <= tolerance {
                distance(lower.as_bytes(), other.as_bytes())
            } else {
                return None;
            };
            (distance <= tolerance).then_some((distance, candidate))
        })
        .min()
        .map(|(_, candidate)| candidate)
}

/// How many bytes must be inserted, removed, replaced or swapped with their neighbour to make `b` of
/// `a`: the distance of optimal string alignment.
fn distance(a: &[u8], b: &[u8]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    let mut a_previous = None;
    for (row, byte) in a.iter().enumerate() {
        let mut current = vec![row + 1];
        let mut b_previous = None;
        for (column, other) in b.iter().enumerate() {
            let at =
                |line: &[usize], column: usize| line.get(column).copied().unwrap_or(usize::MAX);
            let replaced = at(&last, column).saturating_add(usize::from(byte != other));
            let removed = at(&last, column + 1).saturating_add(1);
            let inserted = at(&current, column).saturating_add(1);
            let mut best = replaced.min(removed).min(inserted);
            if a_previous == Some(other) && b_previous == Some(byte) {
                best = best.min(at(&before, column.wrapping_sub(1)).saturating_add(1));
            }
            current.push(best);
            b_previous = Some(other);
        }
        before = std::mem::replace(&mut last, current);
        a_previous = Some(byte);
    }
    last.last().copied().unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(name: &str, expected: Option<&str>) {
        assert_eq!(nearest(name, ["error_rate", "http_200", "latency_p99"]), expected, "{name}");
    }

    #[test]
    fn a_name_that_is_nearly_right_is_found() {
        check("eror_rate", Some("error_rate"));
        check("errorrate", Some("error_rate"));
        check("Error_Rate", Some("error_rate"));
        check("latency", Some("latency_p99"));
        check("latency_p95", Some("latency_p99"));
        check("htpp_200", Some("http_200"));
    }

    #[test]
    fn a_name_that_is_nothing_like_them_is_not() {
        check("queue_depth", None);
        check("http", Some("http_200"));
        check("lat", None);
        check("", None);
    }

    #[test]
    fn distances_count_edits() {
        for (a, b, expected) in [
            ("", "", 0),
            ("a", "", 1),
            ("", "ab", 2),
            ("ab", "ba", 1),
            ("abc", "abd", 1),
            ("ca", "abc", 3),
        ] {
            assert_eq!(distance(a.as_bytes(), b.as_bytes()), expected, "{a} {b}");
        }
    }
}
