//! Fills secrets into the texts that a manifest keeps for them.

use smol_str::SmolStr;

use super::{Expression, Part};
use crate::reference::{Reference, ReferenceError, Root, Segment};

/// Why the secrets of a text could not be filled in. Never holds the value of one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FillError {
    /// The text is neither a literal nor a reference nor a template.
    #[error("the text of a secret cannot be read")]
    Text(#[from] ReferenceError),
    /// It has a reference that is not `@secret.NAME`.
    #[error("`{reference}` is no secret: a secret is `@secret.NAME`")]
    NotASecret {
        /// The reference.
        reference: Reference,
    },
    /// There is no such secret.
    #[error("there is no secret `{name}`")]
    Absent {
        /// Its name.
        name: SmolStr,
    },
}

/// The text of an entry of a manifest's `secrets` with the values filled in that `lookup` gives for
/// the names. The values are data and are not read again.
///
/// # Errors
/// When the text has other references, or a secret that `lookup` does not know.
pub fn fill_secrets<S: AsRef<str>>(
    text: &str,
    mut lookup: impl FnMut(&str) -> Option<S>,
) -> Result<String, FillError> {
    let mut filled = String::new();
    let mut fill = |reference: &Reference, filled: &mut String| {
        let name = reference
            .secret_name()
            .ok_or_else(|| FillError::NotASecret { reference: reference.clone() })?;
        let value = lookup(name).ok_or_else(|| FillError::Absent { name: name.into() })?;
        filled.push_str(value.as_ref());
        Ok::<_, FillError>(())
    };
    match Expression::parse_compiled(text)? {
        Expression::Literal(text) => filled.push_str(&text),
        Expression::Reference(reference) => fill(&reference, &mut filled)?,
        Expression::Template(template) => {
            for part in &template.parts {
                match part {
                    Part::Text(text) => filled.push_str(text),
                    Part::Reference(reference) => fill(reference, &mut filled)?,
                }
            }
        }
    }
    Ok(filled)
}

impl Reference {
    /// The name of the secret, if it is `@secret.NAME` and nothing more.
    pub fn secret_name(&self) -> Option<&str> {
        match (self.root(), self.path()) {
            (Root::Secret, [Segment::Key(name)]) => Some(name),
            _ => None,
        }
    }
}
