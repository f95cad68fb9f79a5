//! `lorch task decide`: answer what a run asks.

use clap::Args;
use lorch_agents::{Answer, Decision, Run as TaskRun};
use lorch_types::agent::AgentRunId;

use crate::agents::{Owned, failed, owned, settings};
use crate::cli::Global;
use crate::exit::Outcome;
use crate::machinery::RESUMABLE;
use crate::site::Site;
use crate::terminal::print;

/// Answer the question of a run that waits for a person, or stop a run for good.
///
/// The decision is recorded in the ledger of the run. `lorch task resume` goes on with it afterwards.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  lorch task status run-20251020-140818-4f9f29a1       what it asks
  lorch task decide run-20251020-140818-4f9f29a1 continue
  lorch task decide run-20251020-140818-4f9f29a1 reply --comment \"only for members\"
  lorch task decide run-20251020-140818-4f9f29a1 abort --comment \"not worth it\"

Exit status: 0 it is recorded; 1 the run is over, or another process owns the workspace; 2 there is
no such run, or it asks nothing that this answers.")]
pub(crate) struct Decide {
    /// The run.
    #[arg(value_name = "RUN_ID")]
    run: AgentRunId,
    /// What is answered: `continue`, `accept`, `redo` and `reply` answer questions, `abort` stops any run.
    #[arg(value_name = "ANSWER", value_parser = answer)]
    answer: Answer,
    /// Why; of a reply what it says.
    #[arg(long, value_name = "TEXT")]
    comment: Option<String>,
}

fn answer(text: &str) -> Result<Answer, String> {
    let answers = || Answer::ALL.map(Answer::as_str).join(", ");
    let known = Answer::ALL.into_iter().find(|answer| answer.as_str() == text);
    known.ok_or_else(|| format!("the answers are {}", answers()))
}

/// Records the decision.
pub(crate) fn decide(arguments: &Decide, global: &Global) -> Outcome {
    let site = Site::find(global)?;
    let settings = settings(&site)?;
    let Owned { root, _lock, .. } = owned(&site, RESUMABLE)?;
    let id = &arguments.run;
    let opened = TaskRun::open(root, id, settings);
    let (mut run, _recovery) = opened.map_err(|error| failed(Some(id), error))?;
    let question = run.question().map(|question| question.kind);
    let (answer, comment) = (arguments.answer, arguments.comment.clone());
    run.decide(&Decision { question, answer, comment }).map_err(|error| failed(Some(id), error))?;
    print(&match answer {
        Answer::Abort => format!("{id}: stopped for good\n"),
        Answer::Continue | Answer::Accept | Answer::Redo | Answer::Reply => {
            format!("{id}: {} recorded; `lorch task resume {id}` goes on\n", answer.as_str())
        }
    })
}
