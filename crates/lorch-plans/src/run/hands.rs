//! What acts on assets: each action of a plan becomes a step manifest through the table of tools.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use fail::fail_point;
use lorch_backends::config::{Assets, Tool, Tools};
use lorch_backends::{Backend, Cancellation, Performed};
use lorch_types::job::{DispatchOp, ErrorCode, ErrorInfo, RunId as JobRunId, StepManifest};
use lorch_types::json::{Object, Value};
use lorch_types::plan::{AssetId, PlanAction, RunId, ToolName};
use lorch_types::{Digest, IdempotencyKey};

use super::course::Stage;

/// Whether an asset is acted on, or that is undone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// It is acted on.
    Forward,
    /// That is undone.
    Rollback,
}

/// What came of acting on an asset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// It was changed, by so many actions.
    Changed(usize),
    /// It was left alone, since this is so.
    Skipped(String),
    /// It could not be changed, or not to the end: so many actions may have had an effect.
    Failed(usize, ErrorInfo),
    /// It was stopped half way, and is to be done again.
    Stopped,
}

/// What acts on assets and looks at them.
#[derive(Clone)]
pub struct Hands<'a> {
    /// What performs manifests.
    pub backend: &'a dyn Backend,
    /// The tools that there are.
    pub tools: &'a Tools,
    /// Where assets are reached.
    pub assets: &'a Assets,
    /// The addresses of assets, which go before the pattern in `assets`.
    pub inventory: &'a BTreeMap<AssetId, String>,
    /// When to stop.
    pub cancellation: Cancellation,
}

/// What the key of an action is made of beside the action.
#[derive(Clone, Debug)]
pub(super) struct Mark {
    pub(super) run_id: RunId,
    pub(super) plan_digest: Digest,
}

impl Direction {
    /// The direction as it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Forward => "forward",
            Self::Rollback => "rollback",
        }
    }
}

impl Hands<'_> {
    /// Does the actions of a phase to an asset.
    pub(super) fn act(&self, mark: &Mark, stage: &Stage, asset: &AssetId) -> Act {
        if stage.actions.is_empty() {
            return Act::Skipped("the phase has no actions".to_owned());
        }
        let mut touched = 0;
        let mut left_alone = None;
        let mut is_changed = false;
        for (index, action) in stage.actions.iter().enumerate() {
            let Some(tool) = self.tools.get(&action.tool) else {
                return Act::Failed(touched, no_tool(&action.tool));
            };
            let order = Order { mark, stage, asset, action, tool: &action.tool };
            let done = self.dispatch(&order, tool, Direction::Forward);
            if tool.risk.changes() {
                touched = index + 1;
            }
            match done {
                Ok(output) if tool.risk.changes() => match unchanged(&output) {
                    Some(reason) => left_alone = Some(reason),
                    None => is_changed = true,
                },
                Ok(_) => {}
                Err(error) if self.is_stopped(&error) => return Act::Stopped,
                Err(error) => return Act::Failed(touched, error),
            }
        }
        match (is_changed, left_alone) {
            (true, _) => Act::Changed(touched),
            (false, Some(reason)) => Act::Skipped(reason),
            (false, None) => Act::Skipped("its actions change nothing".to_owned()),
        }
    }

    /// Undoes the first `actions` actions of a phase to an asset, the last first.
    pub(super) fn undo(&self, mark: &Mark, stage: &Stage, asset: &AssetId, actions: usize) -> Act {
        let mut undone = 0;
        for action in stage.actions.iter().take(actions).rev() {
            let Some(tool) = self.tools.get(&action.tool) else {
                return Act::Failed(undone, no_tool(&action.tool));
            };
            if !tool.risk.changes() {
                continue;
            }
            let inverse = tool.inverse.as_ref().and_then(|it| Some((it, self.tools.get(it)?)));
            let Some((name, inverse)) = inverse else {
                let message = format!("nothing undoes `{}`", action.tool);
                return Act::Failed(undone, ErrorCode::NotFound.error(message));
            };
            let order = Order { mark, stage, asset, action, tool: name };
            undone += 1;
            match self.dispatch(&order, inverse, Direction::Rollback) {
                Ok(_) => {}
                Err(error) if self.is_stopped(&error) => return Act::Stopped,
                Err(error) => return Act::Failed(undone, error),
            }
        }
        Act::Changed(undone)
    }

    /// The address of an asset.
    pub(super) fn address(&self, asset: &AssetId) -> Option<String> {
        let listed = self.inventory.get(asset).cloned();
        listed.or_else(|| {
            let pattern = self.assets.url.as_ref()?;
            // An id that could lead elsewhere is no part of an address.
            let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
            let plain = Some(asset.as_str()).filter(|id| id.chars().all(is_plain));
            plain.map(|id| pattern.replace("{asset}", id))
        })
    }

    /// Performs one operation that only looks.
    pub(super) fn look(
        &self,
        op: &DispatchOp,
        params: Object,
        key: Vec<Value>,
        timeout: Duration,
    ) -> Result<Value, ErrorInfo> {
        let run_id = JobRunId::from_parts(0, 0);
        let manifest = manifest(op, run_id, params, IdempotencyKey::of(key))?;
        Ok(self.performed(&manifest, timeout)?.output)
    }

    /// What a backend that panics did is not known, as of one that fails.
    fn performed(
        &self,
        manifest: &StepManifest,
        timeout: Duration,
    ) -> Result<Performed, ErrorInfo> {
        let cancellation = self.cancellation.with_timeout(timeout);
        let perform = AssertUnwindSafe(|| self.backend.perform(manifest, &cancellation));
        let panicked = |_| Err(ErrorCode::Backend.error("the backend panicked"));
        catch_unwind(perform).unwrap_or_else(panicked)
    }

    fn is_stopped(&self, error: &ErrorInfo) -> bool {
        error.is(ErrorCode::Cancelled) && self.cancellation.is_stopped()
    }

    fn dispatch(
        &self,
        order: &Order<'_>,
        tool: &Tool,
        direction: Direction,
    ) -> Result<Value, ErrorInfo> {
        let params = self.params(order, tool, direction)?;
        let run_id = ulid(&order.mark.run_id);
        let manifest = manifest(&tool.op, run_id, params, order.key(direction))?;
        let timeout = Duration::from_secs(tool.timeout_s.get().into());
        match direction {
            Direction::Forward => fail_point!("action-dispatched-before"),
            Direction::Rollback => fail_point!("undo-dispatched-before"),
        }
        let done = self.performed(&manifest, timeout);
        match direction {
            Direction::Forward => fail_point!("action-dispatched-after"),
            Direction::Rollback => fail_point!("undo-dispatched-after"),
        }
        done.map(|performed| performed.output)
    }

    /// The operator's parameters, with what the plan says as data in the one place for it.
    fn params(
        &self,
        order: &Order<'_>,
        tool: &Tool,
        direction: Direction,
    ) -> Result<Object, ErrorInfo> {
        let mut params = tool.params.clone();
        let slot = match &*tool.op.to_string() {
            "compute.exec" => "input",
            "compute.http" => "json",
            "compute.render" => "data",
            other => {
                let message = format!("a plan's action cannot be a `{other}`");
                return Err(ErrorCode::InvalidParams.error(message));
            }
        };
        if let Some(Value::String(url)) = params.get("url")
            && let Some(rest) = url.strip_prefix("{asset_url}")
        {
            let address = self.address(order.asset).ok_or_else(|| nowhere(order.asset))?;
            let url = format!("{}{rest}", address.trim_end_matches('/'));
            params.insert("url", url);
        }
        params.insert(slot, order.said(direction));
        Ok(params)
    }
}

/// One action on one asset.
struct Order<'a> {
    mark: &'a Mark,
    stage: &'a Stage,
    asset: &'a AssetId,
    action: &'a PlanAction,
    /// The tool that is used: the action's, or what undoes that.
    tool: &'a ToolName,
}

impl Order<'_> {
    fn action_params(&self) -> Object {
        self.action.params.clone().unwrap_or_default()
    }

    /// What a tool is told.
    fn said(&self, direction: Direction) -> Object {
        let mut said = Object::new();
        said.insert("asset", self.asset.as_str());
        said.insert("direction", direction.as_str());
        said.insert("params", self.action_params());
        said.insert("phase", self.stage.name.as_str());
        said.insert("run_id", self.mark.run_id.as_str());
        said.insert("tool", self.tool.as_str());
        said
    }

    fn key(&self, direction: Direction) -> IdempotencyKey {
        IdempotencyKey::of(vec![
            "lorch.action.v1".into(),
            self.mark.run_id.as_str().into(),
            self.mark.plan_digest.as_str().into(),
            direction.as_str().into(),
            self.stage.name.as_str().into(),
            self.asset.as_str().into(),
            self.tool.as_str().into(),
            self.action_params().into(),
        ])
    }
}

fn manifest(
    op: &DispatchOp,
    run_id: JobRunId,
    resolved_params: Object,
    idempotency_key: IdempotencyKey,
) -> Result<StepManifest, ErrorInfo> {
    let step_id = "action".parse().map_err(|error| {
        ErrorCode::InvalidParams.error(format!("no step of this name: {error}"))
    })?;
    let (backend, op) = (op.backend(), op.clone());
    let (prompt_hash, secrets) = (None, None);
    Ok(StepManifest {
        run_id,
        step_id,
        backend,
        op,
        resolved_params,
        prompt_hash,
        idempotency_key,
        secrets,
    })
}

/// The UUID of a run, written as a ULID.
fn ulid(run_id: &RunId) -> JobRunId {
    let digits: String = run_id.as_str().chars().filter(|c| *c != '-').collect();
    let bits = u128::from_str_radix(&digits, 16).unwrap_or(0);
    JobRunId::from_parts(u64::try_from(bits >> 80).unwrap_or(0), bits)
}

/// Why a tool says that it left an asset as it was.
fn unchanged(output: &Value) -> Option<String> {
    let said = output.get("json")?;
    let is_changed = said.get("changed")?.as_bool()?;
    let reason = said.get("reason").and_then(Value::as_str).unwrap_or("it was so already");
    (!is_changed).then(|| reason.to_owned())
}

fn no_tool(tool: &ToolName) -> ErrorInfo {
    ErrorCode::NotFound.error(format!("there is no tool `{tool}`"))
}

pub(super) fn nowhere(asset: &AssetId) -> ErrorInfo {
    let message = format!("[assets] in lorch.toml does not say where `{asset}` is reached");
    ErrorCode::NotFound.error(message)
}
