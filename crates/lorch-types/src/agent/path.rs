//! Paths of files in a workspace.

use crate::id::{self, Rule, identifier};

/// How many characters a path may have.
const MAX_LENGTH: usize = 1024;

identifier! {
    /// The path of a file, from the root of its workspace: `src/auth.rs`.
    ///
    /// Invariant: it is relative and stays inside: its segments are separated by `/`, and none is
    /// empty, `.` or `..`. It has no control character and at most 1,024 characters. Symbolic links
    /// are the business of whoever opens it.
    pub struct WorkspacePath = Rule {
        what: "path in a workspace",
        words: "it is relative, with `/` between its segments, none of them empty, `.` or `..`, \
                without control characters, and has at most 1024 characters",
        schema: || schemars::json_schema!({
            "type": "string",
            "pattern": "^[^/\\u0000-\\u001f\\u007f-\\u009f]+(?:/[^/\\u0000-\\u001f\\u007f-\\u009f]+)*$",
            "not": { "pattern": "(?:^|/)\\.\\.?(?:$|/)|\\n" },
            "maxLength": MAX_LENGTH
        }),
        holds: |text| {
            id::has_length(text, 1, MAX_LENGTH)
                && !text.chars().any(char::is_control)
                && text.split('/').all(|segment| !matches!(segment, "" | "." | ".."))
        },
    }
}
