//! YAML 1.2 core, read as strictly as JSON.

use crate::json::{Limits, Outline, ReadError, Value};

/// Reads.
///
/// # Errors
/// x
pub fn read(text: &[u8], limits: Limits) -> Result<Value, ReadError> {
    crate::json::read(text, limits)
}
/// x
pub fn outline(text: &str) -> Outline {
    Outline::of_json(text)
}
