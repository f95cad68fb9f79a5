//! `lorch policy`: packs of policies prove themselves on their own cases.

use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::{Args, Subcommand};
use lorch_plans::{Budget, Pack, PackError, Proof};
use lorch_types::json::{Object, Value};

use crate::amount::counted;
use crate::cli::Global;
use crate::exit::{Failure, Outcome};
use crate::machinery::evaluator;
use crate::table::Table;
use crate::terminal::{Stream, print, print_line, tell_error};

/// Test the policies that plans are judged by.
#[derive(Debug, Args)]
pub(crate) struct Policy {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    Test(Test),
}

/// Test packs of policies on the plans that they must deny and allow.
///
/// A pack is a folder `NAME` with `policy.rego` (Rego v1, package `NAME`, rules `allow` and `deny`),
/// `deny/*.json` and `allow/*.json`: each a `plan` and its `task`, and where wanted `tools`, `entry`
/// (`admit` or `execute`) and `approvals`. A pack is used only when it does with each what it must,
/// and has at least one of either.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  lorch policy test policies
  lorch policy test policies/mine --json

Exit status: 0 every pack proves itself; 1 one does not; 2 there is no pack.")]
struct Test {
    /// A pack, or a folder of packs.
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// One JSON object a case, and one for a pack that is refused, for programs.
    #[arg(long)]
    json: bool,
}

/// Does what the action says.
pub(crate) fn policy(arguments: &Policy, global: &Global) -> Outcome {
    match &arguments.action {
        Action::Test(arguments) => test(arguments, global),
    }
}

fn test(arguments: &Test, global: &Global) -> Outcome {
    let folders = packs(&arguments.folder)?;
    let color = global.color.on(Stream::Error);
    let mut table = Table::new(["PACK", "CASE", "", "IT SAYS"]);
    let mut refused = 0_u64;
    for folder in &folders {
        let name = folder.file_name().map(|it| it.to_string_lossy().into_owned());
        let name = name.unwrap_or_default();
        let tested = prove(folder);
        let refusal = refusal(&tested);
        if let Ok(proof) = &tested {
            if arguments.json { as_lines(&name, proof)? } else { rows(&name, proof, &mut table) }
        }
        if let Some(refusal) = refusal {
            refused += 1;
            if arguments.json {
                let members =
                    [("pack", Value::from(name.as_str())), ("refused", (&*refusal).into())];
                print_line(Value::Object(members.into_iter().collect()))?;
            }
            tell_error(&format!("the pack `{name}` is refused: {refusal}"), color);
        }
    }
    if !arguments.json {
        print(&table.draw(global.color.on(Stream::Output)))?;
        let all = counted(folders.len() as u64, "pack");
        print(&match refused {
            0 => format!("{all}, all proven\n"),
            refused => format!("{all}, {refused} refused\n"),
        })?;
    }
    if refused == 0 { Ok(()) } else { Err(Failure::Reported) }
}

/// What the pack in `folder` does with its cases.
fn prove(folder: &Path) -> Result<Proof, PackError> {
    Pack::read(folder).map(|pack| pack.prove(Budget::default(), &evaluator()))
}

fn refusal(tested: &Result<Proof, PackError>) -> Option<String> {
    match tested {
        Ok(proof) => proof.refusal(),
        Err(error) => Some(error.to_string()),
    }
}

/// How many packs there are in `folder`, and why one of them may not be used.
pub(crate) fn proven(folder: &Path) -> Result<(usize, Option<String>), Failure> {
    let folders = packs(folder)?;
    let refused = folders.iter().find_map(|folder| refusal(&prove(folder)));
    Ok((folders.len(), refused))
}

/// The packs in `folder`: itself, or each folder in it that has a `policy.rego`.
fn packs(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let unreadable = || format!("cannot read `{}`", folder.display());
    let is_pack = |folder: &Path| folder.join("policy.rego").exists();
    let folder = folder.canonicalize().with_context(unreadable).map_err(Failure::Usage)?;
    if is_pack(&folder) {
        return Ok(vec![folder]);
    }
    let mut found = Vec::new();
    for entry in std::fs::read_dir(&folder).with_context(unreadable).map_err(Failure::Usage)? {
        let path = entry.with_context(unreadable).map_err(Failure::Usage)?.path();
        if is_pack(&path) {
            found.push(path);
        }
    }
    found.sort();
    if found.is_empty() {
        let name = folder.display();
        return Err(Failure::usage(format!(
            "there is no pack in `{name}`: none has a `policy.rego`"
        )));
    }
    Ok(found)
}

fn rows(name: &str, proof: &Proof, table: &mut Table<4>) {
    for case in &proof.cases {
        let mark = if case.holds() { "ok" } else { "WRONG" };
        let file = format!("{}/{}", case.must.as_str(), case.file);
        table.row([name.to_owned(), file, mark.to_owned(), case.said()]);
    }
}

fn as_lines(name: &str, proof: &Proof) -> Outcome {
    proof.cases.iter().try_for_each(|case| {
        let object: Object = [
            ("pack", Value::from(name)),
            ("case", case.file.as_str().into()),
            ("must", case.must.as_str().into()),
            ("holds", case.holds().into()),
            ("says", case.said().into()),
        ]
        .into_iter()
        .collect();
        print_line(Value::Object(object))
    })
}
