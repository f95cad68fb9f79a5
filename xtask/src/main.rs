//! Chores of the project: `cargo xtask schemas [--check]`, `cargo xtask diagrams [--check]`,
//! `cargo xtask layers`, `cargo xtask ci`.

mod diagrams;
mod layers;
mod schemas;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context as _, Result, bail, ensure};

const USAGE: &str = "\
cargo xtask schemas           writes schemas/ from the types
cargo xtask schemas --check   fails where schemas/ is not what the types say
cargo xtask diagrams          writes docs/state-machines.md from the tables of states
cargo xtask diagrams --check  fails where that page is not what the tables say
cargo xtask layers            checks which crates depend on which
cargo xtask ci                runs what CI runs";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            #[expect(clippy::print_stderr, reason = "a command tells people why it failed")]
            {
                eprintln!("xtask: {error:#}");
            }
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[&str]) -> Result<()> {
    let root = workspace_root()?;
    match arguments {
        ["schemas"] => schemas::write(&root.join("schemas")),
        ["schemas", "--check"] => schemas::check(&root.join("schemas")),
        ["diagrams"] => diagrams::write(&root.join("docs/state-machines.md")),
        ["diagrams", "--check"] => diagrams::check(&root.join("docs/state-machines.md")),
        ["layers"] => layers::check(&root),
        ["ci"] => ci(&root),
        _ => bail!("wrong usage\n{USAGE}"),
    }
}

fn workspace_root() -> Result<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("xtask has no folder")?;
    Ok(root.to_owned())
}

fn ci(root: &Path) -> Result<()> {
    let status = Command::new("bash").arg(".ci/run").current_dir(root).status();
    ensure!(status.context("cannot start `bash .ci/run`")?.success(), "`.ci/run` failed");
    Ok(())
}
