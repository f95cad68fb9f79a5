//! Which file a program's name stands for, and whether it may be started.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use lorch_types::job::{ErrorCode, ErrorInfo};

use crate::compute::Context;
use crate::config::{AllowedProgram, Config};
use crate::workspace::{FilePath, Workspace, WorkspaceError};

/// The program, if `config` allows the one that `argv` begins with.
///
/// # Errors
/// A sentence with the line to add.
pub(crate) fn check_program(name: &str, config: &Config) -> Result<AllowedProgram, String> {
    let program: AllowedProgram =
        name.parse().map_err(|error: crate::config::InvalidProgram| error.to_string())?;
    if config.allow.programs.contains(&program) {
        return Ok(program);
    }
    let entry = format!("programs = [{}]", lorch_types::json::Value::from(program.to_string()));
    Err(format!("lorch.toml does not allow the program `{program}`; add under [allow]: {entry}"))
}

/// Refuses to have a step write a program of the workspace: it would choose what the next one runs.
pub(crate) fn check_not_program(
    target: &FilePath,
    workspace: &Workspace,
    config: &Config,
) -> Result<(), WorkspaceError> {
    let is_target = |program: &AllowedProgram| {
        let program = match program {
            AllowedProgram::Name(_) => return false,
            AllowedProgram::Absolute(path) => Path::new(path).to_owned(),
            AllowedProgram::InWorkspace(path) => workspace.root().join(path.as_str()),
        };
        let target = real(&workspace.root().join(target.as_str()));
        // On some file systems names differ in case only.
        real(&program).as_os_str().eq_ignore_ascii_case(target)
    };
    if config.allow.programs.iter().any(is_target) {
        return Err(WorkspaceError::Program { path: target.clone() });
    }
    Ok(())
}

/// The path without links, as far as there is something at it.
fn real(path: &Path) -> PathBuf {
    let there = path.ancestors().find_map(|there| Some((there, there.canonicalize().ok()?)));
    match there {
        Some((there, real)) => match path.strip_prefix(there) {
            Ok(rest) if rest.as_os_str().is_empty() => real,
            Ok(rest) => real.join(rest),
            Err(_) => path.to_owned(),
        },
        None => path.to_owned(),
    }
}

/// The file to start for `name`, looked up in `path` where it is only a name.
pub(super) fn find(name: &str, path: &OsStr, context: &Context<'_>) -> Result<PathBuf, ErrorInfo> {
    let program = check_program(name, context.config)
        .map_err(|message| ErrorCode::Denied.error(message).with_details([("program", name)]))?;
    match program {
        AllowedProgram::Absolute(path) => executable(path.into()),
        AllowedProgram::InWorkspace(path) => executable(context.workspace.file(&path)?),
        AllowedProgram::Name(name) => std::env::split_paths(path)
            // An empty or relative entry would mean the folder that the program runs in.
            .filter(|folder| folder.is_absolute())
            .map(|folder| folder.join(&name))
            .find(|file| is_executable(file))
            .ok_or_else(|| ErrorCode::NotFound.error(format!("there is no `{name}` in PATH"))),
    }
}

/// The file, if it may be started: said here, since a worker could say it in its own words only.
fn executable(file: PathBuf) -> Result<PathBuf, ErrorInfo> {
    let name = file.display();
    if !file.exists() {
        return Err(ErrorCode::NotFound.error(format!("there is no `{name}`")));
    }
    if !is_executable(&file) {
        return Err(ErrorCode::Io.error(format!("`{name}` is no file that may be executed")));
    }
    Ok(file)
}

fn is_executable(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(file)
        .is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
}
