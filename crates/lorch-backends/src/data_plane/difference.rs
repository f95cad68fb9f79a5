//! Where two documents differ.

use lorch_types::json::{Object, Value};
use lorch_types::pointer::Pointer;

use super::row::insert_bounded;

/// One place at which two documents differ.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Difference {
    /// The place.
    pub(crate) pointer: Pointer,
    /// What the first document has there, if anything.
    pub(crate) expected: Option<Value>,
    /// What the second document has there, if anything.
    pub(crate) found: Option<Value>,
}

impl Difference {
    /// As an object of `details`.
    pub(crate) fn to_object(&self) -> Object {
        let mut object = Object::from_iter([("pointer", self.pointer.to_string())]);
        for (name, value) in [("expected", &self.expected), ("found", &self.found)] {
            if let Some(value) = value {
                insert_bounded(&mut object, name, value);
            }
        }
        object
    }
}

/// The first `limit` places at which `found` is not as `expected`, in the order of the document.
pub(crate) fn differences(expected: &Value, found: &Value, limit: usize) -> Vec<Difference> {
    let mut out = Vec::new();
    compare(&mut Pointer::root(), Some(expected), Some(found), limit, &mut out);
    out
}

fn compare(
    at: &mut Pointer,
    expected: Option<&Value>,
    found: Option<&Value>,
    limit: usize,
    out: &mut Vec<Difference>,
) {
    if expected == found || out.len() >= limit {
        return;
    }
    match (expected, found) {
        (Some(Value::Object(a)), Some(Value::Object(b))) => {
            let added = b.keys().filter(|key| !a.contains_key(key));
            for key in a.keys().chain(added) {
                at.push(key);
                compare(at, a.get(key), b.get(key), limit, out);
                at.pop();
            }
        }
        (Some(Value::Array(a)), Some(Value::Array(b))) => {
            for index in 0..a.len().max(b.len()) {
                at.push(index);
                compare(at, a.get(index), b.get(index), limit, out);
                at.pop();
            }
        }
        _ => out.push(Difference {
            pointer: at.clone(),
            expected: expected.cloned(),
            found: found.cloned(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use lorch_types::json::{Limits, Value, read};

    use super::differences;

    fn json(text: &str) -> Value {
        read(text.as_bytes(), Limits::default()).unwrap()
    }

    #[track_caller]
    fn check(expected: &str, found: &str, differ: &[&str]) {
        let places: Vec<String> = differences(&json(expected), &json(found), 3)
            .iter()
            .map(|it| format!("{} {:?} {:?}", it.pointer, it.expected, it.found))
            .collect();
        assert_eq!(places, differ);
    }

    #[test]
    fn places_are_as_deep_as_they_can_be() {
        check("1", "1.0", &[]);
        check("1", "2", &[r#" Some(Number(1)) Some(Number(2))"#]);
        check(r#"{"a":[1,2]}"#, r#"{"a":[1,3]}"#, &["/a/1 Some(Number(2)) Some(Number(3))"]);
        check(r#"{"a":1}"#, r#"{"b":1}"#, &["/a Some(Number(1)) None", "/b None Some(Number(1))"]);
        check("[1]", "[1,2]", &["/1 None Some(Number(2))"]);
        check("[1]", "{}", &[" Some(Array([Number(1)])) Some(Object(Object([])))"]);
        check(
            "[1,2,3,4]",
            "[5,6,7,8]",
            &[
                "/0 Some(Number(1)) Some(Number(5))",
                "/1 Some(Number(2)) Some(Number(6))",
                "/2 Some(Number(3)) Some(Number(7))",
            ],
        );
    }
}
