//! What ends a command: the one rule that live runs, resuming and verifying share.

use lorch_types::agent::{Action, AgentType, Event, EventType};

/// Whether an event of this type, from this sender, ends a command that asks for `action`, provided
/// that it is about it.
///
/// The agent that was asked ends it by one of the terminal events of the action. Lorch ends it by an
/// error, when no answer will come, and in the name of a person who stops the run.
pub(crate) fn ends(action: Action, from: AgentType, event: EventType) -> bool {
    match from {
        AgentType::System => matches!(event, EventType::Error | EventType::UserDecision),
        agent => agent == action.agent_type() && action.terminal_events().contains(&event),
    }
}

/// Why the protocol refuses an event that its schema allows.
pub(crate) fn refusal(event: &Event) -> Option<&'static str> {
    match event.event {
        EventType::ReviewCompleted if event.status.is_none() => {
            Some("`review.completed` has no `status`: it is `approved` or `changes_requested`")
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of all events only these end a command, and only when the agent says so that was asked.
    #[test]
    fn a_command_is_ended_by_whom_it_was_sent_to() {
        let agents = AgentType::ALL.into_iter().filter(|agent| *agent != AgentType::System);
        for action in Action::ALL {
            for agent in agents.clone() {
                for event in EventType::ALL {
                    let is_asked = agent == action.agent_type();
                    let is_terminal = action.terminal_events().contains(&event);
                    assert_eq!(ends(action, agent, event), is_asked && is_terminal, "{event:?}");
                }
            }
            assert!(ends(action, AgentType::System, EventType::Error));
            assert!(ends(action, AgentType::System, EventType::UserDecision));
            assert!(!ends(action, AgentType::System, EventType::BuilderCompleted));
            assert!(!ends(action, AgentType::System, EventType::ArtifactProduced));
        }
    }
}
