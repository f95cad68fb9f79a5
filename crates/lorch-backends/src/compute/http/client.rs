//! One call over HTTP: redirects checked hop by hop, bounded, and stopped when the step is.

use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use lorch_types::job::{ErrorCode, ErrorInfo};
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, LOCATION};
use reqwest::redirect::Policy;
use reqwest::{Client, Method, Response, Url};

use crate::backend::Cancellation;
use crate::compute::size;

/// The header that carries a step's key (draft-ietf-httpapi-idempotency-key-header).
pub(super) const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// A request.
#[derive(Clone)]
pub(in crate::compute) struct Call {
    pub(in crate::compute) method: Method,
    pub(in crate::compute) url: Url,
    pub(in crate::compute) headers: HeaderMap,
    pub(in crate::compute) body: Option<Vec<u8>>,
    /// The step's key.
    pub(in crate::compute) key: String,
}

/// What came back.
pub(in crate::compute) struct Answer {
    pub(in crate::compute) status: u16,
    pub(in crate::compute) url: Url,
    pub(in crate::compute) headers: HeaderMap,
    pub(in crate::compute) body: Vec<u8>,
}

impl Answer {
    /// Whether its media type is one of JSON's.
    pub(in crate::compute) fn says_json(&self) -> bool {
        let media_type = self.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let essence = media_type.and_then(|value| value.split(';').next()).unwrap_or_default();
        let essence = essence.trim().to_ascii_lowercase();
        essence == "application/json" || essence == "text/json" || essence.ends_with("+json")
    }
}

/// Which addresses may be reached.
pub(in crate::compute) trait Reach {
    /// Goes on, or says why not.
    fn check(&self, url: &Url) -> Result<(), ErrorInfo>;
}

/// How many redirects are followed.
const MAX_REDIRECTS: usize = 10;
/// How long a look at the cancellation may be away.
const TICK: Duration = Duration::from_millis(20);

/// Sends the request and reads the answer, `max_bytes` of it at most.
///
/// # Errors
/// `denied` for an address that `reach` refuses, `io` when the network fails, and what
/// `cancellation` says when it stops the step.
pub(in crate::compute) fn call(
    call: Call,
    reach: &impl Reach,
    max_bytes: usize,
    cancellation: &Cancellation,
) -> Result<Answer, ErrorInfo> {
    reach.check(&call.url)?;
    let failed = |error: &dyn std::error::Error| ErrorCode::Io.error(error.to_string());
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| failed(&error))?;
    let client = client().map_err(|error| failure(&call.url, error))?;
    let result =
        runtime.block_on(until_stopped(follow(&client, call, reach, max_bytes), cancellation));
    // A name that is still being looked up must not hold the step.
    runtime.shutdown_background();
    result
}

fn client() -> reqwest::Result<Client> {
    // Another part of the process may have chosen a provider before, which serves as well.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder()
        .user_agent(concat!("lorch/", env!("CARGO_PKG_VERSION")))
        .redirect(Policy::none())
        .referer(false)
        .retry(reqwest::retry::never())
        // Where requests go is what lorch.toml says, not the environment.
        .no_proxy()
        .build()
}

async fn until_stopped<T>(
    work: impl Future<Output = Result<T, ErrorInfo>>,
    cancellation: &Cancellation,
) -> Result<T, ErrorInfo> {
    let mut work = pin!(work);
    loop {
        cancellation.check()?;
        let tick = cancellation.remaining().map_or(TICK, |left| left.min(TICK));
        if let Ok(done) = tokio::time::timeout(tick, work.as_mut()).await {
            return done;
        }
    }
}

async fn follow(
    client: &Client,
    mut call: Call,
    reach: &impl Reach,
    max_bytes: usize,
) -> Result<Answer, ErrorInfo> {
    for _ in 0..=MAX_REDIRECTS {
        let response = send(client, &call).await?;
        match redirect(&call, &response)? {
            None => return answer(response, max_bytes).await,
            Some(next) => {
                reach.check(&next.url)?;
                call = next;
            }
        }
    }
    Err(ErrorCode::Backend.error(format!("the answer redirects more than {MAX_REDIRECTS} times")))
}

async fn send(client: &Client, call: &Call) -> Result<Response, ErrorInfo> {
    let key = HeaderValue::from_str(&call.key)
        .map_err(|_| ErrorCode::Backend.error("the idempotency key is no value of a header"))?;
    let mut request = client
        .request(call.method.clone(), call.url.clone())
        .headers(call.headers.clone())
        .header(IDEMPOTENCY_KEY, key);
    if let Some(body) = &call.body {
        request = request.body(body.clone());
    }
    request.send().await.map_err(|error| failure(&call.url, error))
}

/// The request that an answer redirects to (RFC 9110, section 15.4).
fn redirect(call: &Call, response: &Response) -> Result<Option<Call>, ErrorInfo> {
    let keeps_method = match response.status().as_u16() {
        301 | 302 => call.method != Method::POST,
        303 => call.method == Method::HEAD,
        307 | 308 => true,
        _ => return Ok(None),
    };
    let Some(location) = response.headers().get(LOCATION) else { return Ok(None) };
    let url = location.to_str().ok().and_then(|location| call.url.join(location).ok());
    let url = url.filter(|url| matches!(url.scheme(), "http" | "https"));
    let url = url.ok_or_else(|| ErrorCode::Backend.error("the answer redirects to no address"))?;
    let mut next = Call { url, ..call.clone() };
    if !keeps_method {
        next.method = Method::GET;
        next.body = None;
        next.headers.remove(CONTENT_TYPE);
    }
    if next.url.origin() != call.url.origin() {
        leave_origin(call, &mut next)?;
    }
    Ok(Some(next))
}

/// What was meant for one host, secrets among it, does not go to another.
fn leave_origin(call: &Call, next: &mut Call) -> Result<(), ErrorInfo> {
    let host = next.url.host_str().unwrap_or_default();
    if call.url.scheme() == "https" && next.url.scheme() == "http" {
        let message = format!("the answer redirects to `{host}` without encryption");
        return Err(ErrorCode::Denied.error(message));
    }
    if next.body.is_some() {
        let message = format!("the answer redirects the request's body to `{host}`");
        return Err(ErrorCode::Denied.error(message));
    }
    next.headers.clear();
    Ok(())
}

async fn answer(mut response: Response, max_bytes: usize) -> Result<Answer, ErrorInfo> {
    let url = response.url().clone();
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| failure(&url, error))? {
        if body.len() + chunk.len() > max_bytes {
            return Err(size::too_large(body.len() + chunk.len(), max_bytes));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Answer {
        status: response.status().as_u16(),
        url,
        headers: std::mem::take(response.headers_mut()),
        body,
    })
}

/// The whole chain of reasons; the address is left out, its query may hold secrets.
fn failure(url: &Url, error: reqwest::Error) -> ErrorInfo {
    let error = error.without_url();
    let mut message = format!("`{}`: {error}", url.host_str().unwrap_or_default());
    let mut source = std::error::Error::source(&error);
    while let Some(cause) = source {
        message.push_str(": ");
        message.push_str(&cause.to_string());
        source = cause.source();
    }
    ErrorCode::Io.error(message)
}
