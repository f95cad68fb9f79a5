//! How large an output may be.

use lorch_types::job::{ErrorCode, ErrorInfo};
use lorch_types::json::{Limits, Value};

/// Refuses an output that is larger than `limit` bytes of canonical JSON, or too deep to be read
/// again.
///
/// # Errors
/// `output_too_large`, with the size and the limit in its details.
pub(super) fn check(output: &Value, limit: usize) -> Result<(), ErrorInfo> {
    let depth = output.depth();
    if depth > Limits::MAX_DEPTH {
        let limit = Limits::MAX_DEPTH;
        let message = format!("the output nests {depth} levels deep, the limit is {limit}");
        return Err(ErrorCode::OutputTooLarge.error(message));
    }
    let size = canonical_size(output);
    if size <= limit { Ok(()) } else { Err(too_large(size, limit)) }
}

/// The error for an output of at least `size` bytes.
pub(super) fn too_large(size: usize, limit: usize) -> ErrorInfo {
    let message = format!(
        "the output has {size} bytes or more, the limit is {limit}; \
         `max_output_bytes` under [limits] in lorch.toml raises it"
    );
    let number = |value: usize| Value::from(u64::try_from(value).unwrap_or(u64::MAX));
    ErrorCode::OutputTooLarge
        .error(message)
        .with_details([("size", number(size)), ("limit", number(limit))])
}

/// The bytes of canonical JSON, without writing it.
pub(super) fn canonical_size(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(true) => 4,
        Value::Bool(false) => 5,
        Value::Number(number) => number.to_string().len(),
        Value::String(text) => string_size(text),
        Value::Array(items) => {
            brackets(items.len()) + items.iter().map(canonical_size).sum::<usize>()
        }
        Value::Object(object) => {
            let member = |(key, value): (&lorch_types::SmolStr, &Value)| {
                string_size(key) + 1 + canonical_size(value)
            };
            brackets(object.len()) + object.iter().map(member).sum::<usize>()
        }
    }
}

fn brackets(count: usize) -> usize {
    2 + count.saturating_sub(1)
}

fn string_size(text: &str) -> usize {
    let escaped = |byte: u8| match byte {
        b'"' | b'\\' | b'\n' | b'\r' | b'\t' | 0x08 | 0x0C => 2,
        0..0x20 => 6,
        _ => 1,
    };
    2 + text.bytes().map(escaped).sum::<usize>()
}

#[cfg(test)]
mod tests {
    use lorch_types::json::{Limits, Value, canonical, read};

    use super::{canonical_size, check};

    #[test]
    fn the_size_is_that_of_canonical_json() {
        let text = r#"{"a":[1,-2.5,1e300,true,false,null],"b":"\"\\\n\u0001é😀","":{},"c":[]}"#;
        let value = read(text.as_bytes(), Limits::default()).unwrap();
        assert_eq!(canonical_size(&value), canonical(&value).len());
    }

    #[test]
    fn the_limit_itself_is_allowed() {
        let value = Value::from("12345678");
        assert!(check(&value, 10).is_ok());
        let error = check(&value, 9).unwrap_err();
        assert_eq!(error.code, "output_too_large");
        assert!(error.message.contains("max_output_bytes"));
    }
}
