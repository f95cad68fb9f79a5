//! How a command can end badly, and the exit status that says so.

use std::borrow::Cow;
use std::io;
use std::process::ExitCode;

use lorch_engine::EngineError;
use lorch_plans::PlanError;
use lorch_store::StoreError;

/// Why a command did not do what it was asked to.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The work or the document failed, and why has been said already.
    Reported,
    /// A file cannot be read, and why has been said already.
    Unreadable,
    /// The work failed.
    Work(anyhow::Error),
    /// The command was used wrongly, or a file cannot be read.
    Usage(anyhow::Error),
    /// It waits for a person, and what for has been said already.
    Waiting,
    /// A person stopped it.
    Interrupted,
    /// A program that ran in its place ended with this exit status.
    Ended(u8),
}

/// What a command comes to.
pub(crate) type Outcome = Result<(), Failure>;

impl Failure {
    /// A failure for using the command wrongly.
    pub(crate) fn usage(message: impl std::fmt::Display) -> Self {
        Self::Usage(anyhow::anyhow!("{message}"))
    }

    /// A failure of the work.
    pub(crate) fn work(message: impl std::fmt::Display) -> Self {
        Self::Work(anyhow::anyhow!("{message}"))
    }

    /// The failure to write a result.
    pub(crate) fn output(error: io::Error) -> Self {
        Self::Work(anyhow::Error::new(error).context("cannot write to standard output"))
    }

    /// What is still to be told.
    pub(crate) fn message(&self) -> Option<String> {
        match self {
            Self::Work(error) | Self::Usage(error) => Some(format!("{error:#}")),
            Self::Reported
            | Self::Unreadable
            | Self::Waiting
            | Self::Interrupted
            | Self::Ended(_) => None,
        }
    }
}

/// The exit status of every outcome.
pub(crate) fn status(outcome: &Outcome) -> ExitCode {
    ExitCode::from(match outcome {
        Ok(()) => 0,
        Err(Failure::Reported | Failure::Work(_)) => 1,
        Err(Failure::Usage(_) | Failure::Unreadable) => 2,
        Err(Failure::Waiting) => 3,
        Err(Failure::Interrupted) => 130,
        Err(Failure::Ended(status)) => *status,
    })
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        use StoreError as E;
        let help: Option<Cow<'_, str>> = match &error {
            E::NotADatabase { .. } | E::Foreign { .. } => {
                Some("`[store] path = …` in lorch.toml says where runs are recorded".into())
            }
            E::NoSuchRun { .. } => Some("`lorch runs` lists the runs of this workspace".into()),
            E::Held { .. } | E::PlanRunHeld { .. } => {
                Some("wait for it to end, or end that process; then try again".into())
            }
            E::LeaseLost { run_id, .. } => {
                Some(format!("`lorch show {run_id}` says what came of it").into())
            }
            E::PlanChanged { plan_id } => {
                Some(format!("`lorch plan show {plan_id}` says what has become of it").into())
            }
            E::PlanExists { .. } => {
                Some("give it a new id, which takes the old one's place".into())
            }
            _ => None,
        };
        let usage = matches!(
            error,
            E::NoSuchRun { .. }
                | E::NoSuchPlan { .. }
                | E::NoSuchPlanRun { .. }
                | E::NoSuchTask { .. }
                | E::Open { .. }
                | E::NotADatabase { .. }
                | E::Foreign { .. }
                | E::Newer { .. }
                | E::ReadOnly
        );
        let help = help.map(|help| format!("\n  = help: {help}"));
        let mut told = anyhow::Error::new(error);
        if let Some(help) = help {
            told = anyhow::anyhow!("{told:#}{help}");
        }
        if usage { Self::Usage(told) } else { Self::Work(told) }
    }
}

impl From<EngineError> for Failure {
    fn from(error: EngineError) -> Self {
        match error {
            EngineError::Store(error) => error.into(),
            other => Self::Work(other.into()),
        }
    }
}

impl From<PlanError> for Failure {
    fn from(error: PlanError) -> Self {
        match error {
            PlanError::Store(error) => error.into(),
            other => Self::Work(other.into()),
        }
    }
}
