//! What can be wrong with a reference, where, and what to write instead.

use smol_str::SmolStr;

use super::{Reference, Root, Setting};
use crate::diagnostic::Code;
use crate::place::Span;

/// Why a string is neither a reference nor a template nor a literal.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{kind}")]
pub struct ReferenceError {
    /// What is wrong.
    pub kind: ReferenceErrorKind,
    /// The bytes of the string that are at fault.
    pub span: Span,
    pub(crate) setting: Setting,
}

/// What can be wrong with a reference or a template.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReferenceErrorKind {
    /// The name after the `@` is no root.
    #[error("`@{name}` is not one of `@ctx`, `@payload`, `@run` and `@secret`")]
    UnknownRoot {
        /// The name without the `@`.
        name: SmolStr,
    },
    /// A reference is complete, but its text goes on.
    #[error("the reference `{reference}` is followed by `{}`", rest.escape_debug())]
    TextAfter {
        /// The reference, as far as it goes.
        reference: String,
        /// What follows it, shortened.
        rest: SmolStr,
    },
    /// Neither an index nor a quoted key stands in brackets.
    #[error("`[{}]` is neither an index nor a key in double quotes", text.escape_debug())]
    BadIndex {
        /// What stands in the brackets.
        text: SmolStr,
    },
    /// An index has more digits than any array has items.
    #[error("no array has an item `[{text}]`")]
    IndexTooLarge {
        /// The digits.
        text: SmolStr,
    },
    /// No name follows a dot.
    #[error("{} where a name should stand after the `.`", found_character(*.found))]
    BadName {
        /// The character found instead; none at the end of the text.
        found: Option<char>,
    },
    /// A key in double quotes is no JSON string.
    #[error("the key in double quotes is no JSON string: {reason}")]
    BadKey {
        /// What the reader of strings says.
        reason: String,
    },
    /// A root stands alone.
    #[error("`@{root}` alone is no reference: a path follows it, such as `@{root}.name`")]
    NoPath {
        /// The root.
        root: Root,
    },
    /// A bracket or brace is never closed.
    #[error("the closing `{closing}` is missing")]
    Unclosed {
        /// What would close it.
        closing: char,
    },
    /// It has more segments than an author may write.
    #[error("the reference has {depth} segments, the limit is {}", Reference::MAX_DEPTH)]
    TooDeep {
        /// How many it has.
        depth: usize,
    },
    /// It has more characters than an author may write.
    #[error("the reference has {length} characters, the limit is {}", Reference::MAX_LENGTH)]
    TooLong {
        /// How many it has.
        length: usize,
    },
    /// What stands where a reference should is none.
    #[error("a reference should stand here, such as `@ctx.name`")]
    NotAReference,
}

fn found_character(found: Option<char>) -> String {
    match found {
        Some(found) => format!("found `{}`", found.escape_debug()),
        None => "the text ends".to_owned(),
    }
}

impl ReferenceError {
    /// The stable code of this kind of mistake.
    pub fn code(&self) -> Code {
        Code(match self.kind {
            ReferenceErrorKind::UnknownRoot { .. } => "L0101",
            ReferenceErrorKind::TextAfter { .. } => "L0102",
            ReferenceErrorKind::BadIndex { .. } | ReferenceErrorKind::IndexTooLarge { .. } => {
                "L0103"
            }
            ReferenceErrorKind::BadName { .. } => "L0104",
            ReferenceErrorKind::BadKey { .. } => "L0105",
            ReferenceErrorKind::NoPath { .. } => "L0106",
            ReferenceErrorKind::Unclosed { .. } => "L0107",
            ReferenceErrorKind::TooDeep { .. } => "L0108",
            ReferenceErrorKind::TooLong { .. } => "L0109",
            ReferenceErrorKind::NotAReference => "L0110",
        })
    }

    /// What to write instead, where that is clear.
    pub fn help(&self) -> Option<String> {
        match &self.kind {
            ReferenceErrorKind::UnknownRoot { name } => {
                let meant = probable_root(name).map(|root| format!("did you mean `@{root}`?"));
                joined(meant, self.as_text())
            }
            ReferenceErrorKind::TextAfter { reference, rest } => match self.setting {
                Setting::Value => {
                    let template = format!(
                        "write `${{{reference}}}{}` to put it into a text",
                        rest.escape_debug()
                    );
                    joined(Some(template), self.as_text())
                }
                Setting::Template => Some("close the template with `}` right after it".to_owned()),
                Setting::Reference | Setting::Condition => None,
            },
            ReferenceErrorKind::BadIndex { text } => Some(index_help(text)),
            ReferenceErrorKind::BadName { found: Some('0'..='9') } => {
                Some("an item of an array is written `[0]`, any other key `[\"...\"]`".to_owned())
            }
            ReferenceErrorKind::BadName { .. } => {
                let name = "a name has `A-Z a-z 0-9 _ -`; any other key is written `[\"...\"]`";
                joined(Some(name.to_owned()), self.as_text())
            }
            ReferenceErrorKind::NoPath { .. } | ReferenceErrorKind::NotAReference => self.as_text(),
            ReferenceErrorKind::Unclosed { closing: '}' } => self.as_text(),
            ReferenceErrorKind::IndexTooLarge { .. }
            | ReferenceErrorKind::BadKey { .. }
            | ReferenceErrorKind::Unclosed { .. }
            | ReferenceErrorKind::TooDeep { .. }
            | ReferenceErrorKind::TooLong { .. } => None,
        }
    }

    /// How the same text is written when no reference was meant.
    fn as_text(&self) -> Option<String> {
        match self.setting {
            Setting::Value => Some("for this very text, begin it with `@@`".to_owned()),
            Setting::Template => Some("for this very text, write `$${@`".to_owned()),
            Setting::Reference | Setting::Condition => None,
        }
    }
}

fn joined(first: Option<String>, second: Option<String>) -> Option<String> {
    match (first, second) {
        (Some(first), Some(second)) if first.ends_with('?') => Some(format!("{first} {second}")),
        (Some(first), Some(second)) => Some(format!("{first}; {second}")),
        (first, second) => first.or(second),
    }
}

fn index_help(text: &str) -> String {
    let unquoted = text.trim_matches(|c: char| c == '\'' || c == '`' || c.is_whitespace());
    let digits = unquoted.trim_start_matches('0');
    let is_number = !unquoted.is_empty() && unquoted.bytes().all(|byte| byte.is_ascii_digit());
    if is_number && !text.contains('\'') {
        format!("write `[{}]`", if digits.is_empty() { "0" } else { digits })
    } else if unquoted.is_empty() || unquoted.starts_with(['-', '*']) {
        "an index counts from 0, such as `[0]`; a key is written `[\"key\"]`".to_owned()
    } else {
        let mut quoted = String::new();
        crate::json::write_string(unquoted, &mut quoted);
        format!("write `[{quoted}]`")
    }
}

/// The root that was probably meant by `name`: a neighbour's word for it, or a slip of the pen.
fn probable_root(name: &str) -> Option<Root> {
    let name = name.to_ascii_lowercase();
    match name.as_str() {
        "context" | "config" | "vars" | "env" => return Some(Root::Ctx),
        "input" | "inputs" | "param" | "params" | "args" => return Some(Root::Payload),
        "step" | "steps" | "output" | "outputs" => return Some(Root::Run),
        _ => {}
    }
    Root::ALL.into_iter().find(|root| {
        let root = root.as_str();
        let common = name.bytes().zip(root.bytes()).take_while(|(a, b)| a == b).count();
        let near_in_length = name.len().abs_diff(root.len()) <= 2;
        (common >= 3 && near_in_length) || sorted_letters(&name) == sorted_letters(root)
    })
}

fn sorted_letters(word: &str) -> Vec<u8> {
    let mut letters = word.as_bytes().to_vec();
    letters.sort_unstable();
    letters
}
