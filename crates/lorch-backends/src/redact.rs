//! Takes secrets out of whatever comes back from a step.

mod encoded;

use lorch_types::SmolStr;
use lorch_types::job::ErrorInfo;
use lorch_types::json::{Object, Value, canonical};

/// Finds secrets in text, also percent-encoded, in base64, in hexadecimal and as a JSON string.
#[derive(Default)]
pub(crate) struct Redactor {
    /// What to look for and what to write instead, the longest first.
    forms: Vec<(String, String)>,
}

impl Redactor {
    /// Looks for `value` too, and writes `[secret LABEL]` where it was.
    pub(crate) fn add(&mut self, label: &str, value: &str) {
        let replacement = format!("[secret {label}]");
        let forms = encoded::forms(value).into_iter().map(|form| (form, replacement.clone()));
        self.forms.extend(forms);
        // The longest first: a secret may hold another one, and a form its plain text.
        self.forms.sort_by(|(a, _), (b, _)| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        self.forms.dedup_by(|(a, _), (b, _)| a == b);
    }

    /// The text without secrets; `None` when it has none.
    fn replaced(&self, text: &str) -> Option<String> {
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
    pub(crate) fn text(&self, text: &str) -> String {
        self.replaced(text).unwrap_or_else(|| text.to_owned())
    }

    /// The first `max` characters of `text` without secrets, for a message. Cutting first could
    /// leave half a secret that is not found any more.
    pub(crate) fn excerpt(&self, text: &str, max: usize) -> String {
        let text = self.text(text);
        match text.char_indices().nth(max) {
            Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
            None => text,
        }
    }

    /// The value without secrets, in keys, strings and numbers.
    pub(crate) fn value(&self, value: Value) -> Value {
        if self.forms.is_empty() { value } else { self.searched(value) }
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
    pub(crate) fn error(&self, error: ErrorInfo) -> ErrorInfo {
        ErrorInfo {
            code: error.code,
            message: self.text(&error.message),
            details: error.details.map(|details| {
                if self.forms.is_empty() { details } else { self.searched_object(details) }
            }),
        }
    }
}
