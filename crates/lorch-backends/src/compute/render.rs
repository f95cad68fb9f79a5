//! `compute.render`: a template filled with data, as text or as a file.

use lorch_types::Digest;
use lorch_types::job::{ErrorCode, ErrorInfo};
use lorch_types::json::{Object, Value};
use schemars::JsonSchema;
use serde::de::Error;
use serde::{Deserialize, Deserializer};

use super::Context;
use super::exec::check_not_program;
use super::worker::{Program, Request};
use crate::config::Config;
use crate::op::{OpParams, not_null};
use crate::workspace::{FilePath, Workspace, WorkspaceError};

/// Fills a template with data.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(remote = "Self", deny_unknown_fields)]
#[schemars(deny_unknown_fields, extend(
    "oneOf" = [{ "required": ["template"] }, { "required": ["template_path"] }]
))]
pub(crate) struct RenderParams {
    /// The template, in the language of Jinja.
    #[serde(default, deserialize_with = "not_null")]
    #[schemars(with = "String")]
    template: Option<String>,
    /// The file of the template, relative to the workspace.
    #[serde(default, deserialize_with = "not_null")]
    #[schemars(with = "String")]
    template_path: Option<String>,
    /// What the template knows; what it uses beyond that is an error.
    data: Object,
    /// The file to write, relative to the workspace; without it the text is the output.
    #[serde(default, deserialize_with = "not_null")]
    #[schemars(with = "String")]
    path: Option<String>,
}

impl<'de> Deserialize<'de> for RenderParams {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let params = Self::deserialize(deserializer)?;
        if params.template.is_some() == params.template_path.is_some() {
            return Err(D::Error::custom("it needs one of `template`, `template_path`"));
        }
        Ok(params)
    }
}

impl OpParams for RenderParams {
    const OP: &'static str = "compute.render";
    const SUMMARY: &'static str = "Fills a template with data, as text or into a file";
}

pub(super) fn render(params: RenderParams, context: &Context<'_>) -> Result<Value, ErrorInfo> {
    let target = params.path.as_deref().map(|path| context.path(path)).transpose()?;
    if let Some(target) = &target {
        check_target(target, context.workspace, context.config)?;
    }
    let (name, source) = source(params.template, params.template_path, context)?;
    let program = Program::Render { name, source };
    let request = Request { program, input: Value::Object(params.data), args: Object::new() };
    let rendered = request.run(context)?;
    let text = rendered.as_str().unwrap_or_default();
    let Some(path) = target else {
        return Ok(Value::Object(Object::from_iter([("text", rendered)])));
    };
    context.cancellation.check()?;
    context.workspace.write(&path, text.as_bytes())?;
    let size = u64::try_from(text.len()).unwrap_or(u64::MAX);
    Ok(Value::Object(Object::from_iter([
        ("path", Value::from(path.as_str())),
        ("sha256", Digest::of_bytes(text.as_bytes()).as_str().into()),
        ("size", size.into()),
    ])))
}

/// Whether a step may write a file there.
pub(crate) fn check_target(
    path: &FilePath,
    workspace: &Workspace,
    config: &Config,
) -> Result<(), WorkspaceError> {
    workspace.check_writable(path)?;
    check_not_program(path, workspace, config)
}

/// The template, and what it is called in messages.
fn source(
    template: Option<String>,
    template_path: Option<String>,
    context: &Context<'_>,
) -> Result<(String, String), ErrorInfo> {
    match (template, template_path) {
        (Some(template), None) => Ok(("`template`".to_owned(), template)),
        (None, Some(path)) => {
            let path = context.path(&path)?;
            let limit = context.config.limits.max_document_bytes.get();
            let text = String::from_utf8(context.workspace.read(&path, limit)?)
                .map_err(|_| ErrorCode::Backend.error(format!("`{path}` is not UTF-8")))?;
            Ok((format!("`{path}`"), text))
        }
        _ => {
            let message = "`compute.render` takes one of `template`, `template_path`";
            Err(ErrorCode::InvalidParams.error(message))
        }
    }
}
