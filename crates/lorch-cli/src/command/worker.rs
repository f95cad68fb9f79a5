//! `lorch worker`: the child processes that lorch starts of itself; not for people.

use std::ffi::OsString;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand};

use crate::exit::{Failure, Outcome};
use crate::fleet;
use crate::terminal::tell;

/// The exit status of an agent that is not to be started again.
const UNWILLING: u8 = 125;

/// A child process of lorch.
#[derive(Debug, Args)]
pub(crate) struct Worker {
    #[command(subcommand)]
    work: Work,
}

#[derive(Debug, Subcommand)]
enum Work {
    /// Performs one transform or rendering.
    Transform,
    /// Serves as an asset of the example.
    Asset {
        /// Where it has its log.
        folder: PathBuf,
        /// Its name.
        name: String,
    },
    /// Starts the assets of the example, and keeps them until standard input ends.
    Fleet {
        /// Where they have their logs.
        folder: PathBuf,
        /// How many.
        count: usize,
    },
    /// Becomes a program that ends with lorch.
    Exec {
        /// The process that lorch is.
        parent: u32,
        /// The program and its arguments.
        #[arg(last = true, required = true)]
        command: Vec<OsString>,
    },
    /// Is an agent for crash tests.
    #[cfg(feature = "failpoints")]
    Witness,
    /// Runs an agent, and ends everything that it started.
    Agent {
        /// How long it has to end, in milliseconds.
        grace: u64,
        /// The program and its arguments.
        #[arg(last = true, required = true)]
        command: Vec<OsString>,
    },
}

/// Does the work.
pub(crate) fn worker(arguments: &Worker) -> Outcome {
    match &arguments.work {
        Work::Transform => {
            lorch_backends::transform_worker(io::stdin().lock(), io::stdout().lock())
                .map_err(Failure::work)
        }
        Work::Asset { folder, name } => fleet::asset(folder, name).map_err(Failure::work),
        Work::Fleet { folder, count } => fleet::fleet(folder, *count).map_err(Failure::work),
        Work::Exec { parent, command } => {
            Err(Failure::work(lorch_backends::exec_worker(*parent, command)))
        }
        #[cfg(feature = "failpoints")]
        Work::Witness => crate::witness::witness(),
        Work::Agent { grace, command } => agent(Duration::from_millis(*grace), command),
    }
}

fn agent(grace: Duration, command: &[OsString]) -> Outcome {
    match lorch_agents::launch(grace, command) {
        Ok(0) => Ok(()),
        Ok(status) => Err(Failure::Ended(status)),
        Err(error) => {
            let program = command.first().map(|program| program.to_string_lossy());
            let program = program.unwrap_or_default();
            tell(&format!("`{program}` could not be started: {error}\n"));
            // Starting it again would be useless.
            Err(Failure::Ended(UNWILLING))
        }
    }
}
