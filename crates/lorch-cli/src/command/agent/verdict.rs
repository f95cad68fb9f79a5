//! What the end of a program means.

use lorch_agents::sdk::Answer;
use lorch_types::agent::{Action, EventType};
use lorch_types::json::{Limits, Object, Value, read};

use super::look::Done;

/// How many characters of what a program wrote stand in an answer.
const SHOWN: usize = 4000;

/// How a program ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// As it should.
    Well,
    /// In a way that may not happen again.
    Again {
        /// The code of the error.
        code: &'static str,
        /// What has happened.
        reason: String,
    },
    /// In a way that would happen again.
    Badly {
        /// The code of the error.
        code: &'static str,
        /// What has happened.
        reason: String,
    },
}

/// What a program says at its end.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    Approved,
    ChangesRequested(Vec<Value>),
    NoChangesNeeded,
    Nothing,
}

/// The answer to an action, of what a program did and said.
pub(super) fn answer(action: Action, done: &Done) -> Answer {
    let said = done.said.trim();
    let with_end = |reason: &str| format!("{reason}: {}", end_of(said));
    match &done.ending {
        Ending::Well => {}
        Ending::Again { code, reason } => return Answer::retriable_error(code, &with_end(reason)),
        Ending::Badly { code, reason } => return Answer::error(code, &with_end(reason)),
    }
    let verdict = verdict(said);
    let answer = match (action, verdict) {
        (Action::Implement | Action::ImplementChanges, _) => Answer::completed(Vec::new()),
        (Action::Review, Verdict::Approved) => Answer::approval(),
        (Action::Review, Verdict::ChangesRequested(findings)) => {
            Answer::changes_requested(findings)
        }
        (Action::UpdateSpec, Verdict::ChangesRequested(findings)) => {
            Answer::new(EventType::SpecChangesRequested).with("findings", findings)
        }
        (Action::UpdateSpec, _) if done.has_changes => Answer::new(EventType::SpecUpdated),
        (Action::UpdateSpec, _) => Answer::new(EventType::SpecNoChangesNeeded),
        (Action::Review, Verdict::NoChangesNeeded | Verdict::Nothing) => {
            let text = format!("no verdict on the last line: {}", end_of(said));
            return Answer::retriable_error("llm_call_failed", &text);
        }
        (Action::Intake | Action::TaskDiscovery, _) => {
            return Answer::error("invalid_inputs", "a wrapped program proposes no tasks");
        }
    };
    let summary = said.lines().last().unwrap_or_default();
    let answer = answer.with("summary", end_of(summary));
    Answer { artifacts: done.changed.clone(), ..answer }
}

/// What the last line says, or the whole as JSON.
fn verdict(said: &str) -> Verdict {
    let (above, last) = said.rsplit_once('\n').unwrap_or(("", said));
    if let Some(verdict) = [said, last].into_iter().find_map(verdict_in_json) {
        return verdict;
    }
    let plain = |character: char| !character.is_alphanumeric();
    match last.trim_matches(plain).to_uppercase().as_str() {
        "APPROVED" => Verdict::Approved,
        "CHANGES REQUESTED" | "CHANGES_REQUESTED" => {
            Verdict::ChangesRequested(vec![Value::from(end_of(above.trim()))])
        }
        "NO CHANGES NEEDED" | "NO_CHANGES_NEEDED" => Verdict::NoChangesNeeded,
        _ => Verdict::Nothing,
    }
}

fn verdict_in_json(text: &str) -> Option<Verdict> {
    let value = read(text.trim().as_bytes(), Limits::default()).ok()?;
    let object: &Object = value.as_object()?;
    let findings = || match object.get("findings") {
        Some(Value::Array(findings)) => findings.clone(),
        Some(finding) => vec![finding.clone()],
        None => Vec::new(),
    };
    match object.get("status")?.as_str()? {
        "approved" => Some(Verdict::Approved),
        "changes_requested" => Some(Verdict::ChangesRequested(findings())),
        "no_changes_needed" => Some(Verdict::NoChangesNeeded),
        _ => None,
    }
}

/// The last characters of a text.
fn end_of(text: &str) -> &str {
    let start = text.char_indices().rev().nth(SHOWN - 1).map_or(0, |(start, _)| start);
    text.get(start..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_is_the_verdict() {
        let changes = |texts: &[&str]| {
            Verdict::ChangesRequested(texts.iter().map(|text| Value::from(*text)).collect())
        };
        let table = [
            ("I looked.\nAPPROVED", Verdict::Approved),
            ("**Approved.**", Verdict::Approved),
            ("not approved", Verdict::Nothing),
            ("APPROVED\nor not", Verdict::Nothing),
            ("a is wrong\nb too\n\nCHANGES REQUESTED", changes(&["a is wrong\nb too"])),
            ("no changes needed", Verdict::NoChangesNeeded),
            (r#"{"status":"approved"}"#, Verdict::Approved),
            (
                "so\n{\"status\":\"changes_requested\",\"findings\":[\"a\",\"b\"]}",
                changes(&["a", "b"]),
            ),
            ("{\n  \"status\": \"changes_requested\",\n  \"findings\": \"a\"\n}", changes(&["a"])),
            ("", Verdict::Nothing),
        ];
        for (said, expected) in table {
            assert_eq!(verdict(said), expected, "{said}");
        }
    }

    #[test]
    fn the_end_of_a_text_is_kept() {
        assert_eq!(end_of("ab"), "ab");
        assert_eq!(end_of(&"é".repeat(5000)).chars().count(), SHOWN);
    }
}
