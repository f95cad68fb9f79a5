//! A pack proves itself on its own cases.

use std::time::Instant;

use lorch_types::SmolStr;

use super::evaluate::{Budget, Evaluator, PolicyFault, Prepared, Verdict};
use super::input::Question;
use super::pack::{Must, Pack};

/// What a pack did with its own cases.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// Case by case.
    pub cases: Vec<CaseOutcome>,
}

/// What a pack did with a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseOutcome {
    /// The file of the case.
    pub file: SmolStr,
    /// What the pack must do with it.
    pub must: Must,
    /// What it says.
    pub verdict: Verdict,
}

impl Pack {
    /// Asks the pack about each of its cases, until together they have taken five times the budget of one.
    pub fn prove(&self, budget: Budget, evaluator: &Evaluator) -> Proof {
        let prepared = Prepared::of(self, evaluator);
        let (begun, most) = (Instant::now(), budget.of_all_cases());
        let outcome = |case: &super::Case| {
            let verdict = match &prepared {
                Ok(_) if begun.elapsed() > most => {
                    Verdict::None(PolicyFault::Unasked { budget: most })
                }
                Ok(prepared) => prepared.evaluate(&Question::about(&case.input), budget),
                Err(fault) => Verdict::None(fault.clone()),
            };
            CaseOutcome { file: case.file.clone(), must: case.must, verdict }
        };
        Proof { cases: self.cases().iter().map(outcome).collect() }
    }
}

impl CaseOutcome {
    /// Whether the pack did what it must. Not to be able to answer is no denial: a pack with a mistake
    /// in it would prove itself on every plan that it must deny.
    pub fn holds(&self) -> bool {
        match (self.must, &self.verdict) {
            (Must::Deny, Verdict::Denied { .. }) | (Must::Allow, Verdict::Allowed) => true,
            (Must::Deny, Verdict::Allowed | Verdict::None(_))
            | (Must::Allow, Verdict::Denied { .. } | Verdict::None(_)) => false,
        }
    }

    /// What the pack says, in words.
    pub fn said(&self) -> String {
        match &self.verdict {
            Verdict::Allowed => "allows".to_owned(),
            Verdict::Denied { reasons } => format!("denies: {}", reasons.join("; ")),
            Verdict::None(fault) => format!("no verdict: {fault}"),
        }
    }
}

impl Proof {
    /// Whether the pack may be used.
    pub fn holds(&self) -> bool {
        self.refusal().is_none()
    }

    /// Why the pack may not be used; `None` when it has proven itself.
    pub fn refusal(&self) -> Option<String> {
        for must in Must::ALL {
            if !self.cases.iter().any(|case| case.must == must) {
                return Some(format!("it has no case that it must {}", must.as_str()));
            }
        }
        let wrong = self.cases.iter().find(|case| !case.holds())?;
        let must = wrong.must.as_str();
        Some(format!("{must}/{}: {}", wrong.file, wrong.said()))
    }
}
