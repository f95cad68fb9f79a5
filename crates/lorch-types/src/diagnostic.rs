//! What is wrong with a document: a stable code, a place, and advice, as data.
//!
//! A [`Diagnostic`] names its place by pointer. [`Source`] holds a document's text and finds lines
//! and columns; [`render`] prints diagnostics with the source line and a caret.

mod render;
mod source;
mod written;

use std::fmt;

use smol_str::SmolStr;

use crate::json::{ReadError, ReadErrorKind};
use crate::place::Span;
use crate::pointer::Pointer;

pub use render::{Color, render, visible};
pub use source::{Format, Location, Source};

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The document cannot be used.
    Error,
    /// The document can be used, but probably does not say what was meant.
    Warning,
}

/// The stable code of one kind of mistake: `L0101`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Code(pub &'static str);

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// Which part of the value that a pointer leads to is at fault.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Part {
    /// The value.
    #[default]
    Value,
    /// The key under which it stands.
    Key,
    /// These bytes of it, which is a string.
    Within(Span),
    /// These bytes of the whole text, which cannot be read.
    Text(Span),
}

/// One thing that is wrong with a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Which kind of mistake it is.
    pub code: Code,
    /// How bad it is.
    pub severity: Severity,
    /// One sentence that names the subject and the value at fault; lower case, no full stop.
    pub message: String,
    /// The document, by the name of its [`Source`]; `None` is the one that was given.
    pub file: Option<SmolStr>,
    /// Where in the document.
    pub pointer: Pointer,
    /// Which part of the value there.
    pub part: Part,
    /// What stands there, shortened, where that is worth saying apart.
    pub found: Option<String>,
    /// What should stand there, where that can be said apart.
    pub expected: Option<String>,
    /// What to write instead.
    pub help: Option<String>,
    /// The other end, of a mistake that two documents make together.
    pub other: Option<Box<End>>,
}

/// One end of a reference between documents.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct End {
    /// The file.
    pub file: SmolStr,
    /// Which line of it, from 1, where each line is a document.
    pub line: Option<usize>,
    /// Where in the document; its root where the document as a whole is meant.
    pub pointer: Pointer,
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        if self.pointer.is_root() { Ok(()) } else { write!(f, " {}", self.pointer) }
    }
}

impl Diagnostic {
    /// An error at the value that `pointer` leads to.
    pub fn error(code: Code, pointer: Pointer, message: impl Into<String>) -> Self {
        Self {
            code,
            severity: Severity::Error,
            message: message.into(),
            file: None,
            pointer,
            part: Part::Value,
            found: None,
            expected: None,
            help: None,
            other: None,
        }
    }

    /// A warning at the value that `pointer` leads to.
    pub fn warning(code: Code, pointer: Pointer, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(code, pointer, message) }
    }

    /// The same about another part of the value.
    #[must_use]
    pub fn about(mut self, part: Part) -> Self {
        self.part = part;
        self
    }

    /// The same with advice.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The same with the other end of the reference that does not hold.
    #[must_use]
    pub fn with_other(mut self, other: End) -> Self {
        self.other = Some(Box::new(other));
        self
    }

    /// The same in the document named `file`.
    #[must_use]
    pub fn in_file(mut self, file: impl Into<SmolStr>) -> Self {
        self.file = Some(file.into());
        self
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}", self.code, self.pointer, self.message)
    }
}

impl ReadError {
    /// The same as a diagnostic, about the byte at which it was noticed.
    pub fn diagnostic(&self) -> Diagnostic {
        let diagnostic = Diagnostic::error(self.code(), Pointer::root(), self.to_string())
            .about(Part::Text(self.offset..self.offset.saturating_add(1)));
        match &self.help {
            Some(help) => diagnostic.with_help(help.clone()),
            None => diagnostic,
        }
    }

    /// The code of this error.
    pub fn code(&self) -> Code {
        Code(match self.kind {
            ReadErrorKind::NotUtf8 | ReadErrorKind::ByteOrderMark => "L0001",
            ReadErrorKind::UnexpectedEnd { .. } | ReadErrorKind::Unexpected { .. } => "L0002",
            ReadErrorKind::DuplicateKey { .. } => "L0003",
            ReadErrorKind::TooDeep { .. } => "L0004",
            ReadErrorKind::Number { .. } => "L0005",
            ReadErrorKind::LoneSurrogate { .. } => "L0006",
            ReadErrorKind::TooLarge { .. } => "L0007",
            ReadErrorKind::Refused { .. } => "L0008",
            ReadErrorKind::Yaml { .. } => "L0009",
        })
    }
}
