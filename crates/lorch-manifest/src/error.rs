//! Why a step has no manifest.

use lorch_types::job::{ErrorCode, ErrorInfo, JobStepInstance, StepPath};
use lorch_types::json::ValueType;
use lorch_types::pointer::Pointer;
use lorch_types::reference::{FollowError, FollowErrorKind, Reference, ReferenceError};

/// Why a step has no manifest, and which value of it is to blame.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("step `{step}`{}: {kind}", place(pointer))]
pub struct ManifestError {
    /// The step.
    pub step: StepPath,
    /// The value, from the step on: `/params/rows/0`; the root when it is the step itself.
    pub pointer: Pointer,
    /// What is wrong.
    pub kind: Box<ManifestErrorKind>,
}

/// What keeps a step from having a manifest.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ManifestErrorKind {
    /// The step's condition was false when the job was compiled.
    #[error("it is skipped, and a skipped step is never dispatched")]
    Skipped,
    /// A string of the instance is neither a literal nor a reference nor a template.
    #[error(transparent)]
    Text(#[from] ReferenceError),
    /// A reference that compiling should have replaced.
    #[error("`{reference}` stands in an instance, where `@run` and `@secret` alone are left")]
    NotCompiled {
        /// The reference.
        reference: Reference,
    },
    /// A `@run` reference that does not begin with the name of a step.
    #[error("`{reference}` does not begin with the name of a step")]
    NotAStep {
        /// The reference.
        reference: Reference,
    },
    /// A `@run` reference to a step that the instance does not have.
    #[error("`{reference}` needs the output of `{step}`, and the instance has no such step")]
    UnknownStep {
        /// The reference.
        reference: Reference,
        /// The step it names.
        step: StepPath,
    },
    /// A `@run` reference to a step that does not come before.
    #[error("`{reference}` needs the output of step `{step}`, which does not come before")]
    LaterStep {
        /// The reference.
        reference: Reference,
        /// The step it names.
        step: StepPath,
    },
    /// A `@run` reference to a step that is skipped.
    #[error("`{reference}` needs the output of step `{step}`, which is skipped")]
    SkippedStep {
        /// The reference.
        reference: Reference,
        /// The step it names.
        step: StepPath,
    },
    /// A `@run` reference to an earlier step that has not completed.
    #[error("`{reference}` needs the output of step `{step}`, which failed or has not run")]
    NoOutput {
        /// The reference.
        reference: Reference,
        /// The step it names.
        step: StepPath,
    },
    /// A reference that leads to no value in an output or in the envelope.
    #[error("`{reference}` leads to no value: {lost}{}", available(lost))]
    Follow {
        /// The reference.
        reference: Reference,
        /// Where it got lost.
        lost: FollowError,
    },
    /// A value in a template that has no text.
    #[error(
        "`{reference}` is {}, and a text can hold strings, numbers and booleans only",
        found.with_article()
    )]
    NotText {
        /// The reference.
        reference: Reference,
        /// What it names.
        found: ValueType,
    },
    /// A `@secret` reference that is not `@secret.NAME`.
    #[error("`{reference}` names no secret: it is written `@secret.NAME`")]
    NotASecret {
        /// The reference.
        reference: Reference,
    },
    /// A secret in what makes up an idempotency key, which is stored.
    #[error("an idempotency key cannot be made of secrets")]
    SecretInKey,
    /// Scope `semantic` without a key.
    #[error("idempotency of scope `semantic` needs a `semantic_key`")]
    NoSemanticKey,
    /// A semantic key that is null, which would make all effects one.
    #[error("the semantic key is null, and null does not tell one effect from another")]
    NullKey,
    /// Scope `explicit` without a string in `params.idempotency_key`.
    #[error(
        "idempotency of scope `explicit` needs a string in `params.idempotency_key`, {}",
        found.map_or("which is absent".to_owned(), |found| format!("not {}", found.with_article()))
    )]
    ExplicitKey {
        /// What is there.
        found: Option<ValueType>,
    },
    /// The resolved params nest so deep that the manifest could not be read back.
    #[error("the resolved params nest so deep that the manifest would exceed {limit} levels")]
    TooDeep {
        /// The limit.
        limit: usize,
    },
}

fn place(pointer: &Pointer) -> String {
    if pointer.is_root() { String::new() } else { format!(" at `{pointer}`") }
}

/// The keys that are there instead of the one that is not, when they are few.
fn available(error: &FollowError) -> String {
    const SHOWN: usize = 6;
    match &error.kind {
        FollowErrorKind::Absent { available, .. } if (1..=SHOWN).contains(&available.len()) => {
            let names: Vec<_> =
                available.iter().map(|key| format!("`{}`", key.escape_debug())).collect();
            format!(" (it has {})", names.join(", "))
        }
        _ => String::new(),
    }
}

impl ManifestError {
    /// An error of the step as a whole.
    pub(crate) fn of(step: &JobStepInstance, kind: ManifestErrorKind) -> Self {
        Self { step: step.step_id.clone(), pointer: Pointer::root(), kind: Box::new(kind) }
    }

    /// The same at a value of the step.
    pub(crate) fn at(self, pointer: Pointer) -> Self {
        Self { pointer, ..self }
    }

    /// The code that the step fails with.
    pub fn code(&self) -> ErrorCode {
        match &*self.kind {
            ManifestErrorKind::NoOutput { .. } => ErrorCode::UpstreamFailed,
            ManifestErrorKind::Text(_)
            | ManifestErrorKind::NotCompiled { .. }
            | ManifestErrorKind::NotAStep { .. }
            | ManifestErrorKind::UnknownStep { .. }
            | ManifestErrorKind::LaterStep { .. }
            | ManifestErrorKind::SkippedStep { .. }
            | ManifestErrorKind::Follow { .. }
            | ManifestErrorKind::NotText { .. }
            | ManifestErrorKind::NotASecret { .. }
            | ManifestErrorKind::NullKey => ErrorCode::Resolution,
            ManifestErrorKind::Skipped
            | ManifestErrorKind::SecretInKey
            | ManifestErrorKind::NoSemanticKey
            | ManifestErrorKind::ExplicitKey { .. }
            | ManifestErrorKind::TooDeep { .. } => ErrorCode::InvalidParams,
        }
    }
}

impl ManifestErrorKind {
    /// The reference at fault, and the step whose output it lacks.
    fn subjects(&self) -> (Option<&Reference>, Option<&StepPath>) {
        match self {
            Self::UnknownStep { reference, step }
            | Self::LaterStep { reference, step }
            | Self::SkippedStep { reference, step }
            | Self::NoOutput { reference, step } => (Some(reference), Some(step)),
            Self::NotCompiled { reference }
            | Self::NotAStep { reference }
            | Self::Follow { reference, .. }
            | Self::NotText { reference, .. }
            | Self::NotASecret { reference } => (Some(reference), None),
            Self::Skipped
            | Self::Text(_)
            | Self::SecretInKey
            | Self::NoSemanticKey
            | Self::NullKey
            | Self::ExplicitKey { .. }
            | Self::TooDeep { .. } => (None, None),
        }
    }
}

/// The error that the step fails with; its details name pointer, reference and missing step.
impl From<ManifestError> for ErrorInfo {
    fn from(error: ManifestError) -> Self {
        let (reference, upstream) = error.kind.subjects();
        let details = [
            ("pointer", Some(error.pointer.to_string())),
            ("reference", reference.map(ToString::to_string)),
            ("upstream", upstream.map(ToString::to_string)),
        ];
        let details = details.into_iter().filter_map(|(name, text)| Some((name, text?)));
        error.code().error(error.to_string()).with_details(details)
    }
}
