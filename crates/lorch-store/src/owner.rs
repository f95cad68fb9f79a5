//! Who may own a run: this process, and whether another one still lives.

use std::fmt;

/// A process that owns runs, told apart from every other one that there was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// The name of the machine, for people.
    pub host: String,
    /// The process id.
    pub pid: u32,
    /// What tells the process apart from others that had its id.
    pub process: Process,
}

/// What tells a process apart from others with the same id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Process {
    /// The boot of the machine and the table of processes that the id belongs to; empty where the
    /// system does not tell.
    pub table: String,
    /// When it began, in the system's own count; empty where the system does not tell.
    pub started: String,
}

impl Owner {
    /// This process.
    pub fn current() -> Self {
        Self::of(std::process::id())
    }

    /// The process of this machine that has the id `pid` now.
    pub fn of(pid: u32) -> Self {
        let started = stat(pid).map(|stat| stat.started).unwrap_or_default();
        Self { host: host(), pid, process: Process { table: process_table(), started } }
    }

    /// A name that no two processes share, as far as the system tells them apart.
    pub fn id(&self) -> String {
        format!("{}:{}:{}", self.host, self.pid, self.process)
    }

    /// Whether the process has certainly ended, as seen from this one.
    ///
    /// False for processes of other machines, containers and boots: of those nothing is certain.
    pub fn is_dead(&self) -> bool {
        let table = process_table();
        let comparable = !table.is_empty()
            && self.process.table == table
            && self.host == host()
            && !self.process.started.is_empty();
        comparable
            && stat(self.pid)
                .is_none_or(|stat| stat.has_ended || stat.started != self.process.started)
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "process {} on {}", self.pid, self.host)
    }
}

impl fmt::Display for Process {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.started, self.table)
    }
}

impl Process {
    /// Reads what `Display` writes.
    pub(crate) fn parse(text: &str) -> Self {
        let (started, table) = text.split_once(' ').unwrap_or_default();
        Self { table: table.to_owned(), started: started.to_owned() }
    }
}

struct Stat {
    started: String,
    has_ended: bool,
}

/// What `/proc` says about a process; `None` when there is no such process, or no `/proc`.
fn stat(pid: u32) -> Option<Stat> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The second field is the program's name in parentheses, which may hold anything.
    let (_, fields) = text.rsplit_once(')')?;
    let mut fields = fields.split_ascii_whitespace();
    let has_ended = matches!(fields.next()?, "Z" | "X" | "x");
    Some(Stat { has_ended, started: fields.nth(18)?.to_owned() })
}

fn host() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").ok();
    let name = name.or_else(|| std::env::var("HOSTNAME").ok()).unwrap_or_default();
    match name.trim() {
        "" => "this machine".to_owned(),
        name => name.to_owned(),
    }
}

/// The boot and the process namespace: a process id says nothing outside of them.
fn process_table() -> String {
    let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id");
    let namespace = std::fs::read_link("/proc/self/ns/pid");
    match (boot, namespace) {
        (Ok(boot), Ok(namespace)) => format!("{} {}", boot.trim(), namespace.display()),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_lives() {
        assert!(!Owner::current().is_dead());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_process_that_ended_is_dead() {
        let mut child =
            std::process::Command::new("cat").stdin(std::process::Stdio::piped()).spawn().unwrap();
        let owner = Owner::of(child.id());
        assert!(!owner.is_dead());
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(owner.is_dead());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn nothing_is_certain_about_other_machines_boots_and_namespaces() {
        let current = Owner::current();
        let gone = Owner { pid: u32::MAX, ..current.clone() };
        assert!(gone.is_dead());
        assert!(!Owner { host: "elsewhere".into(), ..gone.clone() }.is_dead());
        let table = "another boot".to_owned();
        let process = Process { table, ..current.process.clone() };
        assert!(!Owner { process, ..gone }.is_dead());
        let process = Process { started: "1".into(), ..current.process.clone() };
        assert!(Owner { process, ..current }.is_dead(), "the id was used again");
    }

    #[test]
    fn a_process_is_read_as_it_is_written() {
        let process = Process { started: "123".into(), table: "boot pid:[4026531836]".into() };
        assert_eq!(Process::parse(&process.to_string()), process);
    }
}
