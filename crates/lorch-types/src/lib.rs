//! The data model of lorch: documents as Rust types, and the text they are made of.
//!
//! Pure: no clock, no randomness, no environment, no input or output. A service that wants only the
//! documents depends on this crate alone.
//!
//! In reading order: [`json`] holds values, the strict reader and canonical JSON ([`yaml`], behind
//! the feature of that name, reads YAML into the same values); [`mod@pointer`], [`place`] and
//! [`diagnostic`] say where something stands and what is wrong there; [`mod@reference`], [`template`]
//! and [`condition`] are the reference language; [`machine`] says which state leads to which; [`job`],
//! [`agent`] and [`plan`] hold the documents of the three families; [`schema`] gives the JSON Schema
//! of each, and [`kind`] tells them apart. A [`Redactor`] takes secrets out of text and values.

pub mod agent;
mod bounded;
pub mod condition;
pub mod diagnostic;
mod digest;
mod id;
pub mod job;
pub mod json;
pub mod kind;
mod listing;
pub mod machine;
mod optional;
pub mod place;
pub mod plan;
pub mod pointer;
mod redact;
pub mod reference;
pub mod schema;
pub mod template;
mod text_rule;
mod timestamp;
#[cfg(feature = "yaml")]
pub mod yaml;

pub use bounded::{
    AgentPriority, Amount, MAX_SAFE_INTEGER, NaturalInteger, Percent, PositiveInteger, Priority,
    WholePercent,
};
pub use digest::{Digest, Hasher, IdempotencyKey};
pub use id::InvalidId;
pub use kind::Kind;
pub use redact::Redactor;
pub use smol_str::{SmolStr, format_smolstr};
pub use text_rule::{TextRule, text_rules};
pub use timestamp::Timestamp;
