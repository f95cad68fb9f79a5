//! The real command, end to end.

mod arguments;
mod codes;
mod documents;
mod example;
mod lorch;
mod recovery;
mod transcript;
