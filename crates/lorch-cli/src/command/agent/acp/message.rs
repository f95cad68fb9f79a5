//! Messages of the Agent Client Protocol, version 1: JSON-RPC 2.0, one message a line.

use lorch_types::json::{Object, Value, canonical};

/// A message from the agent.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Incoming {
    /// The answer to the request with this number.
    Response { id: u64, outcome: Result<Value, Refusal> },
    /// It wants to know something.
    Request { id: Value, method: String, params: Value },
    /// It tells something.
    Notification { method: String, params: Value },
}

/// An error of JSON-RPC.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message} ({code})")]
pub(super) struct Refusal {
    pub(super) code: i64,
    pub(super) message: String,
}

/// The code of the protocol for an agent that wants its user to log in first.
pub(super) const AUTH_REQUIRED: i64 = -32_000;
/// The code of JSON-RPC for a method that is not there.
const NO_METHOD: i64 = -32_601;

impl Incoming {
    /// The message that a document is; `None` when it is none.
    pub(super) fn of(document: &Value) -> Option<Self> {
        let params = || document.get("params").cloned().unwrap_or_else(Value::object);
        let method = document.get("method").and_then(Value::as_str).map(str::to_owned);
        match (method, document.get("id")) {
            (Some(method), Some(id)) => {
                Some(Self::Request { id: id.clone(), method, params: params() })
            }
            (Some(method), None) => Some(Self::Notification { method, params: params() }),
            (None, Some(id)) => {
                let outcome = match document.get("error") {
                    Some(error) => Err(Refusal::of(error)),
                    None => Ok(document.get("result")?.clone()),
                };
                Some(Self::Response { id: id.as_u64()?, outcome })
            }
            (None, None) => None,
        }
    }
}

impl Refusal {
    fn of(error: &Value) -> Self {
        let code = error.get("code").and_then(Value::as_i64).unwrap_or_default();
        let message = error.get("message").and_then(Value::as_str).unwrap_or_default();
        Self { code, message: message.to_owned() }
    }
}

/// A request as a line.
pub(super) fn request(id: u64, method: &str, params: Value) -> String {
    let mut message = Object::new();
    message.insert("id", id);
    message.insert("method", method);
    message.insert("params", params);
    line(message)
}

/// The answer to a request of the agent as a line.
pub(super) fn response(id: &Value, result: Value) -> String {
    let mut message = Object::new();
    message.insert("id", id.clone());
    message.insert("result", result);
    line(message)
}

/// The answer to a request for something that lorch does not do.
pub(super) fn no_method(id: &Value, method: &str) -> String {
    let mut error = Object::new();
    error.insert("code", NO_METHOD);
    error.insert("message", format!("lorch has no method `{method}`"));
    let mut message = Object::new();
    message.insert("id", id.clone());
    message.insert("error", error);
    line(message)
}

fn line(mut message: Object) -> String {
    message.insert("jsonrpc", "2.0");
    canonical(&message.into()) + "\n"
}

/// An object of these members.
pub(super) fn object<const N: usize>(members: [(&str, Value); N]) -> Value {
    Object::from_iter(members).into()
}

#[cfg(test)]
mod tests {
    use lorch_types::json::{Limits, read};

    use super::*;

    fn incoming(text: &str) -> Option<Incoming> {
        Incoming::of(&read(text.as_bytes(), Limits::default()).unwrap())
    }

    #[test]
    fn messages_are_told_apart() {
        let params = Value::object();
        assert_eq!(
            incoming(r#"{"jsonrpc":"2.0","id":"a","method":"m","params":{}}"#),
            Some(Incoming::Request { id: "a".into(), method: "m".into(), params: params.clone() })
        );
        assert_eq!(
            incoming(r#"{"jsonrpc":"2.0","method":"m"}"#),
            Some(Incoming::Notification { method: "m".into(), params })
        );
        assert_eq!(
            incoming(r#"{"jsonrpc":"2.0","id":1,"result":null}"#),
            Some(Incoming::Response { id: 1, outcome: Ok(Value::Null) })
        );
        let refusal = Refusal { code: -1, message: "no".into() };
        assert_eq!(
            incoming(r#"{"jsonrpc":"2.0","id":1,"error":{"code":-1,"message":"no"}}"#),
            Some(Incoming::Response { id: 1, outcome: Err(refusal) })
        );
        for text in ["{}", "[]", "1", r#"{"id":1}"#, r#"{"id":"1","result":1}"#] {
            assert_eq!(incoming(text), None, "{text}");
        }
    }
}
