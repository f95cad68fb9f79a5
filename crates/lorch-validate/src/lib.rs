//! Judges every document of lorch: one at a time, or as a stream of lines.
//!
//! A document that its Rust type accepts is valid, and no JSON Schema is compiled to find that out.
//! One that it refuses is checked again against the schema that was generated from the type, which
//! finds every violation; the two agree, and a document is never accepted where they would not.
//!
//! In reading order: [`validate_document`] judges the document of a file and [`validate_stream`]
//! NDJSON line by line; [`Validator`] judges a value of a known kind, [`detect`](fn@detect) finds the
//! kind out; [`CustomValidator`] judges by a schema of somebody's own; [`together`] looks at many
//! documents at once: whether what one says about another holds; [`migrate`] brings those of earlier
//! versions up to the one of today. [`Violation`] says what is wrong,
//! and [`report`] writes that for people and programs. `matcher` is the quick way of streams, and [`QuickMatcher`] of others;
//! `schema` and `explain` turn what the JSON Schema library finds into sentences.

mod catalog;
mod custom;
mod detect;
mod document;
mod embedded;
mod explain;
mod fields;
mod matcher;
pub mod migrate;
mod near;
mod quick;
pub mod report;
mod schema;
mod stream;
pub mod together;
mod unusable;
mod validator;
mod violation;

pub use catalog::catalog;
pub use custom::CustomValidator;
pub use detect::{Unrecognized, detect};
pub use document::{Verdict, validate_document};
pub use embedded::embedded_schema;
pub use quick::QuickMatcher;
pub use stream::{Line, StreamOptions, StreamSummary, begins_foreign, validate_stream};
pub use unusable::UnusableSchema;
pub use validator::Validator;
pub use violation::{Family, Violation};

/// The examples of the page about validation are tested with those of the crate.
#[cfg(doctest)]
#[allow(
    rustdoc::invalid_codeblock_attributes,
    reason = "the page names the files of other examples"
)]
#[doc = include_str!("../../../docs/validation.md")]
struct Page;
