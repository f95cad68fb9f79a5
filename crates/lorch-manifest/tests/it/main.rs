//! Tests of manifests from outside.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "clippy.toml allows these in test functions; what they share is test code too"
)]

mod error;
mod key;
mod params;
mod property;

use std::sync::Arc;

use lorch_manifest::{ManifestError, Outputs, manifest};
use lorch_types::job::{JobInstance, JobStepInstance, RunRecord, StepManifest};
use lorch_types::json::{self, Limits, Value, from_value};

/// The run that the vectors of the specification use.
const RUN_ID: &str = "01KADE3Q6BZ5T8V0X2Y4W6R9SN";

#[track_caller]
fn value(text: &str) -> Value {
    json::read(text.as_bytes(), Limits::default()).expect(text)
}

/// A job `daily-orders` that is at its step `persist`, and what happened before.
struct Run {
    instance: JobInstance,
    record: RunRecord,
    outputs: Outputs,
}

impl Run {
    /// The steps `read`, `failed`, `off` (skipped), `nightly/read`, then `step` of `op` with
    /// `params`, then `later`.
    #[track_caller]
    fn at(op: &str, params: &str, idempotency: &str) -> Self {
        let step = |id: &str, skip: bool| {
            format!(
                r#"{{"step_id":"{id}","op":"query.rows","params":{{}},"compiled_skip":{skip}}}"#
            )
        };
        let instance = format!(
            r#"{{"job_id":"daily-orders","job_version":"1","job_def_sha256":"sha256:{hex}",
                "compiled_at":"2026-11-20T00:00:00Z","steps":[{},{},{},{},
                {{"step_id":"persist","op":"{op}","params":{params},"idempotency":{idempotency}}},{}]}}"#,
            step("read", false),
            step("failed", false),
            step("off", true),
            step("nightly/read", false),
            step("later", false),
            hex = "0".repeat(64),
        );
        let record = format!(
            r#"{{"run_id":"{RUN_ID}","job_id":"daily-orders","job_def_sha256":"sha256:{hex}",
                "envelope":{{"user":{{"name":"ann"}},"n":[1,2]}},"started_at":"2026-11-20T01:02:03.5Z"}}"#,
            hex = "0".repeat(64),
        );
        let outputs = [
            (
                "read",
                r#"{"rows":[{"id":1,"big":18446744073709551615}],"count":1,"ok":true,"none":null,
                "text":"a@b","ratio":1e21}"#,
            ),
            ("nightly/read", r#"{"path":"p/q"}"#),
        ];
        let outputs =
            outputs.map(|(id, output)| (id.parse().expect("a step"), Arc::new(value(output))));
        Self {
            instance: from_value(&value(&instance)).expect(&instance),
            record: from_value(&value(&record)).expect(&record),
            outputs: outputs.into_iter().collect(),
        }
    }

    fn step(&self) -> &JobStepInstance {
        let mut steps = self.instance.steps.iter();
        steps.find(|step| step.step_id.as_str() == "persist").expect("the step")
    }

    fn manifest(&self) -> Result<StepManifest, ManifestError> {
        manifest(&self.instance, self.step(), &self.record, &self.outputs)
    }
}
