//! A stream is its lines, each judged by itself: wherever the pieces of the stream end that a reader
//! gives. The first byte says how long those pieces are.

#![no_main]

use std::io::BufReader;

use libfuzzer_sys::fuzz_target;
use lorch_types::json::{self, Limits};
use lorch_validate::{StreamOptions, StreamSummary, Validator, detect, validate_stream};

/// Lines are short, so that too long ones are soon found.
const MAX_LINE_BYTES: usize = 120;

fuzz_target!(|bytes: &[u8]| {
    let Some((piece, stream)) = bytes.split_first() else { return };
    let (summary, refused) = by_line(stream);
    let piece = usize::from(*piece) + 1;
    let options =
        StreamOptions { max_line_bytes: MAX_LINE_BYTES, ..StreamOptions::named("stream") };
    let mut found = Vec::new();
    let judged = validate_stream(BufReader::with_capacity(piece, stream), &options, |line| {
        assert!(!line.findings.is_empty());
        found.push(line.number);
        Ok(())
    });
    assert_eq!((judged.expect("it is read"), found), (summary, refused));
});

/// The same, in the plainest way.
fn by_line(stream: &[u8]) -> (StreamSummary, Vec<usize>) {
    let mut summary = StreamSummary::default();
    let mut refused = Vec::new();
    for (at, line) in stream.split_inclusive(|byte| *byte == b'\n').enumerate() {
        let line = match line {
            [line @ .., b'\r', b'\n'] | [line @ .., b'\n'] => line,
            line => line,
        };
        if line.iter().all(|byte| matches!(byte, b' ' | b'\t')) {
            summary.blank += 1;
            continue;
        }
        summary.documents += 1;
        if !is_valid(line) {
            summary.invalid += 1;
            refused.push(at + 1);
        }
    }
    (summary, refused)
}

fn is_valid(line: &[u8]) -> bool {
    let limits = Limits { max_bytes: MAX_LINE_BYTES };
    let Ok(document) = json::read(line, limits) else { return false };
    detect(&document).is_ok_and(|kind| Validator::for_kind(kind).validate(&document).is_empty())
}
