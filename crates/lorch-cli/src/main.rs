//! The lorch command: documents are compiled, checked, run, resumed and inspected.
//!
//! Each command is a file beneath `command/`, its arguments and its function side by side; `exit`
//! holds the one place that turns an outcome into an exit status.

mod agents;
mod amount;
mod assignment;
mod cli;
mod clock;
mod command;
#[cfg(feature = "failpoints")]
mod crash;
mod dialogue;
mod dry_run;
mod effect;
mod events;
mod exit;
mod fleet;
mod glyph;
mod input;
mod job;
mod job_folder;
mod job_inputs;
mod machinery;
mod notify;
mod planning;
mod policy;
mod progress;
mod runner;
mod site;
mod step_check;
mod summary;
mod table;
mod terminal;
mod transcript;
mod verdict;
#[cfg(feature = "failpoints")]
mod witness;

use std::process::ExitCode;

use exit::Failure;
use terminal::Stream;

fn main() -> ExitCode {
    #[cfg(feature = "failpoints")]
    crash::arm();
    let cli = cli::Cli::read();
    let outcome = cli.execute();
    if let Some(message) = outcome.as_ref().err().and_then(Failure::message) {
        terminal::tell_error(&message, cli.global().color.on(Stream::Error));
    }
    exit::status(&outcome)
}
