//! State machines: a table says which event leads from which state to which, and nothing else does.
//!
//! Live runs, replay and the diagrams of the documentation read the same table.

use crate::listing::{listed, listed_quoted};

/// An edge: the state it leaves, the event, the state it reaches.
pub type Edge<S, E> = (S, E, S);

/// A state or an event: one of a few, each with a name.
pub trait Named: Copy + PartialEq + 'static {
    /// The name, as it is written in documents.
    fn name(self) -> &'static str;
}

/// The life of something, as the table of its edges.
///
/// Invariant: no two edges leave one state by the same event, and no two join the same states.
#[derive(Clone, Copy, Debug)]
pub struct Machine<S: 'static, E: 'static> {
    /// What lives it, such as "plan".
    pub subject: &'static str,
    /// All states, the one in which it begins first.
    pub states: &'static [S],
    /// All edges.
    pub edges: &'static [Edge<S, E>],
    /// Rules about edges that need more than the state, each a sentence.
    pub notes: &'static [&'static str],
}

/// A change that the table does not have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{} {subject} that is {state} {attempted}{}",
    article(subject),
    alternatives(attempted, legal)
)]
pub struct IllegalTransition {
    /// What would have changed, such as "plan".
    pub subject: &'static str,
    /// The state it is in.
    pub state: &'static str,
    /// What was attempted.
    pub attempted: Attempted,
    /// What would have been possible in that state: events, or states.
    pub legal: Vec<&'static str>,
}

/// What cannot be done in a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Attempted {
    /// This event happens.
    #[error("does not accept `{0}`")]
    Event(&'static str),
    /// It gets into this state.
    #[error("cannot become {0}")]
    State(&'static str),
}

impl<S: Named, E: Named> Machine<S, E> {
    /// The state after `event`.
    ///
    /// # Errors
    /// When `event` cannot happen in the state `from`.
    pub fn next(&self, from: S, event: E) -> Result<S, IllegalTransition> {
        let edge = self.leaving(from).find(|(_, by, _)| *by == event);
        edge.map(|(.., to)| *to).ok_or_else(|| IllegalTransition {
            subject: self.subject,
            state: from.name(),
            attempted: Attempted::Event(event.name()),
            legal: self.leaving(from).map(|(_, by, _)| by.name()).collect(),
        })
    }

    /// The event that leads from the state `from` to the state `to`.
    ///
    /// # Errors
    /// When none does.
    pub fn event(&self, from: S, to: S) -> Result<E, IllegalTransition> {
        let edge = self.leaving(from).find(|(.., target)| *target == to);
        edge.map(|(_, by, _)| *by).ok_or_else(|| IllegalTransition {
            subject: self.subject,
            state: from.name(),
            attempted: Attempted::State(to.name()),
            legal: self.leaving(from).map(|(.., target)| target.name()).collect(),
        })
    }

    /// Whether nothing leads from `state` to another.
    pub fn is_final(&self, state: S) -> bool {
        self.leaving(state).all(|(.., to)| *to == state)
    }

    fn leaving(&self, from: S) -> impl Iterator<Item = &Edge<S, E>> {
        self.edges.iter().filter(move |(state, ..)| *state == from)
    }
}

fn article(subject: &str) -> &'static str {
    if subject.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" }
}

fn alternatives(attempted: &Attempted, legal: &[&'static str]) -> String {
    match attempted {
        _ if legal.is_empty() => "; it stays so".to_owned(),
        Attempted::Event(_) => format!(", only {}", listed_quoted(legal, "and")),
        Attempted::State(_) => format!("; it can become {}", listed(legal, "or")),
    }
}

/// Gives a state `next` and `event_to` by its `MACHINE`, and it and its events their names.
macro_rules! lives {
    ($state:ident, $event:ident) => {
        impl $state {
            /// The state after `event`.
            ///
            /// # Errors
            /// When `event` cannot happen in this state.
            pub fn next(self, event: $event) -> Result<Self, $crate::machine::IllegalTransition> {
                Self::MACHINE.next(self, event)
            }

            /// The event that leads from this state to `state`.
            ///
            /// # Errors
            /// When none does.
            pub fn event_to(
                self,
                state: Self,
            ) -> Result<$event, $crate::machine::IllegalTransition> {
                Self::MACHINE.event(self, state)
            }
        }

        impl $crate::machine::Named for $state {
            fn name(self) -> &'static str {
                self.as_str()
            }
        }

        impl $crate::machine::Named for $event {
            fn name(self) -> &'static str {
                self.as_str()
            }
        }
    };
}

pub(crate) use lives;
