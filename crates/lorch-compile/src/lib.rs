//! Compiles a job definition into a fixed list of steps.
//!
//! [`read_definition`] checks the structure of a document; [`compile`] makes a
//! [`JobInstance`](lorch_types::job::JobInstance) of the definition: nested jobs are inlined, every
//! condition is decided, `@ctx` and `@payload` are filled in. Both report everything that is wrong at
//! once, and [`compile_document`] what is wrong with either.
//!
//! Pure: other definitions and the clock arrive as values, and operations are only names here.
//!
//! In reading order: [`mod@definition`] reads, [`mod@inputs`] is what compiling is given, and
//! [`mod@compile`] goes through the steps. Of each step, [`condition`] decides the `if`,
//! [`substitute`] (with a [`quick`]
//! path) fills in the params with what [`bindings`] and [`known`] find for a reference,
//! [`idempotency`] settles the key, and [`job_run`] puts another job in its place. [`schema`] checks
//! ctx and payload; [`limits`] keeps the instance readable; [`report`] collects what is wrong, by the
//! codes of [`code`].

mod bindings;
mod code;
mod compile;
mod condition;
mod definition;
mod idempotency;
mod inputs;
mod job_run;
mod known;
mod limits;
mod quick;
mod report;
mod schema;
mod substitute;
mod suggest;

pub use compile::{Compiled, compile, compile_document};
pub use definition::{Definition, read_definition};
pub use inputs::{CTX_FILE, Definitions, FindError, Found, Inputs, PAYLOAD_FILE};
