//! One rule that a document breaks, as data.

use lorch_types::SmolStr;
use lorch_types::diagnostic::{Code, Diagnostic, Part};
use lorch_types::pointer::Pointer;

/// One rule that a document breaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The value that breaks it; of a missing field the object around it, of an unknown one the
    /// field.
    pub pointer: Pointer,
    /// The JSON Schema keyword that says so.
    pub keyword: SmolStr,
    /// Which family of rules it belongs to.
    pub family: Family,
    /// One sentence; lower case, no full stop.
    pub message: String,
    /// What stands there, shortened.
    pub found: Option<String>,
    /// What should stand there.
    pub expected: Option<String>,
    /// What to write instead.
    pub help: Option<String>,
}

/// The families of rules that a document can break.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Family {
    /// Nothing tells which kind of document it is.
    Kind,
    /// A value is of the wrong type.
    Type,
    /// A field is missing.
    Missing,
    /// A field is unknown.
    Unknown,
    /// A value is none of those that are listed.
    Listed,
    /// A text breaks the rule of its pattern or its length.
    Text,
    /// A number is out of its range.
    Number,
    /// Fields contradict each other.
    Together,
    /// An array or object has too few, too many or equal members.
    Size,
    /// A line of a stream is too long.
    Line,
    /// The last line of a stream was cut off.
    Torn,
}

impl Family {
    /// All families.
    pub const ALL: [Self; 11] = [
        Self::Kind,
        Self::Type,
        Self::Missing,
        Self::Unknown,
        Self::Listed,
        Self::Text,
        Self::Number,
        Self::Together,
        Self::Size,
        Self::Line,
        Self::Torn,
    ];

    /// The code of diagnostics about it.
    pub const fn code(self) -> Code {
        Code(match self {
            Self::Kind => "L1101",
            Self::Type => "L1102",
            Self::Missing => "L1103",
            Self::Unknown => "L1104",
            Self::Listed => "L1105",
            Self::Text => "L1106",
            Self::Number => "L1107",
            Self::Together => "L1108",
            Self::Size => "L1109",
            Self::Line => "L1110",
            Self::Torn => "L1111",
        })
    }
}

impl Violation {
    /// The same as a diagnostic.
    pub fn diagnostic(&self) -> Diagnostic {
        let part = match self.family {
            Family::Unknown => Part::Key,
            _ => Part::Value,
        };
        Diagnostic {
            part,
            found: self.found.clone(),
            expected: self.expected.clone(),
            help: self.help.clone(),
            ..Diagnostic::error(self.family.code(), self.pointer.clone(), self.message.clone())
        }
    }
}
