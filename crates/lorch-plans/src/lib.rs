//! Plans: whether one may be put before a person, and whether it may be carried out.
//!
//! In reading order: a [`Contract`] is what a task demands of its plans; [`validate`] judges a plan by
//! it, purely: its schema, the verdict of policies that was given, and the rules of `safety`, which
//! reads conditions through `conditions`. [`Finding`]s have stable codes, a place and help; a [`Score`]
//! has its reasons.

mod conditions;
mod contract;
mod finding;
mod policy;
mod safety;
mod score;
mod validate;

pub use contract::Contract;
pub use finding::{Rule, TASK_FILE};
pub use policy::{
    Budget, Case, CaseOutcome, DEFAULT_POLICY, Entry, InvalidCase, Must, Pack, PackError, PackName,
    PackVerdict, Policies, PolicyFault, PolicyInput, Proof, Verdict, Verdicts, shipped,
};
pub use score::{Evidence, Part, Score};
pub use validate::{Setting, Validation, validate};
