//! Asks a pack about a plan, within a budget.

use std::num::NonZeroU32;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::thread;
use std::time::Duration;

use regorus::utils::limits::ExecutionTimerConfig;
use regorus::{Engine, Value};

use super::pack::{Pack, PackError};

/// How long a pack may take over one plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget(pub Duration);

/// What a pack says about a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
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

/// Why a pack has no verdict.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
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
    #[error("`{rule}` is undefined")]
    Undefined {
        /// Which: `allow` or `deny`.
        rule: &'static str,
    },
    /// A rule has a value of another kind than it must.
    #[error("`{rule}` is not {expected}")]
    Kind {
        /// Which.
        rule: &'static str,
        /// What it must be.
        expected: &'static str,
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

/// A pack that was read by the evaluator, to be asked as often as wanted.
#[derive(Clone, Debug)]
pub(super) struct Prepared {
    engine: Engine,
    allow: String,
    deny: String,
}

impl Prepared {
    pub(super) fn of(pack: &Pack) -> Result<Self, PolicyFault> {
        let fault = |reason: String| PolicyFault::Pack { reason };
        let mut engine = Engine::new();
        engine.set_strict_builtin_errors(true);
        // What a policy prints is no output of lorch.
        engine.set_gather_prints(true);
        let (file, text) = (format!("{}/policy.rego", pack.name()), pack.rego().to_owned());
        let package = guarded(|| engine.add_policy(file, text))
            .ok_or_else(|| fault("its Rego makes the reader fail".to_owned()))?
            .map_err(|error| fault(first_line(&error.to_string())))?;
        let expected = format!("data.{}", pack.name());
        if package != expected {
            let found = package.trim_start_matches("data.");
            return Err(fault(format!("its package is `{found}`, not `{}`", pack.name())));
        }
        Ok(Self { engine, allow: format!("{expected}.allow"), deny: format!("{expected}.deny") })
    }

    /// What the pack says about `input`.
    ///
    /// The evaluator looks at its clock between steps; a single step that never ends is left alone in
    /// its thread, and the plan is denied.
    pub(super) fn evaluate(&self, input: &Value, budget: Budget) -> Verdict {
        const GRACE: Duration = Duration::from_secs(1);
        // Rules that use each other in a long row nest as deep.
        const STACK: usize = 256 << 20;
        let (answer, asked) = sync_channel(1);
        let (mut prepared, input) = (self.clone(), input.clone());
        let thread =
            thread::Builder::new().name("policy".to_owned()).stack_size(STACK).spawn(move || {
                let verdict = guarded(|| prepared.ask(input, budget));
                // Whoever asked may have stopped waiting.
                let _ = answer.send(verdict);
            });
        let failed =
            |reason: &str| Verdict::None(PolicyFault::Failed { reason: reason.to_owned() });
        if thread.is_err() {
            return failed("no thread can be started");
        }
        match asked.recv_timeout(budget.0.saturating_add(GRACE)) {
            Ok(Some(verdict)) => verdict,
            Ok(None) | Err(RecvTimeoutError::Disconnected) => failed("the evaluator panicked"),
            Err(RecvTimeoutError::Timeout) => {
                Verdict::None(PolicyFault::Budget { budget: budget.0 })
            }
        }
    }

    fn ask(&mut self, input: Value, budget: Budget) -> Verdict {
        self.engine.set_execution_timer_config(ExecutionTimerConfig {
            limit: budget.0,
            check_interval: NonZeroU32::MIN.saturating_add(255),
        });
        self.engine.set_input(input);
        let (allow, deny) = (self.allow.clone(), self.deny.clone());
        let asked = self
            .rule("deny", deny, budget)
            .and_then(|deny| Ok((deny, self.rule("allow", allow, budget)?)));
        match asked {
            Ok((deny, allow)) => verdict(&allow, &deny),
            Err(fault) => Verdict::None(fault),
        }
    }

    fn rule(
        &mut self,
        rule: &'static str,
        path: String,
        budget: Budget,
    ) -> Result<Value, PolicyFault> {
        match self.engine.eval_rule(path) {
            Ok(Value::Undefined) => Err(PolicyFault::Undefined { rule }),
            Ok(value) => Ok(value),
            Err(error) => {
                let reason = first_line(&error.to_string());
                Err(if reason.contains("exceeded time limit") || reason.contains("time limit") {
                    PolicyFault::Budget { budget: budget.0 }
                } else if reason.contains("not a valid rule path") {
                    PolicyFault::Undefined { rule }
                } else {
                    PolicyFault::Failed { reason }
                })
            }
        }
    }
}

/// What the values of the two rules mean together.
fn verdict(allow: &Value, deny: &Value) -> Verdict {
    let reasons: Vec<String> = match deny {
        Value::Set(reasons) => reasons.iter().map(reason).collect(),
        Value::Array(reasons) => reasons.iter().map(reason).collect(),
        _ => {
            let expected = "a set of reasons";
            return Verdict::None(PolicyFault::Kind { rule: "deny", expected });
        }
    };
    match (allow, reasons.is_empty()) {
        (Value::Bool(true), true) => Verdict::Allowed,
        (Value::Bool(false), true) => {
            Verdict::Denied { reasons: vec!["`allow` is false".to_owned()] }
        }
        (Value::Bool(_), false) => Verdict::Denied { reasons },
        _ => Verdict::None(PolicyFault::Kind { rule: "allow", expected: "true or false" }),
    }
}

/// A reason as its author wrote it; one that is no text, as JSON.
fn reason(value: &Value) -> String {
    match value.as_string() {
        Ok(text) => text.to_string(),
        Err(_) => value.to_string(),
    }
}

/// What `work` gives; `None` when it panics.
fn guarded<T>(work: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(work)).ok()
}

/// The words of an error of the evaluator, without the excerpt of the source around them.
fn first_line(error: &str) -> String {
    let said = error.lines().map(str::trim).filter(|line| !line.is_empty());
    let told = said.clone().find_map(|line| line.strip_prefix("error: "));
    told.or_else(|| said.clone().next()).unwrap_or("no reason is given").to_owned()
}
