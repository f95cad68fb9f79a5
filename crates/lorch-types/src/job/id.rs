//! Identifiers of jobs, steps and runs.

use ulid::Ulid;

use crate::Timestamp;
use crate::id::{self, Rule, identifier};

identifier! {
    /// The name of a job, unique among the definitions beside it: `email.batch_send`.
    pub struct JobId = Rule {
        what: "job id",
        words: "it has 1 to 128 of `A-Z a-z 0-9 _ . -`, begins with none of `. -` and has no `..`",
        schema: || schemars::json_schema!({
            "type": "string",
            "pattern": "^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$",
            "not": { "pattern": "\\.\\.|\\n" }
        }),
        holds: |text| {
            let tail = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-');
            matches!(text.len(), 1..=128)
                && text.bytes().all(tail)
                && !text.starts_with(['.', '-'])
                && !text.contains("..")
        },
    }
}

identifier! {
    /// The name of a step in a definition: `persist`.
    pub struct StepId = Rule {
        what: "step id",
        words: "it has 1 to 64 of `A-Z a-z 0-9 _ -`, begins with a letter or `_`, and is none of \
                `envelope`, `run_id`, `started_at`",
        schema: || schemars::json_schema!({
            "type": "string",
            "pattern": "^[A-Za-z_][A-Za-z0-9_-]{0,63}$",
            "not": { "pattern": "^(?:envelope|run_id|started_at)$|\\n" }
        }),
        holds: is_step_id,
    }
}

identifier! {
    /// The name of a step in an instance: a step id, or several joined by `/` where a `job.run` was
    /// inlined: `nightly/extract`.
    pub struct StepPath = Rule {
        what: "step of an instance",
        words: "it is a step id, or several joined by `/`",
        schema: || schemars::json_schema!({
            "type": "string",
            "pattern": "^[A-Za-z_][A-Za-z0-9_-]{0,63}(?:/[A-Za-z_][A-Za-z0-9_-]{0,63})*$",
            "not": { "pattern": "(?:^|/)(?:envelope|run_id|started_at)(?:$|/)|\\n" }
        }),
        holds: |text| text.split('/').all(is_step_id),
    }
}

fn is_step_id(text: &str) -> bool {
    let tail = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-');
    matches!(text.len(), 1..=64)
        && text.bytes().all(tail)
        && !text.starts_with(|c: char| c == '-' || c.is_ascii_digit())
        && !matches!(text, "envelope" | "run_id" | "started_at")
}

impl StepPath {
    /// The path of `step` inside the inlined job that this names.
    #[must_use]
    pub fn child(&self, step: &StepId) -> Self {
        Self(smol_str::format_smolstr!("{self}/{step}"))
    }
}

impl From<StepId> for StepPath {
    fn from(id: StepId) -> Self {
        Self(id.0)
    }
}

identifier! {
    /// The version that an author gives a definition; free text of 1 to 64 characters.
    pub struct Version = Rule {
        what: "version",
        words: "it has 1 to 64 characters",
        schema: || id::bounded(1, 64),
        holds: |text| id::has_length(text, 1, 64),
    }
}

identifier! {
    /// A label for steps that belong together, without meaning for execution; 1 to 128 characters.
    pub struct PhaseId = Rule {
        what: "phase id",
        words: "it has 1 to 128 characters",
        schema: || id::bounded(1, 128),
        holds: |text| id::has_length(text, 1, 128),
    }
}

identifier! {
    /// The id of one run of a job: a ULID of 26 upper-case characters.
    pub struct RunId = Rule {
        what: "run id",
        words: "it is a ULID: 26 of `0-9 A-Z` without `I L O U`, in upper case, the first `0`-`7`",
        schema: || id::fixed("^[0-7][0-9A-HJKMNP-TV-Z]{25}$", 26),
        holds: |text| {
            text.len() == 26
                && text.starts_with(|c| matches!(c, '0'..='7'))
                && text.bytes().all(|b| {
                    matches!(b, b'0'..=b'9' | b'A'..=b'H' | b'J' | b'K' | b'M' | b'N' | b'P'..=b'T'
                        | b'V'..=b'Z')
                })
        },
    }
}

impl RunId {
    /// The id of a run made `millis` milliseconds after 1970 began; `random` tells runs of one
    /// millisecond apart (its low 80 bits count).
    pub fn from_parts(millis: u64, random: u128) -> Self {
        Self(Ulid::from_parts(millis, random).to_string().into())
    }

    /// When the run was made, as its id says.
    pub fn timestamp(&self) -> Option<Timestamp> {
        let ulid = Ulid::from_string(self.as_str()).ok()?;
        Timestamp::from_unix_millis(ulid.timestamp_ms())
    }
}
