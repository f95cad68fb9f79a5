//! `lorch schema`: the JSON Schemas of documents and operations.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::{Args, Subcommand};
use lorch_backends::{OpSpec, ops};
use lorch_types::Kind;
use lorch_validate::{catalog, embedded_schema};

use crate::exit::{Failure, Outcome};
use crate::table::Table;
use crate::terminal::{print, print_line};

/// List, show and export the JSON Schemas of documents and of operations' parameters.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  lorch schema list
  lorch schema show job-def
  lorch schema show write.upsert
  lorch schema export schemas")]
pub(crate) struct Schema {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// The names of all schemas.
    List,
    /// One schema.
    Show {
        /// A kind of document, or an operation.
        name: String,
    },
    /// All schemas as files, and a `catalog.json` of them in the form of SchemaStore.
    Export {
        /// The folder, which is made.
        #[arg(value_name = "DIR")]
        folder: PathBuf,
    },
}

/// Does what the action says.
pub(crate) fn schema(arguments: &Schema) -> Outcome {
    match &arguments.action {
        Action::List => list(),
        Action::Show { name } => show(name),
        Action::Export { folder } => export(folder),
    }
}

fn list() -> Outcome {
    let mut table = Table::new(["NAME", "FILE", "WHAT"]);
    for kind in Kind::ALL {
        table.row([kind.to_string(), kind.schema_path().to_owned(), "document".to_owned()]);
    }
    for spec in ops() {
        table.row([spec.op.to_owned(), op_path(&spec), spec.summary.to_owned()]);
    }
    print(&table.draw(lorch_types::diagnostic::Color::Never))
}

fn show(name: &str) -> Outcome {
    let spec = ops().into_iter().find(|spec| spec.op == name);
    match (name.parse::<Kind>(), spec) {
        (Ok(kind), _) => print(embedded_schema(kind)),
        (Err(_), Some(spec)) => print(&op_schema(&spec)),
        (Err(_), None) => Err(Failure::usage(format!(
            "there is no schema `{}`; `lorch schema list` shows all",
            name.escape_debug()
        ))),
    }
}

fn export(folder: &Path) -> Outcome {
    for kind in Kind::ALL {
        write(&folder.join(kind.schema_path()), embedded_schema(kind))?;
    }
    for spec in ops() {
        write(&folder.join(op_path(&spec)), &op_schema(&spec))?;
    }
    write(&folder.join("catalog.json"), &catalog())
}

fn write(path: &Path, text: &str) -> Outcome {
    let folder = path.parent().unwrap_or(Path::new(""));
    fs::create_dir_all(folder)
        .and_then(|()| fs::write(path, text))
        .with_context(|| format!("cannot write `{}`", path.display()))
        .map_err(Failure::Usage)?;
    print_line(path.display())
}

fn op_path(spec: &OpSpec) -> String {
    format!("ops/{}.schema.json", spec.op)
}

fn op_schema(spec: &OpSpec) -> String {
    format!("{:#}\n", (spec.schema)())
}
