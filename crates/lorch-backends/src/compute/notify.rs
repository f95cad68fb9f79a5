//! Notices: a webhook is told that a person is needed, in a signed body.

use std::fmt::Write as _;
use std::thread;
use std::time::Duration;

use lorch_types::Redactor;
use lorch_types::job::{ErrorCode, ErrorInfo};
use lorch_types::json::{Object, Value, canonical};
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, Url};
use ring::hmac;

use super::http::{Call, Reach, call};
use crate::backend::Cancellation;
use crate::config::Notify;
use crate::secrets::{self, Environment};

/// The header with the signature of a notice: `t=SECONDS,v1=HEX`, where `HEX` is the HMAC-SHA256
/// (RFC 2104) of `SECONDS.BODY`, and `SECONDS` since 1970 say when it was signed.
const SIGNATURE: HeaderName = HeaderName::from_static("lorch-signature");
/// How long it is waited before each further attempt.
const PAUSES: [Duration; 3] =
    [Duration::from_millis(250), Duration::from_secs(2), Duration::from_secs(10)];
/// How long one attempt may take.
const TIMEOUT: Duration = Duration::from_secs(10);
/// How much of an answer is read.
const MAX_ANSWER: usize = 64 * 1024;

/// What a webhook is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// What tells this notice from every other; the same in each attempt, as `Idempotency-Key`.
    pub id: String,
    /// When it was signed, in seconds since 1970.
    pub at: u64,
    /// The body.
    pub body: Object,
}

/// Whether notices can be signed.
///
/// # Errors
/// What is wrong with the secret.
pub fn can_sign(notify: &Notify, environment: &Environment) -> Result<(), ErrorInfo> {
    secrets::value("notify", &notify.secret_env, environment, &mut Redactor::default()).map(drop)
}

/// Posts a notice to the webhook, and again a few times when that fails in a way that may pass: when the
/// network does, or the answer's status is 408, 429 or from 500.
///
/// # Errors
/// Why the last attempt failed.
pub fn deliver(
    notice: &Notice,
    notify: &Notify,
    environment: &Environment,
) -> Result<(), ErrorInfo> {
    let mut redactor = Redactor::default();
    let secret = secrets::value("notify", &notify.secret_env, environment, &mut redactor)?;
    let body = canonical(&Value::Object(notice.body.clone()));
    let signature = HeaderValue::from_str(&signature(&secret, notice.at, &body))
        .map_err(|error| ErrorCode::Backend.error(error.to_string()))?;
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(SIGNATURE, signature);
    let post = Call {
        method: Method::POST,
        url: notify.url.url().clone(),
        headers,
        body: Some(body.into_bytes()),
        key: notice.id.clone(),
    };
    let mut pauses = PAUSES.into_iter();
    loop {
        let error = match attempt(&post) {
            Ok(()) => return Ok(()),
            Err(Attempt::Final(error)) => return Err(redactor.error(error)),
            Err(Attempt::MayPass(error)) => error,
        };
        match pauses.next() {
            Some(pause) => thread::sleep(pause),
            None => return Err(redactor.error(error)),
        }
    }
}

enum Attempt {
    MayPass(ErrorInfo),
    Final(ErrorInfo),
}

fn attempt(post: &Call) -> Result<(), Attempt> {
    let cancellation = Cancellation::never().with_timeout(TIMEOUT);
    let answer = call(post.clone(), &Nowhere(&post.url), MAX_ANSWER, &cancellation);
    let answer = answer.map_err(|error| match error.is(ErrorCode::Denied) {
        true => Attempt::Final(error),
        false => Attempt::MayPass(error),
    })?;
    let error =
        || ErrorCode::Backend.error(format!("the webhook answered with status {}", answer.status));
    match answer.status {
        200..=299 => Ok(()),
        408 | 429 | 500.. => Err(Attempt::MayPass(error())),
        _ => Err(Attempt::Final(error())),
    }
}

/// Nothing but the address that the configuration names is reached.
struct Nowhere<'a>(&'a Url);

impl Reach for Nowhere<'_> {
    fn check(&self, url: &Url) -> Result<(), ErrorInfo> {
        match url.origin() == self.0.origin() {
            true => Ok(()),
            false => Err(ErrorCode::Denied.error("the webhook redirects to another host")),
        }
    }
}

fn signature(secret: &str, at: u64, body: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let tag = hmac::sign(&key, format!("{at}.{body}").as_bytes());
    let mut text = format!("t={at},v1=");
    for byte in tag.as_ref() {
        // A String takes everything.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

#[cfg(test)]
mod tests {
    /// As `printf '1700000000.{"a":1}' | openssl dgst -sha256 -hmac topsecret` has it.
    #[test]
    fn a_signature_is_that_of_openssl() {
        assert_eq!(
            super::signature("topsecret", 1_700_000_000, r#"{"a":1}"#),
            "t=1700000000,v1=6a939b0c71853d606167625a15168ee9188c6a511c773ef4f42d307f3849e50f"
        );
    }
}
