//! Why a text is no condition.

use smol_str::SmolStr;

use super::Condition;
use crate::diagnostic::Code;
use crate::place::Span;
use crate::reference::ReferenceError;

/// Why a text is no condition, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{kind}")]
pub struct ConditionError {
    /// What is wrong.
    pub kind: ConditionErrorKind,
    /// The bytes of the text at fault.
    pub span: Span,
}

/// What can be wrong with the text of a condition.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConditionErrorKind {
    /// There is nothing but space.
    #[error("the condition is empty")]
    Empty,
    /// Something stands where something else should.
    #[error("found {found} where {expected} should stand")]
    Unexpected {
        /// What was found, in backquotes, or "the end".
        found: SmolStr,
        /// What was expected.
        expected: &'static str,
    },
    /// Another language's way to say something that conditions can say.
    #[error("`{found}` is no part of a condition")]
    Foreign {
        /// What was written.
        found: SmolStr,
        /// How a condition says it.
        instead: SmolStr,
    },
    /// Something that conditions cannot say at all.
    #[error("conditions have no {what}")]
    Unsupported {
        /// What it is.
        what: SmolStr,
    },
    /// A name that is neither a reference nor a word of conditions.
    #[error("`{found}` is no value")]
    UnknownName {
        /// The name and what hangs on it.
        found: SmolStr,
        /// What was probably meant.
        meant: SmolStr,
    },
    /// A reference that is none anywhere.
    #[error(transparent)]
    Reference(ReferenceError),
    /// A name in a reference that is none in a condition: it has a hyphen, or is a keyword of CEL.
    #[error("in a condition, `{name}` is no name after a `.`")]
    NotAName {
        /// The name as written.
        name: SmolStr,
        /// The reference that was probably meant.
        meant: SmolStr,
    },
    /// A quoted key that JSON and CEL read differently.
    #[error("the key `{key}` has an escape that CEL does not have")]
    KeyEscape {
        /// The key as written.
        key: SmolStr,
    },
    /// `has` around something else than a reference that ends in a name.
    #[error("`has` takes one reference that ends in a name, such as `has(@payload.day)`")]
    HasArgument,
    /// A string without its closing quote.
    #[error("the string does not end")]
    UnterminatedString,
    /// An escape that CEL does not have, or a bare control character.
    #[error("`{found}` is no character of a string")]
    Escape {
        /// What was written.
        found: SmolStr,
    },
    /// A number that is written wrongly, or too large.
    #[error("`{found}` is no number: {reason}")]
    Number {
        /// The number as written.
        found: SmolStr,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// Something else than a literal in a list.
    #[error("a list in a condition holds literals only")]
    ListItem,
    /// Parentheses, `!`, lists and comparisons nest too deep.
    #[error("the condition nests deeper than {} levels", Condition::MAX_DEPTH)]
    TooDeep,
}

impl ConditionError {
    /// The stable code of this kind of mistake.
    pub fn code(&self) -> Code {
        match &self.kind {
            ConditionErrorKind::Reference(error) => error.code(),
            _ => Code("L0201"),
        }
    }

    /// What to write instead, where that is clear.
    pub fn help(&self) -> Option<String> {
        match &self.kind {
            ConditionErrorKind::Empty => {
                Some("leave `if` out for a step that always runs".to_owned())
            }
            ConditionErrorKind::Foreign { instead, .. } => Some(format!("write {instead}")),
            ConditionErrorKind::UnknownName { meant, .. }
            | ConditionErrorKind::NotAName { meant, .. } => {
                Some(format!("did you mean `{meant}`?"))
            }
            ConditionErrorKind::Reference(error) => error.help(),
            ConditionErrorKind::KeyEscape { .. } => {
                Some("write the character itself, or `\\uXXXX` where that is one".to_owned())
            }
            ConditionErrorKind::ListItem => {
                Some("compare with each value by itself, joined by `||`".to_owned())
            }
            ConditionErrorKind::Unexpected { .. }
            | ConditionErrorKind::Unsupported { .. }
            | ConditionErrorKind::HasArgument
            | ConditionErrorKind::UnterminatedString
            | ConditionErrorKind::Escape { .. }
            | ConditionErrorKind::Number { .. }
            | ConditionErrorKind::TooDeep => None,
        }
    }
}
