//! What a run tells whoever watches it.

use lorch_types::agent::{Command, Event, Receipt};

use crate::ledger::Recovery;
use crate::machine::{Decision, End, Observation, Question};
use crate::supervise::Heard;

/// Whoever watches a run and is asked what it cannot decide.
pub trait Audience {
    /// Is told what happened.
    fn told(&mut self, told: Told<'_>);

    /// Decides; `None` when nobody is there who could.
    fn decide(&mut self, question: &Question) -> Option<Decision>;
}

/// Something that happened in a run.
#[derive(Debug)]
pub enum Told<'t> {
    /// What a crash had left was repaired.
    Recovered(&'t Recovery),
    /// A command was sent.
    Sent(&'t Command),
    /// An event was received, or recorded by lorch itself.
    Event {
        /// Which.
        event: &'t Event,
        /// Why it moves nothing, if it does not.
        refused: Option<&'t str>,
    },
    /// What work did to the workspace.
    Observed {
        /// What was asked for.
        command: &'t Command,
        /// What was found.
        found: &'t Observation,
    },
    /// Work was recorded as done.
    Receipt(&'t Receipt),
    /// Something else about an agent.
    Agent(&'t Heard),
    /// A person decided something.
    Decided(&'t Decision),
    /// The run is over.
    Ended(&'t End),
}
