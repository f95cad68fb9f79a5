//! `compute.http`: one request over HTTP, to a host that the configuration allows.

mod client;
mod status;

use std::collections::BTreeMap;

use lorch_types::job::{ErrorCode, ErrorInfo};
use lorch_types::json::{Limits, Object, Value, canonical, read};
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, Url};
use schemars::JsonSchema;
use serde::de::Error;
use serde::{Deserialize, Deserializer};

use super::Context;
use crate::config::{AllowedHost, Config};
use crate::natural::Natural;
use crate::op::{OpParams, not_null};

pub(super) use client::{Answer, Call, Reach, call};
use status::ExpectedStatus;

/// Sends a request over HTTP.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(remote = "Self", deny_unknown_fields)]
#[schemars(deny_unknown_fields, extend("not" = {
    "description": "only one of `json`, `body` may be given",
    "required": ["json", "body"]
}))]
pub(crate) struct HttpParams {
    /// The method.
    method: HttpMethod,
    /// The address, `http` or `https`; its host as `lorch.toml` allows it.
    pub(crate) url: String,
    /// Headers to send, beside `Idempotency-Key`.
    #[serde(default)]
    headers: BTreeMap<String, String>,
    /// What is appended to the address as its query: strings, numbers, booleans and arrays of them.
    #[serde(default)]
    query: Object,
    /// The body, as JSON.
    #[serde(default, deserialize_with = "not_null")]
    #[schemars(with = "Value")]
    json: Option<Value>,
    /// The body, as text.
    #[serde(default, deserialize_with = "not_null")]
    #[schemars(with = "String")]
    body: Option<String>,
    /// The status that the answer must have, or several; without it 200 to 299.
    #[serde(default)]
    expect_status: ExpectedStatus,
    /// The largest body to read; without it `max_output_bytes` of `lorch.toml`.
    #[serde(default, deserialize_with = "not_null")]
    #[schemars(with = "Natural")]
    max_bytes: Option<Natural>,
}

impl<'de> Deserialize<'de> for HttpParams {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let params = Self::deserialize(deserializer)?;
        if params.json.is_some() && params.body.is_some() {
            return Err(D::Error::custom("it takes only one of `json`, `body`"));
        }
        Ok(params)
    }
}

impl OpParams for HttpParams {
    const OP: &'static str = "compute.http";
    const SUMMARY: &'static str = "Sends a request over HTTP";
}

/// What a request asks for.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
enum HttpMethod {
    /// To read.
    Get,
    /// To read the headers alone.
    Head,
    /// To add or do something.
    Post,
    /// To replace.
    Put,
    /// To change.
    Patch,
    /// To delete.
    Delete,
    /// To ask what is possible.
    Options,
}

impl From<HttpMethod> for Method {
    fn from(method: HttpMethod) -> Self {
        match method {
            HttpMethod::Get => Self::GET,
            HttpMethod::Head => Self::HEAD,
            HttpMethod::Post => Self::POST,
            HttpMethod::Put => Self::PUT,
            HttpMethod::Patch => Self::PATCH,
            HttpMethod::Delete => Self::DELETE,
            HttpMethod::Options => Self::OPTIONS,
        }
    }
}

/// How much of a body a message quotes.
const SHOWN_BODY: usize = 500;

pub(super) fn http(params: HttpParams, context: &Context<'_>) -> Result<Value, ErrorInfo> {
    let expected = params.expect_status.clone();
    let limit = context.config.limits.max_output_bytes.get();
    let asked =
        params.max_bytes.map_or(limit, |asked| usize::try_from(asked.get()).unwrap_or(limit));
    let call = request(params, context)?;
    let answer =
        client::call(call, &Hosts(context.config), asked.min(limit), context.cancellation)?;
    if !expected.includes(answer.status) {
        return Err(unexpected(&answer, context));
    }
    output(answer, context)
}

/// The hosts that steps may reach.
struct Hosts<'a>(&'a Config);

impl client::Reach for Hosts<'_> {
    fn check(&self, url: &Url) -> Result<(), ErrorInfo> {
        check_host(url, self.0).map_err(|message| {
            let host = url.host_str().unwrap_or_default();
            ErrorCode::Denied.error(message).with_details([("host", host)])
        })
    }
}

/// Whether `config` allows the host of `url`.
///
/// # Errors
/// A sentence with the line to add.
pub(crate) fn check_host(url: &Url, config: &Config) -> Result<(), String> {
    if config.allow.hosts.iter().any(|host| host.allows(url)) {
        return Ok(());
    }
    let Some(host) = AllowedHost::of(url) else { return Err("the address has no host".to_owned()) };
    Err(format!(
        "lorch.toml does not allow the host `{host}`; add under [allow]: hosts = [\"{host}\"]"
    ))
}

/// The address that a parameter holds.
///
/// # Errors
/// Why it is none.
pub(crate) fn address(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|error| format!("`url` is no address: {error}"))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(format!("`url` should be `http` or `https`, found `{}`", url.scheme()));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("`url` should have no user or password; send them in `headers`".to_owned());
    }
    Ok(url)
}

fn request(params: HttpParams, context: &Context<'_>) -> Result<Call, ErrorInfo> {
    let invalid = |pointer: &'static str, message: String| {
        ErrorCode::InvalidParams.error(message).with_details([("pointer", pointer)])
    };
    let mut url = address(&params.url).map_err(|message| invalid("/url", message))?;
    append_query(&mut url, &params.query).map_err(|message| invalid("/query", message))?;
    let mut headers = headers(&params.headers).map_err(|message| invalid("/headers", message))?;
    let body = match (params.json, params.body) {
        (Some(json), _) => {
            headers.entry(CONTENT_TYPE).or_insert(HeaderValue::from_static("application/json"));
            Some(canonical(&json).into_bytes())
        }
        (None, body) => body.map(String::into_bytes),
    };
    let key = context.key.as_str();
    Ok(Call { method: params.method.into(), url, headers, body, key: key.to_owned() })
}

fn headers(headers: &BTreeMap<String, String>) -> Result<HeaderMap, String> {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        let shown = name.escape_debug();
        let parsed: HeaderName =
            name.parse().map_err(|_| format!("`{shown}` is no name of a header"))?;
        if parsed == client::IDEMPOTENCY_KEY {
            return Err(format!("`{shown}` carries the step's own key and cannot be set"));
        }
        let mut value = HeaderValue::from_str(value)
            .map_err(|_| format!("the value of the header `{shown}` has a control character"))?;
        value.set_sensitive(true);
        if map.insert(parsed, value).is_some() {
            return Err(format!("the header `{shown}` is given twice"));
        }
    }
    Ok(map)
}

fn append_query(url: &mut Url, query: &Object) -> Result<(), String> {
    if query.is_empty() {
        return Ok(());
    }
    let mut pairs = url.query_pairs_mut();
    for (name, value) in query.iter() {
        let values = value.as_array().unwrap_or(std::slice::from_ref(value));
        for value in values {
            match value {
                Value::String(text) => pairs.append_pair(name, text),
                Value::Bool(_) | Value::Number(_) => pairs.append_pair(name, &canonical(value)),
                other => {
                    let (name, found) = (name.escape_debug(), other.value_type().with_article());
                    return Err(format!(
                        "`{name}` in `query` should be a string, a number, a \
                                        boolean or an array of them, found {found}"
                    ));
                }
            };
        }
    }
    Ok(())
}

fn unexpected(answer: &Answer, context: &Context<'_>) -> ErrorInfo {
    let body = context.redactor.excerpt(&String::from_utf8_lossy(&answer.body), SHOWN_BODY);
    let mut details = Object::new();
    details.insert("status", u32::from(answer.status));
    details.insert("body", body);
    if let Some(after) = answer.headers.get("retry-after").and_then(|value| value.to_str().ok()) {
        details.insert("retry_after", after);
    }
    let host = answer.url.host_str().unwrap_or_default();
    ErrorCode::Backend
        .error(format!("`{host}` answered with status {}", answer.status))
        .with_details(details)
}

fn output(answer: Answer, context: &Context<'_>) -> Result<Value, ErrorInfo> {
    let mut members = Object::new();
    members.insert("status", u32::from(answer.status));
    members.insert("headers", shown_headers(&answer.headers));
    if answer.says_json() && !answer.body.is_empty() {
        let limits = Limits { max_bytes: context.config.limits.max_output_bytes.get() };
        let json = read(&answer.body, limits).map_err(|error| {
            let place = error.place;
            ErrorCode::Backend.error(format!("the answer says it is JSON, but at {place} {error}"))
        })?;
        members.insert("json", json);
    } else {
        let text = String::from_utf8(answer.body)
            .map_err(|_| ErrorCode::Backend.error("the answer is neither JSON nor UTF-8 text"))?;
        members.insert("text", text);
    }
    Ok(Value::Object(members))
}

/// The headers by name in lower case; several of one name joined by commas (RFC 9110, section 5.3).
fn shown_headers(headers: &HeaderMap) -> Object {
    let joined = headers.keys().map(|name| {
        let values = headers.get_all(name).iter();
        let values: Vec<_> =
            values.map(|value| String::from_utf8_lossy(value.as_bytes())).collect();
        (name.as_str(), values.join(", "))
    });
    joined.collect()
}
