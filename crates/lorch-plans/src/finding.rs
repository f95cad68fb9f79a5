//! What is found in a plan: the rules with their codes, and how findings name things.

use lorch_types::diagnostic::{Code, Diagnostic};
use lorch_types::plan::Phase;
use lorch_types::pointer::Pointer;

/// The file that findings about the task, not the plan, name.
pub const TASK_FILE: &str = "task";

/// The rules that a plan can break.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rule {
    /// It is not a plan of this task.
    OtherTask,
    /// An affected asset is in no phase or in several, or a phase concerns another asset.
    Assets,
    /// It concerns an asset that must be left alone.
    Excluded,
    /// It has no phases, or two of one name.
    Phases,
    /// There is no canary where one must be.
    Canary,
    /// A phase concerns too many assets.
    Batch,
    /// A phase has no health check.
    NoHealthCheck,
    /// A phase has no rollback condition.
    NoRollback,
    /// A text is no duration.
    Duration,
    /// A text is no threshold or condition.
    Condition,
    /// A tool is unknown, or may not be used here.
    Tool,
    /// The params of an action look like a command that destroys.
    Destructive,
    /// A value passes the health checks and rolls the phase back.
    Overlap,
    /// A value neither passes the health checks nor rolls the phase back.
    Gap,
    /// A condition can never hold, or always holds.
    Constant,
    /// A phase is not rolled back where the task demands it.
    Laxer,
    /// Conditions compare too much for it to be looked through.
    Unfathomable,
    /// A policy denies the plan.
    Denied,
    /// A policy cannot be asked, and so denies.
    NoVerdict,
    /// The task's maintenance window says no time.
    Window,
    /// The task leaves nobody who may approve.
    Approvers,
    /// Nothing measures what a phase is judged by.
    Unmeasured,
}

impl Rule {
    /// The code of findings about it.
    pub const fn code(self) -> Code {
        Code(match self {
            Self::OtherTask => "L1201",
            Self::Assets => "L1202",
            Self::Excluded => "L1203",
            Self::Phases => "L1204",
            Self::Canary => "L1205",
            Self::Batch => "L1206",
            Self::NoHealthCheck => "L1207",
            Self::NoRollback => "L1208",
            Self::Duration => "L1209",
            Self::Condition => "L1210",
            Self::Tool => "L1211",
            Self::Destructive => "L1212",
            Self::Overlap => "L1213",
            Self::Gap => "L1214",
            Self::Constant => "L1215",
            Self::Laxer => "L1216",
            Self::Unfathomable => "L1217",
            Self::Denied => "L1218",
            Self::NoVerdict => "L1219",
            Self::Window => "L1220",
            Self::Approvers => "L1221",
            Self::Unmeasured => "L1222",
        })
    }

    /// An error at `pointer`.
    pub(crate) fn error(self, pointer: Pointer, message: impl Into<String>) -> Diagnostic {
        Diagnostic::error(self.code(), pointer, message)
    }

    /// A warning at `pointer`.
    pub(crate) fn warning(self, pointer: Pointer, message: impl Into<String>) -> Diagnostic {
        Diagnostic::warning(self.code(), pointer, message)
    }
}

/// The pointer to something in a plan's payload.
pub(crate) fn in_payload(field: &str) -> Pointer {
    Pointer::root().join("payload").join(field)
}

/// A phase of a plan, and which one it is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Placed<'p> {
    pub(crate) index: usize,
    pub(crate) phase: &'p Phase,
}

impl Placed<'_> {
    /// The pointer to a field of it.
    pub(crate) fn at(&self, field: &str) -> Pointer {
        self.pointer().join(field)
    }

    /// The pointer to it.
    pub(crate) fn pointer(&self) -> Pointer {
        in_payload("phases").join(self.index)
    }
}

/// The texts in backquotes, the first few of them: "`a`, `b` and 7 more".
pub(crate) fn few<T: std::fmt::Display>(items: &[T]) -> String {
    const SHOWN: usize = 4;
    let mut words: Vec<String> = items.iter().take(SHOWN).map(|it| format!("`{it}`")).collect();
    if let more @ 1.. = items.len().saturating_sub(SHOWN) {
        words.push(format!("{more} more"));
    }
    match words.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => words.concat(),
    }
}

/// Whether a person who reads a name does not see all of it: it has characters without a shape, or space
/// around it.
pub(crate) fn is_unseen(name: &str) -> bool {
    let has_no_shape = |character: char| {
        // What debugging escapes has none; quotes and backslashes, which it escapes too, have.
        !matches!(character, ' '..='~')
            && ['x', character].iter().collect::<String>().escape_debug().count() > 2
    };
    name.trim() != name || name.chars().any(has_no_shape)
}

/// A count and what is counted: "1 asset", "3 assets".
pub(crate) fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

/// A word of a closed vocabulary, as documents write it.
pub(crate) fn spelled(word: &impl serde::Serialize) -> String {
    let value = lorch_types::json::to_value(word).unwrap_or_default();
    value.as_str().unwrap_or_default().to_owned()
}

/// A share in percent with one digit behind the point: "31.9 %".
pub(crate) fn share(part: usize, whole: usize) -> String {
    let whole = whole.max(1);
    let permille = (part.saturating_mul(1000).saturating_add(whole / 2)) / whole;
    format!("{}.{} %", permille / 10, permille % 10)
}
