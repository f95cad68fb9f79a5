//! Compute: files, jq, templates, HTTP, language models and programs.
//!
//! Everything a step touches is beneath the workspace or allowed by the configuration. Secrets are
//! filled in here, in memory, and looked for in all that comes back.

mod confined;
mod exec;
mod extract;
mod http;
mod llm;
mod notify;
mod process;
mod render;
mod size;
mod transform;
mod worker;

use std::borrow::Cow;
use std::ffi::OsString;

use lorch_types::IdempotencyKey;
use lorch_types::job::{ErrorCode, ErrorInfo, StepManifest};
use lorch_types::json::Value;

use crate::backend::{Backend, Cancellation, Performed};
use crate::config::Config;
use crate::nearest::did_you_mean;
use crate::op::{OpParams, OpSpec, check_params, parse_params};
use crate::secrets::{self, Environment};
use crate::workspace::{FilePath, Workspace, WorkspaceError};
use lorch_types::Redactor;

pub use confined::{WorkerError, ask_worker, work_confined, worker_request};
pub use exec::exec_worker;
pub(crate) use exec::{ExecParams, check_program};
pub(crate) use extract::ExtractParams;
pub(crate) use http::{HttpParams, address, check_host};
pub(crate) use llm::LlmParams;
pub use notify::{Notice, can_sign, deliver};
pub(crate) use render::{RenderParams, check_target};
pub(crate) use transform::TransformParams;
pub use worker::transform_worker;

/// The operations of compute.
pub(crate) const OPS: [OpSpec; 6] = [
    OpSpec::of::<ExtractParams>(),
    OpSpec::of::<TransformParams>(),
    OpSpec::of::<RenderParams>(),
    OpSpec::of::<HttpParams>(),
    OpSpec::of::<LlmParams>(),
    OpSpec::of::<ExecParams>(),
];

/// The backend that performs `compute.*`.
#[derive(Debug)]
pub struct Compute {
    workspace: Workspace,
    config: Config,
    options: ComputeOptions,
}

/// What compute takes from the process that it is part of.
#[derive(Clone, Debug)]
pub struct ComputeOptions {
    /// The program and first arguments of a process that calls [`transform_worker`] when the next
    /// argument is `transform`, and [`exec_worker`] when they are `exec PARENT -- PROGRAM ARGUMENT…`.
    ///
    /// Transforms and renderings run in it, where they can be stopped and their memory is limited;
    /// without it they run here, only stop between two outputs, and recurse on this process's stack.
    /// Programs are started through it, and end with this process; without it they may outlive it.
    pub worker: Option<Vec<OsString>>,
    /// Where secrets, keys and `PATH` are looked up.
    pub environment: Environment,
}

impl Default for ComputeOptions {
    fn default() -> Self {
        Self { worker: None, environment: Environment::process() }
    }
}

/// What an operation may use while it performs one step.
struct Context<'a> {
    workspace: &'a Workspace,
    config: &'a Config,
    options: &'a ComputeOptions,
    key: &'a IdempotencyKey,
    redactor: &'a Redactor,
    cancellation: &'a Cancellation,
}

impl Context<'_> {
    /// The path of a file that a parameter names.
    fn path(&self, text: &str) -> Result<FilePath, ErrorInfo> {
        Ok(text.parse::<FilePath>().map_err(WorkspaceError::from)?)
    }
}

impl Compute {
    /// Compute in `workspace`, within what `config` allows.
    pub fn new(workspace: Workspace, config: Config) -> Self {
        Self::with_options(workspace, config, ComputeOptions::default())
    }

    /// The same with a worker, or another environment than that of this process.
    pub fn with_options(workspace: Workspace, config: Config, options: ComputeOptions) -> Self {
        Self { workspace, config, options }
    }

    fn dispatch(
        &self,
        manifest: &StepManifest,
        cancellation: &Cancellation,
        redactor: &mut Redactor,
    ) -> Result<Value, ErrorInfo> {
        cancellation.check()?;
        let manifest = self.with_secrets(manifest, redactor)?;
        let llm_key = match (&*manifest.op.to_string(), &self.config.llm) {
            (LlmParams::OP, Some(llm)) => self.llm_key(llm, redactor)?,
            _ => None,
        };
        let context = Context {
            workspace: &self.workspace,
            config: &self.config,
            options: &self.options,
            key: &manifest.idempotency_key,
            redactor,
            cancellation,
        };
        match &*manifest.op.to_string() {
            ExtractParams::OP => extract::extract(parse_params(&manifest)?, &context),
            TransformParams::OP => transform::transform(parse_params(&manifest)?, &context),
            RenderParams::OP => render::render(parse_params(&manifest)?, &context),
            HttpParams::OP => http::http(parse_params(&manifest)?, &context),
            LlmParams::OP => llm::llm(parse_params(&manifest)?, llm_key.as_deref(), &context),
            ExecParams::OP => exec::exec(&parse_params(&manifest)?, &context),
            other => Err(unknown_op(other)),
        }
    }

    /// The manifest with its secrets in place.
    fn with_secrets<'m>(
        &self,
        manifest: &'m StepManifest,
        redactor: &mut Redactor,
    ) -> Result<Cow<'m, StepManifest>, ErrorInfo> {
        if manifest.secrets.as_ref().is_none_or(std::collections::BTreeMap::is_empty) {
            return Ok(Cow::Borrowed(manifest));
        }
        let values = secrets::look_up(manifest, &self.config, &self.options.environment, redactor)?;
        let mut filled = manifest.clone();
        // Errors about types quote values, and cut them: they are looked for where no secret is.
        filled.resolved_params = secrets::fill(manifest, |name| Some(format!("[secret {name}]")))?;
        check_types(&filled)?;
        filled.resolved_params = secrets::fill(manifest, |name| values.get(name).cloned())?;
        filled.secrets = None;
        Ok(Cow::Owned(filled))
    }

    fn llm_key(
        &self,
        llm: &crate::config::Llm,
        redactor: &mut Redactor,
    ) -> Result<Option<String>, ErrorInfo> {
        let Some(variable) = &llm.api_key_env else { return Ok(None) };
        let label = variable.as_str();
        secrets::value(label, variable, &self.options.environment, redactor).map(Some)
    }
}

impl Backend for Compute {
    fn perform(
        &self,
        manifest: &StepManifest,
        cancellation: &Cancellation,
    ) -> Result<Performed, ErrorInfo> {
        let mut redactor = Redactor::default();
        let limit = self.config.limits.max_output_bytes.get();
        let performed = self.dispatch(manifest, cancellation, &mut redactor);
        let output = performed.map_err(|error| redactor.error(error))?;
        let output = redactor.value(output);
        size::check(&output, limit)?;
        Ok(Performed { output, applied: true })
    }
}

fn check_types(manifest: &StepManifest) -> Result<(), ErrorInfo> {
    match check_params(&manifest.op, &manifest.resolved_params, &[]).into_iter().next() {
        None => Ok(()),
        Some(first) => Err(ErrorCode::InvalidParams
            .error(first.message)
            .with_details([("pointer", first.pointer.to_string())])),
    }
}

fn unknown_op(op: &str) -> ErrorInfo {
    let help = did_you_mean(op, OPS.iter().map(|spec| spec.op));
    let help = help.map(|help| format!("; {help}")).unwrap_or_default();
    ErrorCode::InvalidParams.error(format!("compute has no operation `{op}`{help}"))
}
