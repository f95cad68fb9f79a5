//! `lorch init`: a workspace with a first job.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;

use crate::cli::Global;
use crate::exit::{Failure, Outcome};
use crate::site::CONFIG_FILE;
use crate::terminal::print;

/// Make a workspace: a `lorch.toml` with every setting explained, and a first job.
///
/// Nothing that is there already is changed.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  lorch init             in the working directory
  lorch init pipelines   in a folder, which is made")]
pub(crate) struct Init {
    /// The folder; the working directory when absent.
    #[arg(value_name = "DIR")]
    folder: Option<PathBuf>,
}

const FILES: [(&str, &str); 3] = [
    (CONFIG_FILE, include_str!("init/lorch.toml")),
    ("jobs/hello.yaml", include_str!("init/hello.yaml")),
    (".lorch/.gitignore", "# Databases of this workspace.\n*\n"),
];

/// Writes the files that are not there.
pub(crate) fn init(arguments: &Init, global: &Global) -> Outcome {
    let named = arguments.folder.as_deref().or(global.workspace.as_deref());
    let root = named.unwrap_or(Path::new(""));
    let mut report = String::new();
    for (name, text) in FILES {
        let path = root.join(name);
        let made = write_new(&path, text)
            .with_context(|| format!("cannot write `{}`", path.display()))
            .map_err(Failure::Usage)?;
        let state = if made { "made" } else { "kept" };
        report.push_str(&format!("{state}  {}\n", root.join(name).display()));
    }
    let enter = match named {
        Some(folder) => format!("cd {} && ", folder.display()),
        None => String::new(),
    };
    report.push_str(&format!("\nNext: {enter}lorch run jobs/hello.yaml --set payload.name=Ada\n"));
    print(&report)
}

/// Writes a file and returns true, unless there is one of this name.
fn write_new(path: &Path, text: &str) -> io::Result<bool> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        fs::create_dir_all(folder)?;
    }
    match fs::File::create_new(path) {
        Ok(mut file) => file.write_all(text.as_bytes()).map(|()| true),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(error),
    }
}
