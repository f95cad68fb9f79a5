//! Who watches a run of a task and is asked what it cannot decide: a person, or a program.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};
use std::time::Instant;

use lorch_agents::{Answer, Audience, Decision, End, Question, Told};
use lorch_types::agent::AgentRunId;
use lorch_types::diagnostic::{Color, visible};
use lorch_types::json::{Object, Value, to_value};
use serde::Serialize;

use crate::terminal::{print_line, tell};
use crate::transcript::Transcript;

/// A person at a terminal, or one who reads later what was written.
#[derive(Debug)]
pub(crate) struct People {
    transcript: Transcript,
    sent: Option<Instant>,
}

/// A program, which reads one JSON object a line from standard output.
#[derive(Debug)]
pub(crate) struct Programs {
    run: AgentRunId,
}

impl People {
    /// Those who read a transcript with or without colours.
    pub(crate) fn new(color: Color) -> Self {
        Self { transcript: Transcript { color }, sent: None }
    }
}

impl Audience for People {
    fn told(&mut self, told: Told<'_>) {
        let transcript = self.transcript;
        let text = match told {
            Told::Recovered(recovery) => match &recovery.torn {
                Some(torn) => {
                    transcript.remark(&format!("what a crash tore off the ledger is in {torn}"))
                }
                None => return,
            },
            Told::Sent(command) => {
                self.sent = Some(Instant::now());
                transcript.command(command)
            }
            Told::Event { event, refused } => {
                let sent = self.sent.map(|sent| sent.elapsed().as_millis());
                let took = sent.and_then(|took| u64::try_from(took).ok());
                transcript.event(event, refused, took)
            }
            Told::Observed { found, .. } => transcript.observed(found),
            Told::Agent(heard) => match transcript.agent(heard) {
                Some(text) => text,
                None => return,
            },
            Told::Receipt(_) | Told::Decided(_) | Told::Ended(_) => return,
        };
        tell(&text);
    }

    fn decide(&mut self, question: &Question) -> Option<Decision> {
        let is_there = io::stdin().is_terminal() && io::stderr().is_terminal();
        if is_there { ask(question) } else { None }
    }
}

/// Asks a person until an answer is one; `None` when nobody answers any more.
fn ask(question: &Question) -> Option<Decision> {
    tell(&asked(question));
    let mut line = String::new();
    loop {
        tell("answer: ");
        line.clear();
        if io::stdin().lock().read_line(&mut line).ok()? == 0 {
            tell("\n");
            return None;
        }
        let mut words = line.trim().splitn(2, ' ');
        let word = words.next().unwrap_or_default();
        let comment = words.next().map(|comment| comment.trim().to_owned());
        let answers = question.kind.answers();
        if let Some(answer) = answers.iter().copied().find(|it| it.as_str() == word) {
            let question = Some(question.kind);
            return Some(Decision { question, answer, comment });
        }
        let answers: Vec<&str> = answers.iter().map(|it| it.as_str()).collect();
        tell(&format!("the answers are {}; a comment may follow\n", answers.join(", ")));
    }
}

/// A question with what can be answered.
pub(crate) fn asked(question: &Question) -> String {
    let mut text = format!("\n{}: {}\n", question.kind.as_str(), visible(&question.text));
    for answer in question.kind.answers() {
        let (word, meaning) = (answer.as_str(), Answer::meaning(*answer, question.kind));
        text.push_str(&format!("  {word:<9} {meaning}\n"));
    }
    text
}

impl Programs {
    /// Those that read what happens in a run.
    pub(crate) fn new(run: AgentRunId) -> Self {
        Self { run }
    }

    fn line(&self, name: &str, fields: impl FnOnce(&mut Object)) {
        let mut line = Object::new();
        fields(&mut line);
        line.insert("run_id", self.run.as_str());
        line.insert("event", name);
        // That nobody reads them any more is no reason to stop the run.
        let _ = print_line(Value::Object(line));
        let _ = io::stdout().flush();
    }
}

impl Audience for Programs {
    fn told(&mut self, told: Told<'_>) {
        match told {
            Told::Recovered(recovery) => self.line("recovered", |line| {
                line.insert("torn", recovery.torn.as_deref());
                line.insert("chained", recovery.chained);
            }),
            Told::Sent(command) => self.line("command_sent", |line| {
                line.insert("message", document(command));
            }),
            Told::Event { event, refused } => self.line("event_received", |line| {
                line.insert("message", document(event));
                if let Some(reason) = refused {
                    line.insert("refused", reason);
                }
            }),
            Told::Observed { command, found } => self.line("work_observed", |line| {
                line.insert("command", command.message_id.as_str());
                line.insert("snapshot_id", found.snapshot_id.as_str());
                line.insert("artifacts", document(&found.artifacts));
                line.insert("removed", document(&found.removed));
                line.insert("undeclared", document(&found.undeclared));
                line.insert("untrue", document(&found.untrue));
                line.insert("missing", document(&found.missing));
            }),
            Told::Receipt(receipt) => self.line("receipt_written", |line| {
                line.insert("receipt", document(receipt));
            }),
            Told::Agent(heard) => {
                let plain = Transcript { color: Color::Never };
                if let Some(text) = plain.agent(heard) {
                    self.line("agent", |line| {
                        line.insert("agent", heard.agent.as_str());
                        line.insert("message", text.trim());
                    });
                }
            }
            Told::Decided(decision) => self.line("decided", |line| {
                line.insert("decision", decision.answer.as_str());
            }),
            Told::Ended(end) => self.line("ended", |line| ended(line, end)),
        }
    }

    fn decide(&mut self, question: &Question) -> Option<Decision> {
        self.line("question", |line| question_fields(line, question));
        None
    }
}

/// A question as fields of a JSON object.
pub(crate) fn question_fields(line: &mut Object, question: &Question) {
    let options = question.kind.answers().iter().map(|answer| Value::from(answer.as_str()));
    line.insert("question", question.kind.as_str());
    line.insert("text", question.text.as_str());
    line.insert("options", Value::Array(options.collect()));
    line.insert("details", Value::Object(question.details.clone()));
}

/// The end of a run as fields of a JSON object.
pub(crate) fn ended(line: &mut Object, end: &End) {
    let status = match end {
        End::Completed => "completed",
        End::Failed(_) => "failed",
        End::Aborted => "aborted",
    };
    line.insert("status", status);
    if let End::Failed(failure) = end {
        line.insert("code", failure.code.as_str());
        line.insert("message", failure.message.as_str());
    }
}

fn document(document: &impl Serialize) -> Value {
    // What lorch writes as a document can be one.
    to_value(document).unwrap_or(Value::Null)
}
