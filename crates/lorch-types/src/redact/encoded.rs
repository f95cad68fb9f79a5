//! The forms in which a text commonly comes back.

use crate::json::{Value, canonical};

/// Parts of a base64 text shorter than this could be anything.
const MIN_BASE64: usize = 6;

/// `value` and its encodings.
pub(super) fn forms(value: &str) -> Vec<String> {
    let json = canonical(&Value::from(value));
    let mut forms = vec![
        value.to_owned(),
        json.trim_start_matches('"').strip_suffix('"').unwrap_or_default().to_owned(),
        percent(value, "%20", |digit| digit),
        percent(value, "%20", |digit| digit.to_ascii_lowercase()),
        percent(value, "+", |digit| digit),
        hex(value, |digit| digit),
        hex(value, |digit| digit.to_ascii_uppercase()),
    ];
    for alphabet in [b"+/", b"-_"] {
        forms.extend((0..3).map(|offset| base64(value.as_bytes(), offset, *alphabet)));
    }
    forms.retain(|form| !form.is_empty());
    forms.sort();
    forms.dedup();
    forms
}

/// As it stands in a URL or a form.
fn percent(value: &str, space: &str, case: fn(char) -> char) -> String {
    let mut out = String::new();
    for byte in value.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                out.push(char::from(byte));
            }
            b' ' => out.push_str(space),
            _ => {
                out.push('%');
                out.extend(format!("{byte:02X}").chars().map(case));
            }
        }
    }
    out
}

fn hex(value: &str, case: fn(char) -> char) -> String {
    value
        .bytes()
        .flat_map(|byte| format!("{byte:02x}").chars().map(case).collect::<Vec<_>>())
        .collect()
}

/// The characters that `value` gives in any base64 text in which it begins `offset` bytes after a
/// multiple of three: without those that its neighbours decide too.
fn base64(value: &[u8], offset: usize, alphabet: [u8; 2]) -> String {
    let mut bits = 0_u32;
    let mut count = 0;
    let mut out = String::new();
    // What stands before decides the first `offset` bytes, of which the value has none.
    let padded = std::iter::repeat_n(0, offset).chain(value.iter().copied());
    for byte in padded {
        bits = (bits << 8) | u32::from(byte);
        count += 8;
        while count >= 6 {
            count -= 6;
            out.push(digit((bits >> count) & 63, alphabet));
        }
    }
    let decided_before = (offset * 8).div_ceil(6);
    let form = out.get(decided_before..).unwrap_or_default();
    if form.len() < MIN_BASE64 { String::new() } else { form.to_owned() }
}

fn digit(value: u32, [plus, slash]: [u8; 2]) -> char {
    let value = u8::try_from(value).unwrap_or_default();
    char::from(match value {
        0..26 => b'A' + value,
        26..52 => b'a' + value - 26,
        52..62 => b'0' + value - 52,
        62 => plus,
        _ => slash,
    })
}

#[cfg(test)]
mod tests {
    use super::forms;

    #[track_caller]
    fn check(value: &str, text: &str) {
        let forms = forms(value);
        assert!(forms.iter().any(|form| text.contains(form)), "{forms:?} not in {text}");
    }

    #[test]
    fn encodings_are_found_wherever_they_begin() {
        let secret = "hunter2!s3cret";
        check(secret, "x hunter2!s3cret y");
        check(secret, "hunter2%21s3cret");
        check("pass \"word\"", r#"{"a":"pass \"word\""}"#);
        check("pass \"word\"", "pass+%22word%22");
        check("pass \"word\"", "pass%20%22word%22");
        check("ümlaut", "%c3%bcmlaut");
        check(secret, "68756e7465723221733363726574");
        // base64 of "hunter2!s3cret", "user:hunter2!s3cret" and "ab:hunter2!s3cretzz"
        check(secret, "aHVudGVyMiFzM2NyZXQ=");
        check(secret, "dXNlcjpodW50ZXIyIXMzY3JldA==");
        check(secret, "YWI6aHVudGVyMiFzM2NyZXR6eg==");
        check("k?>~~~~k", "az8-fn5-fms");
    }
}
