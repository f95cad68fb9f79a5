//! Whatever is changed in a recorded ledger or its chain is found, and named as what it is.

use lorch_agents::{Finding, verify};

use crate::recorded::{Recorded, Workspace, messages, run};

fn lines(text: &[u8]) -> Vec<Vec<u8>> {
    text.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect()
}

/// The name of the first finding's class.
fn class(recorded: &Recorded) -> &'static str {
    let found = recorded.inspect();
    match found.findings.first() {
        None if found.torn > 0 => "torn ledger",
        None if found.chain_torn > 0 => "torn chain",
        None if found.chained < found.lines => "chain behind",
        None => "sound",
        Some(finding) => finding.class(),
    }
}

#[test]
fn what_was_recorded_is_sound() {
    let workspace = Workspace::recorded();
    let found = verify(&workspace.root, &run()).unwrap().ledger;
    assert_eq!((found.lines, found.chained, found.torn, found.chain_torn), (5, 5, 0, 0));
    assert_eq!(found.findings, []);
    let text: String = messages().into_iter().map(|(_, line)| line + "\n").collect();
    assert_eq!(workspace.read().ledger, text.as_bytes());
}

#[test]
fn every_flipped_byte_is_found() {
    let recorded = Workspace::recorded().read();
    for at in 0..recorded.ledger.len() {
        for flip in [0x01, 0x20, 0x80] {
            let mut broken = recorded.clone();
            broken.ledger[at] ^= flip;
            let class = class(&broken);
            assert!(matches!(class, "wrong_line" | "chain_ahead"), "byte {at}: {class}");
        }
    }
    let last = lines(&recorded.chain).last().unwrap().len();
    for at in 0..recorded.chain.len() {
        for flip in [0x01, 0x20, 0x80] {
            let mut broken = recorded.clone();
            broken.chain[at] ^= flip;
            let class = class(&broken);
            // Without the line feed before it, the last record is one line with the one before.
            let is_last = at + 1 >= recorded.chain.len() - last;
            // A last record that cannot be read is one that a crash tore.
            let expected = ["wrong_root", "bad_record", "gap", "wrong_hash", "wrong_line"];
            let found = expected.contains(&class) || (is_last && class == "torn chain");
            assert!(found, "byte {at} of the chain: {class}");
        }
    }
}

#[test]
fn every_line_that_is_dropped_doubled_or_swapped_is_found() {
    let recorded = Workspace::recorded().read();
    let (ledger, chain) = (lines(&recorded.ledger), lines(&recorded.chain));
    let with = |ledger: &[Vec<u8>], chain: &[Vec<u8>]| Recorded {
        ledger: ledger.concat(),
        chain: chain.concat(),
    };
    for at in 0..ledger.len() {
        let mut dropped = ledger.clone();
        dropped.remove(at);
        let expected = if at + 1 == ledger.len() { "chain_ahead" } else { "wrong_line" };
        assert_eq!(class(&with(&dropped, &chain)), expected, "line {at} dropped");
        let mut doubled = ledger.clone();
        doubled.insert(at, ledger[at].clone());
        let expected = if at + 1 == ledger.len() { "chain behind" } else { "wrong_line" };
        assert_eq!(class(&with(&doubled, &chain)), expected, "line {at} doubled");
        if at > 0 {
            let mut swapped = ledger.clone();
            swapped.swap(at, at - 1);
            assert_eq!(class(&with(&swapped, &chain)), "wrong_line", "line {at} swapped");
        }
    }
    for at in 0..chain.len() {
        let mut dropped = chain.clone();
        dropped.remove(at);
        let expected = match at {
            0 => "wrong_root",
            _ if at + 1 == chain.len() => "chain behind",
            _ => "gap",
        };
        assert_eq!(class(&with(&ledger, &dropped)), expected, "record {at} dropped");
        let mut doubled = chain.clone();
        doubled.insert(at, chain[at].clone());
        let expected = match at {
            // The beginning again is no record of a line.
            0 => "bad_record",
            _ => "gap",
        };
        assert_eq!(class(&with(&ledger, &doubled)), expected, "record {at} doubled");
        if at > 1 {
            let mut swapped = chain.clone();
            swapped.swap(at, at - 1);
            assert_eq!(class(&with(&ledger, &swapped)), "gap", "record {at} swapped");
        }
    }
    assert_eq!(class(&with(&ledger, &[])), "no_root");
    assert_eq!(class(&with(&[], &chain)), "chain_ahead");
}

#[test]
fn every_cut_is_found() {
    let recorded = Workspace::recorded().read();
    for at in 0..recorded.ledger.len() {
        let mut cut = recorded.clone();
        cut.ledger.truncate(at);
        assert_eq!(class(&cut), "chain_ahead", "cut at byte {at}");
    }
    let first = lines(&recorded.chain)[0].len();
    for at in 0..recorded.chain.len() {
        let mut cut = recorded.clone();
        cut.chain.truncate(at);
        let ends_a_record = cut.chain.last() == Some(&b'\n');
        let expected = match at {
            0 => "no_root",
            _ if at < first => "wrong_root",
            _ if ends_a_record => "chain behind",
            _ => "torn chain",
        };
        assert_eq!(class(&cut), expected, "chain cut at byte {at}");
    }
}

/// What is chained correctly, and is no whole conversation.
#[test]
fn commands_without_an_end_are_found() {
    use lorch_agents::Ledger;
    use lorch_agents::chain::Direction;
    use lorch_types::Digest;
    let record = |lines: &[&str]| {
        let workspace = Workspace::new();
        let zero = Digest::of_hash([0; 32]);
        let mut ledger = Ledger::create(&workspace.root, &run(), zero.clone(), zero).unwrap();
        for line in lines {
            ledger.append(line.as_bytes(), Direction::Out, crate::recorded::now(1)).unwrap();
        }
        // Whatever was said, a run can go on.
        Ledger::open(&workspace.root, &run(), crate::recorded::now(2)).unwrap();
        class(&workspace.read())
    };
    let messages: Vec<String> = messages().into_iter().map(|(_, line)| line).collect();
    let [first, progress, done, second, _] = messages.as_slice() else { unreachable!() };
    assert_eq!(record(&[first, progress, second]), "unanswered");
    // The last command may still be under way, and one may be sent again.
    assert_eq!(record(&[first, progress]), "sound");
    assert_eq!(record(&[first, first, done]), "sound");
}

#[test]
fn a_head_that_knows_more_or_otherwise_is_found() {
    let workspace = Workspace::recorded();
    let head = workspace.root.read_to_string("state/ledger-head.json").unwrap();
    let found = |head: &str| {
        workspace.root.write("state/ledger-head.json", head).unwrap();
        verify(&workspace.root, &run()).unwrap().ledger.findings
    };
    assert_eq!(
        found(&head.replace("\"seq\":5", "\"seq\":6")),
        [Finding::HeadAhead { seq: 6, lines: 5 }]
    );
    assert_eq!(found(&head.replace("\"seq\":5", "\"seq\":4")), [Finding::WrongHead { seq: 4 }]);
    // A chain that was cut is not mended where the head knows better: its hashes would be others.
    let chain = workspace.read().chain;
    let third = lines(&chain)[..4].concat();
    workspace.root.write(crate::recorded::chain_path(), &third).unwrap();
    assert_eq!(found(&head), [Finding::ChainBehindHead { seq: 5, chained: 3 }]);
    workspace.root.write(crate::recorded::chain_path(), &chain).unwrap();
    for damaged in ["", "{", "{}", &head[..20], &"x".repeat(5000)] {
        let [Finding::BadHead { .. }] = &found(damaged)[..] else { panic!("{damaged}") };
    }
    // The head of another run says nothing about this one.
    assert_eq!(found(&head.replace("4f9f29a1", "00000000").replace("\"seq\":5", "\"seq\":9")), []);
}
