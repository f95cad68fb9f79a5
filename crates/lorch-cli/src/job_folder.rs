//! Nested jobs: the definition of `JOB_ID` is `JOB_ID.yaml`, `.yml` or `.json` in one folder.

use std::cell::RefCell;
use std::io;
use std::path::PathBuf;

use lorch_compile::{Definition, Definitions, FindError, Found};
use lorch_types::SmolStr;
use lorch_types::diagnostic::{Code, Diagnostic, Source};
use lorch_types::job::JobId;
use lorch_types::json::Limits;
use lorch_types::pointer::Pointer;

use crate::input;
use crate::job::definition;

/// A nested job's file cannot be opened.
const UNREADABLE: Code = Code("L0408");

/// The endings of definitions, in the order in which they are tried.
const EXTENSIONS: [&str; 3] = ["yaml", "yml", "json"];

/// The folder of nested jobs, and what was read from it.
#[derive(Debug)]
pub(crate) struct JobFolder {
    folder: PathBuf,
    limits: Limits,
    read: RefCell<Vec<(JobId, Source, Definition)>>,
    failed: RefCell<Vec<Source>>,
}

impl JobFolder {
    /// The jobs in `folder`.
    pub(crate) fn new(folder: PathBuf, limits: Limits) -> Self {
        Self { folder, limits, read: RefCell::default(), failed: RefCell::default() }
    }

    /// The definition that was read for `job_id`, and the name of its file.
    pub(crate) fn known(&self, job_id: &JobId) -> Option<(SmolStr, Definition)> {
        let read = self.read.borrow();
        let (_, source, definition) = read.iter().find(|(known, ..)| known == job_id)?;
        Some((source.name.as_str().into(), definition.clone()))
    }

    /// The files that were read, for diagnostics.
    pub(crate) fn into_sources(self) -> Vec<Source> {
        let read = self.read.into_inner().into_iter().map(|(_, source, _)| source);
        read.chain(self.failed.into_inner()).collect()
    }

    fn candidates(&self) -> Vec<JobId> {
        let entries = std::fs::read_dir(if self.folder.as_os_str().is_empty() {
            ".".as_ref()
        } else {
            self.folder.as_path()
        });
        let names = entries.into_iter().flatten().flatten().filter_map(|entry| {
            let path = PathBuf::from(entry.file_name());
            let extension = path.extension()?.to_str()?;
            EXTENSIONS.contains(&extension).then(|| path.file_stem()?.to_str()?.parse().ok())?
        });
        let mut names: Vec<JobId> = names.collect();
        names.sort();
        names.dedup();
        names
    }
}

impl Definitions for JobFolder {
    fn find(&self, job_id: &JobId) -> Result<Found, FindError> {
        if let Some((name, definition)) = self.known(job_id) {
            return Ok(Found { name, definition });
        }
        for extension in EXTENSIONS {
            let path = self.folder.join(format!("{job_id}.{extension}"));
            let name: SmolStr = path.display().to_string().into();
            let invalid = |diagnostics| FindError::Invalid { name: name.clone(), diagnostics };
            let read = match input::is_stream(&path) {
                true => Err(io::Error::other("it is not a regular file")),
                false => input::read_file(&path, self.limits),
            };
            let text = match read {
                Ok(text) => text,
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => {
                    let message = format!("`{name}` cannot be read: {error}");
                    return Err(invalid(vec![Diagnostic::error(
                        UNREADABLE,
                        Pointer::root(),
                        message,
                    )]));
                }
            };
            let source = input::source(&path, text);
            return match definition(&source, self.limits) {
                Ok(definition) => {
                    let read = (job_id.clone(), source, definition.clone());
                    self.read.borrow_mut().push(read);
                    Ok(Found { name, definition })
                }
                Err(diagnostics) => {
                    self.failed.borrow_mut().push(source);
                    Err(invalid(diagnostics))
                }
            };
        }
        Err(FindError::NotFound { candidates: self.candidates() })
    }
}
