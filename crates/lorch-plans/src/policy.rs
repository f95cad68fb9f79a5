//! Policies: packs of Rego that allow a plan or deny it.
//!
//! A plan passes a pack when `allow` is true and `deny` is empty. Whatever else happens denies: a pack
//! that is missing or cannot be read, that does not prove itself on its own cases, whose rules are
//! undefined, fail, or take too long.

mod evaluate;
mod input;
mod pack;
mod proof;
mod rego;
mod shipped;
mod worker;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Mutex;

use lorch_types::diagnostic::Diagnostic;
use lorch_types::plan::TaskSpec;
use lorch_types::pointer::Pointer;
use lorch_types::{Digest, SmolStr};

use crate::finding::Rule;
use evaluate::Prepared;
use input::Question;

pub use evaluate::{Budget, Evaluator, PackRule, PolicyFault, Verdict};
pub(crate) use input::bound;
pub use input::{Entry, InvalidCase, PolicyInput};
pub use pack::{Case, Must, Pack, PackError, PackName};
pub use proof::{CaseOutcome, Proof};
pub use shipped::shipped;
pub use worker::policy_worker;

/// The pack that plans are judged by when their task names none.
pub const DEFAULT_POLICY: &str = "production_safety";

/// The packs of a workspace and those that ship, each read and proven when it is first asked.
#[derive(Debug)]
pub struct Policies {
    folder: Option<PathBuf>,
    budget: Budget,
    evaluator: Evaluator,
    ready: Mutex<BTreeMap<SmolStr, Result<Ready, PolicyFault>>>,
}

/// A pack that has proven itself.
#[derive(Clone, Debug)]
struct Ready {
    digest: Digest,
    prepared: Prepared,
}

/// What each pack says about a plan.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdicts {
    /// In the order in which the task names them.
    pub packs: Vec<PackVerdict>,
}

/// What one pack says about a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PackVerdict {
    /// The pack, as the task names it.
    pub name: SmolStr,
    /// The digest of the pack, when it is there and has proven itself.
    pub digest: Option<Digest>,
    /// What it says.
    pub verdict: Verdict,
}

impl Policies {
    /// The packs in the folders of `folder`, and those that ship, evaluated in this process.
    pub fn new(folder: Option<PathBuf>, budget: Budget) -> Self {
        Self { folder, budget, evaluator: Evaluator::default(), ready: Mutex::default() }
    }

    /// The same, evaluated by `evaluator`.
    #[must_use]
    pub fn evaluated_by(self, evaluator: Evaluator) -> Self {
        Self { evaluator, ..self }
    }

    /// What the packs that `spec` names say about `input`.
    pub fn judge(&self, spec: &TaskSpec, input: &PolicyInput) -> Verdicts {
        let named = spec.validation.as_ref().and_then(|rules| rules.policies.as_deref());
        let default = [SmolStr::new_static(DEFAULT_POLICY)];
        // To name no policy at all is to name none in particular.
        let names = named.filter(|names| !names.is_empty()).unwrap_or(&default);
        let question = Question::about(input);
        let packs = names.iter().map(|name| match self.ready(name) {
            Ok(Ready { digest, prepared }) => PackVerdict {
                name: name.clone(),
                digest: Some(digest),
                verdict: prepared.evaluate(&question, self.budget),
            },
            Err(fault) => {
                PackVerdict { name: name.clone(), digest: None, verdict: Verdict::None(fault) }
            }
        });
        Verdicts { packs: packs.collect() }
    }

    /// The pack of this name, which is read and proven once.
    fn ready(&self, name: &SmolStr) -> Result<Ready, PolicyFault> {
        let mut all = self.ready.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        all.entry(name.clone()).or_insert_with(|| self.make_ready(name)).clone()
    }

    fn make_ready(&self, name: &str) -> Result<Ready, PolicyFault> {
        let pack = self.find(name)?;
        let proof = pack.prove(self.budget, &self.evaluator);
        if let Some(reason) = proof.refusal() {
            return Err(PolicyFault::Unproven { reason });
        }
        let prepared = Prepared::of(&pack, &self.evaluator)?;
        Ok(Ready { digest: pack.digest().clone(), prepared })
    }

    fn find(&self, name: &str) -> Result<Pack, PolicyFault> {
        let name: PackName =
            name.parse().map_err(|error| PolicyFault::Pack { reason: format!("{error}") })?;
        let own = self.folder.as_ref().map(|folder| folder.join(name.as_str()));
        let own = own.filter(|folder| folder.is_dir());
        match (own, shipped(&name)) {
            (Some(folder), Some(ships)) => {
                let (own, ships) = (Pack::read(&folder)?, ships?);
                if own.digest() == ships.digest() {
                    return Ok(ships);
                }
                let reason = "another pack of this name ships with lorch: give yours another name";
                Err(PolicyFault::Pack { reason: reason.to_owned() })
            }
            (None, Some(pack)) => pack.map_err(PolicyFault::from),
            (Some(folder), None) => Pack::read(&folder).map_err(PolicyFault::from),
            (None, None) => Err(PolicyFault::Missing),
        }
    }
}

impl Verdicts {
    /// Whether every pack allows the plan; never true of no pack.
    pub fn allow(&self) -> bool {
        !self.packs.is_empty() && self.packs.iter().all(|it| it.verdict == Verdict::Allowed)
    }

    /// The digests of the packs, by name; of one that is not there nothing.
    pub fn digests(&self) -> BTreeMap<SmolStr, Digest> {
        let digest = |it: &PackVerdict| Some((it.name.clone(), it.digest.clone()?));
        self.packs.iter().filter_map(digest).collect()
    }

    /// What they say against the plan.
    pub fn findings(&self) -> Vec<Diagnostic> {
        let mut found = Vec::new();
        let at = || Pointer::root().join("payload");
        for PackVerdict { name, verdict, .. } in &self.packs {
            match verdict {
                Verdict::Allowed => {}
                Verdict::Denied { reasons } => found.extend(
                    reasons.iter().map(|it| Rule::Denied.error(at(), format!("`{name}`: {it}"))),
                ),
                Verdict::None(fault) => {
                    let message = format!("the policy `{name}` denies: {fault}");
                    let finding = Rule::NoVerdict.error(at(), message);
                    found.push(match help(name, fault) {
                        Some(help) => finding.with_help(help),
                        None => finding,
                    });
                }
            }
        }
        if self.packs.is_empty() {
            found.push(Rule::NoVerdict.error(at(), "no policy was asked"));
        }
        found
    }
}

/// What to do about a pack that has no verdict, where that is clear.
fn help(name: &str, fault: &PolicyFault) -> Option<String> {
    match fault {
        PolicyFault::Missing => Some(format!(
            "it would be the folder `policies/{name}`; `production_safety` and \
             `tool_authorization` ship with lorch"
        )),
        PolicyFault::Unproven { .. } | PolicyFault::Pack { .. } => {
            Some(format!("`lorch policy test policies/{name}` says more"))
        }
        PolicyFault::Undefined { .. }
        | PolicyFault::Kind { .. }
        | PolicyFault::Failed { .. }
        | PolicyFault::Budget { .. }
        | PolicyFault::Memory { .. }
        | PolicyFault::Unasked { .. } => None,
    }
}
