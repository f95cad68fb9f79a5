//! Whether a plan may be put before a person: schema, policy and safety, each with its findings.

use lorch_backends::config::Tools;
use lorch_types::diagnostic::{Diagnostic, Severity};
use lorch_types::json::{Value, from_value};
use lorch_types::plan::{Metrics, Plan, PlanValidation};
use lorch_types::{Kind, SmolStr};
use lorch_validate::Validator;

use crate::contract::Contract;
use crate::score::{Evidence, Score};
use crate::{safety, score};

/// What a plan is judged by, beside itself.
#[derive(Clone, Copy, Debug)]
pub struct Setting<'a> {
    /// What the task demands.
    pub contract: Contract<'a>,
    /// The tools that there are.
    pub tools: &'a Tools,
    /// The metrics that there are.
    pub metrics: &'a Metrics,
    /// What speaks for the plan beside what it says.
    pub evidence: Evidence,
}

/// What came of validating a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Validation {
    /// The plan, when its schema is kept.
    pub plan: Option<Plan>,
    /// Where it breaks its schema.
    pub schema: Vec<Diagnostic>,
    /// What policies say against it.
    pub policy: Vec<Diagnostic>,
    /// What the built-in rules say, warnings included.
    pub safety: Vec<Diagnostic>,
    /// How good it is, and why.
    pub score: Score,
}

/// Validates `plan`. `policy` is what policies say against it, nothing when all of them allow it; see
/// [`Policies::judge`](crate::Policies::judge).
///
/// A plan that breaks its schema is judged no further.
pub fn validate(plan: &Value, setting: &Setting<'_>, policy: Vec<Diagnostic>) -> Validation {
    match from_value::<Plan>(plan) {
        Ok(plan) => judge(plan, setting, policy),
        Err(_) => {
            let violations = Validator::for_kind(Kind::Plan).validate(plan);
            Validation {
                plan: None,
                schema: violations.iter().map(|it| it.diagnostic()).collect(),
                policy: Vec::new(),
                safety: Vec::new(),
                score: Score::default(),
            }
        }
    }
}

fn judge(plan: Plan, setting: &Setting<'_>, policy: Vec<Diagnostic>) -> Validation {
    let safety = safety::check(&plan, setting);
    let score = score::score(&plan, setting, &policy, &safety);
    Validation { plan: Some(plan), schema: Vec::new(), policy, safety, score }
}

impl Validation {
    /// Whether the plan keeps its schema.
    pub fn schema_valid(&self) -> bool {
        self.plan.is_some()
    }

    /// Whether every policy allows it.
    pub fn opa_valid(&self) -> bool {
        self.schema_valid() && self.policy.is_empty()
    }

    /// Whether it keeps the built-in rules; warnings do not count.
    pub fn safety_valid(&self) -> bool {
        self.schema_valid() && !self.safety.iter().any(|it| it.severity == Severity::Error)
    }

    /// Whether it may be put before a person.
    pub fn overall_valid(&self) -> bool {
        self.schema_valid() && self.opa_valid() && self.safety_valid()
    }

    /// Everything that was found, part by part.
    pub fn findings(&self) -> impl Iterator<Item = &Diagnostic> {
        self.schema.iter().chain(&self.policy).chain(&self.safety)
    }

    /// The first thing that the plan may not be put before a person for, in words.
    pub fn first_error(&self) -> Option<String> {
        let error = self.findings().find(|it| it.severity == Severity::Error);
        error.map(|error| error.message.clone())
    }

    /// The same as the document that a plan carries; what was not judged is absent from it.
    pub fn document(&self) -> PlanValidation {
        let errors = |found: &[Diagnostic]| -> Vec<SmolStr> {
            let errors = found.iter().filter(|it| it.severity == Severity::Error);
            errors.map(|it| it.to_string().into()).collect()
        };
        let judged = self.schema_valid();
        PlanValidation {
            schema_valid: Some(judged),
            schema_errors: Some(errors(&self.schema)),
            opa_valid: judged.then(|| self.opa_valid()),
            opa_violations: judged.then(|| errors(&self.policy)),
            safety_valid: judged.then(|| self.safety_valid()),
            safety_violations: judged.then(|| errors(&self.safety)),
            overall_valid: Some(self.overall_valid()),
        }
    }
}
