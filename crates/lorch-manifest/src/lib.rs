//! Derives the manifest of a compiled step: everything that a backend needs to perform it.
//!
//! Pure: an instance, one of its steps, the record of the run and the outputs so far give the
//! [`StepManifest`](lorch_types::job::StepManifest), the same today and on replay. What `@run`
//! references bring in is data and never read again; `@secret` is left to the backend.

mod error;
mod key;
mod manifest;
mod prompt;
mod resolve;
mod upstream;
mod values;

pub use error::{ManifestError, ManifestErrorKind};
pub use manifest::{Outputs, manifest};
pub use upstream::upstream;
