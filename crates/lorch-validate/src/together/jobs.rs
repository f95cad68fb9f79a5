//! Definitions and instances of jobs, and the records of their runs.
//!
//! Records mostly lie in a database, and a folder holds some of them at most: what a document refers
//! to is missed only where there are others of its kind.

use std::collections::BTreeMap;

use lorch_types::job::{
    AttemptRecord, JobDef, JobId, JobInstance, RunId, RunRecord, StepManifest, StepPath, Version,
};
use lorch_types::json::Value;
use lorch_types::{Digest, PositiveInteger};

use super::{Found, Mismatch, Rule, Stand, file};

/// All documents of jobs.
#[derive(Debug, Default)]
pub(super) struct Jobs {
    definitions: BTreeMap<(JobId, Version), (Stand, Digest)>,
    instances: Vec<(Stand, JobInstance)>,
    records: BTreeMap<RunId, (Stand, RunRecord)>,
    attempts: BTreeMap<(RunId, PositiveInteger), Stand>,
    manifests: Vec<(Stand, RunId, StepPath)>,
}

impl Jobs {
    pub(super) fn definition(
        &mut self,
        stand: Stand,
        definition: &JobDef,
        document: &Value,
        found: &mut Found,
    ) {
        let key = (definition.job_id.clone(), definition.version.clone());
        let digest = Digest::of(document);
        match self.definitions.get(&key) {
            // The same definition in YAML and in JSON, or a copy of it.
            Some((_, first)) if *first == digest => {}
            Some((first, _)) => {
                let (at, first) = (stand.at([&"version"]), first.at([&"version"]));
                let what = format!("version of `{}`", definition.job_id);
                found.repeated(&what, &definition.version, at, first);
            }
            None => drop(self.definitions.insert(key, (stand, digest))),
        }
    }

    pub(super) fn instance(&mut self, stand: Stand, instance: JobInstance) {
        self.instances.push((stand, instance));
    }

    pub(super) fn record(&mut self, stand: Stand, record: RunRecord, found: &mut Found) {
        match self.records.get(&record.run_id) {
            Some((first, _)) => {
                let (at, first) = (stand.at([&"run_id"]), first.at([&"run_id"]));
                found.repeated("run", &record.run_id, at, first);
            }
            None => drop(self.records.insert(record.run_id.clone(), (stand, record))),
        }
    }

    pub(super) fn manifest(&mut self, stand: Stand, manifest: &StepManifest) {
        self.manifests.push((stand, manifest.run_id.clone(), manifest.step_id.clone()));
    }

    pub(super) fn attempt(&mut self, stand: Stand, attempt: &AttemptRecord, found: &mut Found) {
        let key = (attempt.run_id.clone(), attempt.attempt_n);
        match self.attempts.get(&key) {
            Some(first) => {
                let (at, first) = (stand.at([&"attempt_n"]), first.at([&"attempt_n"]));
                let what = format!("attempt of `{}`", attempt.run_id);
                found.repeated(&what, &attempt.attempt_n.get(), at, first);
            }
            None => drop(self.attempts.insert(key, stand)),
        }
    }

    pub(super) fn check(&self, found: &mut Found) {
        for (stand, instance) in &self.instances {
            self.check_instance(stand, instance, found);
        }
        for (stand, record) in self.records.values() {
            self.check_record(stand, record, found);
        }
        for ((run, _), stand) in &self.attempts {
            self.expect_record(stand, run, found);
        }
        for (stand, run, step) in &self.manifests {
            self.expect_record(stand, run, found);
            self.check_step(stand, run, step, found);
        }
    }

    /// Checks that an instance was compiled from the definition that is there.
    fn check_instance(&self, stand: &Stand, instance: &JobInstance, found: &mut Found) {
        let key = (instance.job_id.clone(), instance.job_version.clone());
        let Some((definition, digest)) = self.definitions.get(&key) else { return };
        found.follow(*digest == instance.job_def_sha256, || {
            let other = definition.root();
            let message = format!(
                "the instance was compiled from `{}`, and {other} is `{digest}`",
                instance.job_def_sha256
            );
            Mismatch::new(Rule::Disagrees, stand.at([&"job_def_sha256"]), other, message)
                .with_help("a definition that is changed gets another version")
        });
    }

    /// Checks that a run is one of an instance that is there, if any is of its job.
    fn check_record(&self, stand: &Stand, record: &RunRecord, found: &mut Found) {
        let mut of_job =
            self.instances.iter().filter(|(_, it)| it.job_id == record.job_id).peekable();
        let Some((first, _)) = of_job.peek().copied() else { return };
        let is_there = of_job.any(|(_, instance)| instance.job_def_sha256 == record.job_def_sha256);
        found.follow(is_there, || {
            let other = first.at([&"job_def_sha256"]);
            let message = format!(
                "no instance of `{}` was compiled from `{}`: looked at {other}",
                record.job_id, record.job_def_sha256
            );
            Mismatch::new(Rule::Absent, stand.at([&"job_def_sha256"]), other, message)
        });
    }

    /// Checks that there is a record of the run, if there is one of any run.
    fn expect_record(&self, stand: &Stand, run: &RunId, found: &mut Found) {
        let Some((first, _)) = self.records.values().next() else { return };
        found.follow(self.records.contains_key(run), || {
            let searched = match self.records.len() {
                1 => format!("looked at {}", first.file),
                several => format!("looked at {} and {} more", first.file, several - 1),
            };
            let message = format!("there is no record of the run `{run}`: {searched}");
            Mismatch::new(Rule::Absent, stand.at([&"run_id"]), file(first.file.clone()), message)
        });
    }

    /// Checks that the step is one of the run's instance, if that is there.
    fn check_step(&self, stand: &Stand, run: &RunId, step: &StepPath, found: &mut Found) {
        let Some((_, record)) = self.records.get(run) else { return };
        let of_run = |(_, it): &&(Stand, JobInstance)| {
            it.job_id == record.job_id && it.job_def_sha256 == record.job_def_sha256
        };
        let mut instances = self.instances.iter().filter(of_run).peekable();
        let Some((first, _)) = instances.peek().copied() else { return };
        // One definition can be compiled to several instances.
        let has_step = |instance: &JobInstance| instance.steps.iter().any(|it| it.step_id == *step);
        found.follow(instances.any(|(_, instance)| has_step(instance)), || {
            let other = first.at([&"steps"]);
            let message = format!("the run's job has no step `{step}`: looked in {other}");
            Mismatch::new(Rule::Absent, stand.at([&"step_id"]), other, message)
        });
    }
}
