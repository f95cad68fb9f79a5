//! One character for how a step stands.

use lorch_types::diagnostic::Color;
use lorch_types::job::StepStatus;

/// A character and its colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Glyph {
    character: char,
    style: &'static str,
}

impl Glyph {
    /// That of an effect which was there already.
    pub(crate) const PRESENT: Self = Self { character: '=', style: "36" };

    /// That of a status.
    pub(crate) const fn of(status: StepStatus) -> Self {
        let (character, style) = match status {
            StepStatus::Pending => ('·', "2"),
            StepStatus::Running => ('▸', "34"),
            StepStatus::Completed => ('✔', "32"),
            StepStatus::Failed => ('✘', "31"),
            StepStatus::Skipped => ('-', "2"),
        };
        Self { character, style }
    }

    /// The character, in its colour.
    pub(crate) fn draw(self, color: Color) -> String {
        match color {
            Color::Always => format!("\x1b[{}m{}\x1b[0m", self.style, self.character),
            Color::Never => self.character.to_string(),
        }
    }
}
