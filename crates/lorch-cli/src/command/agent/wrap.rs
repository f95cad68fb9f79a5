//! `lorch agent wrap`: an agent that asks a command-line program.

mod prompt;
mod verdict;

use std::ffi::OsString;
use std::io::{self, BufRead as _, BufReader, Read, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command as Process, ExitStatus, Stdio};
use std::thread;

use clap::{Args, ValueEnum};
use lorch_agents::sdk::{Answer, Desk, serve};
use lorch_agents::{Snapshot, SnapshotOptions, open_workspace, snapshot};
use lorch_types::agent::{AgentType, Command, SnapshotFile, WorkspacePath};
use lorch_types::json::Object;

use self::prompt::prompt;
use self::verdict::answer;
use super::script::options;
use crate::agents::snapshot_options;
use crate::cli::Global;
use crate::clock::now;
use crate::exit::{Failure, Outcome};
use crate::site::Site;

/// Be an agent that asks a command-line program, such as a coding tool.
///
/// For each command the program is started in the workspace, with a prompt made of the goal, the
/// feedback and the files that are expected. Files that it changes become artifacts. Its exit status and
/// the last line of what it writes become the answer:
///
/// a builder is done when the exit status is 0; a reviewer ends with APPROVED or CHANGES REQUESTED,
/// what stands above being the findings, or with a JSON object with `status` and `findings`; a spec
/// maintainer has updated the specification when files have changed, and otherwise ends with NO CHANGES
/// NEEDED or CHANGES REQUESTED. Exit status 75 asks for the same command again; any other is an error.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  lorch agent wrap --role builder -- my-coding-tool --yes
  lorch agent wrap --role reviewer --prompt arg -- my-coding-tool --print
  lorch agent wrap --role builder --tests 'cargo test' -- my-coding-tool

Exit status: 0 standard input has ended; 1 it could not go on.")]
pub(crate) struct Wrap {
    /// What the agent is for.
    #[arg(long, value_enum, value_name = "ROLE")]
    role: Role,
    /// How the program gets its prompt: on standard input, or as its last argument.
    #[arg(long, value_enum, default_value_t = Way::Stdin, value_name = "stdin|arg", hide_possible_values = true)]
    prompt: Way,
    /// A shell command that tests what a builder did; without one an exit status of 0 says that its
    /// tests have passed.
    #[arg(long, value_name = "COMMAND")]
    tests: Option<String>,
    /// The program and its arguments.
    #[arg(last = true, required = true, value_name = "CMD")]
    program: Vec<OsString>,
}

/// What an agent is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Role {
    /// It writes code and tests.
    Builder,
    /// It judges what a builder wrote.
    Reviewer,
    /// It keeps the specification.
    #[value(name = "spec_maintainer", alias = "spec-maintainer")]
    SpecMaintainer,
}

/// How a program gets its prompt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Way {
    Stdin,
    Arg,
}

/// How much of what a program writes is kept.
const KEPT: usize = 64 * 1024;

/// How many characters of a line are passed on.
const LOGGED: usize = 2000;

/// What a program did.
struct Done {
    status: ExitStatus,
    /// The end of what it wrote to standard output.
    said: String,
    /// The files that it wrote or changed.
    changed: Vec<WorkspacePath>,
    /// Whether it changed or removed any file.
    has_changes: bool,
}

/// Serves as the agent.
pub(crate) fn wrap(arguments: &Wrap, global: &Global) -> Outcome {
    let site = Site::find(global)?;
    let options = options(arguments.role.agent_type(), &site.root);
    let look = Look { root: site.root, options: snapshot_options(&site.config.snapshot) };
    serve(&options, |command, desk| work(arguments, command, desk, &look))
        .map_err(|error| Failure::Work(error.into()))
}

impl Role {
    pub(super) fn agent_type(self) -> AgentType {
        match self {
            Self::Builder => AgentType::Builder,
            Self::Reviewer => AgentType::Reviewer,
            Self::SpecMaintainer => AgentType::SpecMaintainer,
        }
    }
}

fn work(arguments: &Wrap, command: &Command, desk: &Desk<'_>, look: &Look) -> Answer {
    let done = look.around(|| ask(arguments, &prompt(command), desk, &look.root));
    let done = match done {
        Ok(done) => done,
        Err(error) => return Answer::error("command_failed", &format!("{error:#}")),
    };
    let answer = answer(command.action, &done);
    match &arguments.tests {
        Some(tests) if done.status.success() && arguments.role == Role::Builder => {
            with_tests(answer, tests, desk, &look.root)
        }
        _ => answer,
    }
}

/// Runs the tests of what a builder did.
fn with_tests(answer: Answer, tests: &str, desk: &Desk<'_>, root: &Path) -> Answer {
    let program = ["sh", "-c", tests].map(OsString::from);
    let result = match run(&program, None, desk, root) {
        Ok((status, said)) => {
            let status = if status.success() { "pass" } else { "fail" };
            Object::from_iter([("status", status), ("output", said.as_str())])
        }
        Err(error) => return Answer::error("command_failed", &format!("`{tests}`: {error}")),
    };
    answer.with("tests", result)
}

/// Asks the program.
fn ask(
    arguments: &Wrap,
    prompt: &str,
    desk: &Desk<'_>,
    root: &Path,
) -> io::Result<(ExitStatus, String)> {
    let mut program = arguments.program.clone();
    let stdin = match arguments.prompt {
        Way::Stdin => Some(prompt.to_owned()),
        Way::Arg => {
            program.push(prompt.into());
            None
        }
    };
    run(&program, stdin, desk, root)
}

/// Runs a program to its end, which shows that it gets on by what it writes, and returns the end of
/// that.
fn run(
    program: &[OsString],
    stdin: Option<String>,
    desk: &Desk<'_>,
    root: &Path,
) -> io::Result<(ExitStatus, String)> {
    let [name, arguments @ ..] = program else { return Err(io::ErrorKind::InvalidInput.into()) };
    let mut child = Process::new(name)
        .args(arguments)
        .current_dir(root)
        .stdin(if stdin.is_some() { Stdio::piped() } else { Stdio::null() })
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| io::Error::other(format!("`{}`: {error}", name.to_string_lossy())))?;
    if let (Some(prompt), Some(mut pipe)) = (stdin, child.stdin.take()) {
        // A program need not read its input; then writing fails, and that is no error.
        thread::spawn(move || pipe.write_all(prompt.as_bytes()));
    }
    let said = child.stdout.take().map(|stdout| listen(stdout, desk)).transpose()?;
    Ok((child.wait()?, said.unwrap_or_default()))
}

/// Passes on what a program writes, line by line, and returns the end of it.
fn listen(stdout: impl Read, desk: &Desk<'_>) -> io::Result<String> {
    let mut stdout = BufReader::new(stdout);
    let mut kept = Vec::new();
    loop {
        let mut line = Vec::new();
        let bound = u64::try_from(KEPT).unwrap_or(u64::MAX);
        if stdout.by_ref().take(bound).read_until(b'\n', &mut line)? == 0 {
            return Ok(String::from_utf8_lossy(&kept).into_owned());
        }
        let text = String::from_utf8_lossy(&line);
        desk.log(&text.trim_end().chars().take(LOGGED).collect::<String>());
        kept.extend_from_slice(&line);
        let surplus = kept.len().saturating_sub(KEPT);
        kept.drain(..surplus);
    }
}

/// Where a program works, and what of it is looked at.
struct Look {
    root: PathBuf,
    options: SnapshotOptions,
}

impl Look {
    /// What a program did to the workspace while it ran.
    fn around(
        &self,
        run: impl FnOnce() -> io::Result<(ExitStatus, String)>,
    ) -> anyhow::Result<Done> {
        let before = self.snapshot()?;
        let (status, said) = run()?;
        let after = self.snapshot()?;
        let has_changes = before.manifest.snapshot_id != after.manifest.snapshot_id;
        let before = before.manifest.files;
        let is_new = |file: &SnapshotFile| {
            let same = before.binary_search_by(|known| known.path.as_str().cmp(file.path.as_str()));
            same.ok().and_then(|at| before.get(at)).is_none_or(|known| known.sha256 != file.sha256)
        };
        let changed = after.manifest.files.into_iter().filter(is_new).map(|file| file.path);
        Ok(Done { status, said, changed: changed.collect(), has_changes })
    }

    fn snapshot(&self) -> anyhow::Result<Snapshot> {
        Ok(snapshot(&open_workspace(&self.root)?, &self.options, now())?)
    }
}
