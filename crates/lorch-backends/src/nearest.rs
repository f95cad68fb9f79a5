//! The nearest existing name, for "did you mean".

/// The one of `candidates` that `name` was probably meant to be, if one is near enough.
pub(crate) fn nearest<'c>(
    name: &str,
    candidates: impl IntoIterator<Item = &'c str>,
) -> Option<&'c str> {
    const LONGEST: usize = 128;
    if name.len() > LONGEST {
        return None;
    }
    let folded = name.to_lowercase();
    candidates
        .into_iter()
        .map(|candidate| {
            (strsim::damerau_levenshtein(&folded, &candidate.to_lowercase()), candidate)
        })
        .filter(|(distance, candidate)| *distance <= 1 + candidate.chars().count() / 4)
        .min()
        .map(|(_, candidate)| candidate)
}

/// The advice that names it: "did you mean `orders`?"
pub(crate) fn did_you_mean<'c>(
    name: &str,
    candidates: impl IntoIterator<Item = &'c str>,
) -> Option<String> {
    nearest(name, candidates).map(|near| format!("did you mean `{}`?", near.escape_debug()))
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn near_names_are_found_and_far_ones_are_not() {
        let tables = ["customers", "orders", "order_lines"];
        assert_eq!(nearest("order", tables), Some("orders"));
        assert_eq!(nearest("Orders", tables), Some("orders"));
        assert_eq!(nearest("custmoers", tables), Some("customers"));
        assert_eq!(nearest("invoices", tables), None);
        assert_eq!(nearest("", ["a"]), Some("a"));
    }
}
