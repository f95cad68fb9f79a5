//! Objects of a shape that was met before are read like any other.

use std::collections::HashSet;

use lorch_types::json::{Limits, Value, read};
use proptest::prelude::*;

/// Keys whose order in UTF-8 and in UTF-16 differs, keys that begin alike, and keys with escapes.
const KEYS: [&str; 9] =
    ["a", "b", "ab", "", "\u{e000}", "\u{10000}", "q\"q", "back\\slash", "long key of some words"];

fn members() -> impl Strategy<Value = Vec<usize>> {
    // Few different objects, so that most of them meet a shape that is known; some keys come twice.
    prop_oneof![
        Just(vec![1, 0, 2]),
        Just(vec![5, 4, 0]),
        Just(vec![6, 0]),
        Just(vec![1, 0]),
        Just(vec![1, 0, 2, 3]),
        prop::collection::vec(0..KEYS.len(), 0..5),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn objects_are_read_the_same_after_others(
        objects in prop::collection::vec(members(), 0..12), nested in any::<bool>(),
    ) {
        let object = |keys: &Vec<usize>| {
            let members: Vec<String> = keys
                .iter()
                .enumerate()
                .map(|(at, key)| {
                    let key = serde_json::to_string(KEYS[*key]).unwrap();
                    if nested { format!("{key} : [{{{key}:{at}}}]") } else { format!("{key}:{at}") }
                })
                .collect();
            format!("{{ {} }}", members.join(" , "))
        };
        let texts: Vec<String> = objects.iter().map(object).collect();
        let text = format!("[{}]", texts.join(","));
        let unique = objects.iter().all(|keys| {
            keys.iter().collect::<HashSet<_>>().len() == keys.len()
        });
        let by_lorch = read(text.as_bytes(), Limits::default());
        prop_assert_eq!(by_lorch.is_ok(), unique, "{}", text);
        if let Ok(value) = by_lorch {
            let by_serde: serde_json::Value = serde_json::from_str(&text).unwrap();
            prop_assert_eq!(value, Value::from(by_serde), "{}", text);
        }
    }
}
