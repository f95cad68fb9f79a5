//! Compiles a job definition into a fixed list of steps.
//!
//! [`read_definition`] checks the structure of a document; [`compile`] makes a
//! [`JobInstance`](lorch_types::job::JobInstance) of the definition: nested jobs are inlined, every
//! condition is decided, `@ctx` and `@payload` are filled in. Both report everything that is wrong at
//! once, and [`compile_document`] what is wrong with either. [`compile_to_text`] does the same to the
//! text of the instance, in a fraction of the time.
//!
//! Pure: other definitions and the clock arrive as values, and operations are only names here.
//!
//! In reading order: [`mod@definition`] reads, [`mod@inputs`] is what compiling is given,
//! [`mod@compile`] has the ways to compile, and [`steps`] goes through the steps. Of each step,
//! [`condition`] decides the `if`, [`substitute`] (with a [`quick`] path) writes the params with what
//! [`bindings`] and [`known`] find for a reference, for which [`bring_in`] copies data and [`fill`]
//! fills in templates; [`idempotency`] settles the key, [`job_run`] puts another job in its place, and
//! [`output`] takes what comes out. [`contract`] checks ctx and payload against what [`schema`] reads;
//! [`limits`] keeps the instance readable; [`report`] collects what is wrong, by the codes of [`code`].

mod bindings;
mod bring_in;
mod code;
mod compile;
mod condition;
mod contract;
mod definition;
mod fill;
mod idempotency;
mod inputs;
mod job_run;
mod known;
mod limits;
mod output;
mod quick;
mod report;
mod schema;
mod steps;
mod substitute;
mod suggest;

pub use compile::{Compiled, CompiledText, compile, compile_document, compile_to_text};
pub use definition::{Definition, read_definition};
pub use inputs::{CTX_FILE, Definitions, FindError, Found, Inputs, PAYLOAD_FILE};
