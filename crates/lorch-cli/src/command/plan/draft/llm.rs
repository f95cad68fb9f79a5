//! The language model of `lorch.toml` as a planner.

use std::time::Instant;

use anyhow::Context;
use lorch_backends::{Backend, Cancellation, Compute, Workspace};
use lorch_plans::{NoAnswer, Planner, Prompt, Question, Said};
use lorch_types::IdempotencyKey;
use lorch_types::job::{ErrorCode, ErrorInfo, StepManifest};
use lorch_types::json::{Object, Value};
use lorch_types::plan::TaskErrorCode;

use crate::clock::{new_run_id, new_uuid, now};
use crate::exit::Failure;
use crate::site::Site;

/// The language model, asked as a step of a job would ask it: with the same key, limits and redaction.
pub(super) struct Model {
    compute: Compute,
    cancellation: Cancellation,
}

impl Model {
    pub(super) fn new(site: &Site, cancellation: Cancellation) -> Result<Self, Failure> {
        let workspace = Workspace::open(&site.root)
            .with_context(|| format!("cannot work in `{}`", site.root.display()))
            .map_err(Failure::Usage)?;
        Ok(Self { compute: Compute::new(workspace, site.config.clone()), cancellation })
    }
}

impl Planner for Model {
    fn ask(&mut self, question: &Question<'_>) -> Result<Said, NoAnswer> {
        let begun = Instant::now();
        let manifest = manifest(question)?;
        let performed = self.compute.perform(&manifest, &self.cancellation);
        let output = performed.map_err(|error| no_answer(&error))?.output;
        let text = |name| output.get(name).and_then(Value::as_str).unwrap_or_default();
        let tokens = output.get("usage").and_then(|usage| usage.get("total_tokens"));
        Ok(Said {
            text: text("text").to_owned(),
            model: Some(text("model").into()),
            agent_version: None,
            tokens: tokens.and_then(Value::as_u64).unwrap_or_default(),
            latency_ms: u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX),
        })
    }
}

fn manifest(question: &Question<'_>) -> Result<StepManifest, NoAnswer> {
    let unexpected = |error: &dyn std::fmt::Display| NoAnswer {
        code: TaskErrorCode::Unknown,
        reason: error.to_string(),
    };
    let op: lorch_types::job::DispatchOp =
        "compute.llm".parse().map_err(|error| unexpected(&error))?;
    Ok(StepManifest {
        run_id: new_run_id(now()),
        step_id: "draft".parse().map_err(|error| unexpected(&error))?,
        backend: op.backend(),
        op,
        resolved_params: [("messages", Value::Array(messages(question)))].into_iter().collect(),
        prompt_hash: Some(question.prompt.digest()),
        idempotency_key: IdempotencyKey::of_bytes(new_uuid().as_bytes()),
        secrets: None,
    })
}

fn messages(question: &Question<'_>) -> Vec<Value> {
    let message = |role: &str, content: &str| {
        let members = [("role", Value::from(role)), ("content", content.into())];
        Value::Object(Object::from_iter(members))
    };
    let Prompt { system, user, .. } = question.prompt;
    let mut messages = vec![message("system", system), message("user", user)];
    if let Some(correction) = question.correction {
        let violations = correction.violations.join("\n- ");
        let asked = format!(
            "This cannot be used:\n- {violations}\n\nAnswer again, with the whole corrected JSON \
             object and nothing else."
        );
        messages.extend([message("assistant", &correction.answer), message("user", &asked)]);
    }
    messages
}

fn no_answer(error: &ErrorInfo) -> NoAnswer {
    let code = match error.is(ErrorCode::Timeout) {
        true => TaskErrorCode::Timeout,
        false => TaskErrorCode::LlmError,
    };
    let reason = match code {
        TaskErrorCode::Timeout => "the language model did not answer in time".to_owned(),
        _ => format!("{}: {}", error.code, error.message),
    };
    NoAnswer { code, reason }
}
