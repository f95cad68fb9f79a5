//! The rules of texts as code, for validators that read faster than patterns can be matched.

use serde_json::Value as Json;

use crate::id::Rule;
use crate::{Digest, IdempotencyKey, agent, job, plan, timestamp};

/// A rule that texts of documents keep, said twice.
#[derive(Clone, Debug)]
pub struct TextRule {
    /// The rule as JSON Schema keywords, without words for people.
    pub schema: Json,
    /// Whether a text keeps the rule: just when it keeps `schema`.
    pub holds: fn(&str) -> bool,
}

/// The rules of all texts that have a pattern.
pub fn text_rules() -> Vec<TextRule> {
    let rules: [&Rule; 16] = [
        &Digest::RULE,
        &IdempotencyKey::RULE,
        &timestamp::RULE,
        &job::JobId::RULE,
        &job::StepId::RULE,
        &job::StepPath::RULE,
        &job::RunId::RULE,
        &job::OP_RULE,
        &job::DISPATCH_OP_RULE,
        &agent::TaskId::RULE,
        &agent::SnapshotId::RULE,
        &agent::AgentRunId::RULE,
        &agent::CommandId::RULE,
        &agent::EventId::RULE,
        &agent::WorkspacePath::RULE,
        &plan::UUID,
    ];
    let rule = |rule: &Rule| TextRule { schema: (rule.schema)().into(), holds: rule.holds };
    rules.into_iter().map(rule).collect()
}
