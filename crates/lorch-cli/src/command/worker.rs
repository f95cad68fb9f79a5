//! `lorch worker`: the child processes that lorch starts of itself; not for people.

use std::ffi::OsString;
use std::io;

use clap::{Args, Subcommand};

use crate::exit::{Failure, Outcome};

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
    /// Becomes a program that ends with lorch.
    Exec {
        /// The process that lorch is.
        parent: u32,
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
        Work::Exec { parent, command } => {
            Err(Failure::work(lorch_backends::exec_worker(*parent, command)))
        }
    }
}
