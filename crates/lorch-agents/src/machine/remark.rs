//! What is known of an event that ends nothing.

use lorch_types::agent::{AgentType, Event, EventType};

/// What an event says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Remark<'e> {
    pub(crate) message_id: &'e str,
    pub(crate) correlation_id: &'e str,
    pub(crate) from: AgentType,
    pub(crate) event: EventType,
}

impl<'e> Remark<'e> {
    pub(crate) fn of(event: &'e Event) -> Self {
        Self {
            message_id: event.message_id.as_str(),
            correlation_id: event.correlation_id.as_str(),
            from: event.from.agent_type,
            event: event.event,
        }
    }
}
