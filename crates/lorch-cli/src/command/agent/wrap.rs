//! `lorch agent wrap`: an agent that asks a command-line program.

use std::ffi::OsString;
use std::io::{self, BufRead as _, BufReader, Read, Write as _};
use std::path::Path;
use std::process::{Command as Process, ExitStatus, Stdio};
use std::thread;

use clap::{Args, ValueEnum};
use lorch_agents::sdk::{Answer, Desk, serve};
use lorch_types::agent::Command;
use lorch_types::json::Object;

use super::look::Look;
use super::prompt::prompt;
use super::role::Role;
use super::script::options;
use super::verdict::{Ending, answer};
use crate::cli::Global;
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

/// How a program gets its prompt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Way {
    Stdin,
    Arg,
}

/// The exit status that asks to be asked again (`EX_TEMPFAIL` of sysexits).
const AGAIN: i32 = 75;
/// How much of what a program writes is kept.
const KEPT: usize = 64 * 1024;

/// How many characters of a line are passed on.
const LOGGED: usize = 2000;

/// Serves as the agent.
pub(crate) fn wrap(arguments: &Wrap, global: &Global) -> Outcome {
    arguments.role.does_work()?;
    let site = Site::find(global)?;
    let options = options(arguments.role.agent_type(), &site.root);
    let look = Look::at(&site);
    serve(&options, |command, desk| work(arguments, command, desk, &look))
        .map_err(|error| Failure::Work(error.into()))
}

fn work(arguments: &Wrap, command: &Command, desk: &Desk<'_>, look: &Look) -> Answer {
    let done = look.around(command, || {
        let (status, said) = ask(arguments, &prompt(command), desk, &look.root)?;
        Ok((ending(status), said))
    });
    let done = match done {
        Ok(done) => done,
        Err(error) => return Answer::error("command_failed", &format!("{error:#}")),
    };
    let answer = answer(command.action, &done);
    match &arguments.tests {
        Some(tests) if done.ending == Ending::Well && arguments.role == Role::Builder => {
            with_tests(answer, tests, desk, &look.root)
        }
        _ => answer,
    }
}

/// What an exit status means.
fn ending(status: ExitStatus) -> Ending {
    match status.code() {
        Some(0) => Ending::Well,
        Some(AGAIN) => Ending::Again { code: "temporary_failure", reason: status.to_string() },
        _ => Ending::Badly { code: "command_failed", reason: status.to_string() },
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
