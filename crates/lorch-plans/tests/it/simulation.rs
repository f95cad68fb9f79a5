//! What chance makes of a plan, against what probability says.

use lorch_plans::{Contract, Ending, Odds, Parallel, Simulation, simulate};
use lorch_types::json::{Value, from_value};
use lorch_types::plan::{Metrics, Plan, Task};

use crate::drift::{config, document, with};

const RUNS: u64 = 20_000;

#[track_caller]
fn run(plan: &Value, odds: &Odds, seed: u64) -> Simulation {
    run_parallel(plan, odds, seed, 1)
}

fn run_parallel(plan: &Value, odds: &Odds, seed: u64, most: u16) -> Simulation {
    let task: Task = from_value(&document("task.json")).unwrap();
    let plan: Plan = from_value(plan).unwrap();
    let contract = Contract::of(&task).unwrap();
    let config = config();
    let parallel = Parallel { tools: &config.tools, most: most.try_into().unwrap() };
    simulate(&plan, &contract, &Metrics::built_in(), &parallel, odds, RUNS, seed).unwrap()
}

/// How many runs ended so.
fn count(simulation: &Simulation, is: impl Fn(&Ending) -> bool) -> u64 {
    simulation.endings.iter().filter(|(ending, _)| is(ending)).map(|(_, tally)| tally.runs).sum()
}

#[test]
fn certainty_needs_no_chance() {
    let plan = document("plan.json");
    let simulation = run(&plan, &Odds::default(), 1);
    let (ending, tally) = &simulation.endings[0];
    assert_eq!((ending, tally.runs, tally.most_changed), (&Ending::Completed, RUNS, 47));
    assert_eq!((tally.failed, simulation.endings.len()), (0, 1));
    let simulation = run(&plan, &Odds::everywhere("100%").unwrap(), 1);
    let (ending, tally) = &simulation.endings[0];
    assert_eq!(*ending, Ending::RolledBack { phase: "Canary".parse().unwrap() });
    assert_eq!((tally.runs, tally.most_changed, tally.most_failed), (RUNS, 1, 1));
}

#[test]
fn what_is_under_way_when_the_condition_holds_is_acted_on_as_well() {
    let plan = document("plan.json");
    let odds = Odds::everywhere("100%").unwrap();
    for (parallel, changed) in [(1, 1), (3, 3), (5, 5), (64, 5)] {
        let simulation = run_parallel(&plan, &odds, 1, parallel);
        let (ending, tally) = &simulation.endings[0];
        assert_eq!(*ending, Ending::RolledBack { phase: "Canary".parse().unwrap() });
        assert_eq!((tally.runs, tally.most_changed, tally.most_failed), (RUNS, changed, changed));
    }
}

#[test]
fn the_same_seed_gives_the_same() {
    let plan = document("plan.json");
    let odds = Odds::everywhere("2%").unwrap();
    assert_eq!(run(&plan, &odds, 7), run(&plan, &odds, 7));
    assert_ne!(run(&plan, &odds, 7), run(&plan, &odds, 8));
}

/// In the example any failure rolls its phase back, so that all can be reckoned.
#[test]
fn frequencies_are_those_of_probability() {
    let plan = document("plan.json");
    for (percent, p) in [("0.1%", 0.001_f64), ("2%", 0.02), ("10%", 0.1), ("50%", 0.5)] {
        let simulation = run(&plan, &Odds::everywhere(percent).unwrap(), 3);
        assert_eq!(count(&simulation, |_| true), RUNS);
        let phases = [("Canary", 5), ("Wave1", 11), ("Wave2", 11), ("Wave3", 10), ("Wave4", 10)];
        let mut reached = 1.0;
        for (name, assets) in phases {
            let here = reached * (1.0 - (1.0 - p).powi(assets));
            let found = count(
                &simulation,
                |ending| matches!(ending, Ending::RolledBack { phase } if phase.as_str() == name),
            );
            near(found, here, percent);
            reached *= (1.0 - p).powi(assets);
        }
        near(count(&simulation, |ending| *ending == Ending::Completed), reached, percent);
    }
}

/// Within five standard deviations.
#[track_caller]
fn near(found: u64, probability: f64, about: &str) {
    let (runs, found) = (RUNS as f64, found as f64);
    let deviation = (runs * probability * (1.0 - probability)).sqrt();
    let expected = runs * probability;
    assert!((found - expected).abs() <= 5.0 * deviation + 1.0, "{about}: {found}, not {expected}");
}

#[test]
fn odds_may_differ_by_phase_and_what_neither_passes_nor_rolls_back_pauses() {
    let plan =
        with(&document("plan.json"), "/payload/phases/2/rollback_if", "\"error_rate > 50%\"");
    let odds = Odds::default().but_for("Wave2".parse().unwrap(), "20%").unwrap();
    let simulation = run(&plan, &odds, 5);
    let in_wave_2 = |phase: &lorch_types::plan::PhaseName| phase.as_str() == "Wave2";
    assert_eq!(
        count(&simulation, |it| matches!(it, Ending::RolledBack { phase } if !in_wave_2(phase))),
        0
    );
    let paused =
        count(&simulation, |it| matches!(it, Ending::Paused { phase } if in_wave_2(phase)));
    let rolled_back =
        count(&simulation, |it| matches!(it, Ending::RolledBack { phase } if in_wave_2(phase)));
    // The first asset alone rolls back when it fails: one of one is more than half.
    assert!(rolled_back >= RUNS / 6 && paused > RUNS / 2, "{simulation:?}");
    // The task's trigger is inherited where a phase has no condition of its own.
    let plan = with(&document("plan.json"), "/payload/phases/2/rollback_if", "null");
    let simulation = run(&plan, &odds, 5);
    near(count(&simulation, |it| *it == Ending::Completed), 0.8_f64.powi(11), "inherited");
}

#[test]
fn odds_are_percentages() {
    for text in ["", "x", "-1%", "101%", "1e3%", "1.2.3"] {
        let error = Odds::everywhere(text).unwrap_err().to_string();
        assert!(error.contains("a percentage from 0% to 100%"), "{error}");
    }
    assert!(Odds::everywhere("2.5").is_ok() && Odds::everywhere("100%").is_ok());
    let plan = with(&document("plan.json"), "/payload/phases/2/rollback_if", "\"?\"");
    let task: Task = from_value(&document("task.json")).unwrap();
    let plan: Plan = from_value(&plan).unwrap();
    let contract = Contract::of(&task).unwrap();
    let metrics = Metrics::built_in();
    let config = config();
    let parallel = Parallel { tools: &config.tools, most: std::num::NonZeroU16::MIN };
    let error =
        simulate(&plan, &contract, &metrics, &parallel, &Odds::default(), 1, 1).unwrap_err();
    assert_eq!(error.to_string(), "phase `Wave2` cannot be simulated");
}
