//! Which processes descend from one, as `/proc` has them.

use std::collections::BTreeMap;
use std::fs;

use rustix::process::Pid;

/// The processes that descend from `ancestor`, as far as they can be seen at the moment.
pub(super) fn of(ancestor: Pid) -> Vec<Pid> {
    let mut children: BTreeMap<i32, Vec<i32>> = BTreeMap::new();
    for (pid, parent) in all() {
        children.entry(parent).or_default().push(pid);
    }
    let mut found = Vec::new();
    let mut parents = vec![ancestor.as_raw_nonzero().get()];
    while let Some(parent) = parents.pop() {
        // Taken out, so that an order of numbers that is no tree has an end, too.
        for child in children.remove(&parent).unwrap_or_default() {
            parents.push(child);
            found.extend(Pid::from_raw(child));
        }
    }
    found
}

/// All processes with their parents.
fn all() -> impl Iterator<Item = (i32, i32)> {
    fs::read_dir("/proc").into_iter().flatten().flatten().filter_map(|entry| {
        let pid = entry.file_name().to_str()?.parse().ok()?;
        let stat = fs::read(entry.path().join("stat")).ok()?;
        Some((pid, parent_in(&stat)?))
    })
}

/// The parent in the text of a `stat` file: the second field after the name, which stands in
/// parentheses and may hold any character.
fn parent_in(stat: &[u8]) -> Option<i32> {
    let end = stat.iter().rposition(|byte| *byte == b')')?;
    let rest = str::from_utf8(stat.get(end + 1..)?).ok()?;
    rest.split_ascii_whitespace().nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn a_name_may_be_anything() {
        assert_eq!(parent_in(b"12 (a) S 7 (b\n) R 34 1 1"), Some(34));
        assert_eq!(parent_in(b"12 a"), None);
    }

    #[test]
    fn children_of_children_are_found() {
        let mut child = Command::new("sh")
            .args(["-c", "sh -c 'echo started; exec cat'; true"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = [0; 8];
        std::io::Read::read_exact(child.stdout.as_mut().unwrap(), &mut line).unwrap();
        let found = of(rustix::process::getpid());
        let shell = i32::try_from(child.id()).unwrap();
        assert!(found.iter().any(|pid| pid.as_raw_nonzero().get() == shell));
        let of_shell = of(Pid::from_raw(shell).unwrap());
        assert_eq!(of_shell.len(), 1, "{of_shell:?}");
        drop(child.stdin.take());
        child.wait().unwrap();
    }
}
