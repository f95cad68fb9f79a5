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
        Kind::Command => include_str!("../../../schemas/v1/command.v1.json"),
        Kind::Event => include_str!("../../../schemas/v1/event.v1.json"),
        Kind::Heartbeat => include_str!("../../../schemas/v1/heartbeat.v1.json"),
        Kind::Log => include_str!("../../../schemas/v1/log.v1.json"),
        Kind::SnapshotManifest => include_str!("../../../schemas/v1/snapshot-manifest.v1.json"),
        Kind::Receipt => include_str!("../../../schemas/v1/receipt.v1.json"),
        Kind::RunState => include_str!("../../../schemas/v1/run-state.v1.json"),
        Kind::Task => include_str!("../../../schemas/ai/task.schema.json"),
        Kind::TaskSpec => include_str!("../../../schemas/ai/task-spec.schema.json"),
        Kind::Plan => include_str!("../../../schemas/ai/plan.schema.json"),
        Kind::Run => include_str!("../../../schemas/ai/run.schema.json"),
    }
}
