//! `lorch plan simulate`: how often a plan ends how, when assets fail by chance.

use std::path::PathBuf;

use clap::Args;
use lorch_plans::{Contract, Ending, Odds, Simulation, Tally, simulate as simulated, worst_cases};
use lorch_types::diagnostic::visible;
use lorch_types::json::{Object, Value};
use lorch_types::plan::{PhaseName, Plan};

use crate::amount::{count, counted};
use crate::cli::Global;
use crate::exit::{Failure, Outcome};
use crate::input::read_stdin_once;
use crate::planning::Planning;
use crate::table::Table;
use crate::terminal::{Stream, print, print_line};

/// Simulate a plan: how often it ends how when assets fail by chance, and what the worst case is.
///
/// Nothing is done and nothing recorded. Each asset of a phase fails with the share that is given; what
/// failed of what was attempted in the phase is its `error_rate`, and whatever else is looked at is
/// well. After each asset the rollback condition is looked at, after the last of a phase the health
/// checks too; with `max_parallel`, what is under way then is acted on as well. The same seed gives the
/// same.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  lorch plan simulate plan.json --task task.json --fail 2%
  lorch plan simulate plan.json --task task.json --fail 0.1% --fail-in Wave1=10% --json
  lorch plan simulate 880e8400-e29b-41d4-a716-446655440001

Exit status: 0 whatever it ends like; 1 it is no plan; 2 a file cannot be read, or there is no such plan.")]
pub(crate) struct Simulate {
    /// The plan: a file, `-` for standard input, or the id of one that was submitted.
    #[arg(value_name = "PLAN")]
    plan: PathBuf,
    /// The task that it is for; otherwise the one that a submitted plan is recorded with.
    #[arg(long, value_name = "TASK")]
    task: Option<PathBuf>,
    /// How likely an asset fails.
    #[arg(long, value_name = "PERCENT", default_value = "1%")]
    fail: String,
    /// How likely an asset of one phase fails; may be given for several.
    #[arg(long, value_name = "PHASE=PERCENT")]
    fail_in: Vec<String>,
    /// How many runs.
    #[arg(long, value_name = "N", default_value_t = 100_000, value_parser = clap::value_parser!(u64).range(1..=100_000_000))]
    runs: u64,
    /// What chance begins with.
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// One JSON object, for programs.
    #[arg(long)]
    json: bool,
}

/// Simulates the plan.
pub(crate) fn simulate(arguments: &Simulate, global: &Global) -> Outcome {
    read_stdin_once(std::iter::once(arguments.plan.as_path()).chain(arguments.task.as_deref()))?;
    let planning = Planning::find(global)?;
    let (plan, task) = match &arguments.task {
        Some(task) => {
            let (_, task) = planning.task(task)?;
            (planning.named(&arguments.plan)?, task)
        }
        None => planning.recorded(&arguments.plan)?,
    };
    let contract = Contract::of(&task).ok_or_else(|| Failure::work("the task has no spec"))?;
    let odds = odds(arguments, &plan)?;
    let metrics = planning.metrics();
    let parallel = planning.parallel();
    let (runs, seed) = (arguments.runs, arguments.seed);
    let simulation = simulated(&plan, &contract, metrics, &parallel, &odds, runs, seed)
        .map_err(|error| Failure::Work(error.into()))?;
    if arguments.json {
        return print_line(Value::Object(document(&simulation, arguments.seed)));
    }
    draw(&plan, &simulation, arguments.seed, global)
}

/// Simulates a plan many times, and shows what came of it.
pub(super) fn show(
    plan: &Plan,
    contract: &Contract<'_>,
    planning: &Planning,
    odds: &Odds,
    global: &Global,
) -> Outcome {
    const RUNS: u64 = 100_000;
    const SEED: u64 = 1;
    let (metrics, parallel) = (planning.metrics(), planning.parallel());
    let simulation = simulated(plan, contract, metrics, &parallel, odds, RUNS, SEED)
        .map_err(|error| Failure::Work(error.into()))?;
    draw(plan, &simulation, SEED, global)
}

fn draw(plan: &Plan, simulation: &Simulation, seed: u64, global: &Global) -> Outcome {
    print(&drawn(simulation).draw(global.color.on(Stream::Output)))?;
    let worst: String = worst_cases(plan)
        .iter()
        .map(|it| format!("worst   {}\n", visible(&it.to_string())))
        .collect();
    let runs = counted(simulation.runs, "run");
    print(&format!("{worst}{runs}, seed {seed}\n"))
}

fn odds(arguments: &Simulate, plan: &Plan) -> Result<Odds, Failure> {
    let mut odds = Odds::everywhere(&arguments.fail).map_err(Failure::usage)?;
    for given in &arguments.fail_in {
        let (phase, share) = given.rsplit_once('=').ok_or_else(|| {
            Failure::usage(format!("`{given}` has no `=`: write it as `Wave1=10%`"))
        })?;
        let phase: PhaseName = phase.parse().map_err(Failure::usage)?;
        if !plan.payload.phases.iter().flatten().any(|it| it.name == phase) {
            return Err(Failure::usage(format!("the plan has no phase `{phase}`")));
        }
        odds = odds.but_for(phase, share).map_err(Failure::usage)?;
    }
    Ok(odds)
}

fn drawn(simulation: &Simulation) -> Table<6> {
    const WIDTH: u64 = 30;
    let mut table = Table::new(["ENDING", "CHANCE", "RUNS", "CHANGED", "FAILED", ""]);
    for (ending, tally) in &simulation.endings {
        let filled = (tally.runs * WIDTH).div_ceil(simulation.runs);
        table.row([
            said(ending),
            share(tally.runs, simulation.runs),
            count(tally.runs),
            mean_and_most(tally.changed, tally, tally.most_changed),
            mean_and_most(tally.failed, tally, tally.most_failed),
            "█".repeat(usize::try_from(filled).unwrap_or_default()),
        ]);
    }
    table
}

fn said(ending: &Ending) -> String {
    match ending {
        Ending::RolledBack { phase } => format!("rolled back in {phase}"),
        Ending::Paused { phase } => format!("paused in {phase}"),
        Ending::Completed => "completed".to_owned(),
    }
}

/// Such as "9.61 %".
fn share(part: u64, whole: u64) -> String {
    let hundredths = u128::from(part) * 10_000 / u128::from(whole.max(1));
    format!("{}.{:02} %", hundredths / 100, hundredths % 100)
}

/// Such as "3.1, at most 5".
fn mean_and_most(sum: u64, tally: &Tally, most: u64) -> String {
    let tenths = sum.saturating_mul(10) / tally.runs.max(1);
    format!("{}.{}, at most {most}", tenths / 10, tenths % 10)
}

fn document(simulation: &Simulation, seed: u64) -> Object {
    let endings = simulation.endings.iter().map(|(ending, tally)| {
        let (name, phase) = match ending {
            Ending::RolledBack { phase } => ("rolled_back", Some(phase)),
            Ending::Paused { phase } => ("paused", Some(phase)),
            Ending::Completed => ("completed", None),
        };
        let mut object: Object = [
            ("ending", Value::from(name)),
            ("runs", tally.runs.into()),
            ("changed", tally.changed.into()),
            ("most_changed", tally.most_changed.into()),
            ("failed", tally.failed.into()),
            ("most_failed", tally.most_failed.into()),
        ]
        .into_iter()
        .collect();
        if let Some(phase) = phase {
            object.insert("phase", phase.as_str());
        }
        Value::Object(object)
    });
    [
        ("runs", Value::from(simulation.runs)),
        ("seed", seed.into()),
        ("endings", Value::Array(endings.collect())),
    ]
    .into_iter()
    .collect()
}
