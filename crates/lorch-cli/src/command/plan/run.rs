//! `lorch plan run`: an approved plan is carried out.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use clap::Args;
use lorch_backends::{Cancellation, Compute};
use lorch_plans::{
    Contract, Executor, Hands, Odds, Pace, PauseReason, PlanError, RunEnding, Stopped, SystemClock,
    Window, begin, carry_out, unfinished,
};
use lorch_store::Store;
use lorch_types::json::{Object, Value, from_value, read, to_value};
use lorch_types::plan::{AssetId, AuditEntry, AuditEvent, PlanId, RunId, UserId};

use super::live::Live;
use super::simulate;
use crate::cli::Global;
use crate::clock::{new_plan_run_id, now};
use crate::exit::{Failure, Outcome};
use crate::input::{is_stream, read_file};
use crate::machinery::{RESUMABLE, compute, stop_on_interrupt};
use crate::notify::{notify, plan_waits};
use crate::planning::{Planning, who};
use crate::site::Site;
use crate::terminal::{print, print_line, tell};

/// Carry an approved plan out, phase by phase; a run that was interrupted or crashed goes on.
///
/// Every clause of the approvals must still hold, and they are used up. Each step is recorded before the
/// next: after a crash the same command goes on, and no action is asked for again under another key.
/// While a run is paused, its rollback condition is still watched; `lorch plan resume`, `rollback` and
/// `cancel` from another terminal go on with it. A pause that takes too long fails the run.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  lorch plan run 880e8400-e29b-41d4-a716-446655440001
  lorch plan run 880e8400-e29b-41d4-a716-446655440001 --exit-when-paused --json
  lorch plan run 880e8400-e29b-41d4-a716-446655440001 --simulate

Exit status: 0 it is completed; 1 it failed, was rolled back or is not approved; 2 there is no such
plan; 3 it waits for a person; 130 it was interrupted.")]
pub(crate) struct Run {
    /// The plan.
    #[arg(value_name = "PLAN_ID")]
    plan: PlanId,
    /// Who begins it; otherwise the user of this terminal.
    #[arg(long = "as", value_name = "NAME")]
    by: Option<UserId>,
    /// Stop when the run is paused: nobody watches it then until this is called again.
    #[arg(long)]
    exit_when_paused: bool,
    /// Do nothing and record nothing: say how often it ends how when one asset in a hundred fails.
    #[arg(long, conflicts_with_all = ["exit_when_paused", "json"])]
    simulate: bool,
    /// One JSON object a line: the entries of the audit log, and how it stopped.
    #[arg(long)]
    json: bool,
}

/// Carries the plan out.
pub(crate) fn run(arguments: &Run, global: &Global) -> Outcome {
    let planning = Planning::find(global)?;
    let store = planning.store_with_plans()?;
    if arguments.simulate {
        return simulated(arguments, &planning, &store, global);
    }
    let desk = planning.desk(&store);
    let by = who(arguments.by.as_ref())?;
    // What the operator has to put right is said before an approval is used.
    let inventory = inventory(&planning)?;
    let compute = compute(planning.site(), &inventory)?;
    let is_new = unfinished(&store, &arguments.plan)?.is_none();
    if is_new {
        refuse_closed(&store, &arguments.plan)?;
    }
    let begun = begin(&desk, &arguments.plan, &by, new_plan_run_id()?, now());
    if let Err(PlanError::SentBack { plan_id, clause }) = &begun {
        plan_waits(planning.site(), &store.plan(plan_id)?.plan, Some(&clause.to_string()));
    }
    let run_id = begun?;
    if !arguments.json {
        let goes_on = if is_new { "begins" } else { "goes on" };
        print(&format!("run {run_id} {goes_on}\n"))?;
    }
    let stopped = carried_out(arguments, &planning, &store, &run_id, (&inventory, &compute))?;
    if arguments.json {
        print_line(Value::Object(document(&run_id, &stopped)))?;
    } else {
        print(&said(&run_id, &stopped))?;
    }
    match stopped {
        Stopped::Ended(RunEnding::Completed) => Ok(()),
        Stopped::Ended(RunEnding::RolledBack | RunEnding::Failed(_)) => Err(Failure::Reported),
        Stopped::Paused(_) => Err(Failure::Waiting),
        Stopped::Interrupted => Err(Failure::Interrupted),
    }
}

/// Refuses to use an approval while nothing may be done.
fn refuse_closed(store: &Store, plan_id: &PlanId) -> Outcome {
    let task = store.task(&store.plan(plan_id)?.plan.task_id)?.task;
    let constraints = task.task_spec.as_ref().and_then(|spec| spec.constraints.as_ref());
    let Some(given) = constraints.and_then(|it| it.maintenance_window.as_ref()) else {
        return Ok(());
    };
    let window = Window::of(given).map_err(|error| Failure::Work(error.into()))?;
    if window.is_open(now()) {
        return Ok(());
    }
    let zone = given.timezone.as_deref().unwrap_or("UTC");
    Err(Failure::work(format!(
        "nothing may be done now: the maintenance window is from {} to {} ({zone})",
        given.start, given.end
    )))
}

fn carried_out(
    arguments: &Run,
    planning: &Planning,
    store: &Store,
    run_id: &RunId,
    (inventory, compute): (&BTreeMap<AssetId, String>, &Compute),
) -> Result<Stopped, Failure> {
    let site = planning.site();
    let stop = Arc::new(AtomicBool::new(false));
    stop_on_interrupt(Arc::clone(&stop), RESUMABLE)?;
    let pace = &site.config.execution;
    let seconds = |seconds: u32| Duration::from_secs(seconds.into());
    let executor = Executor {
        store,
        hands: Hands {
            backend: compute,
            tools: &site.config.tools,
            assets: &site.config.assets,
            inventory,
            cancellation: Cancellation::new(Arc::clone(&stop)),
        },
        probes: &site.config.probes,
        metrics: planning.metrics(),
        clock: &SystemClock::new(now),
        pace: Pace {
            check_tries: pace.check_tries.get(),
            check_every: seconds(pace.check_every_s),
            watch_every: seconds(pace.watch_every_s.get()),
            max_parallel: pace.max_parallel,
            leave_when_paused: arguments.exit_when_paused,
            ..Pace::default()
        },
        stop,
    };
    let mut live = Live::new(&store.plan(&arguments.plan)?.plan);
    for record in store.plan_run_audit(run_id, 0)? {
        live.know(&from_value(&record.entry).map_err(Failure::work)?);
    }
    let mut heard = |entry: &AuditEntry| {
        if entry.event == AuditEvent::RunPaused {
            tell_of_pause(site, &arguments.plan, run_id, entry);
        }
        // Whoever reads this may have gone: the run goes on.
        let _ = match arguments.json {
            true => to_value(entry).map_err(Failure::work).and_then(print_line),
            false => live.say(entry),
        };
    };
    let stopped = carry_out(&executor, run_id, &mut heard);
    live.clear();
    stopped.map_err(|error| match error {
        lorch_plans::RunError::Store(error) => error.into(),
        other => Failure::Work(other.into()),
    })
}

/// Tells the webhook that somebody has to look at a run.
fn tell_of_pause(site: &Site, plan_id: &PlanId, run_id: &RunId, entry: &AuditEntry) {
    let about = [
        ("run_id", Value::from(run_id.as_str())),
        ("plan_id", Value::from(plan_id.as_str())),
        ("phase", Value::from(entry.phase.as_ref().map(|phase| phase.as_str()))),
    ];
    notify(site, "run.paused", about);
}

/// The addresses of assets that the workspace has in a file.
fn inventory(planning: &Planning) -> Result<BTreeMap<AssetId, String>, Failure> {
    let site = planning.site();
    let Some(name) = &site.config.assets.inventory else { return Ok(BTreeMap::new()) };
    let path = site.root.join(name);
    let read_it = || -> anyhow::Result<BTreeMap<AssetId, String>> {
        ensure!(!is_stream(&path), "it is not a regular file");
        let bytes = read_file(&path, site.limits())?;
        Ok(from_value(&read(&bytes, site.limits())?)?)
    };
    read_it()
        .with_context(|| format!("cannot read the addresses of assets in `{}`", path.display()))
        .map_err(Failure::Usage)
}

fn simulated(arguments: &Run, planning: &Planning, store: &Store, global: &Global) -> Outcome {
    let plan = store.plan(&arguments.plan)?.plan;
    let task = store.task(&plan.task_id)?.task;
    let contract = Contract::of(&task).ok_or_else(|| Failure::work("the task has no spec"))?;
    let odds = Odds::everywhere("1%").map_err(Failure::usage)?;
    simulate::show(&plan, &contract, planning, &odds, global)
}

fn said(run_id: &RunId, stopped: &Stopped) -> String {
    match stopped {
        Stopped::Ended(RunEnding::Completed) => format!("run {run_id} is completed\n"),
        Stopped::Ended(RunEnding::RolledBack) => format!("run {run_id} is rolled_back\n"),
        Stopped::Ended(RunEnding::Failed(why)) => format!("run {run_id} is failed: {why}\n"),
        Stopped::Paused(reason) => {
            format!("run {run_id} is paused: {}\n{}", reason.as_str(), help(*reason))
        }
        Stopped::Interrupted => {
            tell("the same command goes on with it\n");
            format!("run {run_id} is interrupted\n")
        }
    }
}

fn help(reason: PauseReason) -> &'static str {
    match reason {
        PauseReason::MaintenanceWindow => {
            "`lorch plan run` goes on with it once the maintenance window is open\n"
        }
        PauseReason::HealthCheckFailed | PauseReason::Inconclusive | PauseReason::Command => {
            "`lorch plan resume` or `lorch plan rollback`, then `lorch plan run` go on with it\n"
        }
    }
}

fn document(run_id: &RunId, stopped: &Stopped) -> Object {
    let (state, why) = match stopped {
        Stopped::Ended(RunEnding::Completed) => ("completed", None),
        Stopped::Ended(RunEnding::RolledBack) => ("rolled_back", None),
        Stopped::Ended(RunEnding::Failed(why)) => ("failed", Some(why.as_str())),
        Stopped::Paused(reason) => ("paused", Some(reason.as_str())),
        Stopped::Interrupted => ("interrupted", None),
    };
    let mut object = Object::new();
    object.insert("run_id", run_id.as_str());
    object.insert("state", state);
    if let Some(why) = why {
        object.insert("reason", why);
    }
    object
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_that_waits_for_its_window_needs_nobody() {
        let run_id: RunId = "99000000-0000-0000-0000-000000000001".parse().unwrap();
        for reason in PauseReason::ALL {
            let said = said(&run_id, &Stopped::Paused(reason));
            assert!(said.contains("lorch plan run"), "{said}");
            let is_for_a_person = said.contains("lorch plan resume");
            assert_eq!(is_for_a_person, reason != PauseReason::MaintenanceWindow, "{said}");
        }
    }
}
