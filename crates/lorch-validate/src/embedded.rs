//! The generated schemas, as they stand in `schemas/`.

use lorch_types::Kind;

/// The text of the JSON Schema of documents of this kind.
pub const fn embedded_schema(kind: Kind) -> &'static str {
    match kind {
        Kind::JobDef => include_str!("../../../schemas/job/job_def.schema.json"),
        Kind::JobInstance => include_str!("../../../schemas/job/job_instance.schema.json"),
        Kind::RunRecord => include_str!("../../../schemas/job/run_record.schema.json"),
        Kind::StepManifest => include_str!("../../../schemas/job/step_manifest.schema.json"),
        Kind::AttemptRecord => include_str!("../../../schemas/job/attempt.schema.json"),
        Kind::StepOutcome => include_str!("../../../schemas/job/step_outcome.schema.json"),
    }
}
