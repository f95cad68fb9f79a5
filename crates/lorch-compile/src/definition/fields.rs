//! The fields of one object of a definition, and what can be wrong with any of them.

use std::fmt;
use std::str::FromStr;

use lorch_types::InvalidId;
use lorch_types::diagnostic::{Code, Diagnostic, Part};
use lorch_types::json::{ObjectView, View};

use crate::code;
use crate::report::{Path, Problem, Report};
use crate::suggest;

/// An object being read.
pub(super) struct Fields<'r> {
    pub(super) subject: &'r Subject<'r>,
    pub(super) path: Path<'r>,
    pub(super) report: &'r mut Report,
}

/// What an object being read belongs to, for messages.
pub(super) enum Subject<'d> {
    /// The definition.
    Job,
    /// A step, by its name if it has one.
    Step { name: Option<&'d str>, index: usize },
}

impl fmt::Display for Subject<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Job => f.write_str("the job"),
            Self::Step { name: Some(name), .. } => write!(f, "step `{}`", name.escape_debug()),
            Self::Step { name: None, index } => write!(f, "step {}", index + 1),
        }
    }
}

impl Fields<'_> {
    /// The value of the field; `None` outside says that it is missing, inside that it is wrong.
    pub(super) fn required<T>(&mut self, name: &str, read: Option<Option<T>>) -> Option<T> {
        if read.is_none() {
            let message = format!("`{name}` is missing");
            let path = self.path;
            self.say(Problem::new(code::MISSING_FIELD, message), path, Part::Value);
        }
        read.flatten()
    }

    /// Says that there is no field `name` among the `known` ones.
    pub(super) fn unknown(&mut self, name: &str, known: &[&str]) {
        let message = format!("there is no field `{}`", name.escape_debug());
        let help = match elsewhere(name, known) {
            Some(help) => Some(help),
            None => suggest::among(name, known.iter().copied(), "the fields are"),
        };
        let problem = Problem::new(code::UNKNOWN_FIELD, message).with_help(help);
        let path = self.path;
        self.say(problem, Path::Key(&path, name), Part::Key);
    }

    /// Says that the field holds another type than `expected`.
    pub(super) fn wrong_type(&mut self, name: &str, value: View<'_>, expected: &str) {
        let found = value.value_type().with_article();
        let message = format!("`{name}` is {found}, not {expected}");
        let help = match value {
            View::Null => Some(format!("leave `{name}` out when it has no value")),
            View::Number(number) if expected.contains("a string") && !number.is_integer() => {
                Some(format!(
                    "put it in quotes as it is meant: `\"{number}\"`, or `\"{number}0\"`, which \
                     is the same number but another text"
                ))
            }
            View::Number(number) if expected.contains("a string") => {
                Some(format!("put it in quotes: `\"{number}\"`"))
            }
            View::Bool(value) if expected.contains("a string") => {
                Some(format!("put it in quotes: `\"{value}\"`"))
            }
            _ => None,
        };
        self.fault(name, Problem::new(code::WRONG_TYPE, message).with_help(help));
    }

    /// Says what is wrong with the value of the field.
    pub(super) fn fault(&mut self, name: &str, problem: Problem) {
        let path = self.path;
        self.say(problem, Path::Key(&path, name), Part::Value);
    }

    /// Says what is wrong with the object as a whole.
    pub(super) fn say_of_object(&mut self, problem: Problem) {
        let path = self.path;
        self.say(problem, path, Part::Value);
    }

    fn say(&mut self, problem: Problem, path: Path<'_>, part: Part) {
        let diagnostic: Diagnostic = problem.into_error(path.pointer()).about(part);
        self.report.add(&self.subject.to_string(), diagnostic);
    }

    /// The identifier that the field holds.
    pub(super) fn id<T: FromStr<Err = InvalidId>>(
        &mut self,
        name: &str,
        value: View<'_>,
    ) -> Option<T> {
        self.parsed(name, value, code::BAD_ID, "a string", |_| None)
    }

    /// What the text of the field is parsed to; `help` gives advice on a text that is wrong.
    pub(super) fn parsed<T: FromStr<Err = InvalidId>>(
        &mut self,
        name: &str,
        value: View<'_>,
        code: Code,
        expected: &str,
        help: fn(&str) -> Option<String>,
    ) -> Option<T> {
        let View::String(text) = value else {
            self.wrong_type(name, value, expected);
            return None;
        };
        match text.parse() {
            Ok(parsed) => Some(parsed),
            Err(error) => {
                let message = format!("`{name}`: {error}");
                self.fault(name, Problem::new(code, message).with_help(help(&text)));
                None
            }
        }
    }

    /// The object that the field holds.
    pub(super) fn object<'d>(&mut self, name: &str, value: View<'d>) -> Option<ObjectView<'d>> {
        match value {
            View::Object(object) => Some(object),
            other => {
                self.wrong_type(name, other, "an object");
                None
            }
        }
    }

    /// The boolean that the field holds.
    pub(super) fn boolean(&mut self, name: &str, value: View<'_>) -> Option<bool> {
        if value.as_bool().is_none() {
            self.wrong_type(name, value, "`true` or `false`");
        }
        value.as_bool()
    }
}

/// What other languages call a field, or where else it belongs.
fn elsewhere(name: &str, known: &[&str]) -> Option<String> {
    let meant = match name {
        "id" | "name" | "step" if known.contains(&"step_id") => "step_id",
        "id" | "name" | "job" if known.contains(&"job_id") => "job_id",
        "when" | "condition" | "only_if" | "unless" => "if",
        "args" | "with" | "parameters" | "inputs" | "config" => "params",
        "uses" | "action" | "type" | "operation" | "run" => "op",
        "timeout" | "timeout_seconds" | "timeout-s" | "timeout_ms" => "timeout_s",
        "ignore_errors" | "allow_failure" | "on_error" => "continue_on_error",
        "tasks" | "jobs" | "stages" => "steps",
        "phase" | "stage" => "phase_id",
        "key" | "semantic_key" => "semantic_key_ref",
        "needs" | "depends_on" | "after" if known.contains(&"step_id") => {
            return Some("steps run in the order in which they stand".to_owned());
        }
        "loop" | "for_each" | "foreach" | "with_items" if known.contains(&"step_id") => {
            return Some("there are no loops: give the operation the whole list".to_owned());
        }
        "retry" | "retries" if known.contains(&"step_id") => {
            return Some("a run that failed goes on with `lorch resume`".to_owned());
        }
        _ => return None,
    };
    known.contains(&meant).then(|| format!("did you mean `{meant}`?"))
}
