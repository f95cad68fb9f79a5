//! Files that a person names: read whole, in the format that the name says.

use std::io::Read;
use std::path::Path;

use anyhow::Context;
use lorch_types::diagnostic::{Color, Format, Source, render};
use lorch_types::json::{Limits, Value};

use crate::exit::Failure;

/// The name that means standard input.
pub(crate) const STDIN: &str = "-";

/// The bytes of the file `path`, or of standard input.
pub(crate) fn read_bytes(path: &Path) -> Result<Vec<u8>, Failure> {
    if path.as_os_str() == STDIN {
        let mut bytes = Vec::new();
        std::io::stdin()
            .read_to_end(&mut bytes)
            .context("cannot read standard input")
            .map_err(Failure::Usage)?;
        return Ok(bytes);
    }
    std::fs::read(path)
        .with_context(|| format!("cannot read `{}`", path.display()))
        .map_err(Failure::Usage)
}

/// The text of the document at `path`.
pub(crate) fn read_source(path: &Path) -> Result<Source, Failure> {
    let text = read_bytes(path)?;
    Ok(source(path, text))
}

/// `text` as the document at `path`: YAML if the name ends so, or if standard input does not begin
/// as JSON does.
pub(crate) fn source(path: &Path, text: Vec<u8>) -> Source {
    let stdin = path.as_os_str() == STDIN;
    let yaml = match path.extension().and_then(|it| it.to_str()) {
        Some(extension) => matches!(extension, "yaml" | "yml"),
        None => {
            let first = text.iter().find(|byte| !byte.is_ascii_whitespace());
            stdin && !matches!(first, Some(b'{' | b'['))
        }
    };
    let name = if stdin { "<stdin>".to_owned() } else { path.display().to_string() };
    Source { name, text, format: if yaml { Format::Yaml } else { Format::Json } }
}

/// The value at `path`, for input that is data and not a document with rules of its own, and its
/// text.
pub(crate) fn read_value(path: &Path) -> Result<(Source, Value), Failure> {
    let source = read_source(path)?;
    match source.read(Limits::default()) {
        Ok(value) => Ok((source, value)),
        Err(error) => {
            let told = render(&[error.diagnostic()], &[source], Color::Never);
            let told = told.trim_end();
            let told = told.strip_prefix("error").map_or(told, |it| it.trim_start_matches(':'));
            Err(Failure::usage(told.trim_start()))
        }
    }
}
