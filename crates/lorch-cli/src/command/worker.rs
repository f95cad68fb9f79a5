//! `lorch worker`: the child processes that lorch starts of itself; not for people.

use std::ffi::OsString;
use std::io;
use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::exit::{Failure, Outcome};
use crate::fleet;

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
    }
}
