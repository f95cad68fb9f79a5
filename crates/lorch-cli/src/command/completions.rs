//! `lorch completions`: what a shell needs to complete the command line.

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use crate::cli::Cli;
use crate::exit::Outcome;
use crate::terminal::print;

/// Write a completion script for a shell.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  lorch completions bash > ~/.local/share/bash-completion/completions/lorch
  lorch completions zsh > ~/.zfunc/_lorch
  lorch completions fish > ~/.config/fish/completions/lorch.fish")]
pub(crate) struct Completions {
    /// The shell.
    #[arg(value_enum)]
    shell: Shell,
}

/// Writes the script to standard output.
pub(crate) fn completions(arguments: &Completions) -> Outcome {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut Cli::command(), "lorch", &mut script);
    print(&String::from_utf8_lossy(&script))
}
