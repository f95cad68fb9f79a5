//! The real command, end to end.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests fail by panicking, as tests do"
)]

mod agent;
mod arguments;
mod codes;
mod diagnostics;
mod documents;
mod draft;
mod example;
mod lorch;
mod migrate;
mod notify;
mod plan;
mod plan_probes;
mod plan_run;
mod plan_together;
mod recovery;
mod secrets;
#[path = "../../../lorch-backends/tests/it/compute/server.rs"]
mod server;
mod task;
mod task_run;
mod together;
mod transcript;
mod validate;
mod zoo;
