//! Files that a person names: read whole, in the format that the name says.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use anyhow::Context;
use lorch_types::diagnostic::{Color, Format, Source, render};
use lorch_types::json::{Limits, Value};

use crate::exit::{Failure, Outcome};
use crate::terminal::tell;

/// The name that means standard input.
pub(crate) const STDIN: &str = "-";

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
    read_bounded(File::open(path)?, limits)
}

/// The lines of `path`, or of standard input, with their numbers; those that hold nothing are left
/// out. Of a line that is too large there is so much that it shows, and no line after it.
pub(crate) fn read_lines(path: &Path, limits: Limits) -> Result<Vec<(usize, Vec<u8>)>, Failure> {
    let opened: io::Result<Box<dyn BufRead>> = match path.as_os_str() == STDIN {
        true => Ok(Box::new(io::stdin().lock())),
        false => File::open(path).map(|file| Box::new(BufReader::new(file)) as Box<dyn BufRead>),
    };
    opened
        .and_then(|reader| split_lines(reader, limits))
        .with_context(|| format!("cannot read `{}`", path.display()))
        .map_err(Failure::Usage)
}

fn split_lines(mut reader: impl BufRead, limits: Limits) -> io::Result<Vec<(usize, Vec<u8>)>> {
    let bound = u64::try_from(limits.max_bytes).unwrap_or(u64::MAX).saturating_add(1);
    let mut lines = Vec::new();
    for number in 1.. {
        let mut line = Vec::new();
        reader.by_ref().take(bound).read_until(b'\n', &mut line)?;
        if line.is_empty() {
            break;
        }
        line.pop_if(|last| *last == b'\n');
        let is_too_large = line.len() > limits.max_bytes;
        if !line.iter().all(u8::is_ascii_whitespace) || is_too_large {
            lines.push((number, line));
        }
        if is_too_large {
            break;
        }
    }
    Ok(lines)
}

/// What `reader` has, up to one byte more than may be.
fn read_bounded(reader: impl Read, limits: Limits) -> io::Result<Vec<u8>> {
    let bound = u64::try_from(limits.max_bytes).unwrap_or(u64::MAX).saturating_add(1);
    let mut bytes = Vec::new();
    reader.take(bound).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The text of the job at `path`: a file, or standard input. Of a pipe or a device, which may never
/// end, a job is not read.
pub(crate) fn read_job(path: &Path, limits: Limits) -> Result<Source, Failure> {
    if path.as_os_str() != STDIN && is_stream(path) {
        let name = path.display();
        return Err(Failure::usage(format!(
            "`{name}` is not a regular file\n  = help: `-` reads the job from standard input"
        )));
    }
    read_source(path, limits)
}

/// Whether `path` is a pipe, a device or the like.
pub(crate) fn is_stream(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|it| !it.is_file() && !it.is_dir())
}

/// Refuses to read standard input for more than one of `paths`.
pub(crate) fn read_stdin_once<'p>(paths: impl IntoIterator<Item = &'p Path>) -> Outcome {
    match paths.into_iter().filter(|path| path.as_os_str() == STDIN).count() {
        0 | 1 => Ok(()),
        times => Err(Failure::usage(format!(
            "{times} arguments read standard input, which can be read once"
        ))),
    }
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
pub(crate) fn read_value(
    path: &Path,
    limits: Limits,
    color: Color,
) -> Result<(Source, Value), Failure> {
    let source = read_source(path, limits)?;
    match source.read(limits) {
        Ok(value) => Ok((source, value)),
        Err(error) => {
            tell(&render(&[error.diagnostic()], &[source], color));
            Err(Failure::Reported)
        }
    }
}
