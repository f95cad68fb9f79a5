//! The prompt that a command becomes.

use std::fmt::Write as _;

use lorch_types::agent::{Action, Command};
use lorch_types::json::Value;

/// What a program is asked, in plain words: the task and its goal, what else is known, what a review
/// asked for, which files are expected, and how to end.
pub(super) fn prompt(command: &Command) -> String {
    let mut out = format!("Task {}: {}\n", command.task_id, asked(command.action));
    for (name, value) in command.inputs.iter() {
        match name.as_str() {
            "round" | "feedback" => {}
            "goal" => section(&mut out, "Goal", value),
            name => section(&mut out, name, value),
        }
    }
    let findings = command.inputs.get("feedback").and_then(|feedback| feedback.get("findings"));
    if let Some(findings) = findings {
        section(&mut out, "Changes that were asked for", findings);
    }
    if !command.expected_outputs.is_empty() {
        out.push_str("\nExpected files:\n");
    }
    for output in &command.expected_outputs {
        let needed = if output.required { "" } else { " (optional)" };
        let about = output.description.as_ref().map(|text| format!(": {text}"));
        let _ = writeln!(out, "- {}{needed}{}", output.path, about.unwrap_or_default());
    }
    let _ = write!(out, "\n{}\n", ending(command.action));
    out
}

/// What an action means.
fn asked(action: Action) -> &'static str {
    match action {
        Action::Implement => "implement what the goal says in this folder, with tests.",
        Action::ImplementChanges => "change what was implemented in this folder as asked.",
        Action::Review => {
            "review what was implemented in this folder against the goal. Do not change any file."
        }
        Action::UpdateSpec => {
            "bring the specification in `specs` up to what was implemented in this folder. Change \
             nothing else."
        }
        Action::Intake => "make tasks of what is wanted.",
        Action::TaskDiscovery => "find tasks in this folder.",
    }
}

/// How a program is to end.
fn ending(action: Action) -> &'static str {
    match action {
        Action::Implement | Action::ImplementChanges => "End with one line that says what you did.",
        Action::Review => {
            "End with a last line that is APPROVED, or CHANGES REQUESTED after saying which."
        }
        Action::UpdateSpec => {
            "End with a last line that is DONE or NO CHANGES NEEDED, or CHANGES REQUESTED after saying \
             how the code contradicts the specification."
        }
        Action::Intake | Action::TaskDiscovery => "End with the tasks, one a line.",
    }
}

fn section(out: &mut String, title: &str, value: &Value) {
    let _ = match value {
        Value::String(text) => write!(out, "\n{title}:\n{text}\n"),
        Value::Array(items) => {
            let _ = write!(out, "\n{title}:\n");
            items.iter().try_for_each(|item| match item.as_str() {
                Some(text) => writeln!(out, "- {text}"),
                None => writeln!(out, "- {item}"),
            })
        }
        value => write!(out, "\n{title}: {value}\n"),
    };
}
