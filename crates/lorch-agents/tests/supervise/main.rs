//! The supervisor with real processes: agents that do what they should, and a zoo of those that do not.
//!
//! A test binary without the usual harness, since it is the launcher and the agents, too. Names of tests
//! as arguments run those alone.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a failed unwrap is a failed test, and agents write"
)]

mod agent;
mod bench;
mod healthy;
mod hostile;
mod lasting;

use std::ffi::OsString;
use std::process::ExitCode;
use std::time::Duration;

type Test = (&'static str, fn());

fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    match arguments.first().and_then(|first| first.to_str()) {
        Some("launch") => launch(&arguments[1..]),
        Some("agent") => {
            agent::act(arguments[1].to_str().unwrap());
            ExitCode::SUCCESS
        }
        Some("lorch") => lasting::be_lorch(arguments[1].as_ref()),
        _ => run(&arguments),
    }
}

fn launch(arguments: &[OsString]) -> ExitCode {
    let [grace, dashes, command @ ..] = arguments else { panic!("GRACE -- COMMAND") };
    assert_eq!(dashes, "--");
    let grace = Duration::from_millis(grace.to_str().unwrap().parse().unwrap());
    match lorch_agents::launch(grace, command) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            eprintln!("`{}` could not be started: {error}", command[0].to_string_lossy());
            ExitCode::from(125)
        }
    }
}

fn run(arguments: &[OsString]) -> ExitCode {
    let named: Vec<&str> =
        arguments.iter().filter_map(|it| it.to_str()).filter(|it| !it.starts_with('-')).collect();
    let mut count = 0;
    let before = hostile::peak_memory();
    for (name, test) in [healthy::TESTS, hostile::TESTS, lasting::TESTS].concat() {
        if named.is_empty() || named.iter().any(|part| name.contains(part)) {
            println!("test {name} ...");
            test();
            count += 1;
        }
    }
    // Of whatever agents write, next to nothing is kept.
    let grown = hostile::peak_memory() - before;
    assert!(grown < 100 * 1024 * 1024, "{grown} bytes of memory");
    println!("test result: ok. {count} passed");
    ExitCode::SUCCESS
}
