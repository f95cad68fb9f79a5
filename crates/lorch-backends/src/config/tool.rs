//! The tools that plans may name.

use std::collections::BTreeMap;
use std::fmt;
use std::num::{NonZeroU16, NonZeroU32};

use lorch_types::job::DispatchOp;
use lorch_types::json::Object;
use lorch_types::plan::{Environment, Platform, ToolName};
use serde::Deserialize;

/// `[tools]`: the tools that plans may name, each with the operation that it is.
///
/// Invariant: a tool that is the inverse of another is there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "BTreeMap<ToolName, Tool>")]
pub struct Tools(BTreeMap<ToolName, Tool>);

/// `[tools.NAME]`: what a tool does, how much can go wrong, and what undoes it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tool {
    /// The operation that an action with this tool becomes.
    pub op: DispatchOp,
    /// How much it can change.
    pub risk: ToolRisk,
    /// Where it may be used; everywhere when absent.
    #[serde(default)]
    pub scope: ToolScope,
    /// The tool that undoes what this one did.
    pub inverse: Option<ToolName>,
    /// The parameters of the operation, but for what a plan says of the action.
    #[serde(default)]
    pub params: Object,
    /// After how many seconds it is stopped.
    #[serde(default = "five_minutes")]
    pub timeout_s: NonZeroU32,
    /// On how many assets it may be used at the same time; on as many as `[execution]` says when absent.
    pub max_parallel: Option<NonZeroU16>,
}

/// How much a tool can change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ToolRisk {
    /// Nothing: it looks.
    ReadOnly,
    /// Nothing: it makes a proposal.
    PlanOnly,
    /// What nobody depends on yet.
    StateChangeNonprod,
    /// Production.
    StateChangeProd,
}

/// Where a tool may be used; what is absent sets no bound.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ToolScope {
    /// The environments.
    pub environments: Option<Vec<Environment>>,
    /// The platforms.
    pub platforms: Option<Vec<Platform>>,
}

/// A tool whose inverse is no tool.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the tool `{tool}` has the inverse `{inverse}`, and there is no `[tools.{inverse}]`")]
pub struct NoSuchInverse {
    tool: ToolName,
    inverse: ToolName,
}

impl Tools {
    /// The tool of this name.
    pub fn get(&self, name: &ToolName) -> Option<&Tool> {
        self.0.get(name)
    }

    /// The names of all tools, in order.
    pub fn names(&self) -> impl Iterator<Item = &ToolName> {
        self.0.keys()
    }
}

impl TryFrom<BTreeMap<ToolName, Tool>> for Tools {
    type Error = NoSuchInverse;

    fn try_from(tools: BTreeMap<ToolName, Tool>) -> Result<Self, NoSuchInverse> {
        for (name, tool) in &tools {
            if let Some(inverse) = tool.inverse.as_ref().filter(|it| !tools.contains_key(*it)) {
                return Err(NoSuchInverse { tool: name.clone(), inverse: inverse.clone() });
            }
        }
        Ok(Self(tools))
    }
}

const fn five_minutes() -> NonZeroU32 {
    NonZeroU32::MIN.saturating_add(299)
}

impl ToolRisk {
    /// The risk as it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ReadOnly => "read_only",
            Self::PlanOnly => "plan_only",
            Self::StateChangeNonprod => "state_change_nonprod",
            Self::StateChangeProd => "state_change_prod",
        }
    }

    /// Whether it changes anything.
    pub const fn changes(self) -> bool {
        match self {
            Self::ReadOnly | Self::PlanOnly => false,
            Self::StateChangeNonprod | Self::StateChangeProd => true,
        }
    }
}

impl fmt::Display for ToolRisk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
