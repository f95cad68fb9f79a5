//! What an agent finds in its environment, and what of it is secret.

use std::ffi::OsString;
use std::fmt;

use lorch_types::Redactor;

/// What every agent gets of lorch's own environment: what programs need to be found and to write
/// text, and nothing that says who somebody is to others.
const HANDED_THROUGH: [&str; 9] =
    ["PATH", "HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR"];

/// Shorter values could not be told from ordinary text.
const MIN_CHARACTERS: usize = 4;
/// Shorter lines of a value of several lines could not either.
const MIN_LINE_CHARACTERS: usize = 8;

/// The environment of an agent: empty but for an allow-list and the names that its configuration
/// hands through. The values of the latter are secrets, which lorch writes nowhere.
#[derive(Clone, Default)]
pub struct AgentEnvironment {
    variables: Vec<(OsString, OsString)>,
    redactor: Redactor,
    missing: Vec<String>,
}

impl AgentEnvironment {
    /// The one with the variables `names` beside those of the allow-list, as `look_up` has them.
    pub fn new(names: &[String], look_up: impl Fn(&str) -> Option<OsString>) -> Self {
        let mut environment = Self::default();
        for name in HANDED_THROUGH {
            if let Some(value) = look_up(name) {
                environment.set(name, value);
            }
        }
        for name in names.iter().filter(|name| !HANDED_THROUGH.contains(&name.as_str())) {
            match look_up(name) {
                Some(value) => {
                    environment.hide(name, &value);
                    environment.set(name, value);
                }
                None => environment.missing.push(name.clone()),
            }
        }
        environment
    }

    /// Sets a variable that is no secret.
    pub fn set(&mut self, name: &str, value: impl Into<OsString>) {
        self.variables.retain(|(known, _)| known != name);
        self.variables.push((name.into(), value.into()));
    }

    /// The variables.
    pub fn variables(&self) -> &[(OsString, OsString)] {
        &self.variables
    }

    /// The names that were to be handed through and are not set.
    pub fn missing(&self) -> &[String] {
        &self.missing
    }

    /// Takes the secret values out of what is written.
    pub fn redactor(&self) -> &Redactor {
        &self.redactor
    }

    /// Looks for a value. Values of fewer than four characters, such as `1`, are not looked for.
    fn hide(&mut self, name: &str, value: &OsString) {
        let value = value.to_string_lossy();
        if value.chars().count() >= MIN_CHARACTERS {
            self.redactor.add(name, &value);
        }
        // What is written line by line is searched line by line.
        let lines = value.lines().map(str::trim).filter(|line| *line != value);
        for line in lines.filter(|line| line.chars().count() >= MIN_LINE_CHARACTERS) {
            self.redactor.add(name, line);
        }
    }
}

impl fmt::Debug for AgentEnvironment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.variables.iter().map(|(name, _)| name)).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_named_is_handed_through() {
        let look_up = |name: &str| match name {
            "PATH" => Some("/bin".into()),
            "KEY" => Some("hunter2!".into()),
            "PEM" => Some("-----BEGIN-----\nc2VjcmV0LXNlY3JldA\nx\n".into()),
            "DEBUG" => Some("1".into()),
            "OTHER" => Some("never".into()),
            _ => None,
        };
        let names = ["KEY", "PEM", "DEBUG", "GONE"].map(str::to_owned);
        let environment = AgentEnvironment::new(&names, look_up);
        let mut set: Vec<String> = environment
            .variables()
            .iter()
            .map(|(name, _)| name.to_string_lossy().into_owned())
            .collect();
        set.sort();
        assert_eq!(set, ["DEBUG", "KEY", "PATH", "PEM"]);
        assert_eq!(environment.missing(), ["GONE"]);
        let text = "1 hunter2! /bin c2VjcmV0LXNlY3JldA";
        assert_eq!(environment.redactor().text(text), "1 [secret KEY] /bin [secret PEM]");
        assert!(!format!("{environment:?}").contains("hunter2"));
    }
}
