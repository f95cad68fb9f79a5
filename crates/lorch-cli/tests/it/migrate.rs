//! `lorch migrate` with the real command.

use lorch_types::json::Value;

use crate::lorch::Folder;

const DRAFT: &str =
    r#"{ "kind": "log", "level": "info", "message": "a",   "timestamp": "2025-10-20 14:08:20z" }"#;
const V1: &str =
    r#"{ "kind": "log", "level": "info", "message": "a",   "timestamp": "2025-10-20T14:08:20Z" }"#;

#[test]
fn nothing_is_written_unless_asked_for() {
    let folder = Folder::new();
    folder.write("log.json", DRAFT);
    let ran = folder.run(["migrate", "log.json"]).ends(1);
    assert_eq!(
        ran.stdout,
        "log.json: /timestamp: `2025-10-20 14:08:20z` becomes `2025-10-20T14:08:20Z`: a timestamp has \
         `T` and `Z`\nlog.json: 1 change, not written: `--write` does it\n"
    );
    assert_eq!(folder.read("log.json"), DRAFT);
    let ran = folder.run(["migrate", "--write", "log.json"]).ends(0);
    assert!(ran.stdout.ends_with("log.json: 1 change, written\n"), "{ran:#?}");
    assert_eq!(folder.read("log.json"), V1);
    let ran = folder.run(["migrate", "log.json"]).ends(0);
    assert_eq!(ran.stdout, "log.json: nothing to do, it is v1\n");
    folder.run(["validate", "log.json"]).ends(0);
}

#[test]
fn lines_are_migrated_each_by_itself_and_all_others_stay() {
    let folder = Folder::new();
    let broken = "{\"kind\":";
    folder.write("x.ndjson", format!("{V1}\r\n\n{broken}\n{DRAFT}\r\n{DRAFT}"));
    let ran = folder.run(["migrate", "--write", "--json", "x.ndjson"]).ends(1);
    let lines: Vec<Value> = ran.lines();
    let numbers: Vec<_> = lines.iter().filter_map(|line| line.get("line")?.as_u64()).collect();
    assert_eq!(numbers, [4, 5]);
    assert!(ran.stderr.contains("x.ndjson:3:"), "{ran:#?}");
    assert_eq!(folder.read("x.ndjson"), format!("{V1}\r\n\n{broken}\n{V1}\r\n{V1}"));
}

#[cfg(unix)]
#[test]
fn a_file_is_replaced_as_a_whole_or_not_at_all() {
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    let folder = Folder::new();
    folder.write("real/log.json", DRAFT);
    let real = folder.path().join("real/log.json");
    std::fs::set_permissions(&real, std::fs::Permissions::from_mode(0o640)).unwrap();
    symlink("real/log.json", folder.path().join("log.json")).unwrap();
    folder.run(["migrate", "--write", "log.json"]).ends(0);
    assert!(folder.path().join("log.json").is_symlink());
    assert_eq!(folder.read("real/log.json"), V1);
    assert_eq!(std::fs::metadata(&real).unwrap().permissions().mode() & 0o777, 0o640);
    assert_eq!(std::fs::read_dir(folder.path().join("real")).unwrap().count(), 1);
}

#[test]
fn what_cannot_be_read_is_said_and_the_rest_migrated() {
    let folder = Folder::new();
    folder.write("log.json", DRAFT);
    let ran = folder.run(["migrate", "--write", "absent.json", "log.json"]).ends(2);
    assert!(ran.stderr.contains("absent.json"), "{ran:#?}");
    assert_eq!(folder.read("log.json"), V1);
    folder.run(["migrate", "-"]).ends(2);
    folder.run(["migrate"]).ends(2);
}
