//! NDJSON, line by line.

use std::fmt::Write as _;
use std::io::{BufReader, Read, repeat};
use std::num::NonZeroUsize;

use lorch_types::Kind;
use lorch_validate::{StreamOptions, StreamSummary, validate_stream};

const DEFINITION: &str = r#"{"job_id":"a","version":"1","steps":[]}"#;
const OUTCOME: &str = r#"{"step_id":"a","status":"running"}"#;

/// What is said about a stream, a line for each finding, and the summary.
fn judge(reader: impl Read + Send, options: &StreamOptions) -> (String, StreamSummary) {
    let mut said = String::new();
    let summary = validate_stream(reader, options, |line| {
        for finding in line.findings {
            assert_eq!(finding.place.line, line.number);
            let code = finding.diagnostic.code;
            let _ = writeln!(said, "{} {code} {}", finding.place, finding.diagnostic.message);
        }
        Ok(())
    });
    (said, summary.unwrap())
}

#[track_caller]
fn check(text: &[u8], expected: &[&str], documents: usize, blank: usize) {
    let options = StreamOptions::named("x.ndjson");
    // Lines are put together from whatever pieces the reader gives.
    for size in [1, 7, 8192] {
        let (said, summary) = judge(BufReader::with_capacity(size, text), &options);
        let shown = String::from_utf8_lossy(text);
        assert_eq!(said.lines().collect::<Vec<_>>(), expected, "{shown}");
        assert_eq!((summary.documents, summary.blank), (documents, blank), "{shown}");
        assert_eq!(summary.invalid == 0, expected.is_empty(), "{shown}");
    }
}

#[test]
fn kinds_may_be_mixed_and_line_ends_too() {
    check(b"", &[], 0, 0);
    check(format!("{DEFINITION}\n{OUTCOME}\r\n").as_bytes(), &[], 2, 0);
    check(format!("{DEFINITION}\n\n \t\r\n{OUTCOME}").as_bytes(), &[], 2, 2);
}

#[test]
fn each_line_is_judged_by_itself() {
    check(
        format!("{OUTCOME}\n{{\"step_id\":\"a\",  \"status\":\"runing\"}}\n{{]\n[1]\n{OUTCOME}\n")
            .as_bytes(),
        &[
            "2:27 L1105 `runing` is not `pending`, `running`, `completed`, `failed` or `skipped`",
            "3:2 L0002 found `]` where a key in double quotes or `}` should stand",
            "4:1 L1101 a document is an object, and this is an array",
        ],
        5,
        0,
    );
}

#[test]
fn a_last_line_that_was_cut_off_is_named() {
    let torn = "L1111 the last line was cut off: it ends within a document, without a line end";
    let text = format!("{OUTCOME}\n{}", &OUTCOME[..20]);
    check(text.as_bytes(), &[&format!("2:21 {torn}")], 2, 0);
    // With a line end it is a broken line like others.
    let text = format!("{OUTCOME}\n{}\n", &OUTCOME[..20]);
    check(text.as_bytes(), &["2:21 L0002 the text ends where the closing `\"` should stand"], 2, 0);
}

#[test]
fn bytes_that_are_no_text_are_an_error_of_their_line() {
    check(
        b"\xff\n\xef\xbb\xbf{}\n\0\n",
        &[
            "1:1 L0001 the text is not valid UTF-8",
            "2:1 L0001 the text begins with a byte order mark",
            "3:1 L0002 found `\\0` where a value should stand",
        ],
        3,
        0,
    );
    check(
        br#"{"a":"\ud800"}"#,
        &["1:7 L0006 the escape `\\ud800` is half of a surrogate pair and names no character"],
        1,
        0,
    );
}

/// A valid definition of exactly `size` bytes.
fn of_size(size: usize) -> String {
    let [start, end] = [r#"{"job_id":"a","version":"1","steps":[]"#, "}"];
    format!("{start}{}{end}", " ".repeat(size - start.len() - end.len()))
}

#[test]
fn a_line_may_reach_the_limit_without_its_line_end() {
    for end in ["", "\n", "\r\n"] {
        check(format!("{}{end}", of_size(262_144)).as_bytes(), &[], 1, 0);
        let long = "1:1 L1110 the line has 262145 bytes, the limit is 262144";
        check(format!("{}{end}", of_size(262_145)).as_bytes(), &[long], 1, 0);
    }
}

#[test]
fn the_limit_is_adjustable() {
    let options = StreamOptions { max_line_bytes: 38, ..StreamOptions::named("x") };
    let (said, summary) = judge(DEFINITION.as_bytes(), &options);
    assert_eq!(said, "1:1 L1110 the line has 39 bytes, the limit is 38\n");
    assert_eq!(summary, StreamSummary { documents: 1, invalid: 1, blank: 0 });
}

#[test]
fn a_line_without_end_takes_no_memory() {
    let endless = repeat(b'[').take(64 << 20).chain(&b"\n"[..]).chain(OUTCOME.as_bytes());
    let (said, summary) = judge(BufReader::new(endless), &StreamOptions::named("x"));
    assert_eq!(said, "1:1 L1110 the line has 67108864 bytes, the limit is 262144\n");
    assert_eq!(summary.documents, 2);
}

#[test]
fn nesting_is_limited_in_a_line() {
    let deep = "[".repeat(100_000);
    check(deep.as_bytes(), &["1:129 L0004 arrays and objects nest deeper than 128 levels"], 1, 0);
}

#[test]
fn a_kind_that_is_given_is_not_found_out() {
    let kind = Some(Kind::StepOutcome);
    let options = StreamOptions { kind, ..StreamOptions::named("x") };
    let (said, _) = judge(DEFINITION.as_bytes(), &options);
    assert!(said.contains("L1103 the field `step_id` is missing"), "{said}");
}

/// Lines of many kinds, most of them valid, some wrong in different ways.
fn long_stream() -> Vec<u8> {
    let log = r#"{"kind":"log","level":"info","message":"a","timestamp":"2025-10-20T14:08:20Z"}"#;
    let mut stream = Vec::new();
    for number in 0..20_000 {
        match number % 500 {
            3 => stream.extend_from_slice(br#"{"step_id":"a","status":"runing"}"#),
            77 => stream.extend_from_slice(b"{\"step_id\":\"a\xFF\"}"),
            102 => stream.extend_from_slice(b"\t"),
            240 => stream.extend_from_slice(log.replace("info", "inform").as_bytes()),
            333 => stream.extend_from_slice(br#"{"timestamp":"2025-10-20T14:08:20Z", "level":"warn", "message":"\u00e9", "kind": "log"}"#),
            number if number % 2 == 0 => stream.extend_from_slice(log.as_bytes()),
            _ => stream.extend_from_slice(OUTCOME.as_bytes()),
        }
        stream.extend_from_slice(if number % 3 == 0 { b"\r\n" } else { b"\n" });
    }
    stream
}

#[test]
fn threads_change_nothing_that_is_said() {
    let stream = long_stream();
    let judged = |threads: usize| {
        let threads = NonZeroUsize::new(threads).unwrap();
        judge(stream.as_slice(), &StreamOptions { threads, ..StreamOptions::named("x.ndjson") })
    };
    let (said, summary) = judged(1);
    assert_eq!(summary, StreamSummary { documents: 19_960, invalid: 120, blank: 40 });
    assert!(said.starts_with("4:25 L1105 `runing` is not"), "{said}");
    assert!(said.contains("\n19741:23 L1105 "), "{said}");
    for threads in [2, 5] {
        assert_eq!(judged(threads), (said.clone(), summary));
    }
}

/// Gives what it has, and then fails.
struct Failing<'t>(&'t [u8]);

impl Read for Failing<'_> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        match self.0.read(into)? {
            0 => Err(std::io::Error::other("the disk is gone")),
            read => Ok(read),
        }
    }
}

#[test]
fn what_was_read_before_an_error_is_judged() {
    let stream = long_stream();
    for threads in [1, 3] {
        let threads = NonZeroUsize::new(threads).unwrap();
        let options = StreamOptions { threads, ..StreamOptions::named("x.ndjson") };
        let mut lines = 0;
        let outcome = validate_stream(Failing(&stream), &options, |_| {
            lines += 1;
            Ok(())
        });
        assert_eq!(outcome.unwrap_err().to_string(), "the disk is gone");
        // The stream ends with a line end, so that nothing was left over.
        assert_eq!(lines, 120);
    }
}

#[test]
fn whoever_listens_can_stop_it() {
    let stream = long_stream();
    for threads in [1, 3] {
        let threads = NonZeroUsize::new(threads).unwrap();
        let options = StreamOptions { threads, ..StreamOptions::named("x.ndjson") };
        let mut lines = 0;
        let outcome = validate_stream(stream.as_slice(), &options, |_| {
            lines += 1;
            if lines == 50 { Err(std::io::ErrorKind::BrokenPipe.into()) } else { Ok(()) }
        });
        assert_eq!(outcome.unwrap_err().kind(), std::io::ErrorKind::BrokenPipe);
        assert_eq!(lines, 50);
    }
}
