//! How large things may become.

use std::num::NonZeroUsize;

use serde::Deserialize;

/// `[limits]`: how large things may become, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// One document: 16 MiB.
    pub max_document_bytes: NonZeroUsize,
    /// One line of NDJSON, without its end: 256 KiB.
    pub max_line_bytes: NonZeroUsize,
    /// One step's output, and any file or answer that a step reads: 64 MiB.
    pub max_output_bytes: NonZeroUsize,
    /// The memory of a transform or a rendering: 1 GiB.
    pub max_worker_memory_bytes: NonZeroUsize,
}

impl Default for Limits {
    fn default() -> Self {
        let kibibytes = |count: usize| NonZeroUsize::MIN.saturating_add((count << 10) - 1);
        Self {
            max_document_bytes: kibibytes(16 * 1024),
            max_line_bytes: kibibytes(256),
            max_output_bytes: kibibytes(64 * 1024),
            max_worker_memory_bytes: kibibytes(1024 * 1024),
        }
    }
}
