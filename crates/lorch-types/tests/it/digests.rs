//! Digests and canonical JSON: the vectors of the design, and the laws that digests rest on.

use lorch_types::json::{self, Limits, Number, Object, Value, canonical};
use lorch_types::{Digest, IdempotencyKey};
use proptest::prelude::*;

use crate::arbitrary;

fn read(text: &str) -> Value {
    json::read(text.as_bytes(), Limits::default()).unwrap()
}

#[test]
fn digests_of_values() {
    for (text, digest) in [
        (
            r#"{"rows":[{"amount":12.5,"id":1}],"table":"orders"}"#,
            "sha256:5ccb5e5ca60732140ed1d3f851ec3f11428964b031084eb5cc807be9ccd8de9a",
        ),
        (
            r#" { "table" : "\u006frders", "rows": [{"id": 1.0, "amount": 1.25e1}] }"#,
            "sha256:5ccb5e5ca60732140ed1d3f851ec3f11428964b031084eb5cc807be9ccd8de9a",
        ),
        (
            r#"{"messages":[{"content":"Hi","role":"user"}],"model":"m1","temperature":0}"#,
            "sha256:4d5472b4fa9410b350106963b3d59d6b8ddbe7e464eb887caac087b801987215",
        ),
        ("{}", "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"),
    ] {
        assert_eq!(Digest::of(&read(text)).as_str(), digest, "{text}");
    }
}

#[test]
fn keys_of_steps() {
    let payload = "sha256:5ccb5e5ca60732140ed1d3f851ec3f11428964b031084eb5cc807be9ccd8de9a";
    let run = "01KADE3Q6BZ5T8V0X2Y4W6R9SN";
    for (middle, payload_hash, key) in [
        (
            format!(r#""run","{run}","persist""#),
            "null".to_owned(),
            "ik:443b7ee7780e1464dcb8b2bc91f479dabaa0fa905d78c0f45ebb102f7fa9755d",
        ),
        (
            format!(r#""run","{run}","persist""#),
            format!("\"{payload}\""),
            "ik:46df39f7159af2eeece3a18b468ca331c44a4dace5c167573d03b7b61660b2cb",
        ),
        (
            r#""semantic","daily-orders","persist",{"day":"2026-11-20","region":"eu"}"#.to_owned(),
            "null".to_owned(),
            "ik:07b3631ca654a97fa8d708d0a1e84acaff6e02607ccb6b81938dd39ae5930de9",
        ),
        (
            r#""explicit","write.upsert","invoice-77""#.to_owned(),
            "null".to_owned(),
            "ik:6fa3b6c416dece5f9eac15525ac84c68fc7a795f70a4f351d39aee14bcc5a462",
        ),
    ] {
        let text = format!(r#"["lorch.step.v1",{middle},{payload_hash}]"#);
        let Value::Array(parts) = read(&text) else { panic!("{text} is an array") };
        assert_eq!(IdempotencyKey::of(parts).as_str(), key, "{text}");
    }
}

/// Another text for the same value: members in reverse, every character escaped, numbers respelt,
/// white space everywhere.
fn respell(value: &Value, out: &mut String) {
    out.push_str("\r\n\t ");
    match value {
        Value::Number(number) if number.is_integer() => {
            let scale = if number.as_u64() == Some(0) { ".0" } else { "0.0e-1" };
            out.push_str(&format!("{number}{scale}"));
        }
        Value::Number(number) => out.push_str(&format!("{:e}", number.as_f64())),
        Value::String(text) => respell_string(text, out),
        Value::Array(items) => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                out.push_str(if at > 0 { " ," } else { "" });
                respell(item, out);
            }
            out.push(']');
        }
        Value::Object(object) => {
            out.push('{');
            let mut members: Vec<_> = object.iter().collect();
            members.reverse();
            for (at, (key, value)) in members.into_iter().enumerate() {
                out.push_str(if at > 0 { " ," } else { "" });
                respell_string(key, out);
                out.push_str(" :");
                respell(value, out);
            }
            out.push('}');
        }
        other => out.push_str(&canonical(other)),
    }
    out.push(' ');
}

fn respell_string(text: &str, out: &mut String) {
    out.push('"');
    for unit in text.encode_utf16() {
        out.push_str(&format!("\\u{unit:04X}"));
    }
    out.push('"');
}

/// Values of a domain so small that two of them are often equal.
fn tiny() -> impl Strategy<Value = Value> {
    let number = prop::sample::select(vec![
        Number::from(0_u64),
        Number::from((1_u64 << 53) + 1),
        Number::from(1_u64 << 53),
        Number::from_f64(0.5).unwrap(),
    ]);
    let leaf = prop_oneof![
        number.prop_map(Value::from),
        Just(Value::Null),
        Just(Value::from("")),
        Just(Value::from("0")),
    ];
    leaf.prop_recursive(2, 3, 2, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..2).prop_map(Value::Array),
            prop::collection::vec(("[ab]", inner), 0..3)
                .prop_map(|members| Value::Object(members.into_iter().collect::<Object>())),
        ]
    })
}

/// Numbers that I-JSON holds exactly and RFC 8785 writes as lorch does.
fn foreign_number() -> BoxedStrategy<Number> {
    prop_oneof![
        (-(1_i64 << 53)..=(1 << 53)).prop_map(Number::from),
        any::<f64>().prop_filter_map("beyond the common ground", |value| {
            let exact = value.fract() != 0.0 || value.abs() < 9e15 || value.abs() >= 1e21;
            Number::from_f64(value).filter(|_| exact)
        }),
    ]
    .boxed()
}

proptest! {
    #[test]
    fn canonical_json_is_read_back(value in arbitrary::value()) {
        let text = canonical(&value);
        prop_assert_eq!(&read(&text), &value);
        prop_assert_eq!(canonical(&read(&text)), text);
    }

    #[test]
    fn digests_are_equal_where_values_are(a in tiny(), b in tiny()) {
        prop_assert_eq!(Digest::of(&a) == Digest::of(&b), a == b);
    }

    #[test]
    fn every_spelling_of_a_value_has_its_digest(value in arbitrary::value()) {
        let mut text = String::new();
        respell(&value, &mut text);
        let respelt = read(&text);
        prop_assert_eq!(&respelt, &value);
        prop_assert_eq!(Digest::of(&respelt), Digest::of(&value));
    }

    #[test]
    fn canonical_json_agrees_with_another_implementation(
        value in arbitrary::value_with(foreign_number()),
    ) {
        let foreign = serde_json::Value::from(value.clone());
        prop_assert_eq!(canonical(&value), serde_json_canonicalizer::to_string(&foreign).unwrap());
    }

    #[test]
    fn values_of_serde_json_are_the_same_values(value in arbitrary::value()) {
        prop_assert_eq!(Value::from(serde_json::Value::from(value.clone())), value.clone());
        let text = serde_json::to_string(&value).unwrap();
        prop_assert_eq!(&read(&text), &value);
        prop_assert_eq!(&json::to_value(&value).unwrap(), &value);
        prop_assert_eq!(&json::from_value::<Value>(&value).unwrap(), &value);
    }

    /// JSON of printable characters is YAML, so the two readers agree on it.
    #[test]
    fn canonical_json_is_read_as_yaml_too(value in arbitrary::value()) {
        let text = canonical(&value);
        prop_assume!(text.chars().all(arbitrary::is_printable));
        let read = lorch_types::yaml::read(text.as_bytes(), Limits::default());
        prop_assert_eq!(read, Ok(value));
    }
}
