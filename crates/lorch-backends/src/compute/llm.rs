//! `compute.llm`: a question to a language model, over OpenAI-compatible chat completions.

mod schema;

use lorch_types::job::{ErrorCode, ErrorInfo};
use lorch_types::json::{Limits, Object, Value, canonical, read};
use lorch_types::pointer::Pointer;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::{Method, Url};
use schemars::JsonSchema;
use serde::de::Error;
use serde::{Deserialize, Deserializer};

use super::Context;
use super::http::{Answer, Call, Reach, call};
use crate::config::Llm;
use crate::natural::Natural;
use crate::op::{OpParams, not_null};
use schema::ResponseSchema;

/// Asks a language model.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(remote = "Self", deny_unknown_fields)]
#[schemars(deny_unknown_fields, extend(
    "oneOf" = [{ "required": ["prompt"] }, { "required": ["messages"] }]
))]
pub(crate) struct LlmParams {
    /// What the model is asked.
    #[serde(default, deserialize_with = "not_null")]
    #[schemars(with = "String")]
    prompt: Option<String>,
    /// The conversation so far, instead of one prompt.
    #[serde(default, deserialize_with = "not_null")]
    #[schemars(with = "Vec<Message>", length(min = 1))]
    messages: Option<Vec<Message>>,
    /// What the model is told before everything else.
    #[serde(default, deserialize_with = "not_null")]
    #[schemars(with = "String")]
    system: Option<String>,
    /// The model; without it that of `lorch.toml`.
    #[serde(default, deserialize_with = "not_null")]
    #[schemars(with = "String")]
    model: Option<String>,
    /// How freely the model chooses words, from 0.
    #[serde(default, deserialize_with = "not_null")]
    #[schemars(with = "f64", range(min = 0))]
    temperature: Option<f64>,
    /// How long the answer may be, in tokens.
    #[serde(default, deserialize_with = "not_null")]
    #[schemars(with = "Natural")]
    max_tokens: Option<Natural>,
    /// The JSON Schema (Draft-07) that the answer must satisfy; it is asked for as JSON.
    #[serde(default, deserialize_with = "not_null")]
    #[schemars(with = "Object")]
    response_schema: Option<Object>,
}

impl<'de> Deserialize<'de> for LlmParams {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let params = Self::deserialize(deserializer)?;
        if params.prompt.is_some() == params.messages.is_some() {
            return Err(D::Error::custom("it needs one of `prompt`, `messages`"));
        }
        if params.messages.as_ref().is_some_and(Vec::is_empty) {
            return Err(D::Error::custom("`messages` needs at least one"));
        }
        if params.temperature.is_some_and(|temperature| temperature < 0.0) {
            return Err(D::Error::custom("`temperature` should be 0 or more"));
        }
        Ok(params)
    }
}

impl OpParams for LlmParams {
    const OP: &'static str = "compute.llm";
    const SUMMARY: &'static str = "Asks a language model";
}

/// One message of a conversation.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Message {
    /// Who says it.
    role: Role,
    /// What is said.
    content: String,
}

/// Who speaks in a conversation.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Role {
    /// Whoever runs the conversation.
    System,
    /// Whoever asks.
    User,
    /// The model.
    Assistant,
}

impl Role {
    const fn as_str(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::User => "user",
            Self::Assistant => "assistant",
        }
    }
}

impl From<Message> for Value {
    fn from(message: Message) -> Self {
        let members =
            [("role", Self::from(message.role.as_str())), ("content", message.content.into())];
        Self::Object(members.into_iter().collect())
    }
}

/// How much of an answer a message quotes.
const SHOWN_ANSWER: usize = 500;

pub(super) fn llm(
    params: LlmParams,
    key: Option<&str>,
    context: &Context<'_>,
) -> Result<Value, ErrorInfo> {
    let service = Service::new(key, context)?;
    let schema = params.response_schema.as_ref().map(ResponseSchema::new).transpose()?;
    let mut messages = messages(&params);
    let request = Request::new(&params, service.llm, schema.as_ref())?;
    let first = service.ask(&request, &messages)?;
    let Some(schema) = schema else { return Ok(first.output(None)) };
    let violations = match schema.read(&first.text) {
        Ok(json) => return Ok(first.output(Some(json))),
        Err(violations) => violations,
    };
    messages.push(Message { role: Role::Assistant, content: first.text.clone() });
    messages.push(Message { role: Role::User, content: schema.repair(&violations) });
    let second = service.ask(&request, &messages)?.after(first);
    match schema.read(&second.text) {
        Ok(json) => Ok(second.output(Some(json))),
        Err(violations) => Err(unrepaired(&second.text, &violations, context)),
    }
}

fn messages(params: &LlmParams) -> Vec<Message> {
    let message = |role, content: &String| Message { role, content: content.clone() };
    let system = params.system.as_ref().map(|text| message(Role::System, text));
    let prompt = params.prompt.as_ref().map(|text| message(Role::User, text));
    let given = params.messages.iter().flatten().cloned();
    system.into_iter().chain(given).chain(prompt).collect()
}

/// The service that `lorch.toml` names.
struct Service<'a> {
    llm: &'a Llm,
    url: Url,
    headers: HeaderMap,
    context: &'a Context<'a>,
}

/// A body without its messages.
struct Request {
    model: String,
    body: Object,
}

/// What the model said.
struct Completion {
    text: String,
    model: String,
    usage: Vec<Value>,
}

impl<'a> Service<'a> {
    fn new(key: Option<&str>, context: &'a Context<'a>) -> Result<Self, ErrorInfo> {
        let Some(llm) = &context.config.llm else { return Err(not_configured()) };
        let url = llm.base_url.join("chat/completions");
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if let Some(key) = key {
            let mut value = HeaderValue::from_str(&format!("Bearer {key}")).map_err(|_| {
                ErrorCode::Denied.error("the key of the language model is no value of a header")
            })?;
            value.set_sensitive(true);
            headers.insert(AUTHORIZATION, value);
        }
        Ok(Self { llm, url, headers, context })
    }

    fn ask(&self, request: &Request, messages: &[Message]) -> Result<Completion, ErrorInfo> {
        let mut body = request.body.clone();
        body.insert("messages", messages.to_vec());
        let request_call = Call {
            method: Method::POST,
            url: self.url.clone(),
            headers: self.headers.clone(),
            body: Some(canonical(&Value::Object(body)).into_bytes()),
            key: self.context.key.as_str().to_owned(),
        };
        let limit = self.context.config.limits.max_output_bytes.get();
        let answer = call(request_call, &SameOrigin(&self.url), limit, self.context.cancellation)?;
        if answer.status != 200 {
            return Err(self.refused(&answer));
        }
        self.completion(&answer, &request.model)
    }

    fn completion(&self, answer: &Answer, asked: &str) -> Result<Completion, ErrorInfo> {
        let unreadable = |problem: String| {
            ErrorCode::Backend.error(format!("the answer of the language model {problem}"))
        };
        let limits = Limits { max_bytes: self.context.config.limits.max_output_bytes.get() };
        let document = read(&answer.body, limits)
            .map_err(|error| unreadable(format!("is no JSON: at {} {error}", error.place)))?;
        let content: Pointer = "/choices/0/message/content".parse().unwrap_or_default();
        let text = content
            .find(&document)
            .and_then(Value::as_str)
            .ok_or_else(|| unreadable(format!("has no text at `{content}`")))?;
        let model = document.get("model").and_then(Value::as_str).unwrap_or(asked);
        let usage = document.get("usage").cloned().unwrap_or_default();
        Ok(Completion { text: text.to_owned(), model: model.to_owned(), usage: vec![usage] })
    }

    fn refused(&self, answer: &Answer) -> ErrorInfo {
        let body = String::from_utf8_lossy(&answer.body);
        let body = self.context.redactor.excerpt(&body, SHOWN_ANSWER);
        let message =
            format!("the language model's service answered with status {}", answer.status);
        ErrorCode::Backend.error(message).with_details([
            ("status", Value::from(u32::from(answer.status))),
            ("body", body.into()),
        ])
    }
}

/// The service is asked where the configuration says, and nowhere else.
struct SameOrigin<'a>(&'a Url);

impl Reach for SameOrigin<'_> {
    fn check(&self, url: &Url) -> Result<(), ErrorInfo> {
        if url.origin() == self.0.origin() {
            return Ok(());
        }
        let host = url.host_str().unwrap_or_default();
        let message = format!("the language model's service redirects to `{host}`");
        Err(ErrorCode::Denied.error(message))
    }
}

impl Request {
    fn new(
        params: &LlmParams,
        llm: &Llm,
        schema: Option<&ResponseSchema>,
    ) -> Result<Self, ErrorInfo> {
        let model = params.model.clone().or_else(|| llm.model.clone()).ok_or_else(|| {
            let message = "no model is named; give `model`, or add it under [llm] in lorch.toml";
            ErrorCode::InvalidParams.error(message).with_details([("pointer", "/model")])
        })?;
        let mut body = Object::new();
        body.insert("model", model.as_str());
        if let Some(temperature) = params.temperature.and_then(lorch_types::json::Number::from_f64)
        {
            body.insert("temperature", temperature);
        }
        if let Some(max_tokens) = params.max_tokens {
            body.insert("max_tokens", max_tokens.get());
        }
        if let Some(schema) = schema {
            body.insert("response_format", schema.response_format());
        }
        Ok(Self { model, body })
    }
}

impl Completion {
    /// This one, with what both used.
    fn after(mut self, earlier: Self) -> Self {
        self.usage.splice(0..0, earlier.usage);
        self
    }

    fn output(self, json: Option<Value>) -> Value {
        let mut members = Object::new();
        members.insert("text", self.text);
        members.insert("model", self.model);
        members.insert("usage", total(self.usage));
        if let Some(json) = json {
            members.insert("json", json);
        }
        Value::Object(members)
    }
}

/// What several calls used together: the sums of the counts that all of them give.
fn total(usage: Vec<Value>) -> Value {
    let mut calls = usage.into_iter();
    let first = calls.next().unwrap_or_default();
    calls.fold(first, |sum, next| match (sum, next) {
        (Value::Object(sum), Value::Object(next)) => {
            let counts = sum.iter().filter_map(|(key, count)| {
                let count = count.as_u64()?.checked_add(next.get(key)?.as_u64()?)?;
                Some((key.clone(), count))
            });
            Value::Object(counts.collect())
        }
        (_, next) => next,
    })
}

fn not_configured() -> ErrorInfo {
    ErrorCode::Denied.error(
        "lorch.toml names no language model; add: [llm] with base_url = \"https://api.openai.com/v1\", \
         model = \"MODEL\" and api_key_env = \"OPENAI_API_KEY\"",
    )
}

fn unrepaired(text: &str, violations: &[String], context: &Context<'_>) -> ErrorInfo {
    let text = context.redactor.excerpt(text, SHOWN_ANSWER);
    let first = violations.first().map_or("", String::as_str);
    ErrorCode::Backend
        .error(format!("the answer breaks `response_schema`, also after one repair: {first}"))
        .with_details([("violations", Value::from(violations.to_vec())), ("text", text.into())])
}
