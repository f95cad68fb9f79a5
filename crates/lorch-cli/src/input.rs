//! Files that a person names: read whole, in the format that the name says.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use anyhow::Context;
use lorch_types::diagnostic::{Color, Format, Source, render};
use lorch_types::json::{Limits, Value};

use crate::exit::Failure;
use crate::terminal::tell;

/// The name that means standard input.
pub(crate) const STDIN: &str = "-";

/// A file of at most this size is read whole, so that what is too large can be said to be so large.
const MEASURED_BYTES: u64 = 1 << 30;

/// The bytes of the file `path`, or of standard input; of what is too large only so many that it
/// shows.
pub(crate) fn read_bytes(path: &Path, limits: Limits) -> Result<Vec<u8>, Failure> {
    if path.as_os_str() == STDIN {
        return read_bounded(io::stdin().lock(), limits)
            .context("cannot read standard input")
            .map_err(Failure::Usage);
    }
    read_file(path, limits)
        .with_context(|| format!("cannot read `{}`", path.display()))
        .map_err(Failure::Usage)
}

/// The bytes of the file `path`, as [`read_bytes`] gives them.
pub(crate) fn read_file(path: &Path, limits: Limits) -> io::Result<Vec<u8>> {
    let file = File::open(path)?;
    let metadata = file.metadata()?;
    if metadata.is_file() && metadata.len() <= MEASURED_BYTES {
        let max_bytes = usize::try_from(metadata.len()).unwrap_or(usize::MAX);
        return read_bounded(file, Limits { max_bytes: max_bytes.max(limits.max_bytes) });
    }
    read_bounded(file, limits)
}

/// What `reader` has, up to one byte more than may be.
fn read_bounded(reader: impl Read, limits: Limits) -> io::Result<Vec<u8>> {
    let bound = u64::try_from(limits.max_bytes).unwrap_or(u64::MAX).saturating_add(1);
    let mut bytes = Vec::new();
    reader.take(bound).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The text of the document at `path`.
pub(crate) fn read_source(path: &Path, limits: Limits) -> Result<Source, Failure> {
    let text = read_bytes(path, limits)?;
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
/// text; what makes it unreadable is told.
pub(crate) fn read_value(path: &Path, limits: Limits) -> Result<(Source, Value), Failure> {
    let source = read_source(path, limits)?;
    match source.read(limits) {
        Ok(value) => Ok((source, value)),
        Err(error) => {
            tell(&render(&[error.diagnostic()], &[source], Color::Never));
            Err(Failure::Reported)
        }
    }
}
