//! Receipts: their numbers, and the commands and events that they record.

use std::collections::BTreeMap;

use lorch_types::agent::{CommandId, Receipt, TaskId};

use super::ledger::{Ledgers, Sent};
use super::snapshots::Snapshots;
use super::{Found, Mismatch, Rule, Stand, file};

/// All receipts.
#[derive(Debug, Default)]
pub(super) struct Receipts(pub(super) Vec<(Stand, Receipt)>);

impl Receipts {
    pub(super) fn add(&mut self, stand: Stand, receipt: Receipt) {
        self.0.push((stand, receipt));
    }

    pub(super) fn check(&self, ledgers: &Ledgers, snapshots: &Snapshots, found: &mut Found) {
        let mut of_command: BTreeMap<&CommandId, &Stand> = BTreeMap::new();
        for (stand, receipt) in &self.0 {
            let command = &receipt.command_message_id;
            if let Some(first) = of_command.insert(command, stand) {
                let at = stand.at([&"command_message_id"]);
                found.repeated("command", command, at, first.at([&"command_message_id"]));
            }
            check_path(stand, receipt, found);
            snapshots.expect(&receipt.snapshot_id, stand.at([&"snapshot_id"]), found);
            match ledgers.find_command(command) {
                Some(sent) => check_command(stand, receipt, sent, found),
                None => absent(stand, "command", command, &["command_message_id"], ledgers, found),
            }
            check_events(stand, receipt, ledgers, found);
        }
        self.check_numbers(found);
    }

    /// Checks that each task's receipts are numbered 1, 2, 3 and so on.
    fn check_numbers(&self, found: &mut Found) {
        let mut steps: BTreeMap<&TaskId, BTreeMap<u64, &Stand>> = BTreeMap::new();
        for (stand, receipt) in &self.0 {
            let (task, step) = (&receipt.task_id, receipt.step.get());
            if let Some(first) = steps.entry(task).or_default().insert(step, stand) {
                let (at, first) = (stand.at([&"step"]), first.at([&"step"]));
                found.repeated(&format!("step of {task}"), &step, at, first);
            }
        }
        for (task, steps) in steps {
            let mut before = 0;
            for (step, stand) in steps {
                let missing = before + 1;
                found.follow(step == missing, || {
                    let name = format!("receipts/{task}/step-{missing}.json");
                    let until = if step - 1 > missing { " and others" } else { "" };
                    let message = format!(
                        "step {step} of {task} follows step {before}: there is no {name}{until}"
                    );
                    Mismatch::new(Rule::Gap, stand.at([&"step"]), file(name), message)
                });
                before = step;
            }
        }
    }
}

/// Checks that the receipt stands where its task and number say.
fn check_path(stand: &Stand, receipt: &Receipt, found: &mut Found) {
    let name = format!("receipts/{}/step-{}.json", receipt.task_id, receipt.step.get());
    let named = stand.line.is_some() || stand.file == name;
    found.follow(named, || {
        let message = format!(
            "the receipt of step {} of {} stands in {}, and belongs in {name}",
            receipt.step.get(),
            receipt.task_id,
            stand.file
        );
        Mismatch::new(Rule::Misnamed, stand.at([&"step"]), file(name), message)
    });
}

/// Checks what the receipt says about its command.
fn check_command(stand: &Stand, receipt: &Receipt, sent: &Sent, found: &mut Found) {
    let (here, there) = (|name: &str| stand.at([&name]), |name: &str| sent.stand.at([&name]));
    found.agree("task", (&receipt.task_id, here("task_id")), (&sent.task, there("task_id")));
    found.agree(
        "action",
        (&receipt.action.as_str(), here("action")),
        (&sent.action.as_str(), there("action")),
    );
    found.agree(
        "key",
        (&receipt.idempotency_key, here("idempotency_key")),
        (&sent.key, there("idempotency_key")),
    );
    found.agree(
        "correlation",
        (&receipt.correlation_id, here("correlation_id")),
        (&sent.correlation, there("correlation_id")),
    );
    found.agree(
        "snapshot",
        (&receipt.snapshot_id, here("snapshot_id")),
        (&sent.snapshot, sent.stand.at([&"version", &"snapshot_id"])),
    );
}

/// Checks that the events are there, and about the command of the receipt.
fn check_events(stand: &Stand, receipt: &Receipt, ledgers: &Ledgers, found: &mut Found) {
    for (index, event) in receipt.events.iter().enumerate() {
        let at = stand.at([&"events", &index]);
        if let Some(first) = receipt.events.iter().take(index).position(|other| other == event) {
            found.repeated("event", event, at.clone(), stand.at([&"events", &first]));
        }
        match ledgers.find_event(event) {
            Some(received) => found.follow(received.correlation == receipt.correlation_id, || {
                let other = received.stand.at([&"correlation_id"]);
                let message = format!(
                    "the receipt is about the correlation `{}`, its event `{event}` about `{}` in \
                     {other}",
                    receipt.correlation_id, received.correlation
                );
                Mismatch::new(Rule::Disagrees, at, other, message)
            }),
            None => absent(stand, "event", event, &["events", &index.to_string()], ledgers, found),
        }
    }
}

fn absent(
    stand: &Stand,
    what: &str,
    id: &dyn std::fmt::Display,
    at: &[&str],
    ledgers: &Ledgers,
    found: &mut Found,
) {
    let (searched, ledger) = ledgers.searched();
    let mut end = stand.root();
    at.iter().for_each(|token| end.pointer.push(token));
    let message = format!("there is no {what} `{id}`: {searched}");
    found.follow(false, || Mismatch::new(Rule::Absent, end, file(ledger), message));
}
