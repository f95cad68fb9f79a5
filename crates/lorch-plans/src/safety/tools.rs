//! Actions use tools that there are, that the task names, and that may be used where it happens.

use std::collections::BTreeSet;

use lorch_backends::config::{Tool, ToolRisk};
use lorch_types::diagnostic::Diagnostic;
use lorch_types::plan::{ExecutionMode, PlanAction, RiskLevel, ToolName};
use lorch_types::pointer::Pointer;

use super::destructive;
use crate::finding::{Placed, Rule, few};
use crate::validate::Setting;

pub(super) fn check(phases: &[Placed<'_>], setting: &Setting<'_>, found: &mut Vec<Diagnostic>) {
    for placed in phases {
        for (index, action) in placed.phase.actions.iter().flatten().enumerate() {
            let at = || placed.at("actions").join(index);
            check_tool(action, setting, || at().join("tool"), found);
            if let Some(params) = &action.params {
                destructive::check(params, &at().join("params"), found);
            }
        }
    }
    if let (true, Some((first, later))) = (setting.contract.needs_canary(), phases.split_first()) {
        canary(first, later, setting, found);
    }
}

/// A canary shows how what comes later goes only if it does the same.
fn canary(
    first: &Placed<'_>,
    later: &[Placed<'_>],
    setting: &Setting<'_>,
    found: &mut Vec<Diagnostic>,
) {
    let changing = |placed: &Placed<'_>| -> BTreeSet<ToolName> {
        let tools = placed.phase.actions.iter().flatten().map(|action| &action.tool);
        let changes =
            |tool: &&ToolName| setting.tools.get(tool).is_some_and(|it| it.risk.changes());
        tools.filter(changes).cloned().collect()
    };
    let tried = changing(first);
    let later: BTreeSet<ToolName> = later.iter().flat_map(changing).collect();
    let untried: Vec<&ToolName> = later.difference(&tried).collect();
    if untried.is_empty() {
        return;
    }
    let (name, tools) = (&first.phase.name, few(&untried));
    found.push(if untried.len() == later.len() {
        let message = format!("the canary `{name}` does nothing of what comes later: {tools}");
        let help = "let it do the same, so that it shows how that goes";
        Rule::Canary.error(first.pointer(), message).with_help(help)
    } else {
        let message = format!("the canary `{name}` does not try {tools}, which comes later");
        Rule::Canary.warning(first.pointer(), message)
    });
}

fn check_tool(
    action: &PlanAction,
    setting: &Setting<'_>,
    at: impl Fn() -> Pointer,
    found: &mut Vec<Diagnostic>,
) {
    let name = &action.tool;
    if !setting.contract.spec.tools_required.contains(name) {
        let message = format!("the task's `tools_required` do not have `{name}`");
        let allowed = few(&setting.contract.spec.tools_required);
        found.push(Rule::Tool.error(at(), message).with_help(format!("it has {allowed}")));
    }
    let Some(tool) = setting.tools.get(name) else {
        let message = format!("there is no tool `{name}`");
        let help = format!("`[tools.{name}]` in lorch.toml says what it is");
        found.push(Rule::Tool.error(at(), message).with_help(help));
        return;
    };
    let refusals = refusals(name, tool, setting);
    found.extend(refusals.into_iter().map(|message| Rule::Tool.error(at(), message)));
    if tool.risk.changes() && tool.inverse.is_none() {
        let message = format!("nothing undoes `{name}`: a rollback of it stays incomplete");
        let help = format!("`inverse` of `[tools.{name}]` names the tool that does");
        found.push(Rule::Tool.warning(at(), message).with_help(help));
    }
}

/// Why a tool may not be used by plans of this task.
fn refusals(name: &ToolName, tool: &Tool, setting: &Setting<'_>) -> Vec<String> {
    let contract = &setting.contract;
    let environment = contract.environment();
    let mut refusals = Vec::new();
    if tool.risk.changes() && contract.mode() == ExecutionMode::PlanOnly {
        let risk = tool.risk;
        refusals.push(format!("`{name}` is `{risk}`, and the task's mode is `plan_only`"));
    }
    if contract.is_production() {
        match tool.risk {
            ToolRisk::StateChangeNonprod => {
                refusals.push(format!("`{name}` is `{}`, and this is production", tool.risk));
            }
            ToolRisk::StateChangeProd if contract.spec.risk_level == RiskLevel::Low => {
                refusals.push(format!("`{name}` changes production, and the task's risk is `low`"));
            }
            ToolRisk::StateChangeProd | ToolRisk::ReadOnly | ToolRisk::PlanOnly => {}
        }
    }
    let environments = tool.scope.environments.as_ref();
    if environments.is_some_and(|allowed| !allowed.contains(&environment)) {
        refusals.push(format!("`{name}` may not be used in this environment"));
    }
    if let Some(allowed) = &tool.scope.platforms {
        let platforms = contract.spec.context.scope.platforms.as_deref();
        let is_within = platforms
            .is_some_and(|all| !all.is_empty() && all.iter().all(|it| allowed.contains(it)));
        if !is_within {
            refusals.push(format!("`{name}` may not be used on every platform of the task"));
        }
    }
    refusals
}
