//! Documents together: one thing is changed in a workspace that is whole, and what no longer holds
//! is named with both its ends.

use std::collections::BTreeMap;
use std::path::Path;

use lorch_types::agent::WorkspacePath;
use lorch_types::json::{Limits, read};
use lorch_types::{Digest, Kind, SmolStr};
use lorch_validate::together::{FileFound, Files, Outcome, Rule, Together};

const LEDGER: &str = "events/run-20251020-140818-4f9f29a1.ndjson";
const STEP_1: &str = "receipts/T-0042/step-1.json";
const STEP_3: &str = "receipts/T-0042/step-3.json";
const STATE: &str = "state/run.json";
const BASE: &str = "snapshots/snap-e60e6dcec26d.manifest.json";

/// The files of a workspace, by their names.
#[derive(Clone, Debug)]
struct Folder(BTreeMap<String, String>);

impl Folder {
    fn whole() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut folder = Self(BTreeMap::new());
        folder.collect(&root.join("../../examples/workspace"), "");
        assert!(folder.0.len() >= 20, "{:?}", folder.0.keys());
        folder
    }

    fn collect(&mut self, folder: &Path, prefix: &str) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            let name = format!("{prefix}{}", entry.file_name().into_string().unwrap());
            if entry.file_type().unwrap().is_dir() {
                self.collect(&entry.path(), &format!("{name}/"));
            } else {
                self.0.insert(name, std::fs::read_to_string(entry.path()).unwrap());
            }
        }
    }

    #[track_caller]
    fn replace(&mut self, file: &str, from: &str, to: &str) {
        let text = self.0.get_mut(file).unwrap();
        assert!(text.contains(from), "{file} has no {from}: {text}");
        *text = text.replacen(from, to, 1);
    }

    /// Gives the digest of the job's definition other digits.
    #[track_caller]
    fn other_definition(&mut self, file: &str) {
        let text = self.0.get_mut(file).unwrap();
        let at = text.find("sha256:").unwrap() + "sha256:".len();
        text.replace_range(at..at + 4, "0000");
    }

    fn rename(&mut self, from: &str, to: &str) {
        let text = self.0.remove(from).unwrap();
        self.0.insert(to.to_owned(), text);
    }

    fn copy(&mut self, from: &str, to: &str) {
        self.0.insert(to.to_owned(), self.0[from].clone());
    }

    /// Changes the lines of the ledger.
    fn lines(&mut self, edit: impl FnOnce(&mut Vec<String>)) {
        let text = self.0.get_mut(LEDGER).unwrap();
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        edit(&mut lines);
        *text = lines.join("\n");
    }

    fn outcome(&self) -> Outcome {
        let mut together = Together::new();
        for (name, text) in &self.0 {
            let file = SmolStr::from(name.as_str());
            if name.ends_with(".chain.ndjson") {
                continue;
            } else if name.ends_with(".ndjson") {
                for (index, line) in text.lines().enumerate() {
                    add(&mut together, &file, Some(index + 1), line);
                }
            } else if name.ends_with(".json") {
                add(&mut together, &file, None, text);
            }
        }
        let yaml = r#"{"job_id":"daily","version":"1","steps":[{"step_id":"read","op":"query.rows","params":{"table":"orders"}}]}"#;
        add(&mut together, &"jobs/daily.yaml".into(), None, yaml);
        together.finish(self)
    }
}

fn add(together: &mut Together, file: &SmolStr, line: Option<usize>, text: &str) {
    let document = read(text.as_bytes(), Limits::default()).unwrap();
    if let Some(kind) = Kind::detect(&document) {
        together.add(file, line, kind, &document).unwrap_or_else(|error| panic!("{file}: {error}"));
    }
}

impl Files for Folder {
    fn look(&self, path: &WorkspacePath) -> FileFound {
        match self.0.get(path.as_str()) {
            Some(text) if text == "a folder" => FileFound::Unusable("is no regular file".into()),
            Some(text) => FileFound::Content {
                sha256: Digest::of_bytes(text.as_bytes()),
                size: text.len() as u64,
            },
            None => FileFound::Nothing,
        }
    }
}

/// Changes the whole workspace, and expects exactly these: rule, place, other end, and words of the
/// message.
#[track_caller]
fn check(edit: impl FnOnce(&mut Folder), expected: &[(Rule, &str, &str, &str)]) {
    let mut folder = Folder::whole();
    edit(&mut folder);
    let found = folder.outcome().mismatches;
    let listed: Vec<String> = found
        .iter()
        .map(|it| format!("{:?} {} -> {}: {}", it.rule, it.at, it.other, it.message))
        .collect();
    assert_eq!(found.len(), expected.len(), "{listed:#?}");
    for (mismatch, (rule, at, other, words)) in found.iter().zip(expected) {
        let ends = (mismatch.rule, mismatch.at.to_string(), mismatch.other.to_string());
        assert_eq!(ends, (*rule, (*at).to_owned(), (*other).to_owned()), "{listed:#?}");
        assert!(mismatch.message.contains(words), "{words}: {listed:#?}");
        let other = mismatch.other.file.as_str();
        let same = mismatch.at.file == mismatch.other.file;
        assert!(
            same || other == "." || mismatch.message.contains(other),
            "not both ends: {listed:#?}"
        );
    }
}

#[test]
fn a_whole_workspace_holds() {
    let outcome = Folder::whole().outcome();
    assert_eq!(outcome.mismatches, []);
    assert!(outcome.references > 80, "{}", outcome.references);
}

#[test]
fn receipts_name_what_is_in_a_ledger() {
    check(
        |it| it.replace(STEP_1, "evt-00000001", "evt-0000000f"),
        &[(Rule::Absent, &format!("{STEP_1} /events/0"), LEDGER, "no event `evt-0000000f`")],
    );
    check(
        |it| it.replace(STEP_1, "cmd-00000001", "cmd-0000000f"),
        &[(
            Rule::Absent,
            &format!("{STEP_1} /command_message_id"),
            LEDGER,
            "no command `cmd-0000000f`: looked in",
        )],
    );
    check(
        |it| it.replace(STEP_1, "evt-00000001", "evt-00000003"),
        &[(
            Rule::Disagrees,
            &format!("{STEP_1} /events/0"),
            &format!("{LEDGER}:5 /correlation_id"),
            "`corr-001`, its event `evt-00000003` about `corr-002`",
        )],
    );
    check(
        |it| it.replace(STEP_1, "\"evt-00000001\"", "\"evt-00000002\""),
        &[(
            Rule::Repeated,
            &format!("{STEP_1} /events/1"),
            &format!("{STEP_1} /events/0"),
            "evt-00000002",
        )],
    );
}

#[test]
fn receipts_say_the_same_as_their_commands() {
    let fields = [
        ("action", "\"implement\"", "\"review\"", "action is `review` here, and `implement`"),
        ("idempotency_key", "ik:b", "ik:c", "key is `ik:c"),
    ];
    for (field, from, to, words) in fields {
        check(
            |it| it.replace(STEP_1, from, to),
            &[(
                Rule::Disagrees,
                &format!("{STEP_1} /{field}"),
                &format!("{LEDGER}:1 /{field}"),
                words,
            )],
        );
    }
    check(
        |it| it.replace(STEP_1, "snap-e60e6dcec26d", "snap-96089a83a2e1"),
        &[(
            Rule::Disagrees,
            &format!("{STEP_1} /snapshot_id"),
            &format!("{LEDGER}:1 /version/snapshot_id"),
            "the snapshot is `snap-96089a83a2e1` here",
        )],
    );
    check(
        |it| it.replace(STEP_1, "corr-001", "corr-00x"),
        &[
            (
                Rule::Disagrees,
                &format!("{STEP_1} /correlation_id"),
                &format!("{LEDGER}:1 /correlation_id"),
                "the correlation is `corr-00x` here, and `corr-001`",
            ),
            (
                Rule::Disagrees,
                &format!("{STEP_1} /events/0"),
                &format!("{LEDGER}:2 /correlation_id"),
                "evt-00000001",
            ),
            (
                Rule::Disagrees,
                &format!("{STEP_1} /events/1"),
                &format!("{LEDGER}:3 /correlation_id"),
                "evt-00000002",
            ),
        ],
    );
}

#[test]
fn receipts_stand_where_their_numbers_say_without_a_gap() {
    check(
        |it| drop(it.0.remove("receipts/T-0042/step-2.json")),
        &[(
            Rule::Gap,
            &format!("{STEP_3} /step"),
            "receipts/T-0042/step-2.json",
            "step 3 of T-0042 follows step 1",
        )],
    );
    check(
        |it| {
            it.0.remove("receipts/T-0042/step-1.json");
            it.0.remove("receipts/T-0042/step-2.json");
        },
        &[(Rule::Gap, &format!("{STEP_3} /step"), STEP_1, "step-1.json and others")],
    );
    check(
        |it| it.rename(STEP_1, "receipts/T-0042/step-01.json"),
        &[(
            Rule::Misnamed,
            "receipts/T-0042/step-01.json /step",
            STEP_1,
            "stands in receipts/T-0042/step-01.json, and belongs in",
        )],
    );
    check(
        |it| it.copy(STEP_1, "receipts/T-0042/again.json"),
        &[
            (Rule::Misnamed, "receipts/T-0042/again.json /step", STEP_1, "belongs in"),
            (
                Rule::Repeated,
                &format!("{STEP_1} /command_message_id"),
                "receipts/T-0042/again.json /command_message_id",
                "the command `cmd-00000001` is that of",
            ),
            (
                Rule::Repeated,
                &format!("{STEP_1} /step"),
                "receipts/T-0042/again.json /step",
                "the step of T-0042 `1`",
            ),
        ],
    );
}

#[test]
fn artifacts_are_those_of_the_latest_receipt() {
    // Its first version is on record too, in step 1, and superseded.
    check(
        |it| it.replace("src/auth.rs", "sign_in", "sign_up"),
        &[(
            Rule::Artifact,
            &format!("{STEP_3} /artifacts/0/sha256"),
            "src/auth.rs",
            "is recorded, and src/auth.rs has `sha256:",
        )],
    );
    check(
        |it| it.replace("src/auth.rs", "sign_in", "in"),
        &[
            (Rule::Artifact, &format!("{STEP_3} /artifacts/0/sha256"), "src/auth.rs", "`sha256:"),
            (Rule::Artifact, &format!("{STEP_3} /artifacts/0/size"), "src/auth.rs", "has 117"),
        ],
    );
    check(
        |it| drop(it.0.remove("src/auth.rs")),
        &[(
            Rule::Artifact,
            &format!("{STEP_3} /artifacts/0/path"),
            "src/auth.rs",
            "there is no file src/auth.rs",
        )],
    );
    check(
        |it| drop(it.0.insert("src/auth.rs".into(), "a folder".into())),
        &[(
            Rule::Artifact,
            &format!("{STEP_3} /artifacts/0/path"),
            "src/auth.rs",
            "the file src/auth.rs is no regular file",
        )],
    );
}

#[test]
fn a_run_state_names_what_is_in_its_ledger() {
    for (field, from, to, words) in [
        ("last_command_id", "cmd-00000005", "cmd-0000000f", "no command `cmd-0000000f`"),
        ("last_event_id", "evt-00000006", "evt-0000000f", "no event `evt-0000000f`"),
    ] {
        let at = format!("{STATE} /{field}");
        check(|it| it.replace(STATE, from, to), &[(Rule::Absent, &at, LEDGER, words)]);
    }
    check(
        |it| it.replace(STATE, "\"status\"", "\"correlation_id\": \"corr-00x\", \"status\""),
        &[(
            Rule::Absent,
            &format!("{STATE} /correlation_id"),
            LEDGER,
            "no command with correlation `corr-00x`",
        )],
    );
    check(
        |it| it.replace(STATE, "T-0042", "T-0043"),
        &[(
            Rule::Disagrees,
            &format!("{STATE} /task_id"),
            &format!("{LEDGER}:10 /task_id"),
            "the task is `T-0043` here",
        )],
    );
    let other = "events/run-20251020-140818-4f9f29a2.ndjson";
    check(
        |it| it.replace(STATE, "4f9f29a1", "4f9f29a2"),
        &[
            (Rule::Absent, &format!("{STATE} /last_command_id"), other, "looked in"),
            (Rule::Absent, &format!("{STATE} /last_event_id"), other, "looked in"),
        ],
    );
    check(
        |it| it.copy(STATE, "state/run2.json"),
        &[(
            Rule::Repeated,
            "state/run2.json /run_id",
            &format!("{STATE} /run_id"),
            "run-20251020-140818-4f9f29a1",
        )],
    );
}

#[test]
fn snapshots_are_there_and_are_what_their_ids_say() {
    check(
        |it| it.replace(BASE, "\"size\": 13", "\"size\": 14"),
        &[(
            Rule::Derived,
            &format!("{BASE} /snapshot_id"),
            &format!("{BASE} /files"),
            "that of the files listed is `snap-",
        )],
    );
    check(
        |it| it.rename(BASE, "snapshots/base.manifest.json"),
        &[(
            Rule::Misnamed,
            "snapshots/base.manifest.json /snapshot_id",
            BASE,
            "stands in snapshots/base.manifest.json, and belongs in",
        )],
    );
    check(
        |it| it.copy(BASE, "snapshots/again.manifest.json"),
        &[
            (Rule::Misnamed, "snapshots/again.manifest.json /snapshot_id", BASE, "belongs in"),
            (
                Rule::Repeated,
                &format!("{BASE} /snapshot_id"),
                "snapshots/again.manifest.json /snapshot_id",
                "snapshot id `snap-e60e6dcec26d`",
            ),
        ],
    );
    check(
        |it| drop(it.0.remove(BASE)),
        &[
            (Rule::Absent, &format!("{LEDGER}:1 /version/snapshot_id"), BASE, "looked for"),
            (Rule::Absent, &format!("{STEP_1} /snapshot_id"), BASE, "looked for"),
            (Rule::Absent, &format!("{STATE} /snapshot_id"), BASE, "looked for"),
        ],
    );
}

#[test]
fn a_snapshot_has_each_path_once() {
    check(
        |it| it.replace(BASE, "specs/SPEC.md", "src/main.rs"),
        &[
            (
                Rule::Repeated,
                &format!("{BASE} /files/1/path"),
                &format!("{BASE} /files/0/path"),
                "src/main.rs",
            ),
            (Rule::Derived, &format!("{BASE} /snapshot_id"), &format!("{BASE} /files"), "snap-"),
        ],
    );
}

#[test]
fn commands_have_the_keys_of_their_content() {
    check(
        |it| it.lines(|lines| lines[0] = lines[0].replace("authentication", "authorization")),
        &[(
            Rule::Derived,
            &format!("{LEDGER}:1 /idempotency_key"),
            &format!("{LEDGER}:1"),
            "that of the command's content is `ik:",
        )],
    );
}

#[test]
fn message_ids_are_unique() {
    check(
        |it| it.lines(|lines| lines[4] = lines[4].replace("evt-00000003", "evt-00000001")),
        &[
            (
                Rule::Repeated,
                &format!("{LEDGER}:5 /message_id"),
                &format!("{LEDGER}:2 /message_id"),
                "message id `evt-00000001`",
            ),
            (Rule::Absent, "receipts/T-0042/step-2.json /events/0", LEDGER, "evt-00000003"),
        ],
    );
    // In another ledger, too.
    let other = "events/run-20251020-140818-4f9f29a2.ndjson";
    check(
        |it| {
            let first = it.0[LEDGER].lines().next().unwrap().to_owned();
            it.0.insert(other.to_owned(), first);
        },
        &[(
            Rule::Repeated,
            &format!("{other}:1 /message_id"),
            &format!("{LEDGER}:1 /message_id"),
            "message id `cmd-00000001`",
        )],
    );
}

#[test]
fn events_follow_their_commands() {
    check(
        |it| it.lines(|lines| lines.swap(3, 4)),
        &[(
            Rule::Order,
            &format!("{LEDGER}:4 /correlation_id"),
            &format!("{LEDGER}:5 /correlation_id"),
            "comes before the command with the correlation `corr-002`",
        )],
    );
    check(
        |it| it.lines(|lines| lines[1] = lines[1].replace("corr-001", "corr-00x")),
        &[
            (
                Rule::Absent,
                &format!("{LEDGER}:2 /correlation_id"),
                LEDGER,
                "no command has the correlation `corr-00x`",
            ),
            (
                Rule::Disagrees,
                &format!("{STEP_1} /events/0"),
                &format!("{LEDGER}:2 /correlation_id"),
                "evt-00000001",
            ),
        ],
    );
    check(
        |it| it.lines(|lines| lines[1] = lines[1].replace("T-0042", "T-0043")),
        &[(
            Rule::Disagrees,
            &format!("{LEDGER}:2 /task_id"),
            &format!("{LEDGER}:1 /task_id"),
            "the task is `T-0043` here",
        )],
    );
}

#[test]
fn plans_and_their_runs_agree() {
    const OTHER: &str = "550e8400-e29b-41d4-a716-446655440009";
    const TASK: &str = "550e8400-e29b-41d4-a716-446655440000";
    const PLAN: &str = "550e8400-e29b-41d4-a716-446655440001";
    check(
        |it| it.replace("plans/plan.json", TASK, OTHER),
        &[
            (
                Rule::Absent,
                "plans/plan.json /task_id",
                "plans/task.json",
                "no task `550e8400-e29b-41d4-a716-446655440009`: looked at",
            ),
            (
                Rule::Disagrees,
                "plans/run.json /task_id",
                "plans/plan.json /task_id",
                "the task is `550e8400-e29b-41d4-a716-446655440000` here",
            ),
        ],
    );
    check(
        |it| it.replace("plans/run.json", PLAN, OTHER),
        &[(Rule::Absent, "plans/run.json /plan_id", "plans/plan.json", "no plan `550e8400")],
    );
    check(
        |it| {
            it.0.remove("plans/task.json");
        },
        &[
            (Rule::Absent, "plans/plan.json /task_id", ".", "no document is a task"),
            (Rule::Absent, "plans/run.json /task_id", ".", "no document is a task"),
        ],
    );
    check(
        |it| it.replace("plans/run.json", "production", "staging"),
        &[(
            Rule::Disagrees,
            "plans/run.json /environment",
            "plans/task.json /task_spec/context/environment",
            "another environment",
        )],
    );
    check(
        |it| it.copy("plans/plan.json", "plans/again.json"),
        &[(Rule::Repeated, "plans/plan.json /id", "plans/again.json /id", "the plan `550e8400")],
    );
}

#[test]
fn runs_of_plans_name_its_phases_and_assets() {
    let phases = "plans/plan.json /payload/phases";
    for (at, from, to) in [
        ("/progress/current_phase", "\"current_phase\": \"Rest\"", "\"current_phase\": \"Wave1\""),
        ("/progress/phases_completed/0", "\"Canary\"", "\"Wave1\""),
        ("/audit_log/4/phase", "\"phase\": \"Rest\"\n", "\"phase\": \"Wave1\"\n"),
    ] {
        check(
            |it| it.replace("plans/run.json", from, to),
            &[(Rule::Absent, &format!("plans/run.json {at}"), phases, "no phase `Wave1`")],
        );
    }
    check(
        |it| it.replace("plans/run.json", "asset-1", "asset-9"),
        &[(
            Rule::Absent,
            "plans/run.json /audit_log/2/asset_id",
            "plans/plan.json /payload/affected_assets",
            "no asset `asset-9`",
        )],
    );
}

#[test]
fn documents_of_jobs_belong_together() {
    const RUN: &str = "01KADE3Q6BZ5T8V0X2Y4W6R9SN";
    const OTHER: &str = "01KADE3Q6BZ5T8V0X2Y4W6R9SP";
    for file in ["jobs/attempt.json", "jobs/manifest.json"] {
        check(
            |it| it.replace(file, RUN, OTHER),
            &[(
                Rule::Absent,
                &format!("{file} /run_id"),
                "jobs/record.json",
                "no record of the run `01KADE3Q6BZ5T8V0X2Y4W6R9SP`",
            )],
        );
    }
    // Where there is no record at all, none is missed.
    check(|it| drop(it.0.remove("jobs/record.json")), &[]);
    check(
        |it| it.replace("jobs/manifest.json", "\"read\"", "\"write\""),
        &[(
            Rule::Absent,
            "jobs/manifest.json /step_id",
            "jobs/instance.json /steps",
            "no step `write`",
        )],
    );
    check(
        |it| it.other_definition("jobs/record.json"),
        &[(
            Rule::Absent,
            "jobs/record.json /job_def_sha256",
            "jobs/instance.json /job_def_sha256",
            "no instance of `daily` was compiled from `sha256:0000",
        )],
    );
    check(
        |it| {
            it.other_definition("jobs/record.json");
            it.other_definition("jobs/instance.json");
        },
        &[(
            Rule::Disagrees,
            "jobs/instance.json /job_def_sha256",
            "jobs/daily.yaml",
            "was compiled from `sha256:0000",
        )],
    );
    check(
        |it| it.copy("jobs/attempt.json", "jobs/again.json"),
        &[(
            Rule::Repeated,
            "jobs/attempt.json /attempt_n",
            "jobs/again.json /attempt_n",
            "the attempt of `01KADE3Q6BZ5T8V0X2Y4W6R9SN` `1`",
        )],
    );
}

#[test]
fn what_is_not_valid_is_not_added() {
    let mut together = Together::new();
    let document = read(br#"{"kind":"command"}"#, Limits::default()).unwrap();
    let error = together.add(&"a.json".into(), None, Kind::Command, &document).unwrap_err();
    assert!(error.to_string().contains("message_id"), "{error}");
    assert_eq!(together.finish(&Folder::whole()).references, 0);
}

#[test]
fn codes_are_stable() {
    let codes = Rule::ALL.map(|rule| rule.code().0);
    let expected = ["L1121", "L1122", "L1123", "L1124", "L1125", "L1126", "L1127", "L1128"];
    assert_eq!(codes, expected);
}
