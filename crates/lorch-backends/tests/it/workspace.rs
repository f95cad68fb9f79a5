//! The workspace: nothing beyond it is read or written, whatever it is called.

use std::os::unix::fs::symlink;
use std::path::PathBuf;

use lorch_backends::{FilePath, Workspace, WorkspaceError};
use tempfile::TempDir;

/// A folder with a workspace in it and a file beside that, which nobody may touch.
fn setup() -> (TempDir, PathBuf, Workspace) {
    let outer = tempfile::tempdir().unwrap();
    let root = outer.path().join("workspace");
    std::fs::create_dir(&root).unwrap();
    std::fs::write(outer.path().join("outside.txt"), "outside").unwrap();
    let workspace = Workspace::open(&root).unwrap();
    (outer, root, workspace)
}

fn path(text: &str) -> FilePath {
    text.parse().unwrap()
}

#[test]
fn hostile_names_are_no_paths() {
    let long_name = "x".repeat(256);
    let long_path = "x/".repeat(2048) + "y";
    let mut names: Vec<String> = [
        "",
        ".",
        "..",
        "/",
        "//",
        "./",
        "../",
        "/etc/passwd",
        "//etc/passwd",
        "///etc/passwd",
        "../outside.txt",
        "../../outside.txt",
        "a/../outside.txt",
        "a/../../outside.txt",
        "a/..",
        "a/.",
        "a/./b",
        "./.",
        "./..",
        "././a",
        "a//b",
        "a/",
        "a/b/",
        "/..",
        "/.",
        "..//outside.txt",
        ".//../outside.txt",
        "a/b/../../../outside.txt",
        "..\\outside.txt",
        "a\\..\\b",
        "\\outside.txt",
        "\\\\server\\share",
        "C:\\x",
        "c:\\..\\x",
        "..\\..\\x",
        "a\0b",
        "\0",
        "a\0/../b",
        "a\nb",
        "\n",
        "a\rb",
        "a\tb",
        "\x1b[2J",
        "\x07",
        "\x7f",
        "a\u{85}b",
        "a\u{9b}31m",
        "../\0",
        "./../x",
        "./../../x",
        "a/../..",
        "..../../x",
        "x/../",
        "x/..//",
        "/proc/self/root/etc/passwd",
        "/dev/null",
        "/tmp/x",
        "/.",
        "/../x",
        "//..",
        "/workspace/x",
        "a/b/c/../../../../x",
        "a/./../../x",
        "a/.//..//x",
        "..;/x/..",
        "x/../y",
        "x/y/..",
        "./a/../b",
        ".//a",
        "a/b//c",
        "a///b",
        " /../x",
        "./ /../x",
        "%2e%2e/../x",
        "~/../x",
        "a\\b",
        "\\",
    ]
    .map(str::to_owned)
    .into();
    names.extend([
        long_name.clone(),
        format!("a/{long_name}"),
        format!("{long_name}/a"),
        long_path,
    ]);
    assert!(names.len() >= 80, "{}", names.len());
    for name in names {
        let error = name.parse::<FilePath>().expect_err(&name.escape_debug().to_string());
        let message = error.to_string();
        assert!(message.contains("no path in the workspace"), "{message}");
        assert!(!message.chars().any(char::is_control), "{message:?}");
        assert!(message.len() < 600, "{message}");
    }
}

#[test]
fn harmless_names_stay_inside() {
    let (outer, root, workspace) = setup();
    let names = [
        "a", "...", "..a", "a..", "~", "$HOME", "-rf", "a b", "%2e%2e", "é", "con", "a:b", "*",
        "'", "\"", "f/..b/c",
    ];
    for name in names {
        workspace.write(&path(name), name.as_bytes()).unwrap();
        assert_eq!(workspace.read(&path(name), 100).unwrap(), name.as_bytes());
        assert!(root.join(name).is_file(), "{name}");
    }
    assert_eq!(path("./a"), path("a"));
    assert_eq!(std::fs::read_dir(outer.path()).unwrap().count(), 2);
}

/// Whatever is tried, the file outside stays as it is and its content stays unknown.
#[track_caller]
fn check_outside(workspace: &Workspace, outer: &TempDir, name: &str) {
    let name = path(name);
    let read = workspace.read(&name, 100);
    assert!(matches!(read, Err(WorkspaceError::Outside { .. })), "{name}: {read:?}");
    let checked = workspace.check_file(&name);
    assert!(matches!(checked, Err(WorkspaceError::Outside { .. })), "{name}: {checked:?}");
    let file = workspace.file(&name);
    assert!(matches!(file, Err(WorkspaceError::Outside { .. })), "{name}: {file:?}");
    assert_eq!(std::fs::read(outer.path().join("outside.txt")).unwrap(), b"outside");
}

#[test]
fn links_that_lead_out_are_refused() {
    let (outer, root, workspace) = setup();
    symlink(outer.path().join("outside.txt"), root.join("absolute")).unwrap();
    symlink("../outside.txt", root.join("relative")).unwrap();
    symlink("relative", root.join("chain")).unwrap();
    symlink("..", root.join("up")).unwrap();
    symlink(outer.path(), root.join("folder")).unwrap();
    for name in ["absolute", "relative", "chain", "up/outside.txt", "folder/outside.txt"] {
        check_outside(&workspace, &outer, name);
    }
    for name in ["up/new.txt", "folder/new.txt", "folder/deep/new.txt"] {
        let name = path(name);
        let written = workspace.write(&name, b"x");
        assert!(matches!(written, Err(WorkspaceError::Outside { .. })), "{name}: {written:?}");
        let checked = workspace.check_writable(&name);
        assert!(matches!(checked, Err(WorkspaceError::Outside { .. })), "{name}: {checked:?}");
    }
    assert!(matches!(workspace.folder(&path("folder")), Err(WorkspaceError::Outside { .. })));
    assert_eq!(std::fs::read_dir(outer.path()).unwrap().count(), 2);
}

#[test]
fn only_regular_files_are_replaced() {
    let (outer, root, workspace) = setup();
    symlink(outer.path().join("outside.txt"), root.join("link")).unwrap();
    symlink("nowhere", root.join("dangling")).unwrap();
    std::fs::create_dir(root.join("folder")).unwrap();
    std::process::Command::new("mkfifo").arg(root.join("pipe")).status().unwrap();
    for (name, what) in [
        ("link", "a symbolic link"),
        ("dangling", "a symbolic link"),
        ("folder", "a folder"),
        ("pipe", "a pipe"),
    ] {
        let before = root.join(name).symlink_metadata().unwrap().file_type();
        for refused in [workspace.write(&path(name), b"x"), workspace.check_writable(&path(name))] {
            let message = refused.unwrap_err().to_string();
            assert!(message.starts_with(&format!("`{name}` is {what}")), "{message}");
        }
        assert_eq!(root.join(name).symlink_metadata().unwrap().file_type(), before);
    }
    assert_eq!(std::fs::read(outer.path().join("outside.txt")).unwrap(), b"outside");
    assert_eq!(root.read_dir().unwrap().count(), 4, "no temporary file stays");
}

#[test]
fn a_file_that_is_replaced_hands_on_its_permissions() {
    use std::os::unix::fs::PermissionsExt;
    let (_outer, root, workspace) = setup();
    for mode in [0o600, 0o644, 0o755, 0o666] {
        std::fs::write(root.join("x"), "old").unwrap();
        std::fs::set_permissions(root.join("x"), PermissionsExt::from_mode(mode)).unwrap();
        workspace.write(&path("x"), b"new").unwrap();
        let metadata = std::fs::metadata(root.join("x")).unwrap();
        assert_eq!(metadata.permissions().mode() & 0o7777, mode);
        assert_eq!(std::fs::read(root.join("x")).unwrap(), b"new");
    }
}

#[test]
fn links_within_are_followed() {
    let (_outer, root, workspace) = setup();
    std::fs::create_dir(root.join("real")).unwrap();
    symlink("real", root.join("link")).unwrap();
    workspace.write(&path("link/x.txt"), b"x").unwrap();
    assert_eq!(std::fs::read(root.join("real/x.txt")).unwrap(), b"x");
    assert_eq!(workspace.read(&path("link/x.txt"), 1).unwrap(), b"x");
}

#[test]
fn a_link_swapped_in_is_never_followed_out() {
    let (outer, root, workspace) = setup();
    std::fs::create_dir(root.join("inside")).unwrap();
    std::fs::write(root.join("inside/outside.txt"), "inside").unwrap();
    std::fs::create_dir(outer.path().join("beyond")).unwrap();
    std::fs::write(outer.path().join("beyond/outside.txt"), "outside").unwrap();
    symlink("inside", root.join("good")).unwrap();
    symlink(outer.path().join("beyond"), root.join("bad")).unwrap();
    symlink("inside", root.join("folder")).unwrap();
    let (mut read, mut refused) = (0, 0);
    std::thread::scope(|scope| {
        let swapper = scope.spawn(|| {
            for round in 0..4000 {
                let link = if round % 2 == 0 { "bad" } else { "good" };
                let target = std::fs::read_link(root.join(link)).unwrap();
                symlink(target, root.join("next")).unwrap();
                std::fs::rename(root.join("next"), root.join("folder")).unwrap();
            }
        });
        while !swapper.is_finished() {
            match workspace.read(&path("folder/outside.txt"), 100) {
                Ok(bytes) => {
                    assert_eq!(bytes, b"inside");
                    read += 1;
                }
                Err(_) => refused += 1,
            }
            let _ = workspace.write(&path("folder/new.txt"), b"x");
        }
    });
    assert!(read > 0 && refused > 0, "read {read}, refused {refused}");
    assert!(!outer.path().join("beyond/new.txt").exists());
    assert!(
        !outer
            .path()
            .join("beyond")
            .read_dir()
            .unwrap()
            .any(|entry| { entry.unwrap().file_name() != "outside.txt" })
    );
}

#[test]
fn what_belongs_to_lorch_is_not_written() {
    let (_outer, root, workspace) = setup();
    std::fs::create_dir(root.join(".lorch")).unwrap();
    std::fs::create_dir(root.join("sub")).unwrap();
    symlink(".lorch", root.join("link")).unwrap();
    symlink(".", root.join("sub/root")).unwrap();
    symlink("..", root.join("sub/up")).unwrap();
    for name in [
        ".lorch/lorch.db",
        ".lorch/a/b",
        "lorch.toml",
        ".LORCH/x",
        "Lorch.TOML",
        "link/data.db",
        "sub/up/lorch.toml",
        ".lorch",
    ] {
        let written = workspace.write(&path(name), b"x");
        assert!(matches!(written, Err(WorkspaceError::Reserved { .. })), "{name}: {written:?}");
    }
    for name in ["sub/lorch.toml", "lorch.toml.bak", "sub/.lorch"] {
        workspace.write(&path(name), b"x").unwrap();
    }
}

#[test]
fn the_folder_of_lorch_is_not_read() {
    let (_outer, root, workspace) = setup();
    std::fs::create_dir(root.join(".lorch")).unwrap();
    std::fs::write(root.join(".lorch/lorch.db"), "x").unwrap();
    std::fs::write(root.join("lorch.toml"), "").unwrap();
    symlink(".lorch", root.join("folder")).unwrap();
    symlink(".lorch/lorch.db", root.join("file")).unwrap();
    for name in [".lorch/lorch.db", ".lorch/none", ".LORCH/lorch.db", "folder/lorch.db", "file"] {
        let read = workspace.read(&path(name), 100);
        assert!(matches!(read, Err(WorkspaceError::Private { .. })), "{name}: {read:?}");
        let checked = workspace.check_file(&path(name));
        assert!(matches!(checked, Err(WorkspaceError::Private { .. })), "{name}: {checked:?}");
    }
    assert!(workspace.read(&path("lorch.toml"), 100).is_ok());
}

#[test]
fn only_regular_files_are_read() {
    let (_outer, root, workspace) = setup();
    std::fs::create_dir(root.join("folder")).unwrap();
    std::process::Command::new("mkfifo").arg(root.join("pipe")).status().unwrap();
    for name in ["folder", "pipe"] {
        let read = workspace.read(&path(name), 100);
        assert!(matches!(read, Err(WorkspaceError::NotAFile { .. })), "{name}: {read:?}");
    }
}

#[test]
fn reading_is_bounded() {
    let (_outer, _root, workspace) = setup();
    workspace.write(&path("x"), &[7; 10]).unwrap();
    assert_eq!(workspace.read(&path("x"), 10).unwrap().len(), 10);
    assert_eq!(workspace.read(&path("x"), 11).unwrap().len(), 10);
    let error = workspace.read(&path("x"), 9).unwrap_err();
    assert!(matches!(error, WorkspaceError::TooLarge { limit: 9, .. }), "{error}");
    assert!(matches!(workspace.read(&path("y"), 9), Err(WorkspaceError::NotFound { .. })));
}
