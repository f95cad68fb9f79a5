//! Plans: what is found in them, who may approve them, and what is refused.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests fail by panicking, as tests do"
)]

mod approvals;
mod breakage;
mod desk;
mod drafts;
mod drift;
mod field;
mod fixtures;
mod jumps;
mod minds;
mod model;
mod office;
mod parallel;
mod policy;
mod rules;
mod run;
mod simulation;
mod troubles;
mod truth;
