//! What goes where: results to standard output, everything else to standard error.

use std::io::{self, IsTerminal, Write};

use lorch_types::diagnostic::{Color, visible};
use lorch_types::json;
use serde::Serialize;

use crate::exit::Failure;

/// When to use colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum ColorChoice {
    /// On a terminal, unless `NO_COLOR` is set.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// One of the two streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stream {
    /// Standard output.
    Output,
    /// Standard error.
    Error,
}

impl ColorChoice {
    /// Whether to colour what is written to `stream`.
    pub(crate) fn on(self, stream: Stream) -> Color {
        let colored = match self {
            Self::Always => true,
            Self::Never => false,
            Self::Auto => {
                let plain = std::env::var_os("NO_COLOR").is_some_and(|it| !it.is_empty())
                    || std::env::var_os("TERM").is_some_and(|it| it == "dumb");
                let terminal = match stream {
                    Stream::Output => io::stdout().is_terminal(),
                    Stream::Error => io::stderr().is_terminal(),
                };
                terminal && !plain
            }
        };
        if colored { Color::Always } else { Color::Never }
    }
}

/// Writes a result to standard output, as it is; that nobody reads on is no failure, and makes no
/// failure a success.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Failure::output(error)),
        _ => Ok(()),
    }
}

/// Writes a line of the result.
pub(crate) fn print_line(line: impl std::fmt::Display) -> Result<(), Failure> {
    print(&format!("{line}\n"))
}

/// Tells a person something; that nobody listens is no failure.
pub(crate) fn tell(text: &str) {
    let _ = io::stderr().lock().write_all(text.as_bytes());
}

/// Tells a person what went wrong.
pub(crate) fn tell_error(message: &str, color: Color) {
    let label = match color {
        Color::Always => "\x1b[1;31merror\x1b[0m",
        Color::Never => "error",
    };
    // Advice stands on lines of its own; within a line nothing is obeyed.
    let message: Vec<String> = message.lines().map(visible).collect();
    tell(&format!("{label}: {}\n", message.join("\n")));
}

/// Tells a person what may not be what they meant.
pub(crate) fn tell_warning(message: &str, color: Color) {
    let label = match color {
        Color::Always => "\x1b[1;33mwarning\x1b[0m",
        Color::Never => "warning",
    };
    tell(&format!("{label}: {}\n", visible(message)));
}

/// Writes a document: indented for people on a terminal, otherwise as one line of canonical JSON,
/// which has the document's digest.
pub(crate) fn print_document<T: Serialize>(document: &T) -> Result<(), Failure> {
    let text = if io::stdout().is_terminal() {
        serde_json::to_string_pretty(document).map_err(Failure::work)?
    } else {
        json::to_value(document).map_err(Failure::work)?.to_string()
    };
    print_line(text)
}
