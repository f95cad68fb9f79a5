//! What an agent of the command line is for.

use clap::ValueEnum;
use lorch_types::agent::AgentType;

use crate::exit::{Failure, Outcome};

/// What an agent is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Role {
    /// It writes code and tests.
    Builder,
    /// It judges what a builder wrote.
    Reviewer,
    /// It keeps the specification.
    #[value(name = "spec_maintainer", alias = "spec-maintainer")]
    SpecMaintainer,
    /// It makes tasks of wishes.
    Orchestration,
}

impl Role {
    pub(super) fn agent_type(self) -> AgentType {
        match self {
            Self::Builder => AgentType::Builder,
            Self::Reviewer => AgentType::Reviewer,
            Self::SpecMaintainer => AgentType::SpecMaintainer,
            Self::Orchestration => AgentType::Orchestration,
        }
    }

    /// Refuses what no program can do whose answer is plain text.
    pub(super) fn does_work(self) -> Outcome {
        match self {
            Self::Builder | Self::Reviewer | Self::SpecMaintainer => Ok(()),
            Self::Orchestration => Err(Failure::usage(
                "tasks cannot be made of plain text: orchestration needs an agent of its own",
            )),
        }
    }
}
