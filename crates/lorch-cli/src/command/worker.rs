//! `lorch worker`: the child processes that lorch starts of itself; not for people.

use std::ffi::OsString;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand};

use crate::cli::Global;
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
    /// Asks a pack of policies about one plan.
    Policy,
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
    /// Becomes an agent that ends with the process which runs it.
    Become {
        /// That process.
        parent: u32,
        /// The program and its arguments.
        #[arg(last = true, required = true)]
        command: Vec<OsString>,
    },
    /// Is an agent for crash tests.
    #[cfg(feature = "failpoints")]
    Witness,
    /// Delivers the notice on standard input.
    Notify,
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
pub(crate) fn worker(arguments: &Worker, global: &Global) -> Outcome {
    match &arguments.work {
        Work::Transform => {
            lorch_backends::transform_worker(io::stdin().lock(), io::stdout().lock())
                .map_err(Failure::work)
        }
        Work::Policy => lorch_plans::policy_worker(io::stdin().lock(), io::stdout().lock())
            .map_err(Failure::work),
        Work::Asset { folder, name } => fleet::asset(folder, name).map_err(Failure::work),
        Work::Fleet { folder, count } => fleet::fleet(folder, *count).map_err(Failure::work),
        Work::Exec { parent, command } => {
            Err(Failure::work(lorch_backends::exec_worker(*parent, command)))
        }
        Work::Become { parent, command } => {
            Err(not_started(&lorch_backends::exec_worker(*parent, command)))
        }
        #[cfg(feature = "failpoints")]
        Work::Witness => crate::witness::witness(),
        Work::Notify => crate::notify::worker(global),
        Work::Agent { grace, command } => agent(Duration::from_millis(*grace), command),
    }
}

fn agent(grace: Duration, command: &[OsString]) -> Outcome {
    let started = std::env::current_exe().and_then(|lorch| {
        // An agent may end the process that would end it.
        let parent = std::process::id().to_string();
        let mut become_it = vec![lorch.into_os_string()];
        become_it.extend(["worker", "become", &parent, "--"].map(OsString::from));
        become_it.extend_from_slice(command);
        lorch_agents::launch(grace, &become_it)
    });
    match started {
        Ok(0) => Ok(()),
        Ok(status) => Err(Failure::Ended(status)),
        Err(error) => Err(not_started(&error)),
    }
}

/// What ends an agent that cannot be started: starting it again would be useless.
fn not_started(error: &io::Error) -> Failure {
    tell(&format!("{error}\n"));
    Failure::Ended(UNWILLING)
}
