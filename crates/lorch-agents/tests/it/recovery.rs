//! What a crash leaves is repaired, nothing else is, and doing it again changes nothing.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use lorch_agents::chain::Direction;
use lorch_agents::{Finding, Ledger, LedgerError, Recovery, verify};
use lorch_types::Digest;
use rustix::fs::{CWD, FileType, Mode, mknodat};

use crate::recorded::{Recorded, Workspace, chain_path, ledger_path, messages, now, run};

fn open(workspace: &Workspace) -> (Ledger, Recovery) {
    Ledger::open(&workspace.root, &run(), now(59)).unwrap()
}

/// The ledger of a crash: cut at `ledger`, its chain at `chain` bytes.
fn cut(recorded: &Recorded, ledger: usize, chain: usize) -> Workspace {
    Workspace::holding(&Recorded {
        ledger: recorded.ledger[..ledger].to_vec(),
        chain: recorded.chain[..chain].to_vec(),
    })
}

/// The chain never leads: whatever is cut off both, only whole lines stay, the torn one is kept
/// aside, and the chain is made whole.
#[test]
fn every_crash_is_repaired_once() {
    let recorded = Workspace::recorded().read();
    let first = recorded.chain.iter().position(|byte| *byte == b'\n').unwrap() + 1;
    let records: Vec<usize> = ends(&recorded.chain).into_iter().collect();
    for at in (0..=recorded.ledger.len()).step_by(7).chain([recorded.ledger.len()]) {
        let whole = recorded.ledger[..at].iter().filter(|byte| **byte == b'\n').count();
        let end =
            recorded.ledger[..at].iter().rposition(|byte| *byte == b'\n').map_or(0, |it| it + 1);
        // A record may be torn, too, or not be there at all.
        for chain in [records[whole], records[whole].saturating_sub(9).max(first), first] {
            let workspace = cut(&recorded, at, chain);
            let (ledger, recovery) = open(&workspace);
            assert_eq!(ledger.lines(), whole as u64, "cut at {at}, {chain}");
            assert_eq!(recovery.torn.is_some(), end < at, "cut at {at}, {chain}");
            if let Some(aside) = &recovery.torn {
                assert_eq!(workspace.root.read(aside).unwrap(), recorded.ledger[end..at]);
            }
            let found = verify(&workspace.root, &run()).unwrap().ledger;
            assert!(found.is_sound(), "{found:?}");
            assert_eq!((found.lines, found.chained), (whole as u64, whole as u64));
            assert_eq!(workspace.read().ledger, recorded.ledger[..end]);
            drop(ledger);
            let after = workspace.read();
            assert_eq!(open(&workspace).1, Recovery::default());
            assert_eq!(workspace.read(), after);
        }
    }
}

/// Where each record ends, the first of which is the beginning.
fn ends(chain: &[u8]) -> Vec<usize> {
    let ends = chain.iter().enumerate().filter(|(_, byte)| **byte == b'\n');
    ends.map(|(at, _)| at + 1).collect()
}

/// A crash in the middle of a repair leaves what the repair had done so far; whatever that is, the
/// next one comes to the same.
#[test]
fn a_repair_that_is_cut_off_is_done_again() {
    let recorded = Workspace::recorded().read();
    let (ledger_ends, chain_ends) = (ends(&recorded.ledger), ends(&recorded.chain));
    // Three whole lines and a torn one, of which the chain has one record and a torn one.
    let (whole, torn) = (ledger_ends[2], ledger_ends[2] + 40);
    let (chained, chain_torn) = (chain_ends[1], chain_ends[1] + 30);
    let check = |step: &str, prepare: &dyn Fn(&Workspace), ledger: usize, chain: &[u8]| {
        let workspace = Workspace::holding(&Recorded {
            ledger: recorded.ledger[..ledger].to_vec(),
            chain: chain.to_vec(),
        });
        prepare(&workspace);
        let (ledger, _) = open(&workspace);
        assert_eq!(ledger.lines(), 3, "{step}");
        drop(ledger);
        let found = verify(&workspace.root, &run()).unwrap().ledger;
        assert!(found.is_sound() && found.torn == 0 && found.chain_torn == 0, "{step}: {found:?}");
        assert_eq!(workspace.read().ledger, recorded.ledger[..whole], "{step}");
        assert_eq!(open(&workspace).1, Recovery::default(), "{step}");
    };
    let chain = |to: usize| &recorded.chain[..to];
    let nothing = |_: &Workspace| {};
    check("nothing is done", &nothing, torn, chain(chain_torn));
    let aside = format!("{}.torn-{whole}", ledger_path());
    for at in 0..=40 {
        // The copy is made beside its place, and then moved there.
        let part = &recorded.ledger[whole..whole + at];
        let new = |it: &Workspace| it.root.write(format!("{aside}.new"), part).unwrap();
        check("the torn line is being copied", &new, torn, chain(chain_torn));
    }
    let copied = |it: &Workspace| it.root.write(&aside, &recorded.ledger[whole..torn]).unwrap();
    check("the torn line is copied", &copied, torn, chain(chain_torn));
    check("the torn line is cut off", &copied, whole, chain(chain_torn));
    check("the torn record is cut off", &copied, whole, chain(chained));
    for at in chained..chain_ends[3] {
        check("records are being appended", &copied, whole, chain(at));
    }
}

#[test]
fn a_repaired_ledger_goes_on() {
    let recorded = Workspace::recorded().read();
    let workspace = cut(&recorded, recorded.ledger.len() - 3, ends(&recorded.chain)[2]);
    let (mut ledger, recovery) = open(&workspace);
    assert_eq!(recovery.chained, 2);
    let (dir, line) = messages().pop().unwrap();
    ledger.append(line.as_bytes(), dir, now(30)).unwrap();
    ledger.settle().unwrap();
    assert_eq!(workspace.read().ledger, recorded.ledger);
    let found = verify(&workspace.root, &run()).unwrap().ledger;
    assert_eq!((found.lines, found.chained, found.findings), (5, 5, vec![]));
}

#[test]
fn what_no_crash_explains_is_left_as_it_is() {
    let recorded = Workspace::recorded().read();
    let mut changed = recorded.clone();
    changed.ledger[40] ^= 1;
    let mut missing = recorded.clone();
    missing.ledger.truncate(recorded.ledger.len() - 1);
    for broken in [changed, missing] {
        let workspace = Workspace::holding(&broken);
        let error = Ledger::open(&workspace.root, &run(), now(59)).unwrap_err();
        let LedgerError::Unsound { findings, .. } = error else { panic!("{error}") };
        assert!(
            matches!(
                findings.as_slice(),
                [Finding::WrongLine { seq: 1, .. }]
                    | [Finding::ChainAhead { records: 5, lines: 4 }]
            ),
            "{findings:?}"
        );
        assert_eq!(workspace.read(), broken);
    }
}

#[test]
fn a_line_is_one_line_and_not_too_long() {
    let workspace = Workspace::new();
    let zero = Digest::of_hash([0; 32]);
    let mut ledger = Ledger::create(&workspace.root, &run(), zero.clone(), zero.clone()).unwrap();
    for line in [&b"a\nb"[..], &vec![b'a'; 256 * 1024 + 1]] {
        let error = ledger.append(line, Direction::In, now(1)).unwrap_err();
        assert!(matches!(error, LedgerError::NoLine), "{error}");
    }
    assert_eq!(workspace.read().ledger, b"");
    for line in ["{}", "", "{\"kind\":\"log\"", "[]"] {
        let error = ledger.append(line.as_bytes(), Direction::In, now(1)).unwrap_err();
        assert!(matches!(error, LedgerError::NoMessage { .. }), "{error}");
    }
    assert_eq!(workspace.read().ledger, b"");
    // What was refused leaves the ledger usable.
    ledger.append(messages()[0].1.as_bytes(), Direction::Out, now(1)).unwrap();
}

#[test]
fn a_ledger_is_made_once_and_again_where_a_crash_kept_it_from_beginning() {
    let workspace = Workspace::new();
    let zero = Digest::of_hash([0; 32]);
    let create = || Ledger::create(&workspace.root, &run(), zero.clone(), zero.clone());
    create().unwrap();
    assert!(matches!(create().unwrap_err(), LedgerError::Exists { .. }));
    // The chain comes last: without it nothing has begun.
    workspace.root.remove_file(chain_path()).unwrap();
    create().unwrap();
    workspace.root.remove_file(chain_path()).unwrap();
    workspace.root.write(ledger_path(), "{}\n").unwrap();
    assert!(matches!(create().unwrap_err(), LedgerError::Exists { .. }));
}

/// Where nothing more can be written, the ledger takes nothing more: what is on the disk is known only
/// after it was opened again. This test starts itself with a limit on the size of files, which stands
/// for the disk.
#[test]
fn a_ledger_that_could_not_be_written_takes_nothing_more() {
    const FOLDER: &str = "LORCH_TEST_FULL_DISK";
    if let Some(folder) = std::env::var_os(FOLDER) {
        return fill(Path::new(&folder));
    }
    // The ledger, its chain, or what is written later: each limit meets another one.
    for kilobytes in 1..=4 {
        let workspace = Workspace::new();
        let name = "recovery::a_ledger_that_could_not_be_written_takes_nothing_more";
        let limited = format!("trap '' XFSZ; ulimit -f {kilobytes}; exec \"$0\" --exact {name}");
        let output = Command::new("bash")
            .args(["-c", &limited])
            .arg(std::env::current_exe().unwrap())
            .env(FOLDER, workspace.folder.path())
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
        let kept = workspace.read().ledger;
        let (mut ledger, _) = open(&workspace);
        assert!(ledger.lines() > 0);
        assert_eq!(kept.iter().filter(|byte| **byte == b'\n').count() as u64, ledger.lines());
        let (dir, line) = &messages()[0];
        ledger.append(line.as_bytes(), *dir, now(59)).unwrap();
        assert!(verify(&workspace.root, &run()).unwrap().ledger.is_intact());
    }
}

/// Appends to a new ledger until that fails.
fn fill(folder: &Path) {
    let root = lorch_agents::open_workspace(folder).unwrap();
    let zero = Digest::of_hash([0; 32]);
    let mut ledger = Ledger::create(&root, &run(), zero.clone(), zero).unwrap();
    let (dir, line) = messages()[0].clone();
    let error = (0..100).find_map(|_| ledger.append(line.as_bytes(), dir, now(1)).err()).unwrap();
    assert!(matches!(error, LedgerError::File { .. }), "{error}");
    for _ in 0..2 {
        let error = ledger.append(line.as_bytes(), dir, now(1)).unwrap_err();
        assert!(matches!(error, LedgerError::Poisoned), "{error}");
        assert!(matches!(ledger.settle().unwrap_err(), LedgerError::Poisoned));
    }
}

/// Nobody may ever write to it.
#[test]
fn a_pipe_in_the_place_of_a_ledger_is_no_ledger() {
    for path in [ledger_path(), chain_path(), "state/ledger-head.json".to_owned()] {
        let workspace = Workspace::recorded();
        workspace.root.remove_file(&path).unwrap();
        let (kind, mode) = (FileType::Fifo, Mode::RWXU);
        mknodat(CWD, workspace.folder.path().join(&path), kind, mode, 0).unwrap();
        let error = verify(&workspace.root, &run()).unwrap_err();
        assert!(matches!(&error, LedgerError::File { path: it, .. } if *it == path), "{error}");
        assert!(Ledger::open(&workspace.root, &run(), now(59)).is_err());
    }
}

#[test]
fn what_was_torn_before_at_the_same_place_stays() {
    let workspace = Workspace::recorded();
    let whole = workspace.read().ledger;
    let mut asides = Vec::new();
    for torn in ["{\"a", "{\"b"] {
        workspace.root.write(ledger_path(), [&whole[..], torn.as_bytes()].concat()).unwrap();
        asides.extend(open(&workspace).1.torn);
    }
    let kept: Vec<_> = asides.iter().map(|it| workspace.root.read_to_string(it).unwrap()).collect();
    assert_eq!(kept, ["{\"a", "{\"b"]);
}

#[test]
fn files_are_for_their_owner_alone() {
    let workspace = Workspace::recorded();
    let mode = |path: &str| {
        let path = workspace.folder.path().join(path);
        std::fs::metadata(path).unwrap().permissions().mode() & 0o777
    };
    for folder in ["events", "state"] {
        assert_eq!(mode(folder), 0o700, "{folder}");
    }
    for file in [&ledger_path(), &chain_path(), "state/ledger-head.json"] {
        assert_eq!(mode(file), 0o600, "{file}");
    }
}
