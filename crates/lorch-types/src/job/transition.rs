//! The life of an attempt and of a step: which event leads from which state to which.

use super::{AttemptStatus, StepStatus};
use crate::machine::{Machine, lives};

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

impl StepStatus {
    /// Every state, in the order of a life without trouble.
    pub const ALL: [Self; 5] =
        [Self::Pending, Self::Running, Self::Completed, Self::Failed, Self::Skipped];

    /// The life of a step, over all attempts at its run.
    pub const MACHINE: Machine<Self, StepEvent> = Machine {
        subject: "step",
        states: &Self::ALL,
        edges: &[
            (Self::Pending, StepEvent::Start, Self::Running),
            (Self::Pending, StepEvent::Fail, Self::Failed),
            (Self::Pending, StepEvent::Skip, Self::Skipped),
            (Self::Pending, StepEvent::Resume, Self::Pending),
            (Self::Running, StepEvent::Complete, Self::Completed),
            (Self::Running, StepEvent::Fail, Self::Failed),
            (Self::Running, StepEvent::Resume, Self::Pending),
            (Self::Completed, StepEvent::Resume, Self::Completed),
            (Self::Failed, StepEvent::Resume, Self::Pending),
            (Self::Skipped, StepEvent::Resume, Self::Skipped),
        ],
        notes: &["A new attempt keeps what completed or was skipped, and begins the rest anew."],
    };
}

impl AttemptStatus {
    /// Every state, in the order of a life without trouble.
    pub const ALL: [Self; 3] = [Self::Running, Self::Completed, Self::Failed];

    /// The life of an attempt.
    pub const MACHINE: Machine<Self, AttemptEvent> = Machine {
        subject: "attempt",
        states: &Self::ALL,
        edges: &[
            (Self::Running, AttemptEvent::Complete, Self::Completed),
            (Self::Running, AttemptEvent::Fail, Self::Failed),
        ],
        notes: &[],
    };
}

impl StepEvent {
    /// The event as a verb.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Complete => "complete",
            Self::Fail => "fail",
            Self::Skip => "skip",
            Self::Resume => "resume",
        }
    }
}

impl AttemptEvent {
    /// The event as a verb.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Fail => "fail",
        }
    }
}

lives!(StepStatus, StepEvent);
lives!(AttemptStatus, AttemptEvent);
