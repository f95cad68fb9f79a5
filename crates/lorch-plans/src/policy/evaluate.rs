//! Asks a pack about a plan, within a budget.

use std::ffi::OsString;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::thread;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::input::Question;
use super::pack::{Pack, PackError};
use super::rego::Rego;
use super::worker::Apart;

/// How long a pack may take over one plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget(pub Duration);

/// Where packs of one's own are evaluated. Those that ship are known to end, and always evaluated in this
/// process.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Evaluator {
    /// In this process, for packs that are trusted.
    ///
    /// The clock is looked at between the steps of an evaluation, and one step can take for ever: values
    /// share their parts, so that a few lines make two that no computer can compare. Such a step keeps its
    /// thread after the plan was denied. Nothing bounds memory.
    #[default]
    Thread,
    /// In a process for each question, which is killed when its time is over and has bounded memory: the
    /// program and first arguments of one that calls [`policy_worker`](crate::policy_worker) when the
    /// next argument is `policy`.
    Process(Vec<OsString>),
}

/// What a pack says about a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// `allow` is true, and `deny` is empty.
    Allowed,
    /// The pack was asked and denies.
    Denied {
        /// Why; never empty.
        reasons: Vec<String>,
    },
    /// The pack could not be asked, which denies as well.
    None(PolicyFault),
}

/// A rule that every pack has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PackRule {
    /// Whether the plan is allowed: true or false.
    Allow,
    /// Why it is not: a set.
    Deny,
}

/// Why a pack has no verdict.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PolicyFault {
    /// There is no such pack.
    #[error("there is no pack of this name")]
    Missing,
    /// The pack cannot be used.
    #[error("{reason}")]
    Pack {
        /// Why.
        reason: String,
    },
    /// The pack does not prove itself on its own cases.
    #[error("it does not prove itself: {reason}")]
    Unproven {
        /// The first case that shows it.
        reason: String,
    },
    /// A rule has no value for this plan.
    #[error("`{}` is undefined", rule.as_str())]
    Undefined {
        /// Which.
        rule: PackRule,
    },
    /// A rule has a value of another kind than it must.
    #[error("`{}` is not {}", rule.as_str(), rule.kind())]
    Kind {
        /// Which.
        rule: PackRule,
    },
    /// Evaluating failed.
    #[error("it failed: {reason}")]
    Failed {
        /// Why.
        reason: String,
    },
    /// It took longer than it may.
    #[error("it took longer than {} ms", budget.as_millis())]
    Budget {
        /// How long it may take.
        budget: Duration,
    },
    /// It wanted more memory than it may have.
    #[error("it needs more than {} MiB of memory", limit >> 20)]
    Memory {
        /// How many bytes it may have.
        limit: usize,
    },
    /// It was not asked, since it took too long over other cases of its own.
    #[error("it was not asked: its cases before took longer than {} ms together", budget.as_millis())]
    Unasked {
        /// How long all cases may take together.
        budget: Duration,
    },
}

impl PackRule {
    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Deny => "deny",
        }
    }

    /// What its value must be.
    const fn kind(self) -> &'static str {
        match self {
            Self::Allow => "true or false",
            Self::Deny => "a set of reasons",
        }
    }
}

impl PolicyFault {
    pub(super) fn failed(reason: &str) -> Self {
        Self::Failed { reason: reason.to_owned() }
    }
}

impl From<PackError> for PolicyFault {
    fn from(error: PackError) -> Self {
        Self::Pack { reason: error.to_string() }
    }
}

impl Default for Budget {
    fn default() -> Self {
        Self(Duration::from_secs(2))
    }
}

impl Budget {
    /// How long whoever asked waits: longer than an evaluation that ends by itself, as most do.
    pub(super) fn with_grace(self) -> Duration {
        self.0.saturating_add(Duration::from_secs(1))
    }

    /// How long all cases of a pack may take together.
    pub(super) fn of_all_cases(self) -> Duration {
        self.0.saturating_mul(5)
    }
}

/// A pack that can be asked as often as wanted.
#[derive(Clone, Debug)]
pub(super) enum Prepared {
    /// In a thread of this process.
    Here(Box<Rego>),
    /// In a process of its own.
    Apart(Apart),
}

impl Prepared {
    pub(super) fn of(pack: &Pack, evaluator: &Evaluator) -> Result<Self, PolicyFault> {
        match evaluator {
            Evaluator::Process(worker) if !pack.ships() => {
                Ok(Self::Apart(Apart::of(pack, worker.clone())))
            }
            Evaluator::Process(_) | Evaluator::Thread => {
                Rego::of(pack.name(), pack.rego()).map(|rego| Self::Here(Box::new(rego)))
            }
        }
    }

    /// What the pack says.
    pub(super) fn evaluate(&self, question: &Question<'_>, budget: Budget) -> Verdict {
        match self {
            Self::Here(rego) => in_thread(rego, question, budget),
            Self::Apart(apart) => apart.evaluate(question, budget),
        }
    }
}

/// What `rego` says; a single step that never ends is left alone in its thread, and the plan is denied.
fn in_thread(rego: &Rego, question: &Question<'_>, budget: Budget) -> Verdict {
    // Rules that use each other in a long row nest as deep.
    const STACK: usize = 256 << 20;
    let (answer, asked) = sync_channel(1);
    let (mut rego, input) = (rego.clone(), question.prepared().clone());
    let thread =
        thread::Builder::new().name("policy".to_owned()).stack_size(STACK).spawn(move || {
            let verdict = guarded(|| rego.ask(input, budget));
            // Whoever asked may have stopped waiting.
            let _ = answer.send(verdict);
        });
    if thread.is_err() {
        return Verdict::None(PolicyFault::failed("no thread can be started"));
    }
    match asked.recv_timeout(budget.with_grace()) {
        Ok(Some(verdict)) => verdict,
        Ok(None) | Err(RecvTimeoutError::Disconnected) => {
            Verdict::None(PolicyFault::failed("the evaluator panicked"))
        }
        Err(RecvTimeoutError::Timeout) => Verdict::None(PolicyFault::Budget { budget: budget.0 }),
    }
}

/// What `work` gives; `None` when it panics.
pub(super) fn guarded<T>(work: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(work)).ok()
}
