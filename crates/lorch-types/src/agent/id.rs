//! Identifiers of tasks, agents, their messages and what they work on.

use crate::id::{self, Rule, identifier};
use crate::{Digest, Timestamp};

identifier! {
    /// The id of an agents' task: `T-0042`.
    pub struct TaskId = Rule {
        what: "task id",
        words: "it is `T-` and 4 digits, such as `T-0042`",
        schema: || id::fixed("^T-[0-9]{4}$", 6),
        holds: |text| text.strip_prefix("T-").is_some_and(|rest| id::is_digits(rest, 4)),
    }
}

identifier! {
    /// The id of what a workspace held, derived from its content: `snap-d0ab7e60b764`.
    pub struct SnapshotId = Rule {
        what: "snapshot id",
        words: "it is `snap-` and 12 lower-case hexadecimal digits",
        schema: || id::fixed("^snap-[a-f0-9]{12}$", 17),
        holds: |text| id::is_prefixed_hex(text, "snap-", 12),
    }
}

impl SnapshotId {
    /// The id of what has this digest: its first 12 digits.
    pub(super) fn from_digest(digest: &Digest) -> Self {
        Self(smol_str::format_smolstr!("snap-{}", digest.hex().get(..12).unwrap_or_default()))
    }
}

identifier! {
    /// The id of one run of an agents' task: the moment it began and 8 random digits,
    /// `run-20251020-140818-4f9f29a1`.
    pub struct AgentRunId = Rule {
        what: "agent run id",
        words: "it is `run-`, a date of 8 digits, a time of 6 and 8 lower-case hexadecimal digits, \
                such as `run-20251020-140818-4f9f29a1`",
        schema: || id::fixed("^run-[0-9]{8}-[0-9]{6}-[a-f0-9]{8}$", 28),
        holds: |text| {
            let mut parts = text.split('-');
            parts.next() == Some("run")
                && parts.next().is_some_and(|date| id::is_digits(date, 8))
                && parts.next().is_some_and(|time| id::is_digits(time, 6))
                && parts.next().is_some_and(|random| id::is_prefixed_hex(random, "", 8))
                && parts.next().is_none()
        },
    }
}

identifier! {
    /// The id of a command: `cmd-a1b2c3d4`.
    pub struct CommandId = Rule {
        what: "command id",
        words: "it is `cmd-` and 8 lower-case hexadecimal digits",
        schema: || id::fixed("^cmd-[a-f0-9]{8}$", 12),
        holds: |text| id::is_prefixed_hex(text, "cmd-", 8),
    }
}

identifier! {
    /// The id of an event: `evt-0a1b2c3d`.
    pub struct EventId = Rule {
        what: "event id",
        words: "it is `evt-` and 8 lower-case hexadecimal digits",
        schema: || id::fixed("^evt-[a-f0-9]{8}$", 12),
        holds: |text| id::is_prefixed_hex(text, "evt-", 8),
    }
}

impl CommandId {
    /// The id with this number: `cmd-` and its 8 hexadecimal digits.
    pub fn of_number(number: u32) -> Self {
        Self(smol_str::format_smolstr!("cmd-{number:08x}"))
    }
}

impl EventId {
    /// The id with this number: `evt-` and its 8 hexadecimal digits.
    pub fn of_number(number: u32) -> Self {
        Self(smol_str::format_smolstr!("evt-{number:08x}"))
    }
}

impl CorrelationId {
    /// The correlation with this number: `corr-` and its 16 hexadecimal digits.
    pub fn of_number(number: u64) -> Self {
        Self(smol_str::format_smolstr!("corr-{number:016x}"))
    }
}

impl AgentRunId {
    /// The id of a run that began at this moment, and the number that tells it from others.
    pub fn new(began: Timestamp, number: u32) -> Self {
        let text = began.to_string();
        let digits: String = text.chars().filter(char::is_ascii_digit).take(14).collect();
        let (date, time) = digits.split_at_checked(8).unwrap_or_default();
        Self(smol_str::format_smolstr!("run-{date}-{time}-{number:08x}"))
    }

    /// The moment that it says the run began; `None` where its digits name none.
    pub fn began(&self) -> Option<Timestamp> {
        let [year, month, day] = [4..8, 8..10, 10..12].map(|range| self.0.get(range));
        let [hour, minute, second] = [13..15, 15..17, 17..19].map(|range| self.0.get(range));
        let (year, month, day) = (year?, month?, day?);
        let (hour, minute, second) = (hour?, minute?, second?);
        format!("{year}-{month}-{day}T{hour}:{minute}:{second}Z").parse().ok()
    }
}

identifier! {
    /// What the messages about one command have in common; free text of 1 to 128 characters.
    pub struct CorrelationId = Rule {
        what: "correlation id",
        words: "it has 1 to 128 characters",
        schema: || id::bounded(1, 128),
        holds: |text| id::has_length(text, 1, 128),
    }
}

identifier! {
    /// The name of one agent among several of its type; free text of 1 to 128 characters.
    pub struct AgentId = Rule {
        what: "agent id",
        words: "it has 1 to 128 characters",
        schema: || id::bounded(1, 128),
        holds: |text| id::has_length(text, 1, 128),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_says_when_it_began() {
        let began: Timestamp = "2025-10-20T14:08:18.987Z".parse().unwrap();
        let run = AgentRunId::new(began, 0x4f9f_29a1);
        assert_eq!(run.as_str(), "run-20251020-140818-4f9f29a1");
        assert_eq!(run.as_str().parse().as_ref(), Ok(&run));
        assert_eq!(run.began(), "2025-10-20T14:08:18Z".parse().ok());
        let no_moment: AgentRunId = "run-20259920-140818-4f9f29a1".parse().unwrap();
        assert_eq!(no_moment.began(), None);
    }

    #[test]
    fn numbered_ids_keep_their_rule() {
        for number in [0, 1, u32::MAX] {
            let (command, event) = (CommandId::of_number(number), EventId::of_number(number));
            assert_eq!(command.as_str().parse().as_ref(), Ok(&command));
            assert_eq!(event.as_str().parse().as_ref(), Ok(&event));
        }
    }
}
