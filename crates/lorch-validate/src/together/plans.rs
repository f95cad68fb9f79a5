//! Tasks, plans and their runs.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;

use lorch_types::diagnostic::End;
use lorch_types::plan::{
    AssetId, Environment, Phase, PhaseName, Plan, PlanId, Run, RunId, Task, TaskId,
};

use super::{Found, Mismatch, Rule, Stand, file};

/// All tasks, plans and runs of plans.
#[derive(Debug, Default)]
pub(super) struct Plans {
    tasks: BTreeMap<TaskId, (Stand, Option<Environment>)>,
    plans: BTreeMap<PlanId, (Stand, Plan)>,
    runs: BTreeMap<RunId, (Stand, Run)>,
}

impl Plans {
    pub(super) fn task(&mut self, stand: Stand, task: &Task, found: &mut Found) {
        let environment = task.task_spec.as_ref().map(|spec| spec.context.environment);
        match self.tasks.get(&task.id) {
            Some((first, _)) => {
                found.repeated("task", &task.id, stand.at([&"id"]), first.at([&"id"]))
            }
            None => drop(self.tasks.insert(task.id.clone(), (stand, environment))),
        }
    }

    pub(super) fn plan(&mut self, stand: Stand, plan: Plan, found: &mut Found) {
        match self.plans.get(&plan.id) {
            Some((first, _)) => {
                found.repeated("plan", &plan.id, stand.at([&"id"]), first.at([&"id"]))
            }
            None => drop(self.plans.insert(plan.id.clone(), (stand, plan))),
        }
    }

    pub(super) fn run(&mut self, stand: Stand, run: Run, found: &mut Found) {
        match self.runs.get(&run.id) {
            Some((first, _)) => {
                found.repeated("run", &run.id, stand.at([&"id"]), first.at([&"id"]))
            }
            None => drop(self.runs.insert(run.id.clone(), (stand, run))),
        }
    }

    pub(super) fn check(&self, found: &mut Found) {
        for (stand, plan) in self.plans.values() {
            self.expect_task(&plan.task_id, stand.at([&"task_id"]), found);
        }
        for (stand, run) in self.runs.values() {
            self.check_run(stand, run, found);
        }
    }

    fn check_run(&self, stand: &Stand, run: &Run, found: &mut Found) {
        self.expect_task(&run.task_id, stand.at([&"task_id"]), found);
        if let Some((task, Some(environment))) = self.tasks.get(&run.task_id) {
            let other = task.at([&"task_spec", &"context", &"environment"]);
            found.follow(run.environment == *environment, || {
                let message = format!("the run is in another environment than its task in {other}");
                Mismatch::new(Rule::Disagrees, stand.at([&"environment"]), other.clone(), message)
            });
        }
        let Some((plan_stand, plan)) = self.plans.get(&run.plan_id) else {
            let at = stand.at([&"plan_id"]);
            let searched = self.plans.values().map(|(stand, _)| stand);
            return found.follow(false, || absent("plan", &run.plan_id, at, searched));
        };
        found.references += 1;
        found.agree(
            "task",
            (&run.task_id, stand.at([&"task_id"])),
            (&plan.task_id, plan_stand.at([&"task_id"])),
        );
        let names = Names { stand, plan_stand, phases: phases(plan), assets: assets(plan) };
        names.check_progress(run, found);
        names.check_audit_log(run, found);
    }

    fn expect_task(&self, id: &TaskId, at: End, found: &mut Found) {
        let searched = self.tasks.values().map(|(stand, _)| stand);
        found.follow(self.tasks.contains_key(id), || absent("task", id, at, searched));
    }
}

fn phases(plan: &Plan) -> BTreeSet<&PhaseName> {
    plan.payload.phases.iter().flatten().map(|phase: &Phase| &phase.name).collect()
}

/// What the plan concerns, and whatever its phases name besides.
fn assets(plan: &Plan) -> BTreeSet<&AssetId> {
    let in_phases = plan.payload.phases.iter().flatten().flat_map(|phase| &phase.assets);
    plan.payload.affected_assets.iter().chain(in_phases).collect()
}

/// The names that the plan of a run has.
struct Names<'p> {
    stand: &'p Stand,
    plan_stand: &'p Stand,
    phases: BTreeSet<&'p PhaseName>,
    assets: BTreeSet<&'p AssetId>,
}

impl Names<'_> {
    fn check_progress(&self, run: &Run, found: &mut Found) {
        let Some(progress) = &run.progress else { return };
        if let Some(phase) = &progress.current_phase {
            self.expect_phase(phase, self.stand.at([&"progress", &"current_phase"]), found);
        }
        let lists = [
            ("phases_completed", &progress.phases_completed),
            ("phases_remaining", &progress.phases_remaining),
        ];
        for (field, phases) in lists {
            for (index, phase) in phases.iter().flatten().enumerate() {
                self.expect_phase(phase, self.stand.at([&"progress", &field, &index]), found);
            }
        }
    }

    fn check_audit_log(&self, run: &Run, found: &mut Found) {
        for (index, entry) in run.audit_log.iter().flatten().enumerate() {
            if let Some(phase) = &entry.phase {
                self.expect_phase(phase, self.stand.at([&"audit_log", &index, &"phase"]), found);
            }
            if let Some(asset) = &entry.asset_id {
                let at = self.stand.at([&"audit_log", &index, &"asset_id"]);
                let other = self.plan_stand.at([&"payload", &"affected_assets"]);
                found.follow(self.assets.contains(asset), || unnamed("asset", asset, at, other));
            }
        }
    }

    fn expect_phase(&self, phase: &PhaseName, at: End, found: &mut Found) {
        let other = self.plan_stand.at([&"payload", &"phases"]);
        found.follow(self.phases.contains(phase), || unnamed("phase", phase, at, other));
    }
}

fn unnamed(what: &str, name: &dyn Display, at: End, other: End) -> Mismatch {
    let message = format!("the plan has no {what} `{name}`: looked in {other}");
    Mismatch::new(Rule::Absent, at, other, message)
}

fn absent<'s>(
    what: &str,
    id: &dyn Display,
    at: End,
    searched: impl Iterator<Item = &'s Stand>,
) -> Mismatch {
    let stands: Vec<&Stand> = searched.collect();
    let (words, other) = match stands.as_slice() {
        [] => (format!("no document is a {what}"), file(".")),
        [only] => (format!("looked at {}", only.root()), only.root()),
        [first, rest @ ..] => {
            (format!("looked at {} and {} more", first.root(), rest.len()), first.root())
        }
    };
    Mismatch::new(Rule::Absent, at, other, format!("there is no {what} `{id}`: {words}"))
}
