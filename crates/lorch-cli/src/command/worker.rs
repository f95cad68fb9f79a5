//! `lorch worker`: the child processes that lorch starts of itself; not for people.

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
}

/// Does the work.
pub(crate) fn worker(arguments: &Worker) -> Outcome {
    match arguments.work {
        Work::Transform => {
            lorch_backends::transform_worker(io::stdin().lock(), io::stdout().lock())
                .map_err(Failure::work)
        }
    }
}
