//! One file of Rego, and what its rules say about an input.

use std::num::NonZeroU32;
use std::time::{Duration, Instant};

use regorus::utils::limits::ExecutionTimerConfig;
use regorus::{Engine, Value};

use super::evaluate::{Budget, PackRule, PolicyFault, Verdict, guarded};
use super::pack::PackName;

/// The Rego of a pack as the evaluator has read it.
#[derive(Clone, Debug)]
pub(super) struct Rego {
    engine: Engine,
    package: String,
}

/// How much of what the evaluator says is told: it may quote values.
const MESSAGE_CHARACTERS: usize = 600;

impl Rego {
    /// The Rego of the pack `name`, whose package must be that name.
    pub(super) fn of(name: &PackName, text: &str) -> Result<Self, PolicyFault> {
        let fault = |reason: String| PolicyFault::Pack { reason };
        let mut engine = Engine::new();
        engine.set_strict_builtin_errors(true);
        // What a policy prints is no output of lorch.
        engine.set_gather_prints(true);
        let file = format!("{name}/policy.rego");
        let package = guarded(|| engine.add_policy(file, text.to_owned()))
            .ok_or_else(|| fault("its Rego makes the reader fail".to_owned()))?
            .map_err(|error| fault(first_line(&error.to_string())))?;
        if package != format!("data.{name}") {
            let found = package.trim_start_matches("data.");
            return Err(fault(format!("its package is `{found}`, not `{name}`")));
        }
        Ok(Self { engine, package })
    }

    /// What its rules say about `input`. The evaluator looks at its clock between steps.
    pub(super) fn ask(&mut self, input: Value, budget: Budget) -> Verdict {
        let begun = Instant::now();
        self.engine.set_input(input);
        let mut ask = |rule| {
            let left = budget.0.saturating_sub(begun.elapsed());
            self.value(rule, left).map_err(|fault| match fault {
                PolicyFault::Budget { .. } => PolicyFault::Budget { budget: budget.0 },
                other => other,
            })
        };
        let asked = ask(PackRule::Deny).and_then(|deny| Ok((deny, ask(PackRule::Allow)?)));
        match asked {
            Ok((deny, allow)) => verdict(&allow, &deny),
            Err(fault) => Verdict::None(fault),
        }
    }

    fn value(&mut self, rule: PackRule, limit: Duration) -> Result<Value, PolicyFault> {
        self.engine.set_execution_timer_config(ExecutionTimerConfig {
            limit,
            check_interval: NonZeroU32::MIN.saturating_add(255),
        });
        match self.engine.eval_rule(format!("{}.{}", self.package, rule.as_str())) {
            Ok(Value::Undefined) => Err(PolicyFault::Undefined { rule }),
            Ok(value) => Ok(value),
            Err(error) => {
                let reason = first_line(&error.to_string());
                Err(if reason.contains("time limit") {
                    PolicyFault::Budget { budget: limit }
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
        _ => return Verdict::None(PolicyFault::Kind { rule: PackRule::Deny }),
    };
    match (allow, reasons.is_empty()) {
        (Value::Bool(true), true) => Verdict::Allowed,
        (Value::Bool(false), true) => {
            Verdict::Denied { reasons: vec!["`allow` is false".to_owned()] }
        }
        (Value::Bool(_), false) => Verdict::Denied { reasons },
        _ => Verdict::None(PolicyFault::Kind { rule: PackRule::Allow }),
    }
}

/// A reason as its author wrote it; one that is no text, as JSON.
fn reason(value: &Value) -> String {
    match value.as_string() {
        Ok(text) => text.to_string(),
        Err(_) => value.to_string(),
    }
}

/// The words of an error of the evaluator, without the excerpt of the source around them.
fn first_line(error: &str) -> String {
    let said = error.lines().map(str::trim).filter(|line| !line.is_empty());
    let told = said.clone().find_map(|line| line.strip_prefix("error: "));
    let line = told.or_else(|| said.clone().next()).unwrap_or("no reason is given");
    line.chars().take(MESSAGE_CHARACTERS).collect()
}
