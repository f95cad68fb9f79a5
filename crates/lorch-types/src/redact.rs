//! Takes secrets out of whatever comes back from a step or an agent.

mod encoded;

use std::fmt;

use smol_str::SmolStr;

use crate::job::ErrorInfo;
use crate::json::{Object, Value, canonical};

/// Finds secrets in text, also percent-encoded, in base64, in hexadecimal and as a JSON string.
#[derive(Clone, Default)]
pub struct Redactor {
    /// What to look for and what to write instead, the longest first.
    forms: Vec<(String, String)>,
}

impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // What it looks for is not for logs.
        f.write_str("Redactor")
    }
}

impl Redactor {
    /// Whether there is nothing to look for.
    pub fn is_empty(&self) -> bool {
        self.forms.is_empty()
    }

    /// Looks for `value` too, and writes `[secret LABEL]` where it was.
    pub fn add(&mut self, label: &str, value: &str) {
        let shown = [format!("[secret {label}]"), "[secret]".to_owned(), "[***]".to_owned()];
        // A value that is part of what stands in its place would still be there.
        let replacement =
            shown.into_iter().find(|shown| !shown.contains(value)).unwrap_or_default();
        let forms = encoded::forms(value).into_iter().map(|form| (form, replacement.clone()));
        self.forms.extend(forms);
        // The longest first: a secret may hold another one, and a form its plain text.
        self.forms.sort_by(|(a, _), (b, _)| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        self.forms.dedup_by(|(a, _), (b, _)| a == b);
    }

    /// The text without secrets; `None` when it has none.
    pub fn replaced(&self, text: &str) -> Option<String> {
        let mut out: Option<String> = None;
        for (form, replacement) in &self.forms {
            let current = out.as_deref().unwrap_or(text);
            if current.contains(form.as_str()) {
                out = Some(current.replace(form.as_str(), replacement));
            }
        }
        out
    }

    /// The text without secrets.
    pub fn text(&self, text: &str) -> String {
        self.replaced(text).unwrap_or_else(|| text.to_owned())
    }

    /// The first `max` characters of `text` without secrets, for a message. Cutting first could
    /// leave half a secret that is not found any more.
    pub fn excerpt(&self, text: &str, max: usize) -> String {
        let text = self.text(text);
        match text.char_indices().nth(max) {
            Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
            None => text,
        }
    }

    /// The value without secrets, in keys, strings and numbers.
    pub fn value(&self, value: Value) -> Value {
        if self.is_empty() { value } else { self.searched(value) }
    }

    /// The object without secrets, in keys and values.
    pub fn object(&self, object: Object) -> Object {
        if self.is_empty() { object } else { self.searched_object(object) }
    }

    fn searched(&self, value: Value) -> Value {
        match value {
            Value::String(text) => self.replaced(&text).map_or(Value::String(text), Value::from),
            Value::Number(_) => self.replaced(&canonical(&value)).map_or(value, Value::from),
            Value::Array(items) => {
                Value::Array(items.into_iter().map(|item| self.searched(item)).collect())
            }
            Value::Object(object) => Value::Object(self.searched_object(object)),
            Value::Null | Value::Bool(_) => value,
        }
    }

    fn searched_object(&self, object: Object) -> Object {
        let member = |(key, value): (SmolStr, Value)| {
            (self.replaced(&key).map_or(key, SmolStr::from), self.searched(value))
        };
        object.into_iter().map(member).collect()
    }

    /// The error without secrets.
    pub fn error(&self, error: ErrorInfo) -> ErrorInfo {
        ErrorInfo {
            code: error.code,
            message: self.text(&error.message),
            details: error.details.map(|details| self.object(details)),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Redactor;
    use crate::job::ErrorCode;
    use crate::json::{Object, Value, canonical};

    fn hex(text: &str) -> String {
        text.bytes().map(|byte| format!("{byte:02x}")).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]

        #[test]
        fn no_secret_is_left_whatever_stands_around_it(
            secret in "[ -~é\n\"\\\\]{4,20}", before in "\\PC{0,10}", after in "\\PC{0,10}",
        ) {
            let mut redactor = Redactor::default();
            redactor.add("NAME", &secret);
            let texts = [
                format!("{before}{secret}{after}"),
                canonical(&format!("{before}{secret}{after}").as_str().into()),
                format!("{before}{}{after}", hex(&secret)),
            ];
            for text in texts {
                let redacted = redactor.text(&text);
                prop_assert!(!redacted.contains(&secret) && !redacted.contains(&hex(&secret)));
                prop_assert!(!redactor.excerpt(&text, 12).contains(&secret));
                let object = Object::from_iter([(text.clone(), Value::from(vec![text.clone()]))]);
                let out = canonical(&redactor.value(object.clone().into()));
                prop_assert!(!out.contains(&hex(&secret)));
                prop_assert!(!out.contains(&canonical(&secret.as_str().into()).trim_matches('"').to_owned()));
                let error = redactor.error(ErrorCode::Backend.error(text).with_details(object));
                prop_assert!(!error.message.contains(&secret));
            }
        }
    }

    #[test]
    fn a_secret_within_another_is_redacted_with_it() {
        let mut redactor = Redactor::default();
        redactor.add("SHORT", "abcd");
        redactor.add("LONG", "xxabcdxx");
        assert_eq!(redactor.text("1 xxabcdxx 2 abcd"), "1 [secret LONG] 2 [secret SHORT]");
    }

    #[test]
    fn a_secret_that_is_its_own_name_is_not_shown() {
        let mut redactor = Redactor::default();
        redactor.add("TOKEN", "TOKEN");
        redactor.add("secret", "secret");
        assert_eq!(redactor.text("TOKEN secret"), "[secret] [***]");
    }
}
