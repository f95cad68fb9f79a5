//! Params that look like commands which destroy. A net with meshes: it catches what people and models
//! write, not what somebody hides.

use std::sync::LazyLock;

use lorch_types::diagnostic::Diagnostic;
use lorch_types::json::{Object, Value};
use lorch_types::pointer::Pointer;
use regex::RegexSet;

use crate::finding::Rule;

/// What each pattern catches; the patterns are matched in lower case, with every run of space as one
/// blank and without quotes and backslashes.
const PATTERNS: [(&str, &str); 20] = [
    (
        "deletes files without asking",
        r"\brm (?:-\S+ )*(?:-[a-z]*[rf]|--recursive|--force|--no-preserve-root)",
    ),
    ("deletes files without asking", r"\bfind\b.* -(?:delete|exec rm)\b"),
    (
        "deletes files without asking",
        r"\b(?:remove-item\b.* -(?:recurse|force)|del /[sfq]|rd /s|rmdir /s)",
    ),
    ("overwrites a device", r"\bdd\b.* of=/dev/|> ?/dev/(?:sd|nvme|vd|xvd|mapper)"),
    (
        "makes a new file system",
        r"\b(?:mkfs(?:\.\w+)?|mke2fs|wipefs|shred|blkdiscard|sgdisk|fdisk|parted) .*(?:/dev/|-)",
    ),
    ("formats a drive", r"(?:^|[;&|] ?)format [a-z]:"),
    (
        "drops a table or database",
        r"\bdrop (?:table|database|schema|keyspace|index|user)\b|\bdropdb \S|\bdropdatabase\(",
    ),
    ("empties a database", r"\bflush(?:all|db)\b"),
    ("empties a table", r"\btruncate table\b|\btruncate (?:-s|--size)"),
    (
        "deletes all rows of a table",
        r"\bdelete from [\w.]+ ?(?:;|$|where (?:true\b|(?:1 ?= ?1|0 ?= ?0)(?:\D|$)))",
    ),
    (
        "stops the machine",
        r"\bsudo (?:shutdown|poweroff|halt|reboot)\b|\bshutdown (?:-|now\b|\+?\d)|\b(?:reboot|halt|poweroff) -|\binit [06]\b|\bsystemctl (?:poweroff|halt|reboot)\b|\b(?:stop|restart)-computer\b",
    ),
    ("gives everybody every right", r"\bchmod (?:-\S+ )*(?:0?777|a\+rwx)\b"),
    ("forks without end", r":\(\) ?\{ ?:"),
    (
        "runs what it downloads",
        r"\b(?:curl|wget)\b[^|;&]*\| ?(?:sudo )?(?:(?:ba|z|da|k)?sh|python[\d.]*|perl|ruby|node|php)\b",
    ),
    (
        "runs what is hidden in it",
        r"\bbase64 (?:-\S+ )*(?:-d|--decode)\b[^|;&]*\| ?(?:sudo )?(?:ba|z|da|k)?sh\b",
    ),
    ("ends every process", r"\bkill (?:-\S+ )+-1\b"),
    (
        "switches the firewall off",
        r"\biptables (?:-f\b|--flush)|\bufw (?:disable|reset)\b|\bnft flush\b",
    ),
    (
        "destroys infrastructure",
        r"\b(?:terraform|tofu|pulumi)\b.* ?\bdestroy\b|\bterraform apply -destroy\b",
    ),
    (
        "deletes cluster resources",
        r"\bkubectl\b.* ?\bdelete\b.* ?(?:--all\b|\bnamespace\b|\bns\b|\bnode\b|\bpvc?\b|\bcrd\b)|\bhelm (?:-\S+ )*(?:uninstall|delete) ",
    ),
    (
        "deletes stored data",
        r"\b(?:s3 rb|s3 rm\b.*--recursive|gsutil (?:-m )?rm -r|(?:az|gcloud) (?:[\w-]+ )+delete\b|delete-(?:db-instance|db-cluster|table|bucket|stack|cluster|volume)\b|terminate-instances|docker (?:system|volume) prune|vgremove|lvremove|zpool destroy)",
    ),
];

static SET: LazyLock<Option<RegexSet>> =
    LazyLock::new(|| RegexSet::new(PATTERNS.iter().map(|(_, pattern)| pattern)).ok());

/// Notes every text in the params, names of members included, and every list that is a command line,
/// which looks so.
pub(super) fn check(params: &Object, at: &Pointer, found: &mut Vec<Diagnostic>) {
    let mut at = at.clone();
    object(params, &mut at, found);
}

fn object(members: &Object, at: &mut Pointer, found: &mut Vec<Diagnostic>) {
    for (key, member) in members.iter() {
        at.push(key);
        // A name of one word is no command.
        if key.contains(char::is_whitespace) {
            judge(key, at, found);
        }
        value(member, at, found);
        at.pop();
    }
}

fn value(it: &Value, at: &mut Pointer, found: &mut Vec<Diagnostic>) {
    match it {
        Value::String(text) => judge(text, at, found),
        Value::Array(items) => {
            let words: Option<Vec<&str>> = items.iter().map(Value::as_str).collect();
            if let Some(words) = words.filter(|words| words.len() > 1) {
                let before = found.len();
                judge(&words.join(" "), at, found);
                if found.len() > before {
                    return;
                }
            }
            for (index, item) in items.iter().enumerate() {
                at.push(index);
                value(item, at, found);
                at.pop();
            }
        }
        Value::Object(members) => object(members, at, found),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn judge(text: &str, at: &Pointer, found: &mut Vec<Diagnostic>) {
    let plain = plain(text);
    let caught = match &*SET {
        Some(set) => set.matches(&plain).iter().next().and_then(|index| PATTERNS.get(index)),
        // Cannot be: the patterns are tested. Without them nothing is let through.
        None => PATTERNS.first(),
    };
    if let Some((what, _)) = caught {
        let message = format!("this looks like a command that {what}");
        let help =
            "params are data for the tool: name a tool that does this, so that it can be judged";
        found.push(Rule::Destructive.error(at.clone(), message).with_help(help));
    }
}

/// The text as patterns are matched against it.
fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\'' | '"' | '\\' | '`' => {}
            _ if character.is_whitespace() => {
                if !plain.ends_with(' ') {
                    plain.push(' ');
                }
            }
            _ => plain.extend(character.to_lowercase()),
        }
    }
    plain.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_patterns_compile() {
        RegexSet::new(PATTERNS.map(|(_, pattern)| pattern)).unwrap();
    }
}
