//! The life of an attempt and of a step: which event leads from which state to which.

use super::{AttemptStatus, StepStatus};

/// What can happen to a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StepEvent {
    /// Its manifest is stored, and it is about to be dispatched.
    Start,
    /// Its output is known.
    Complete,
    /// It could not be dispatched, or its dispatch failed.
    Fail,
    /// It was reached, and is one that compiling decided to skip.
    Skip,
    /// A new attempt at its run begins.
    Resume,
}

/// What can happen to an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AttemptEvent {
    /// The last step has ended.
    Complete,
    /// A step failed that may not, or a person stopped it.
    Fail,
}

/// An event that cannot happen in a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("nothing that is {state} can {event}")]
pub struct IllegalTransition {
    /// The state, as it is written.
    pub state: &'static str,
    /// The event, as a verb.
    pub event: &'static str,
}

impl StepStatus {
    /// The state after `event`.
    ///
    /// # Errors
    /// When `event` cannot happen in this state.
    pub fn next(self, event: StepEvent) -> Result<Self, IllegalTransition> {
        match (self, event) {
            (Self::Pending, StepEvent::Start) => Ok(Self::Running),
            (Self::Pending, StepEvent::Skip) => Ok(Self::Skipped),
            (Self::Running, StepEvent::Complete) => Ok(Self::Completed),
            (Self::Pending | Self::Running, StepEvent::Fail) => Ok(Self::Failed),
            (Self::Completed | Self::Skipped, StepEvent::Resume) => Ok(self),
            (Self::Pending | Self::Running | Self::Failed, StepEvent::Resume) => Ok(Self::Pending),
            _ => Err(IllegalTransition { state: self.as_str(), event: event.as_str() }),
        }
    }
}

impl AttemptStatus {
    /// The state after `event`.
    ///
    /// # Errors
    /// When the attempt has ended already.
    pub fn next(self, event: AttemptEvent) -> Result<Self, IllegalTransition> {
        match (self, event) {
            (Self::Running, AttemptEvent::Complete) => Ok(Self::Completed),
            (Self::Running, AttemptEvent::Fail) => Ok(Self::Failed),
            (Self::Completed | Self::Failed, _) => {
                Err(IllegalTransition { state: self.as_str(), event: event.as_str() })
            }
        }
    }
}

impl StepEvent {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Complete => "complete",
            Self::Fail => "fail",
            Self::Skip => "be skipped",
            Self::Resume => "be resumed",
        }
    }
}

impl AttemptEvent {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Fail => "fail",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_goes_its_way_and_no_other() {
        use StepStatus::{Completed, Failed, Pending, Running, Skipped};
        const EVENTS: [StepEvent; 5] = [
            StepEvent::Start,
            StepEvent::Complete,
            StepEvent::Fail,
            StepEvent::Skip,
            StepEvent::Resume,
        ];
        let table = [
            (Pending, [Some(Running), None, Some(Failed), Some(Skipped), Some(Pending)]),
            (Running, [None, Some(Completed), Some(Failed), None, Some(Pending)]),
            (Completed, [None, None, None, None, Some(Completed)]),
            (Failed, [None, None, None, None, Some(Pending)]),
            (Skipped, [None, None, None, None, Some(Skipped)]),
        ];
        for (state, expected) in table {
            assert_eq!(EVENTS.map(|event| state.next(event).ok()), expected, "{state:?}");
        }
    }

    #[test]
    fn an_illegal_transition_names_both() {
        let error = StepStatus::Completed.next(StepEvent::Start).unwrap_err();
        assert_eq!(error.to_string(), "nothing that is completed can start");
        let error = AttemptStatus::Failed.next(AttemptEvent::Complete).unwrap_err();
        assert_eq!(error.to_string(), "nothing that is failed can complete");
    }
}
