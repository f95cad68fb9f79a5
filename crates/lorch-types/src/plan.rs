//! The documents of the plan family, and the language of their durations and conditions.

mod state;

pub use state::{PlanEvent, PlanState, RunEvent, RunState, TaskEvent, TaskState};
