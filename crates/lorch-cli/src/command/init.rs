//! `lorch init`: a workspace with a first job, and with schemas that editors know of.

mod editors;

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;
use lorch_types::Kind;
use lorch_validate::embedded_schema;

use crate::cli::Global;
use crate::exit::{Failure, Outcome};
use crate::site::CONFIG_FILE;
use crate::terminal::print;

use editors::Editor;

/// Make a workspace: a `lorch.toml` with every setting explained, a first job, and a first task with
/// agents that play recorded answers.
///
/// Editors complete and check documents by the schemas in `schemas/`: settings for VS Code (with its
/// YAML extension) and JetBrains IDEs say which files are of which kind. Nothing that is there already
/// is changed.
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

/// What editors need is made in a folder of this name, which belongs under version control.
const SCHEMAS: &str = "schemas";

const FILES: [(&str, &str); 6] = [
    (CONFIG_FILE, include_str!("init/lorch.toml")),
    ("jobs/hello.yaml", include_str!("init/hello.yaml")),
    ("agents/builder.yaml", include_str!("init/agents/builder.yaml")),
    ("agents/reviewer.yaml", include_str!("init/agents/reviewer.yaml")),
    ("agents/spec_maintainer.yaml", include_str!("init/agents/spec_maintainer.yaml")),
    (".lorch/.gitignore", "# Databases of this workspace.\n*\n"),
];

/// What git leaves out.
const GIT_IGNORE: &str = ".gitignore";
const IGNORED: &str = include_str!("init/gitignore");

/// Writes the files that are not there.
pub(crate) fn init(arguments: &Init, global: &Global) -> Outcome {
    let named = arguments.folder.as_deref().or(global.workspace.as_deref());
    let root = named.unwrap_or(Path::new(""));
    let mut report = Report { root, text: String::new() };
    for (name, text) in FILES {
        report.file(name, text)?;
    }
    if !report.file(GIT_IGNORE, IGNORED)? && !ignores_all(root) {
        report.text.push_str(&format!("\nTo add to {GIT_IGNORE}:\n{IGNORED}\n"));
    }
    report.schemas()?;
    for editor in editors::all() {
        let made = report.file(editor.file, &editor.settings)?;
        if !made && !editor.is_known_in(root) {
            let Editor { file, settings } = editor;
            report.text.push_str(&format!("\nTo add to {file}:\n{settings}\n"));
        }
    }
    let enter = match named {
        Some(folder) => format!("cd {} && ", folder.display()),
        None => String::new(),
    };
    let next = "lorch run jobs/hello.yaml --set payload.name=Ada";
    let agents = "lorch task run T-0001";
    print(&format!("{}\nNext: {enter}{next}\nor:   {enter}{agents}\n", report.text))
}

/// Whether git is told already to leave all of it out.
fn ignores_all(root: &Path) -> bool {
    let said = fs::read_to_string(root.join(GIT_IGNORE)).unwrap_or_default();
    let mut wanted = IGNORED.lines().filter(|line| line.starts_with('/'));
    wanted.all(|line| said.lines().any(|known| known.trim_matches('/') == line.trim_matches('/')))
}

/// Makes files, and says which.
struct Report<'r> {
    root: &'r Path,
    text: String,
}

impl Report<'_> {
    /// Makes a file unless there is one of this name; whether it was made.
    fn file(&mut self, name: &str, text: &str) -> Result<bool, Failure> {
        let path = self.root.join(name);
        let made = make(&path, text)?;
        self.say(made, &path);
        Ok(made)
    }

    /// Makes the schemas of all kinds of documents that are not there.
    fn schemas(&mut self) -> Outcome {
        let folder = self.root.join(SCHEMAS);
        let mut made = false;
        for kind in Kind::ALL {
            made |= make(&folder.join(kind.schema_path()), embedded_schema(kind))?;
        }
        self.say(made, &folder);
        Ok(())
    }

    fn say(&mut self, made: bool, path: &Path) {
        let state = if made { "made" } else { "kept" };
        self.text.push_str(&format!("{state}  {}\n", path.display()));
    }
}

fn make(path: &Path, text: &str) -> Result<bool, Failure> {
    write_new(path, text)
        .with_context(|| format!("cannot write `{}`", path.display()))
        .map_err(Failure::Usage)
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
