//! `lorch validate` and what a system has in store: permissions, links, pipes, names, closed streams.
#![cfg(unix)]

use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use super::{JOB, LOG, check};
use crate::lorch::{Folder, command};

/// Neither root, who may read everything, nor the owner of the tests' files.
const NOBODY: u32 = 65_534;

fn permit(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

/// Validates as somebody whom permissions bind, be the tests run by root.
fn validate_bound(folder: &Folder, arguments: &[&str]) -> Output {
    let is_root = std::fs::metadata(folder.path()).unwrap().uid() == 0;
    let mut bound = if is_root {
        permit(folder.path(), 0o755);
        // Where the command was built, others may not look; and who writes a program himself may
        // not run it while another test starts one.
        let program = folder.path().join("lorch");
        let copied = Command::new("cp").arg(env!("CARGO_BIN_EXE_lorch")).arg(&program).status();
        assert!(copied.unwrap().success());
        let mut bound = Command::new(program);
        bound.current_dir(folder.path()).uid(NOBODY).gid(NOBODY);
        bound
    } else {
        command(folder.path())
    };
    bound.arg("validate").args(arguments).output().unwrap()
}

#[test]
fn folders_and_files_without_permission_are_said_and_the_rest_judged() {
    let folder = Folder::new();
    folder.write("docs/a.json", JOB).write("docs/b.json", JOB).write("docs/locked/c.json", JOB);
    let at = |name: &str| folder.path().join(name);
    permit(&at("docs/b.json"), 0o000);
    permit(&at("docs/locked"), 0o000);
    for (arguments, printed, told) in [
        (
            ["docs", "--format=human"],
            "docs/a.json: valid job-def\n2 files: 1 valid, 1 not readable; 1 document\n",
            &["`docs/b.json`", "`docs/locked`"][..],
        ),
        (["docs", "--format=json"], "", &["`docs/b.json`", "`docs/locked`"]),
        (["docs/**/c.json", "--format=human"], "", &["`docs/locked`"]),
        (["docs/locked/*.json", "--format=human"], "", &["`docs/locked`"]),
        (["docs/locked", "--format=human"], "", &["`docs/locked`"]),
    ] {
        let ran = validate_bound(&folder, &arguments);
        let [stdout, stderr] = [ran.stdout, ran.stderr].map(|it| String::from_utf8(it).unwrap());
        assert_eq!((ran.status.code(), stdout.as_str()), (Some(2), printed), "{arguments:?}");
        for name in told {
            let said = format!("error: cannot read {name}: Permission denied");
            assert!(stderr.contains(&said), "{arguments:?}: {stderr}");
        }
        assert_eq!(stderr.lines().count(), told.len(), "{stderr}");
    }
    permit(&at("docs/locked"), 0o755);
}

#[test]
fn a_link_that_is_named_is_followed_and_a_circle_of_links_cannot_be() {
    let folder = Folder::new();
    folder.write("real/a.json", JOB);
    let at = |name: &str| folder.path().join(name);
    symlink("real", at("folder")).unwrap();
    symlink("real/a.json", at("file.json")).unwrap();
    symlink("one.json", at("other.json")).unwrap();
    symlink("other.json", at("one.json")).unwrap();
    check(
        &folder,
        &["folder", "file.json"],
        0,
        "folder/a.json: valid job-def\nfile.json: valid job-def\n2 files: 2 valid; 2 documents",
    );
    let ran = folder.run(["validate", "one.json", "folder"]).ends(2);
    assert!(ran.stderr.contains("error: cannot read `one.json`: Too many levels"), "{ran:#?}");
    assert!(ran.stdout.starts_with("folder/a.json: valid job-def\n"), "{ran:#?}");
    // In a folder both are left out, and so is what leads elsewhere.
    check(
        &folder,
        &["."],
        0,
        "real/a.json: valid job-def\n4 links and special files were left out; name them to judge them",
    );
}

#[test]
fn a_pipe_that_is_named_is_read() {
    let folder = Folder::new();
    for (name, text, printed) in [
        ("pipe.json", JOB.to_owned(), "pipe.json: valid job-def\n"),
        ("pipe.ndjson", format!("{LOG}\n{LOG}\n"), "pipe.ndjson: 2 documents, all valid\n"),
    ] {
        let path = folder.path().join(name);
        assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
        let writer = std::thread::spawn(move || std::fs::write(path, text).unwrap());
        check(&folder, &[name], 0, printed);
        writer.join().unwrap();
        // A pattern means files, and waits for nobody.
        let ran = folder.run(["validate", &format!("[p]{}", &name[1..])]).ends(1);
        assert!(ran.stderr.contains("there is no document among what `[p]ipe"), "{ran:#?}");
    }
}

/// No name obeys itself, in any format, of a document or a stream.
#[test]
fn names_are_escaped_in_every_format() {
    let name = "a\u{1b}[31m\n\u{202e}";
    let folder = Folder::new();
    folder.write(&format!("{name}.json"), "{}").write(&format!("{name}.ndjson"), "{}\n");
    for (format, shown) in [
        ("human", "a\\u{1b}[31m\\u{a}\\u{202e}."),
        ("json", "a\\u001b[31m\\n\u{202e}."),
        ("sarif", "a%1B%5B31m%0A%E2%80%AE."),
        ("github", "a\\u{1b}[31m%0A\\u{202e}."),
    ] {
        for ending in ["json", "ndjson"] {
            let file = format!("{name}.{ending}");
            let ran = folder.run(["validate", "--format", format, &file]).ends(1);
            assert!(ran.stdout.contains(&format!("{shown}{ending}")), "{ran:#?}");
            assert!(!ran.stdout.contains('\u{1b}'), "{ran:#?}");
        }
    }
    let ran = folder.run(["validate", "absent\u{1b}[31m"]).ends(2);
    assert!(ran.stderr.contains("`absent\\u{1b}[31m`"), "{ran:#?}");
}

#[test]
fn a_name_that_is_no_text_is_judged_like_others() {
    use std::os::unix::ffi::OsStrExt;
    let folder = Folder::new();
    let name = std::ffi::OsStr::from_bytes(b"\xff.json");
    std::fs::write(folder.path().join(name), JOB).unwrap();
    check(&folder, &["."], 0, "\u{fffd}.json: valid job-def");
}

/// That nobody reads is no failure and hides none; that nothing can be written is one.
#[test]
fn where_output_goes_changes_no_verdict() {
    let folder = Folder::new();
    folder.write("valid.json", JOB).write("wrong.json", "{}");
    folder.write("wrong.ndjson", "{}\n".repeat(5_000));
    for format in ["human", "json", "sarif", "github"] {
        for (file, status) in [("valid.json", 0), ("wrong.json", 1), ("wrong.ndjson", 1)] {
            let arguments = ["validate", "--max-violations=all", "--format", format, file];
            let mut child = command(folder.path())
                .args(arguments)
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap();
            drop(child.stdout.take());
            let output = child.wait_with_output().unwrap();
            assert_eq!(output.status.code(), Some(status), "{arguments:?}");
            assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{arguments:?}");
        }
    }
    if cfg!(target_os = "linux") {
        let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
        let validate = ["validate", "valid.json"];
        let output = command(folder.path()).args(validate).stdout(full).output().unwrap();
        let told = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{told}");
        assert!(told.contains("error: cannot write to standard output: No space left"), "{told}");
    }
}
