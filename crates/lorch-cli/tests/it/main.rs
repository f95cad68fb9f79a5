//! The real command, end to end.

mod lorch;
mod transcript;
