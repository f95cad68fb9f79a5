//! How fast a workspace is looked at, beside a bare loop over its files and `git status`.
//!
//! `cargo bench -p lorch-agents --bench snapshot` makes a tree of 20,000 files and 460 MB, and prints
//! for each way the median of some rounds in which all take turns. A snapshot without an index is
//! compared with a loop that does nothing but read and hash, one with an index with `git status`.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark is run by people, who want to see why it stopped"
)]

use std::fs;
use std::io::Read as _;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use lorch_agents::{SnapshotOptions, open_workspace, snapshot};
use lorch_types::Timestamp;
use sha2::{Digest as _, Sha256};

/// What a file has on average, and how many there are in a folder.
const FILE_BYTES: usize = 23_000;
const FILES_A_FOLDER: usize = 50;

fn main() {
    let is_test = std::env::args().any(|argument| argument == "--test");
    let (files, rounds) = if is_test { (200, 1) } else { (20_000, 11) };
    let folder = tempfile::tempdir().unwrap();
    let paths = make(folder.path(), files);
    let bytes: u64 = paths.iter().map(|path| fs::metadata(path).unwrap().len()).sum();
    println!("{files} files, {} MB, {rounds} rounds", bytes / 1_000_000);
    git(folder.path(), &["init", "--quiet"]);
    git(folder.path(), &["add", "--all"]);

    let root = open_workspace(folder.path()).unwrap();
    let two = NonZeroUsize::new(2).unwrap();
    let options = SnapshotOptions { threads: two, ..SnapshotOptions::default() };
    let now = Timestamp::unix_epoch();
    let index = folder.path().join(".lorch/snapshot-index");
    let without_index = || {
        let _ = fs::remove_file(&index);
        let start = Instant::now();
        assert_eq!(snapshot(&root, &options, now).unwrap().read, files);
        start.elapsed()
    };
    let with_index = || {
        let start = Instant::now();
        assert_eq!(snapshot(&root, &options, now).unwrap().read, 0);
        start.elapsed()
    };
    let bare = || {
        let start = Instant::now();
        bare_loop(&paths, two);
        start.elapsed()
    };
    let git_status = || {
        let start = Instant::now();
        git(folder.path(), &["status", "--porcelain"]);
        start.elapsed()
    };
    // Until the clock of the file system has moved, changes of the last files could go unseen.
    while snapshot(&root, &options, now).unwrap().read > 0 {}
    git_status();
    let ways: [(&str, &dyn Fn() -> Duration); 4] = [
        ("bare loop, 2 threads", &bare),
        ("snapshot without index", &without_index),
        ("git status", &git_status),
        ("snapshot with index", &with_index),
    ];
    let mut times = ways.map(|_| Vec::new());
    for _ in 0..rounds {
        for ((_, way), times) in ways.iter().zip(&mut times) {
            times.push(way());
        }
    }
    let medians = times.map(|mut times| {
        times.sort_unstable();
        times[times.len() / 2].as_secs_f64() * 1000.0
    });
    for (((name, _), median), base) in ways.iter().zip(medians).zip([0, 0, 2, 2]) {
        println!("{name:24} {median:8.1} ms  {:.3}", median / medians[base]);
    }
}

/// Makes a tree of so many files of various sizes.
fn make(root: &Path, files: usize) -> Vec<PathBuf> {
    let roots = ["specs", "src", "tests", "docs"];
    let mut seed = 1_u64;
    let mut paths = Vec::new();
    for number in 0..files {
        let of_folder = number / FILES_A_FOLDER;
        let folder = format!("{}/part-{}/module-{of_folder}", roots[of_folder % 4], of_folder % 20);
        let folder = root.join(folder);
        fs::create_dir_all(&folder).unwrap();
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let size = usize::try_from(seed >> 33).unwrap() % (2 * FILE_BYTES);
        let line = format!("// file {number}, which is like the others\n");
        let path = folder.join(format!("file_{number}.rs"));
        fs::write(&path, line.repeat(size / line.len() + 1)).unwrap();
        paths.push(path);
    }
    paths
}

fn bare_loop(paths: &[PathBuf], threads: NonZeroUsize) {
    let next = AtomicUsize::new(0);
    let work = || {
        let mut piece = vec![0; 128 * 1024];
        while let Some(path) = paths.get(next.fetch_add(1, Ordering::Relaxed)) {
            let mut file = fs::File::open(path).unwrap();
            let mut hasher = Sha256::new();
            loop {
                let count = file.read(&mut piece).unwrap();
                if count == 0 {
                    break;
                }
                hasher.update(&piece[..count]);
            }
            std::hint::black_box(hasher.finalize());
        }
    };
    std::thread::scope(|scope| (0..threads.get()).for_each(|_| drop(scope.spawn(work))));
}

fn git(root: &Path, arguments: &[&str]) {
    let status = Command::new("git")
        .args(arguments)
        .current_dir(root)
        .stdout(Stdio::null())
        .status()
        .unwrap();
    assert!(status.success());
}
