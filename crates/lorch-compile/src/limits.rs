//! Keeps an instance readable: how large it may be, how deep, and of how many steps.

use lorch_types::json::{Limits, View};

use crate::code;
use crate::output::Output;
use crate::report::Problem;

/// How many steps an instance may have.
pub(crate) const MAX_STEPS: usize = 100_000;
/// How deep `job.run` may nest.
pub(crate) const MAX_JOB_DEPTH: usize = 16;
/// How many arrays and objects are around the params of a step.
pub(crate) const PARAMS_DEPTH: usize = 3;

/// How many bytes a number or a word takes at most.
const SCALAR_BYTES: usize = 26;
/// How many bytes of JSON one byte of a string takes at most, as in `\u0000`.
const ESCAPED_BYTES: usize = 6;

/// How much has been put into an instance.
pub(crate) struct Budget {
    limits: Limits,
    /// The bytes of strings and keys.
    text: usize,
    /// The values.
    values: usize,
}

impl Budget {
    pub(crate) fn new(limits: Limits) -> Self {
        Self { limits, text: 0, values: 0 }
    }

    /// Notes one more value with so many bytes of text.
    ///
    /// # Errors
    /// When the instance is too large for sure.
    #[inline]
    pub(crate) fn spend(&mut self, text: usize) -> Result<(), Problem> {
        self.text += text;
        self.values += 1;
        if self.text + self.values > self.limits.max_bytes { Err(self.too_large()) } else { Ok(()) }
    }

    fn too_large(&self) -> Problem {
        let limit = self.limits.max_bytes;
        let message = format!("the instance has more than {limit} bytes, which is the limit");
        Problem::new(code::TOO_LARGE, message)
            .with_help("let a step read large data instead of having it in the payload".to_owned())
    }

    /// Checks that the whole instance can be read back.
    ///
    /// # Errors
    /// When it is too large.
    pub(crate) fn check(&self, output: &Output<'_>) -> Result<(), Problem> {
        const STEP_BYTES: usize = 512;
        let bound = self.text * ESCAPED_BYTES
            + self.values * SCALAR_BYTES
            + (output.steps() + 1) * STEP_BYTES;
        if bound <= self.limits.max_bytes {
            return Ok(());
        }
        if output.text_length() > self.limits.max_bytes { Err(self.too_large()) } else { Ok(()) }
    }
}

/// Checks that a value that stands beneath `depth` arrays and objects may have members of its own.
///
/// # Errors
/// When that would be deeper than a reader goes.
#[inline]
pub(crate) fn check_depth(value: View<'_>, depth: usize) -> Result<(), Problem> {
    let is_container = matches!(value, View::Array(_) | View::Object(_));
    if !is_container || depth < Limits::MAX_DEPTH {
        return Ok(());
    }
    let limit = Limits::MAX_DEPTH;
    let message = format!("the instance would nest deeper than {limit} levels here");
    Err(Problem::new(code::TOO_DEEP, message))
}
