//! Objects: their order, their members.

use lorch_types::json::{Object, Value, canonical};
use proptest::prelude::*;

use crate::arbitrary;

#[test]
fn keys_are_ordered_by_utf_16_code_units() {
    // UTF-8 and code points order `U+FF61` before `U+1F600`, UTF-16 the other way round.
    let keys =
        ["\u{ff61}", "\u{1f600}", "é", "a", "A", "\n", "1", "", "aa", "\u{e000}", "\u{d7ff}"];
    let object: Object = keys.iter().map(|key| (*key, Value::Null)).collect();
    let found: Vec<&str> = object.keys().map(|key| key.as_str()).collect();
    let expected =
        ["", "\n", "1", "A", "a", "aa", "é", "\u{d7ff}", "\u{1f600}", "\u{e000}", "\u{ff61}"];
    assert_eq!(found, expected);
    assert_eq!(
        canonical(&Value::Object(object)),
        "{\"\":null,\"\\n\":null,\"1\":null,\"A\":null,\"a\":null,\"aa\":null,\"é\":null,\
         \"\u{d7ff}\":null,\"\u{1f600}\":null,\"\u{e000}\":null,\"\u{ff61}\":null}"
    );
}

#[test]
fn a_key_that_occurs_twice_is_named() {
    let entries = ["b", "a", "b"].map(|key| (key.into(), Value::Null));
    assert_eq!(Object::from_entries(entries.to_vec()), Err("b".into()));
}

proptest! {
    #[test]
    fn order_agrees_with_utf_16(keys in prop::collection::vec(arbitrary::string(), 0..30)) {
        let object: Object = keys.iter().map(|key| (key.as_str(), Value::Null)).collect();
        let mut expected = keys.clone();
        expected.sort_by_key(|key| key.encode_utf16().collect::<Vec<u16>>());
        expected.dedup();
        let found: Vec<String> = object.keys().map(ToString::to_string).collect();
        prop_assert_eq!(found, expected);
    }

    /// An object does what an ordered map does.
    #[test]
    fn members_are_those_of_a_map(
        actions in prop::collection::vec(("[a-z\u{e000}\u{10000}]{0,2}", any::<Option<u32>>()), 0..60),
    ) {
        let mut object = Object::new();
        let mut map = std::collections::BTreeMap::new();
        for (key, action) in actions {
            match action {
                Some(value) => {
                    let before = object.insert(key.as_str(), value);
                    prop_assert_eq!(before, map.insert(key.clone(), Value::from(value)));
                }
                None => prop_assert_eq!(object.remove(&key), map.remove(&key)),
            }
            prop_assert_eq!(object.get(&key), map.get(&key));
            prop_assert_eq!(object.contains_key(&key), map.contains_key(&key));
            prop_assert_eq!(object.len(), map.len());
        }
        let rebuilt: Object = map.into_iter().collect();
        prop_assert_eq!(object, rebuilt);
    }
}
