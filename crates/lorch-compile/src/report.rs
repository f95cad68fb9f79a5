//! What is wrong, collected: problems become diagnostics with a place once there are any.

use std::collections::HashSet;

use lorch_types::SmolStr;
use lorch_types::diagnostic::{Code, Diagnostic, Part};
use lorch_types::place::Span;
use lorch_types::pointer::Pointer;

use crate::code;

/// How many errors are reported before the rest is left out.
pub(crate) const MAX_ERRORS: usize = 1000;

/// The way to a value, as the stack of calls that leads there; a pointer only when one is needed.
#[derive(Clone, Copy)]
pub(crate) enum Path<'p> {
    /// The document.
    Root,
    /// A member of what the path leads to.
    Key(&'p Path<'p>, &'p str),
    /// An item of what the path leads to.
    Index(&'p Path<'p>, usize),
}

impl Path<'_> {
    /// The pointer to the value.
    pub(crate) fn pointer(&self) -> Pointer {
        match self {
            Self::Root => Pointer::root(),
            Self::Key(around, key) => {
                let mut pointer = around.pointer();
                pointer.push(key);
                pointer
            }
            Self::Index(around, index) => {
                let mut pointer = around.pointer();
                pointer.push(index);
                pointer
            }
        }
    }
}

/// Something wrong, before it is said where.
#[derive(Debug)]
pub(crate) struct Problem {
    pub(crate) code: Code,
    pub(crate) message: String,
    pub(crate) help: Option<String>,
    /// The bytes of the string at fault, when they are not all of it.
    pub(crate) span: Option<Span>,
}

impl Problem {
    pub(crate) fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), help: None, span: None }
    }

    pub(crate) fn with_help(mut self, help: impl Into<Option<String>>) -> Self {
        self.help = help.into();
        self
    }

    pub(crate) fn within(mut self, span: Span) -> Self {
        self.span = Some(span);
        self
    }

    /// The error at the value that `pointer` leads to.
    pub(crate) fn into_error(self, pointer: Pointer) -> Diagnostic {
        let mut diagnostic = Diagnostic::error(self.code, pointer, self.message);
        diagnostic.help = self.help;
        if let Some(span) = self.span {
            diagnostic.part = Part::Within(span);
        }
        diagnostic
    }
}

/// What is wrong so far.
#[derive(Default)]
pub(crate) struct Report {
    errors: Vec<Diagnostic>,
    warnings: Vec<Diagnostic>,
    /// What was said of nested jobs, which may be inlined many times.
    said: HashSet<Said>,
}

/// What makes two diagnostics the same: all but the name of the step.
#[derive(PartialEq, Eq, Hash)]
struct Said {
    code: Code,
    file: Option<SmolStr>,
    pointer: Pointer,
    span: Option<Span>,
    message: String,
}

impl Report {
    /// Adds an error or a warning; `subject` is put before the message.
    pub(crate) fn add(&mut self, subject: &str, mut diagnostic: Diagnostic) {
        if diagnostic.file.is_some() {
            let span = match &diagnostic.part {
                Part::Within(span) | Part::Text(span) => Some(span.clone()),
                Part::Value | Part::Key => None,
            };
            let said = Said {
                code: diagnostic.code,
                file: diagnostic.file.clone(),
                pointer: diagnostic.pointer.clone(),
                span,
                message: diagnostic.message.clone(),
            };
            if !self.said.insert(said) {
                return;
            }
        }
        if !subject.is_empty() {
            diagnostic.message = format!("{subject}: {}", diagnostic.message);
        }
        let list = match diagnostic.severity {
            lorch_types::diagnostic::Severity::Error => &mut self.errors,
            lorch_types::diagnostic::Severity::Warning => &mut self.warnings,
        };
        if list.len() < MAX_ERRORS {
            list.push(diagnostic);
        }
    }

    /// Whether anything is an error.
    pub(crate) fn has_errors(&self) -> bool {
        !self.errors.is_empty()
    }

    /// Whether there are so many errors that looking for more is of no use.
    pub(crate) fn is_full(&self) -> bool {
        self.errors.len() >= MAX_ERRORS
    }

    /// The warnings when nothing is an error, else everything, errors first.
    pub(crate) fn finish(mut self) -> Result<Vec<Diagnostic>, Vec<Diagnostic>> {
        if self.errors.is_empty() {
            return Ok(self.warnings);
        }
        if self.is_full() {
            let message = format!("more than {MAX_ERRORS} errors; the rest is not reported");
            self.errors.push(Diagnostic::error(code::TOO_MANY_ERRORS, Pointer::root(), message));
        }
        self.errors.append(&mut self.warnings);
        Err(self.errors)
    }
}
