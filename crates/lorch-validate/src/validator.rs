//! The judge of documents of one kind.

use std::sync::OnceLock;

use lorch_types::json::{FromValueError, Limits, ReadError, Value, from_value, read};
use lorch_types::pointer::Pointer;
use lorch_types::{Kind, agent, job, plan};

use crate::embedded::embedded_schema;
use crate::schema::Schema;
use crate::violation::{Family, Violation};

/// Judges documents of one kind.
///
/// ```
/// use lorch_types::Kind;
/// use lorch_types::json::Limits;
/// use lorch_validate::Validator;
///
/// let validator = Validator::for_kind(Kind::Log);
/// let text = br#"{"kind": "log", "level": "inform", "message": "a"}"#;
/// let violations = validator.validate_text(text, Limits::default())?;
/// let said: Vec<String> =
///     violations.iter().map(|it| format!("{}: {}", it.pointer, it.message)).collect();
/// assert_eq!(
///     said,
///     [
///         ": the field `timestamp` is missing",
///         "/level: `inform` is not `info`, `warn` or `error`",
///     ]
/// );
/// # Ok::<(), lorch_types::json::ReadError>(())
/// ```
#[derive(Debug)]
pub struct Validator {
    kind: Kind,
    /// Compiled when the first document fails; `None` if the embedded schema cannot be used.
    schema: OnceLock<Option<Schema>>,
}

impl Validator {
    /// The judge of documents of `kind`; making one costs nothing.
    pub const fn for_kind(kind: Kind) -> Self {
        Self { kind, schema: OnceLock::new() }
    }

    /// The kind of document that it judges.
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// Every rule that the document breaks which `text` holds as JSON; none when it is valid.
    ///
    /// # Errors
    /// When `text` is no JSON that the strict reader takes, with the place.
    pub fn validate_text(&self, text: &[u8], limits: Limits) -> Result<Vec<Violation>, ReadError> {
        read(text, limits).map(|document| self.validate(&document))
    }

    /// Every rule that `document` breaks; none when it is valid.
    ///
    /// They are ordered by their pointers, array items by their index.
    pub fn validate(&self, document: &Value) -> Vec<Violation> {
        let Err(error) = accepted_by_type(self.kind, document) else { return Vec::new() };
        let schema = self.schema.get_or_init(|| embedded(self.kind));
        let found = schema.as_ref().map(|schema| schema.violations(document)).unwrap_or_default();
        if found.is_empty() { vec![refused_by_type_alone(self.kind, &error)] } else { found }
    }
}

/// Whether the type of this kind can hold the document.
fn accepted_by_type(kind: Kind, document: &Value) -> Result<(), FromValueError> {
    match kind {
        Kind::JobDef => from_value::<job::JobDef>(document).map(drop),
        Kind::JobInstance => from_value::<job::JobInstance>(document).map(drop),
        Kind::RunRecord => from_value::<job::RunRecord>(document).map(drop),
        Kind::StepManifest => from_value::<job::StepManifest>(document).map(drop),
        Kind::AttemptRecord => from_value::<job::AttemptRecord>(document).map(drop),
        Kind::StepOutcome => from_value::<job::StepOutcome>(document).map(drop),
        Kind::Command => from_value::<agent::Command>(document).map(drop),
        Kind::Event => from_value::<agent::Event>(document).map(drop),
        Kind::Heartbeat => from_value::<agent::Heartbeat>(document).map(drop),
        Kind::Log => from_value::<agent::Log>(document).map(drop),
        Kind::SnapshotManifest => from_value::<agent::SnapshotManifest>(document).map(drop),
        Kind::Receipt => from_value::<agent::Receipt>(document).map(drop),
        Kind::RunState => from_value::<agent::RunState>(document).map(drop),
        Kind::Task => from_value::<plan::Task>(document).map(drop),
        Kind::TaskSpec => from_value::<plan::TaskSpec>(document).map(drop),
        Kind::Plan => from_value::<plan::Plan>(document).map(drop),
        Kind::Run => from_value::<plan::Run>(document).map(drop),
    }
}

fn embedded(kind: Kind) -> Option<Schema> {
    Schema::compile(serde_json::from_str(embedded_schema(kind)).ok()?).ok()
}

/// The type refuses what the schema accepts. That is a mistake in lorch, and never a reason to
/// accept a document that nothing can use.
fn refused_by_type_alone(kind: Kind, error: &FromValueError) -> Violation {
    Violation {
        pointer: Pointer::root(),
        keyword: "type".into(),
        family: Family::Type,
        message: format!("this is no {kind}: {error}"),
        found: None,
        expected: None,
        help: Some("the schema accepts it: please report this as a bug of lorch".to_owned()),
    }
}
