//! Snapshots: the same content has the same id, and no change goes unseen.

use std::ffi::OsStr;
use std::fs;
use std::io::Write as _;
use std::num::NonZeroUsize;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use lorch_agents::{
    GitIgnore, Snapshot, SnapshotError, SnapshotOptions, Unread, snapshot, write_snapshot,
};
use lorch_types::Digest;
use lorch_types::agent::SnapshotManifest;
use lorch_types::json::{Limits, from_value, read};
use rustix::fs::{CWD, FileType, Mode, mknodat};

use crate::recorded::{Workspace, now};

const INDEX: &str = ".lorch/snapshot-index";

fn write(workspace: &Workspace, path: &str, text: impl AsRef<[u8]>) {
    let path = workspace.folder.path().join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn holding(files: &[(&str, &str)]) -> Workspace {
    let workspace = Workspace::new();
    files.iter().for_each(|(path, text)| write(&workspace, path, text));
    workspace
}

fn with_roots(roots: &[&str]) -> SnapshotOptions {
    let roots = roots.iter().map(|root| root.parse().unwrap()).collect();
    SnapshotOptions { roots, ..SnapshotOptions::default() }
}

#[track_caller]
fn take(workspace: &Workspace) -> Snapshot {
    snapshot(&workspace.root, &SnapshotOptions::default(), now(1)).unwrap()
}

fn id(workspace: &Workspace) -> String {
    take(workspace).manifest.snapshot_id.to_string()
}

/// Takes snapshots until the index knows all files: the file system's clock has to move before.
fn settle(workspace: &Workspace) {
    while take(workspace).read > 0 {
        std::thread::yield_now();
    }
}

#[track_caller]
fn check_paths(workspace: &Workspace, options: &SnapshotOptions, expected: &[&str]) {
    let taken = snapshot(&workspace.root, options, now(1)).unwrap().manifest;
    let paths: Vec<&str> = taken.files.iter().map(|file| file.path.as_str()).collect();
    assert_eq!(paths, expected);
}

#[track_caller]
fn refusals(workspace: &Workspace) -> Vec<(String, Unread)> {
    let error = snapshot(&workspace.root, &SnapshotOptions::default(), now(1)).unwrap_err();
    let SnapshotError::Refused { files } = error else { panic!("{error}") };
    files.into_iter().map(|refusal| (refusal.path, refusal.reason)).collect()
}

/// The vector of the design.
#[test]
fn the_id_is_that_of_the_content() {
    let vector = [("specs/SPEC.md", "# Spec\n"), ("src/main.rs", "fn main() {}\n")];
    let workspace = holding(&vector);
    let taken = take(&workspace).manifest;
    assert_eq!(taken.snapshot_id.as_str(), "snap-6f8d55a83919");
    assert_eq!((taken.workspace_root.as_str(), taken.created_at), ("./", now(1)));
    // Wherever and whenever it is, and whatever is made of it.
    let elsewhere = holding(&[vector[1], vector[0], ("other/file", "x"), ("lorch.toml", "")]);
    assert_eq!(id(&elsewhere), "snap-6f8d55a83919");
    let path = write_snapshot(&elsewhere.root, &take(&elsewhere).manifest).unwrap();
    assert_eq!(path, "snapshots/snap-6f8d55a83919.manifest.json");
    assert_eq!(id(&elsewhere), "snap-6f8d55a83919");
    write(&workspace, "src/main.rs", "fn main() { }");
    assert_ne!(id(&workspace), "snap-6f8d55a83919");
}

#[test]
fn paths_are_ordered_by_their_bytes_and_some_are_left_out() {
    let workspace = holding(&[
        ("src/a/b", ""),
        ("src/a.b", ""),
        ("src/a-b", ""),
        ("src/ä", ""),
        ("src/Z", ""),
        ("src/.hidden", ""),
        ("src/.git/config", ""),
        ("src/node_modules/x/index.js", ""),
        ("src/state/inside", ""),
        ("state/run.json", ""),
        ("docs/x", ""),
        ("README.md", ""),
    ]);
    let expected =
        ["docs/x", "src/Z", "src/a-b", "src/a.b", "src/a/b", "src/state/inside", "src/ä"];
    check_paths(&workspace, &SnapshotOptions::default(), &expected);
    for threads in [2, 8] {
        let threads = NonZeroUsize::new(threads).unwrap();
        let options = SnapshotOptions { threads, ..SnapshotOptions::default() };
        check_paths(&workspace, &options, &expected);
    }
}

#[test]
fn roots_are_configured() {
    let workspace =
        holding(&[("README.md", ""), ("a/b/c", ""), ("a/d", ""), ("a b/e", ""), (".ci/run", "")]);
    let check = |roots: &[&str], expected: &[&str]| {
        check_paths(&workspace, &with_roots(roots), expected);
    };
    check(&[], &[]);
    check(&["a/b", "README.md", "absent", "a/absent/x"], &["README.md", "a/b/c"]);
    // One root in another is there once.
    check(&["a/b", "a", "a", "a b"], &["a b/e", "a/b/c", "a/d"]);
    // What a person names is meant.
    check(&[".ci"], &[".ci/run"]);
    for root in ["events", "state/x", ".git", "a/.git", ".lorch", "snapshots"] {
        let error = snapshot(&workspace.root, &with_roots(&[root]), now(1)).unwrap_err();
        assert!(matches!(error, SnapshotError::Reserved { .. }), "{error}");
    }
    // Nothing leads out of the workspace.
    let outside = tempfile::tempdir().unwrap();
    fs::create_dir(outside.path().join("x")).unwrap();
    fs::write(outside.path().join("x/secret"), "").unwrap();
    symlink(outside.path(), workspace.folder.path().join("out")).unwrap();
    let error = snapshot(&workspace.root, &with_roots(&["out/x"]), now(1)).unwrap_err();
    assert!(matches!(error, SnapshotError::Workspace(_)), "{error}");
    check(&["out"], &["out"]);
}

#[test]
fn patterns_leave_out_more() {
    let workspace = holding(&[
        ("src/main.rs", ""),
        ("src/main.log", ""),
        ("src/keep.log", ""),
        ("src/out/x", ""),
        ("src/deep/out/x", ""),
    ]);
    let ignore = |patterns: &[&str]| SnapshotOptions {
        ignore: patterns.iter().map(|it| (*it).to_owned()).collect(),
        ..SnapshotOptions::default()
    };
    check_paths(
        &workspace,
        &ignore(&["*.log", "!keep.log", "/src/out/"]),
        &["src/deep/out/x", "src/keep.log", "src/main.rs"],
    );
    check_paths(&workspace, &ignore(&["out"]), &["src/keep.log", "src/main.log", "src/main.rs"]);
    let error = snapshot(&workspace.root, &ignore(&["src/{a"]), now(1)).unwrap_err();
    assert!(matches!(&error, SnapshotError::Pattern { pattern, .. } if pattern == "src/{a"));
}

#[test]
fn gitignore_files_count_on_request() {
    let workspace = holding(&[
        (".gitignore", "*.o\n/src/gen/\n"),
        ("src/.gitignore", "!keep.o\n[unclosed\nlocal\n"),
        ("src/deep/.gitignore", "keep.o\n"),
        ("src/a.o", ""),
        ("src/keep.o", ""),
        ("src/deep/keep.o", ""),
        ("src/deep/local/x", ""),
        ("src/gen/x", ""),
        ("src/main.c", ""),
        ("docs/local", ""),
    ]);
    let honoured = SnapshotOptions { gitignore: GitIgnore::Honoured, ..SnapshotOptions::default() };
    check_paths(&workspace, &honoured, &["docs/local", "src/keep.o", "src/main.c"]);
    let all = [
        "docs/local",
        "src/a.o",
        "src/deep/keep.o",
        "src/deep/local/x",
        "src/gen/x",
        "src/keep.o",
        "src/main.c",
    ];
    check_paths(&workspace, &SnapshotOptions::default(), &all);
    // Roots are beneath the same rules.
    let gen_only = SnapshotOptions { gitignore: GitIgnore::Honoured, ..with_roots(&["src/gen"]) };
    check_paths(&workspace, &gen_only, &[]);
}

#[test]
fn links_are_recorded_and_not_followed() {
    let workspace = holding(&[("src/main.rs", "fn main() {}\n"), ("tests/x", "")]);
    let root = workspace.folder.path();
    for (link, to) in
        [("src/file", "main.rs"), ("src/folder", "../tests"), ("src/dangling", "/nowhere/at/all")]
    {
        symlink(to, root.join(link)).unwrap();
    }
    symlink("src", root.join("docs")).unwrap();
    let taken = take(&workspace).manifest;
    let recorded: Vec<_> =
        taken.files.iter().map(|it| (it.path.as_str(), it.size.get(), it.sha256.clone())).collect();
    let text = |text: &str| (text.len() as u64, Digest::of_bytes(text.as_bytes()));
    let expected: Vec<_> = [
        ("docs", "src"),
        ("src/dangling", "/nowhere/at/all"),
        ("src/file", "main.rs"),
        ("src/folder", "../tests"),
        ("src/main.rs", "fn main() {}\n"),
        ("tests/x", ""),
    ]
    .map(|(path, content)| (path, text(content).0, text(content).1))
    .into();
    assert_eq!(recorded, expected);
    settle(&workspace);
    fs::remove_file(root.join("src/file")).unwrap();
    symlink("main.sr", root.join("src/file")).unwrap();
    assert_ne!(take(&workspace).manifest.snapshot_id, taken.snapshot_id);
}

#[test]
fn what_has_no_content_or_no_name_is_refused_by_name() {
    let workspace = holding(&[("src/main.rs", "")]);
    let src = workspace.folder.path().join("src");
    mknodat(CWD, src.join("pipe"), FileType::Fifo, Mode::RWXU, 0).unwrap();
    let _listener = UnixListener::bind(src.join("socket")).unwrap();
    fs::write(src.join("line\nfeed"), "").unwrap();
    fs::write(src.join(OsStr::from_bytes(b"latin\xe9")), "").unwrap();
    fs::create_dir(src.join("bell\x07")).unwrap();
    fs::write(src.join("bell\x07/inside"), "").unwrap();
    let refused = refusals(&workspace);
    let names: Vec<&str> = refused.iter().map(|(path, _)| path.as_str()).collect();
    assert_eq!(
        names,
        ["src/bell\x07", "src/latin\u{fffd}", "src/line\nfeed", "src/pipe", "src/socket"]
    );
    assert!(refused.iter().take(3).all(|(_, reason)| matches!(reason, Unread::Name)));
    assert!(matches!(refused[3].1, Unread::Special("pipe")));
    assert!(matches!(refused[4].1, Unread::Special("socket")));
    // Of the attempt only the index stays behind, which knows nothing.
    assert_eq!(workspace.names(".lorch"), ["snapshot-index"]);
    // What is left out is not looked at.
    let workspace = holding(&[("src/main.rs", "")]);
    let hidden = workspace.folder.path().join("src/.pipe");
    mknodat(CWD, hidden, FileType::Fifo, Mode::RWXU, 0).unwrap();
    take(&workspace);
}

#[test]
fn a_path_that_is_too_long_is_refused() {
    let workspace = Workspace::new();
    let mut path = "src".to_owned();
    while path.len() < 1000 {
        path = format!("{path}/{}", "n".repeat(100));
    }
    write(&workspace, &format!("{path}/x"), "");
    take(&workspace);
    write(&workspace, &format!("{path}/{}", "x".repeat(100)), "");
    assert!(matches!(refusals(&workspace).as_slice(), [(_, Unread::Name)]));
}

#[test]
fn an_unchanged_tree_is_not_read_again() {
    let workspace = holding(&[("src/a", "a"), ("src/b", "b"), ("docs/c", "c")]);
    let first = take(&workspace);
    assert_eq!(first.read, 3);
    settle(&workspace);
    assert_eq!(take(&workspace), Snapshot { read: 0, ..first.clone() });
    write(&workspace, "src/b", "B");
    let second = take(&workspace);
    assert_eq!(second.read, 1);
    assert_ne!(second.manifest.snapshot_id, first.manifest.snapshot_id);
    // Files that come and go.
    fs::remove_file(workspace.folder.path().join("src/a")).unwrap();
    write(&workspace, "src/0", "");
    check_paths(&workspace, &SnapshotOptions::default(), &["docs/c", "src/0", "src/b"]);
    settle(&workspace);
    assert_eq!(workspace.names(".lorch"), ["snapshot-index"]);
}

/// Changes that follow each other as quickly as they can, of the same size.
#[test]
fn changes_right_after_a_snapshot_are_seen() {
    let workspace = holding(&[("src/a", "0")]);
    for round in 0..200 {
        let (before, after) = if round % 2 == 0 { ("1", "2") } else { ("2", "1") };
        write(&workspace, "src/a", before);
        let first = id(&workspace);
        write(&workspace, "src/a", after);
        assert_ne!(id(&workspace), first, "round {round}");
    }
}

#[test]
fn a_change_is_seen_whatever_time_the_file_is_given() {
    let workspace = holding(&[("src/a", "a")]);
    settle(&workspace);
    let (before, path) = (id(&workspace), workspace.folder.path().join("src/a"));
    let modified = fs::metadata(&path).unwrap().modified().unwrap();
    fs::write(&path, "b").unwrap();
    fs::File::options().write(true).open(&path).unwrap().set_modified(modified).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().modified().unwrap(), modified);
    assert_ne!(id(&workspace), before);
}

/// What is recorded is what the file was at one moment, whoever appends to it meanwhile.
#[test]
fn a_file_that_changes_while_it_is_read_is_read_again() {
    let workspace = holding(&[("src/log", &"begun\n".repeat(20_000))]);
    let path = workspace.folder.path().join("src/log");
    let mut log = fs::File::options().append(true).open(&path).unwrap();
    let done = AtomicBool::new(false);
    let mut taken = Vec::new();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for line in 0.. {
                writeln!(log, "line {line}").unwrap();
                (0..500).for_each(|_| std::thread::yield_now());
                if done.load(Ordering::Relaxed) {
                    break;
                }
            }
        });
        let begun = fs::metadata(&path).unwrap().len();
        let grew = || fs::metadata(&path).unwrap().len() > begun;
        while taken.len() < 50 || !grew() {
            taken.push(snapshot(&workspace.root, &SnapshotOptions::default(), now(1)));
        }
        done.store(true, Ordering::Relaxed);
    });
    taken.push(Ok(take(&workspace)));
    let whole = fs::read(&path).unwrap();
    for outcome in taken {
        match outcome {
            Ok(snapshot) => {
                let file = &snapshot.manifest.files[0];
                let size = usize::try_from(file.size.get()).unwrap();
                assert_eq!(file.sha256, Digest::of_bytes(&whole[..size]), "{size}");
            }
            Err(SnapshotError::Refused { files }) => {
                assert!(matches!(files[0].reason, Unread::Changing), "{}", files[0]);
            }
            Err(other) => panic!("{other}"),
        }
    }
}

#[test]
fn an_index_that_is_damaged_is_made_anew() {
    let workspace = holding(&[("src/a", "a"), ("docs/b", "b")]);
    settle(&workspace);
    let (whole, id) = (workspace.root.read(INDEX).unwrap(), id(&workspace));
    let with_index = |text: &[u8]| {
        workspace.root.write(INDEX, text).unwrap();
        let taken = take(&workspace);
        assert_eq!(taken.manifest.snapshot_id.as_str(), id);
        taken.read
    };
    for at in 0..whole.len() {
        let mut broken = whole.clone();
        broken[at] ^= 1;
        assert_eq!(with_index(&broken), 2, "byte {at}");
        assert_eq!(with_index(&whole[..at]), 2, "cut at {at}");
    }
    assert_eq!(with_index(&whole), 0);
}

#[test]
fn a_manifest_is_written_once_and_reads_back() {
    let workspace = holding(&[("src/main.rs", "fn main() {}\n")]);
    let taken = take(&workspace).manifest;
    let path = write_snapshot(&workspace.root, &taken).unwrap();
    let text = workspace.root.read(&path).unwrap();
    let read: SnapshotManifest = from_value(&read(&text, Limits::default()).unwrap()).unwrap();
    assert_eq!(read, taken);
    assert_eq!(SnapshotManifest::id_of(&read.files), read.snapshot_id);
    let later = snapshot(&workspace.root, &SnapshotOptions::default(), now(9)).unwrap().manifest;
    assert_eq!(write_snapshot(&workspace.root, &later).unwrap(), path);
    assert_eq!(workspace.root.read(&path).unwrap(), text);
    assert_eq!(workspace.names("snapshots").len(), 1);
    let mode = |path: &Path| {
        use std::os::unix::fs::PermissionsExt as _;
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    };
    let root = workspace.folder.path();
    assert_eq!((mode(&root.join("snapshots")), mode(&root.join(&path))), (0o700, 0o600));
    assert_eq!((mode(&root.join(".lorch")), mode(&root.join(INDEX))), (0o700, 0o600));
}
