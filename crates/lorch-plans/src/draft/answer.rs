//! The JSON of an answer: exactly one object, whatever prose stands around it.

use lorch_types::json::{Limits, Object, Value, read};

/// Why an answer holds no JSON that can be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unread {
    /// Nothing in it begins like an object.
    #[error("the answer holds no JSON object")]
    None,
    /// It ends within an object.
    #[error("the answer breaks off within a JSON object: answer shorter, and with all of it")]
    Truncated,
    /// It holds several objects.
    #[error("the answer holds {0} JSON objects, and exactly one is wanted")]
    Several(usize),
    /// It is JSON, and no object.
    #[error("the answer is {0}, and one JSON object is wanted")]
    Other(&'static str),
    /// What looks like an object is no JSON.
    #[error("the answer is no JSON: at {place} {problem}")]
    Broken {
        /// Where.
        place: String,
        /// What is wrong there.
        problem: String,
    },
}

/// The one JSON object that stands in `text`.
///
/// # Errors
/// When there is none, more than one, or one that is broken.
pub fn read_answer(text: &str) -> Result<Object, Unread> {
    match read(text.trim().as_bytes(), Limits::default()) {
        Ok(Value::Object(object)) => return Ok(object),
        Ok(other) => return Err(Unread::Other(other.value_type().with_article())),
        Err(_) => {}
    }
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find('{') {
        let from = rest.get(start..).unwrap_or_default();
        let length = object_length(from).ok_or(Unread::Truncated)?;
        let (object, after) = from.split_at_checked(length).unwrap_or((from, ""));
        rest = after;
        match read(object.as_bytes(), Limits::default()) {
            Ok(Value::Object(object)) => found.push(object),
            // Braces of prose: `{name}`.
            _ if !looks_like_object(object) => {}
            Ok(_) => {}
            Err(error) => {
                let (place, problem) = (error.place.to_string(), error.to_string());
                return Err(Unread::Broken { place, problem });
            }
        }
    }
    match (found.pop(), found.len()) {
        (None, _) => Err(Unread::None),
        (Some(object), 0) => Ok(object),
        (Some(_), others) => Err(Unread::Several(others + 1)),
    }
}

/// How many bytes there are up to the brace that closes the first one; `None` when nothing does.
fn object_length(text: &str) -> Option<usize> {
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'{' if !in_string => depth += 1,
            b'}' if !in_string => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return Some(at + 1);
                }
            }
            _ => {}
        }
    }
    None
}

fn looks_like_object(text: &str) -> bool {
    text.strip_prefix('{')
        .is_some_and(|inner| inner.trim_start().starts_with(['"', '\'', '}', '/']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Result<usize, &str>) {
        match (read_answer(text), expected) {
            (Ok(object), Ok(members)) => assert_eq!(object.len(), members, "{text}"),
            (Err(unread), Err(word)) => assert!(unread.to_string().contains(word), "{unread}"),
            (got, _) => panic!("{text}: {got:?}"),
        }
    }

    #[test]
    fn exactly_one_object_counts() {
        check(r#"{"a":1}"#, Ok(1));
        check(" {\"a\":{\"b\":2}}\n", Ok(1));
        check("Here it is:\n```json\n{\"a\":1,\"b\":\"}\"}\n```\nGood luck!", Ok(2));
        check("The {name} is in {\"a\":\"{\\\"\"}", Ok(1));
        check("", Err("no JSON object"));
        check("I cannot do that.", Err("no JSON object"));
        check("[{\"a\":1}]", Err("an array"));
        check("{\"a\":1} or {\"a\":2}", Err("2 JSON objects"));
        check("Sure: {\"a\":{\"b\":1},", Err("breaks off"));
        check("Sure: {\"a\":\"}", Err("breaks off"));
        check("Sure: {\"a\":1,}", Err("no JSON"));
        check("Sure: {\"a\":1,\"a\":2}", Err("no JSON"));
        check("first {\"a\":01} then {\"a\":1}", Err("no JSON"));
    }
}
