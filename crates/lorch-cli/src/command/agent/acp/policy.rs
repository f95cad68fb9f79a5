//! What an agent may do when it asks.

use lorch_types::json::Value;

use super::ToolKind;

/// The kinds of tool calls that are allowed.
pub(super) struct Policy(pub(super) Vec<ToolKind>);

impl Policy {
    /// The option for a tool call of this kind, and a word for it; the narrowest there is.
    pub(super) fn choose(
        &self,
        kind: ToolKind,
        options: &[Value],
    ) -> (Option<Value>, &'static str) {
        let (wanted, word) = match self.0.contains(&kind) {
            true => (["allow_once", "allow_always"], "allowed"),
            false => (["reject_once", "reject_always"], "rejected"),
        };
        let option = wanted.iter().find_map(|kind| {
            let is_it = |option: &&Value| option.get("kind").and_then(Value::as_str) == Some(kind);
            options.iter().find(is_it)?.get("optionId").cloned()
        });
        match option {
            Some(id) => (Some(id), word),
            None => (None, "cancelled, as there is no such option"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::message::object;
    use super::*;

    #[test]
    fn permission_is_given_by_kind_and_narrowly() {
        let option =
            |id: &str, kind: &str| object([("optionId", id.into()), ("kind", kind.into())]);
        let all = ["allow_always", "reject_always", "allow_once", "reject_once"];
        let all: Vec<Value> = all.iter().map(|kind| option(&kind.to_uppercase(), kind)).collect();
        let policy = Policy(vec![ToolKind::Edit]);
        let chosen = |kind, options: &[Value]| policy.choose(kind, options).0;
        assert_eq!(chosen(ToolKind::Edit, &all), Some("ALLOW_ONCE".into()));
        assert_eq!(chosen(ToolKind::Execute, &all), Some("REJECT_ONCE".into()));
        assert_eq!(chosen(ToolKind::of(None), &all), Some("REJECT_ONCE".into()));
        assert_eq!(chosen(ToolKind::Edit, &all[..2]), Some("ALLOW_ALWAYS".into()));
        // What is to be rejected is never allowed for want of another option.
        assert_eq!(chosen(ToolKind::of(Some("switch_mode")), &all[..1]), None);
    }
}
