//! What an agent writes is cut into the same lines wherever the pieces of it end, and whatever stands in
//! a line is a message of an agent or refused. The first byte says how long the pieces are.

#![no_main]

use std::cell::RefCell;

use libfuzzer_sys::fuzz_target;
use lorch_agents::{Frame, Framer, Inbound, InboundReader};
use lorch_types::Redactor;
use lorch_types::agent::Message;
use lorch_types::json::{Limits, from_value, read};

/// Lines are short, so that too long ones are soon found.
const MAX_LINE_BYTES: usize = 400;

thread_local! {
    static READERS: RefCell<[InboundReader; 2]> = RefCell::new(readers());
}

fuzz_target!(|bytes: &[u8]| {
    let Some((piece, stream)) = bytes.split_first() else { return };
    let whole = frames([stream].into_iter());
    assert_eq!(frames(stream.chunks(usize::from(*piece) + 1)), whole);
    let lines = stream.split(|byte| *byte == b'\n').filter(|line| line.len() <= MAX_LINE_BYTES);
    READERS.with_borrow_mut(|readers| lines.for_each(|line| judge(readers, line)));
});

fn readers() -> [InboundReader; 2] {
    let mut redactor = Redactor::default();
    redactor.add("KEY", "hunter2!");
    [InboundReader::new(Redactor::default()), InboundReader::new(redactor)]
}

fn frames<'s>(pieces: impl Iterator<Item = &'s [u8]>) -> Vec<(u64, Vec<u8>)> {
    let mut framer = Framer::with_limit(MAX_LINE_BYTES);
    let mut frames = Vec::new();
    let owned = |frame: Frame<'_>| match frame {
        Frame::Line(line) => (0, line.to_vec()),
        Frame::Torn(rest) => (1, rest.to_vec()),
        Frame::Oversize { bytes, start } => {
            assert!(start.len() <= MAX_LINE_BYTES && bytes > 400);
            (bytes, start.to_vec())
        }
    };
    for piece in pieces {
        framer.feed(piece, |frame| frames.push(owned(frame)));
    }
    framer.finish(|frame| frames.push(owned(frame)));
    frames
}

/// What is accepted is a message, also when the secrets were taken out of it.
fn judge(readers: &mut [InboundReader; 2], line: &[u8]) {
    for reader in readers {
        assert!(!reader.excerpt(line).chars().any(char::is_control));
        let kept = match reader.read(line) {
            Ok(Inbound::Event { line, .. }) => line,
            Ok(Inbound::Log) => reader.log_line(line),
            Ok(Inbound::Heartbeat(_)) => line.into(),
            Err(_) => continue,
        };
        let document = read(&kept, Limits::default()).expect("it is JSON");
        let message: Message = from_value(&document).expect("it is a message");
        assert!(!matches!(message, Message::Command(_)));
    }
}
