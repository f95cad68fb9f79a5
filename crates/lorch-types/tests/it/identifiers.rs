//! Identifiers: a type accepts exactly what its schema accepts.

use std::fmt::Display;
use std::str::FromStr;

use jsonschema::Validator;
use lorch_types::job::{DispatchOp, JobId, Op, PhaseId, RunId, StepId, StepPath, Version};
use lorch_types::json::{self, Value};
use lorch_types::schema::schema_of;
use lorch_types::{
    AgentPriority, Amount, Digest, IdempotencyKey, MAX_SAFE_INTEGER, NaturalInteger, Percent,
    PositiveInteger, Priority, Timestamp, WholePercent, agent, plan,
};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;

fn schema<T: JsonSchema>() -> Validator {
    let schema = schema_of::<T>("urn:lorch:schema:test");
    jsonschema::draft7::new(&schema).unwrap()
}

/// All of `valid` are accepted and none of `invalid`, by the type, by serde and by the schema; and
/// so it is for whatever arises from the valid ones by small changes.
#[track_caller]
pub(crate) fn check<T>(valid: &[&str], invalid: &[&str])
where
    T: JsonSchema + FromStr + Display + Serialize + DeserializeOwned,
{
    let validator = schema::<T>();
    let agree = |text: &str| {
        let value = Value::from(text);
        let parsed = text.parse::<T>();
        let by_serde = json::from_value::<T>(&value);
        let by_schema = validator.is_valid(&serde_json::Value::from(text));
        assert_eq!(parsed.is_ok(), by_schema, "{text:?}: the schema says {by_schema}");
        assert_eq!(parsed.is_ok(), by_serde.is_ok(), "{text:?}: serde differs");
        parsed.is_ok()
    };
    for text in valid {
        assert!(agree(text), "{text:?} is refused");
    }
    for text in invalid {
        assert!(!agree(text), "{text:?} is accepted");
    }
    for value in [serde_json::json!(null), serde_json::json!(1), serde_json::json!(["a"])] {
        assert!(!validator.is_valid(&value) && json::from_value::<T>(&value.into()).is_err());
    }
    let example = prop::sample::select(valid.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>());
    let alphabet = "aZ09_.-/:T+ \n\u{0}é٣\u{212a}gIx";
    let piece = prop::sample::select(alphabet.chars().collect::<Vec<_>>());
    let edit = (any::<prop::sample::Index>(), 0_usize..3, prop::option::of(piece));
    let mutated = (example, prop::collection::vec(edit, 1..3)).prop_map(|(example, edits)| {
        let mut text: Vec<char> = example.chars().collect();
        for (at, removed, added) in edits {
            let at = at.index(text.len() + 1);
            let end = (at + removed).min(text.len());
            text.splice(at..end, added);
        }
        text.into_iter().collect::<String>()
    });
    let mut runner =
        TestRunner::new(ProptestConfig { failure_persistence: None, ..Default::default() });
    runner
        .run(&mutated, |text| {
            agree(&text);
            Ok(())
        })
        .unwrap();
}

const HEX: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

#[test]
fn digests_and_keys() {
    let text = |prefix: &str, hex: &str| format!("{prefix}{hex}");
    check::<Digest>(
        &[&text("sha256:", HEX)],
        &[
            "",
            HEX,
            &text("ik:", HEX),
            &text("sha256:", &HEX[1..]),
            &text("sha256:", &format!("{HEX}0")),
            &text("sha256:", &format!("{HEX}\n")),
            &text("sha256:", &HEX.to_uppercase()),
            &text("SHA256:", HEX),
            "sha256:abc123...",
        ],
    );
    check::<IdempotencyKey>(
        &[&text("ik:", HEX)],
        &[
            "",
            "ik:",
            &text("sha256:", HEX),
            &text("ik:", &format!("{HEX}00")),
            "ik:7a3f8e9c2d1b...",
        ],
    );
}

#[test]
fn job_ids() {
    check::<JobId>(
        &["a", "0", "_", "email.batch_send", "daily-orders", "a.b.c", "a-", "a.", &"x".repeat(128)],
        &["", ".a", "-a", "a..b", "a/b", "a b", "é", "a\n", "..", &"x".repeat(129)],
    );
}

#[test]
fn step_ids() {
    check::<StepId>(
        &["a", "_", "persist", "read-all", "envelopes", "run_id2", "Envelope", &"x".repeat(64)],
        &[
            "",
            "1a",
            "-a",
            "a.b",
            "a/b",
            "envelope",
            "run_id",
            "started_at",
            "a\n",
            "envelope\n",
            &"x".repeat(65),
        ],
    );
    let long = "x".repeat(64);
    check::<StepPath>(
        &["a", "nightly/extract", "a/b/c", &format!("{long}/{long}"), "a/envelopes"],
        &["", "/", "a/", "/a", "a//b", "a/1", "a/envelope", "run_id/a", "a/run_id/b", "a/b\n"],
    );
}

#[test]
fn labels() {
    check::<Version>(
        &["1", "1.10", " ", "é\n", &"é".repeat(64), &"😀".repeat(64)],
        &["", &"x".repeat(65), &"é".repeat(65)],
    );
    check::<PhaseId>(&["load", &"é".repeat(128)], &["", &"x".repeat(129)]);
}

#[test]
fn run_ids() {
    check::<RunId>(
        &["01KADE3Q6BZ5T8V0X2Y4W6R9SN", "00000000000000000000000000", "7ZZZZZZZZZZZZZZZZZZZZZZZZZ"],
        &[
            "",
            "81KADE3Q6BZ5T8V0X2Y4W6R9SN",
            "01kade3q6bz5t8v0x2y4w6r9sn",
            "01KADE3Q6BZ5T8V0X2Y4W6R9S",
            "01KADE3Q6BZ5T8V0X2Y4W6R9SNN",
            "01KADE3Q6BZ5T8V0X2Y4W6R9SI",
            "01KADE3Q6BZ5T8V0X2Y4W6R9SU",
            "01KADE3Q6BZ5T8V0X2Y4W6R9SN\n",
        ],
    );
}

#[test]
fn run_ids_hold_their_time() {
    let id = RunId::from_parts(1_760_969_298_123, 42);
    assert_eq!(id.to_string().parse(), Ok(id.clone()));
    assert_eq!(id.timestamp().unwrap().to_string(), "2025-10-20T14:08:18.123Z");
    assert!(RunId::from_parts(1, 0) < RunId::from_parts(2, 0));
}

#[test]
fn ops() {
    let long = format!("query.{}", "a".repeat(64));
    let dispatched = ["query.rows", "write.upsert", "assert.unique", "compute.llm", &long];
    let invalid = [
        "",
        "query",
        "query.",
        ".rows",
        "query.Rows",
        "query.1",
        "query._a",
        "query.a-b",
        "query.a.b",
        "Query.rows",
        "delete.rows",
        "query.rows\n",
        "query.rows ",
        &format!("query.{}", "a".repeat(65)),
        "job.runs",
        "job.run\n",
    ];
    check::<DispatchOp>(&dispatched, &[&invalid[..], &["job.run"]].concat());
    check::<Op>(&[&dispatched[..], &["job.run"]].concat(), &invalid);
}

#[test]
fn timestamps() {
    check::<Timestamp>(
        &[
            "2025-10-20T14:08:18.123Z",
            "2024-02-29T00:00:00Z",
            "2000-02-29T23:59:59.123456789+23:59",
            "0000-02-29T00:00:00-00:00",
            "9999-12-31T23:59:59Z",
            "2025-04-30T01:01:01.1Z",
        ],
        &["", "2025-02-29T00:00:00Z", "1900-02-29T00:00:00Z", "2025-04-31T00:00:00Z"],
    );
}

/// A day of the calendar, right or wrong, in a timestamp.
fn any_date() -> impl Strategy<Value = String> {
    (0_u32..=9999, 0_u32..=13, 0_u32..=32)
        .prop_map(|(year, month, day)| format!("{year:04}-{month:02}-{day:02}T12:00:00Z"))
}

#[test]
fn the_calendar_of_the_pattern_is_that_of_the_parser() {
    let validator = schema::<Timestamp>();
    let agree = |text: &str| {
        let by_schema = validator.is_valid(&serde_json::Value::from(text));
        assert_eq!(text.parse::<Timestamp>().is_ok(), by_schema, "{text}");
    };
    for year in [0, 4, 100, 400, 1600, 1700, 1800, 1900, 1996, 2000, 2023, 2024, 2100, 9996, 9999] {
        for month in 0..=13 {
            for day in 0..=32 {
                agree(&format!("{year:04}-{month:02}-{day:02}T12:00:00Z"));
            }
        }
    }
    let mut runner =
        TestRunner::new(ProptestConfig { failure_persistence: None, ..Default::default() });
    runner
        .run(&any_date(), |text| {
            agree(&text);
            Ok(())
        })
        .unwrap();
}

#[test]
fn ids_of_agents_and_their_messages() {
    check::<agent::TaskId>(
        &["T-0042", "T-0000", "T-9999"],
        &["", "T-042", "T-00420", "t-0042", "T-004a", "T0042", "T-0042\n", "T-٠٠٤٢"],
    );
    check::<agent::SnapshotId>(
        &["snap-d0ab7e60b764"],
        &[
            "",
            "snap-",
            "snap-d0ab7e60b76",
            "snap-d0ab7e60b7645",
            "snap-D0AB7E60B764",
            "d0ab7e60b764",
        ],
    );
    check::<agent::AgentRunId>(
        &["run-20251020-140818-4f9f29a1", "run-99999999-999999-00000000"],
        &[
            "",
            "run-20251020-140818",
            "run-20251020-140818-4f9f29a",
            "run-20251020-140818-4f9f29a1-",
            "run-20251020-140818-4F9F29A1",
            "run-2025102-0140818-4f9f29a1",
            "run-20251020-140818-4f9f29a1\n",
        ],
    );
    check::<agent::CommandId>(
        &["cmd-a1b2c3d4"],
        &["", "evt-a1b2c3d4", "cmd-a1b2c3d", "cmd-g1b2c3d4"],
    );
    check::<agent::EventId>(
        &["evt-0a1b2c3d"],
        &["", "evt-e5f6g7h8", "cmd-0a1b2c3d", "evt-0A1b2c3d"],
    );
    let longest = "\u{1f600}".repeat(128);
    check::<agent::CorrelationId>(&["corr-001", &longest], &["", &format!("{longest}x")]);
    check::<agent::AgentId>(&["builder-1", &longest], &["", &format!("{longest}x")]);
}

#[test]
fn paths_in_a_workspace() {
    let longest = "\u{1f600}".repeat(1024);
    check::<agent::WorkspacePath>(
        &["a", "src/auth.rs", ".hidden", "a/...", "a b/c", "..a/b..", "C:\\x", "é/ü", &longest],
        &[
            "",
            "/",
            "/etc/passwd",
            "a/",
            "a//b",
            ".",
            "..",
            "./a",
            "a/./b",
            "../a",
            "a/../b",
            "a/..",
            "a\nb",
            "a\n",
            "\u{0}",
            "a\u{7f}",
            "a\u{85}",
            &format!("{longest}x"),
        ],
    );
}

#[test]
fn ids_of_plans() {
    check::<plan::TaskId>(
        &["550e8400-e29b-41d4-a716-446655440000", "550E8400-E29B-41D4-A716-446655440000"],
        &[
            "",
            "550e8400-e29b-41d4-a716-44665544000",
            "550e8400-e29b-41d4-a716-4466554400000",
            "550e8400e29b41d4a716446655440000",
            "{550e8400-e29b-41d4-a716-446655440000}",
            "550e8400-e29b-41d4-a716-44665544000g",
            "550e8400-e29b-41d4-a716-446655440000\n",
        ],
    );
    let upper: plan::PlanId = "550E8400-E29B-41D4-A716-446655440000".parse().unwrap();
    assert_eq!(upper.as_str(), "550e8400-e29b-41d4-a716-446655440000");
    check::<plan::OrgId>(&["org-123", " ", "\n"], &[""]);
    check::<plan::UserIntent>(&["a\nb c", &"x".repeat(2000)], &["", "abcd", &"x".repeat(2001)]);
    check::<plan::Goal>(&["ten (10) c", &"x".repeat(500)], &["", "nine (9)!", &"x".repeat(501)]);
    check::<plan::Summary>(
        &["twenty characters ok", &"x".repeat(1000)],
        &["", "nineteen characters", &"x".repeat(1001)],
    );
}

/// The type `T` and its schema accept just those of these numbers that are listed.
#[track_caller]
fn check_number<T: JsonSchema + DeserializeOwned>(accepted: &[&str]) {
    let validator = schema::<T>();
    for text in [
        "-1",
        "-0.5",
        "-0",
        "0",
        "0.0",
        "0.5",
        "1",
        "1.0",
        "1.5",
        "10",
        "11",
        "100",
        "1e2",
        "100.5",
        "101",
        "9007199254740991",
        "9007199254740992",
        "18446744073709551615",
        "1e300",
        "\"1\"",
        "null",
        "true",
    ] {
        let expected = accepted.contains(&text);
        let value = json::read(text.as_bytes(), json::Limits::default()).unwrap();
        assert_eq!(json::from_value::<T>(&value).is_ok(), expected, "{text}");
        let foreign: serde_json::Value = serde_json::from_str(text).unwrap();
        assert_eq!(validator.is_valid(&foreign), expected, "{text} by schema");
        assert_eq!(serde_json::from_str::<T>(text).is_ok(), expected, "{text} by serde_json");
    }
}

#[test]
fn bounded_numbers() {
    check_number::<NaturalInteger>(&[
        "-0",
        "0",
        "0.0",
        "1",
        "1.0",
        "10",
        "11",
        "100",
        "1e2",
        "101",
        "9007199254740991",
    ]);
    check_number::<PositiveInteger>(&[
        "1",
        "1.0",
        "10",
        "11",
        "100",
        "1e2",
        "101",
        "9007199254740991",
    ]);
    check_number::<Priority>(&["-0", "0", "0.0", "1", "1.0", "10"]);
    check_number::<AgentPriority>(&["1", "1.0", "10"]);
    check_number::<WholePercent>(&["1", "1.0", "10", "11", "100", "1e2"]);
    check_number::<Percent>(&[
        "-0", "0", "0.0", "0.5", "1", "1.0", "1.5", "10", "11", "100", "1e2",
    ]);
    check_number::<Amount>(&[
        "-0",
        "0",
        "0.0",
        "0.5",
        "1",
        "1.0",
        "1.5",
        "10",
        "11",
        "100",
        "1e2",
        "100.5",
        "101",
        "9007199254740991",
        "9007199254740992",
        "18446744073709551615",
        "1e300",
    ]);
}

#[test]
fn integers_end_where_others_lose_them() {
    assert_eq!(PositiveInteger::new(MAX_SAFE_INTEGER).unwrap().next(), None);
    assert_eq!(PositiveInteger::new(0), None);
    assert_eq!(NaturalInteger::new(0), Some(NaturalInteger::MIN));
}
