//! Arbitrary JSON values.

use lorch_types::json::{Number, Object, Value};
use proptest::prelude::*;

/// Any number, those at the edges of the integer types and of exactness often.
pub(crate) fn number() -> impl Strategy<Value = Number> {
    let edge = prop::sample::select(vec![
        0,
        1,
        (1_u64 << 53) - 1,
        1 << 53,
        (1 << 53) + 1,
        i64::MAX as u64,
        1 << 63,
        u64::MAX,
    ]);
    prop_oneof![
        any::<i64>().prop_map(Number::from),
        any::<u64>().prop_map(Number::from),
        (-20_i64..20).prop_map(Number::from),
        edge.prop_map(Number::from),
        any::<f64>().prop_filter_map("JSON has finite numbers only", Number::from_f64),
        (-1000_i32..1000).prop_filter_map("finite", |n| Number::from_f64(f64::from(n) / 8.0)),
    ]
}

/// Any string, with control characters, quotes and characters of every length often.
pub(crate) fn string() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-c]{0,3}",
        ".{0,12}",
        "[\\x00-\\x7f]{0,12}",
        "[\"\\\\/\u{7f}\u{e9}\u{2028}\u{e000}\u{feff}\u{ffff}\u{10000}\u{1f600}]{0,6}",
    ]
}

/// Any value a few levels deep, numbers from `number`.
pub(crate) fn value_with(number: BoxedStrategy<Number>) -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        number.prop_map(Value::from),
        string().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::Array),
            prop::collection::vec((string(), inner), 0..5)
                .prop_map(|members| Value::Object(members.into_iter().collect::<Object>())),
        ]
    })
}

/// Any value a few levels deep.
pub(crate) fn value() -> impl Strategy<Value = Value> {
    value_with(number().boxed())
}

/// Whether a YAML text may have this character as it is (`c-printable` of YAML 1.2, section 5.1).
pub(crate) fn is_printable(character: char) -> bool {
    matches!(character, '\t' | '\n' | '\r' | '\u{85}' | ' '..='~' | '\u{a0}'..)
        && !matches!(character, '\u{fffe}' | '\u{ffff}')
}
