//! `lorch plan` and `lorch policy` with the real command.

use lorch_types::json::Value;

use crate::lorch::{Folder, Ran};

const PLAN: &str = "880e8400-e29b-41d4-a716-446655440001";

/// A folder that is the example's workspace.
fn drift() -> Folder {
    let folder = Folder::new();
    crate::lorch::copy(&crate::lorch::repository().join("examples/drift"), folder.path());
    folder
}

fn plan(folder: &Folder, arguments: &[&str], status: i32) -> Ran {
    folder.run(["plan"].iter().chain(arguments)).ends(status)
}

/// The texts of one member of each object in a list.
fn texts<'v>(document: &'v Value, list: &str, member: &str) -> Vec<&'v str> {
    let items = document.get(list).and_then(Value::as_array).unwrap();
    items.iter().map(|item| item.get(member).and_then(Value::as_str).unwrap()).collect()
}

#[test]
fn the_plans_of_the_seed_are_refused_with_their_reasons() {
    let folder = drift();
    let judge =
        |name: &str| plan(&folder, &["validate", name, "--task", "seed-task.json", "--json"], 1);
    let literal = judge("seed-plan.json").json();
    let codes = texts(&literal, "findings", "code");
    let count = |code: &str| codes.iter().filter(|it| **it == code).count();
    assert_eq!(["L1202", "L1214", "L1218"].map(count), [4, 3, 3], "{codes:?}");
    assert_eq!(codes.len(), 10);
    let written_out = judge("seed-plan-47.json").json();
    let messages = texts(&written_out, "findings", "message");
    assert!(messages.iter().any(|it| it.contains("31.9 %")), "{messages:?}");
    assert!(messages.iter().any(|it| it.contains("57.4 %")), "{messages:?}");
    let validation = written_out.get("validation").unwrap();
    assert_eq!(validation.get("schema_valid"), Some(&Value::Bool(true)));
    assert_eq!(validation.get("safety_valid"), Some(&Value::Bool(false)));
    assert_eq!(validation.get("overall_valid"), Some(&Value::Bool(false)));
    assert!(!folder.path().join(".lorch").exists(), "nothing is recorded");
}

#[test]
fn what_was_found_stands_once_in_what_programs_read() {
    let folder = drift();
    for arguments in [
        ["validate", "seed-plan-47.json", "--task", "seed-task.json", "--json"],
        ["submit", "seed-plan-47.json", "--task", "seed-task.json", "--json"],
    ] {
        let ran = plan(&folder, &arguments, 1);
        let document = ran.json();
        let findings = document.get("findings").and_then(Value::as_array).unwrap();
        for finding in findings {
            let message = finding.get("message").unwrap().to_string();
            assert_eq!(ran.stdout.matches(&message).count(), 1, "{message} in {}", ran.stdout);
        }
        let mut parts = texts(&document, "findings", "part");
        parts.dedup();
        assert_eq!(parts, ["policy", "safety"]);
        assert_eq!(texts(&document, "policies", "verdict"), ["denies"]);
    }
    folder.write("none.json", folder.read("plan.json").replace("\"summary\"", "\"sumary\""));
    let ran = plan(&folder, &["validate", "none.json", "--task", "task.json", "--json"], 1);
    assert_eq!(texts(&ran.json(), "findings", "part"), ["schema", "schema"]);
    let validation = ran.json().get("validation").unwrap().to_string();
    assert_eq!(validation, r#"{"overall_valid":false,"schema_valid":false}"#);
}

#[test]
fn findings_have_lines_and_stand_in_the_task_where_that_is_wrong() {
    let folder = drift();
    let task = folder.read("task.json").replace("error_rate > 1%", "error_rate > 1");
    folder.write("task.json", task);
    let ran = plan(&folder, &["validate", "plan.json", "--task", "task.json", "--json"], 1);
    let findings = ran.json();
    let finding = &findings.get("findings").and_then(Value::as_array).unwrap()[0];
    let member = |name| finding.get(name).and_then(Value::as_str).unwrap();
    assert_eq!((member("code"), member("file")), ("L1210", "task.json"));
    assert_eq!(member("pointer"), "/task_spec/constraints/rollback_trigger");
    assert!(finding.get("line").and_then(Value::as_u64).unwrap() > 1);
    let ran = plan(&folder, &["validate", "plan.json", "--task", "task.json"], 1);
    assert!(ran.stdout.contains("--> task.json:"), "{ran:#?}");
}

#[test]
fn a_plan_goes_its_way_with_the_exit_statuses_that_say_so() {
    let folder = drift();
    let submit = ["submit", "--task", "task.json", "plan.json"];
    let ran = plan(&folder, &submit, 3);
    assert!(ran.stdout.contains("if all of Wave1 fails: 11 of 47, 23.4 %"), "{ran:#?}");
    assert_eq!(ran.stderr, "");
    let approve = |who: &str, role: &str, status| {
        plan(&folder, &["approve", PLAN, "--as", who, "--role", role], status)
    };
    assert!(approve("user-456", "SRELead", 1).stderr.contains("asked for it"));
    assert!(approve("alice", "Intern", 1).stderr.contains("`Intern`, which may not approve"));
    approve("alice", "SRELead", 0);
    let refused = approve("bob", "SRELead", 1).stderr;
    assert!(refused.contains("a plan that is approved cannot become approved"), "{refused}");
    let shown = plan(&folder, &["show", PLAN, "--json"], 0).json();
    assert_eq!(shown.get("state").and_then(Value::as_str), Some("approved"));
    assert_eq!(texts(&shown, "approvals", "approver"), ["alice"]);
    let events = texts(&shown, "audit_log", "event");
    assert_eq!(events, ["plan_recorded", "plan_submitted", "plan_approved"]);
    // The same plan once more is nothing new; a changed one under its id is refused.
    plan(&folder, &submit, 0);
    let changed = folder.read("plan.json").replace("\"30m\"", "\"1h\"");
    folder.write("changed.json", &changed);
    let ran = plan(&folder, &["submit", "--task", "task.json", "changed.json"], 1);
    assert!(ran.stderr.contains("give it a new id"), "{ran:#?}");
    folder.write("changed.json", changed.replace("446655440001", "446655440002"));
    let ran = plan(&folder, &["submit", "--task", "task.json", "changed.json", "--json"], 3);
    let document = ran.json();
    let superseded = document.get("superseded").and_then(Value::as_array).unwrap();
    assert_eq!(superseded[0].as_str(), Some(PLAN));
    let reject = ["reject", PLAN, "--as", "bob", "--reason", "late"];
    let ran = plan(&folder, &reject, 1);
    assert!(ran.stderr.contains("that is superseded cannot become rejected"), "{ran:#?}");
}

#[test]
fn a_plan_is_shown_as_a_valid_document_and_a_changed_log_is_noticed() {
    let folder = drift();
    plan(&folder, &["submit", "--task", "task.json", "plan.json"], 3);
    plan(&folder, &["approve", PLAN, "--as", "alice", "--role", "SRELead"], 0);
    let shown = plan(&folder, &["show", PLAN, "--json"], 0).json();
    let document = shown.get("plan").unwrap();
    folder.write("shown.json", document.to_string());
    folder.run(["validate", "--schema", "plan", "shown.json"]).ends(0);
    let member = |name: &str| document.get("status").and_then(|it| it.get(name)).cloned();
    assert_eq!(member("state"), Some("approved".into()));
    assert_eq!(member("approved_by"), Some("alice".into()));
    assert_eq!(document.get("quality_score").and_then(Value::as_u64), Some(80));
    assert_eq!(shown.get("audit_whole"), Some(&Value::Bool(true)));
    let sql = rusqlite::Connection::open(folder.path().join(".lorch/lorch.db")).unwrap();
    for change in [
        "UPDATE plan_audit SET entry = replace(entry, 'alice', 'carol') WHERE sequence = 3",
        "UPDATE plan_audit SET entry = replace(entry, 'carol', 'alice') WHERE sequence = 3;
         DELETE FROM plan_audit WHERE sequence = 2",
    ] {
        sql.execute_batch(change).unwrap();
        let ran = plan(&folder, &["show", PLAN], 1);
        assert!(ran.stdout.contains("the audit log was changed: entry"), "{ran:#?}");
    }
}

#[test]
fn what_does_not_pass_is_a_draft_and_what_is_no_plan_is_not_recorded() {
    let folder = drift();
    let ran = plan(&folder, &["submit", "--task", "seed-task.json", "seed-plan-47.json"], 1);
    assert!(ran.stdout.ends_with("is draft: nobody can approve it\n"), "{ran:#?}");
    folder.write("none.json", folder.read("plan.json").replace("\"summary\"", "\"sumary\""));
    let ran = plan(&folder, &["submit", "--task", "task.json", "none.json"], 1);
    assert!(ran.stdout.contains("error[L1104]: unknown field `sumary`"), "{ran:#?}");
    assert!(ran.stdout.ends_with("not recorded: it is no plan\n"), "{ran:#?}");
    let ran = plan(&folder, &["show", PLAN], 2);
    assert!(ran.stderr.contains("there is no plan 880e8400"), "{ran:#?}");
}

#[test]
fn plans_are_listed_newest_first() {
    let folder = drift();
    let ran = plan(&folder, &["list"], 0);
    assert_eq!((ran.stdout.as_str(), ran.stderr.as_str()), ("", "no plan was submitted here\n"));
    plan(&folder, &["submit", "--task", "seed-task.json", "seed-plan-47.json"], 1);
    plan(&folder, &["submit", "--task", "task.json", "plan.json"], 3);
    let lines = plan(&folder, &["list", "--json"], 0).lines();
    let states: Vec<_> =
        lines.iter().map(|line| line.get("state").and_then(Value::as_str).unwrap()).collect();
    assert_eq!(states, ["awaiting_approval", "draft"]);
    let ran = plan(&folder, &["list", "-n", "1"], 0);
    assert_eq!(ran.stdout.lines().count(), 2);
    assert!(ran.stdout.lines().nth(1).unwrap().starts_with(PLAN), "{ran:#?}");
}

#[test]
fn wrong_usage_is_told_from_refusal() {
    let folder = drift();
    let stderr = |arguments: &[&str], status| plan(&folder, arguments, status).stderr;
    assert!(stderr(&["show", PLAN], 2).contains("no plan was submitted here"));
    assert!(stderr(&["validate", "plan.json", "--task", "none.json"], 2).contains("`none.json`"));
    assert!(stderr(&["validate", "-", "--task", "-"], 2).contains("read standard input"));
    assert!(stderr(&["validate", "plan.json"], 2).contains("--task"));
    let glass = ["approve", PLAN, "--as", "a", "--role", "b", "--break-glass", "x"];
    assert!(stderr(&glass, 2).contains("--incident"));
    folder.write("task.json", "{}");
    assert!(stderr(&["validate", "plan.json", "--task", "task.json"], 1).contains("L1103"));
    folder.write("lorch.toml", "[metrics]\nerror_rate = \"number\"\n");
    let said = stderr(&["validate", "plan.json", "--task", "seed-task.json"], 2);
    assert!(
        said.contains("[metrics] in lorch.toml: the metric `error_rate` is there already"),
        "{said}"
    );
}

#[test]
fn differences_are_told_phase_by_phase_and_asset_by_asset() {
    let folder = drift();
    let plan_text = folder.read("plan.json");
    folder.write(
        "same.json",
        plan_text.replace("\"asset-1\", \"asset-2\"", "\"asset-2\", \"asset-1\""),
    );
    let ran = plan(&folder, &["diff", "plan.json", "same.json"], 0);
    assert_eq!(ran.stdout, "they do not differ\n");
    let other = plan_text
        .replace("\"asset-5\"]", "\"asset-48\"]")
        .replace("\"2h\"", "\"3h\"")
        .replace("\"Wave4\"", "\"Last\"");
    folder.write("other.json", other);
    let ran = plan(&folder, &["diff", "plan.json", "other.json"], 0);
    let lines: Vec<&str> = ran.stdout.lines().collect();
    assert_eq!(lines[0], "~ /payload/estimated_duration \"2h\" -> \"3h\"");
    assert_eq!(lines[1], "- /payload/phases/Canary/assets \"asset-5\"");
    assert_eq!(lines[2], "+ /payload/phases/Canary/assets \"asset-48\"");
    assert!(lines[3].starts_with("- /payload/phases/Wave4 {"), "{ran:#?}");
    assert!(lines[4].starts_with("+ /payload/phases/Last {"), "{ran:#?}");
    let json = plan(&folder, &["diff", "plan.json", "other.json", "--json"], 0).lines();
    assert_eq!(json[0].get("after").and_then(Value::as_str), Some("3h"));
}

#[test]
fn packs_prove_themselves_or_are_refused() {
    let folder = Folder::new();
    crate::lorch::copy(
        &crate::lorch::repository().join("policies"),
        &folder.path().join("policies"),
    );
    let ran = folder.run(["policy", "test", "policies"]).ends(0);
    assert!(ran.stdout.ends_with("2 packs, all proven\n"), "{ran:#?}");
    assert!(folder.run(["doctor"]).ends(0).stdout.contains("2 packs, proven"));
    let rego = folder.read("policies/tool_authorization/policy.rego");
    folder.write(
        "policies/tool_authorization/policy.rego",
        rego.replace("input.plan.type", "input.plan.typ"),
    );
    let ran = folder.run(["policy", "test", "policies"]).ends(1);
    assert!(
        ran.stdout.contains("deny/a_report_that_changes.json         WRONG  allows"),
        "{ran:#?}"
    );
    assert!(
        ran.stderr.contains("the pack `tool_authorization` is refused: deny/a_report"),
        "{ran:#?}"
    );
    let lines = folder.run(["policy", "test", "policies", "--json"]).ends(1).lines();
    let wrong = lines.iter().filter(|line| line.get("holds") == Some(&Value::Bool(false)));
    assert_eq!(wrong.count(), 1);
    let ran = folder.run(["doctor"]).ends(1);
    assert!(ran.stdout.contains("a pack is refused: deny/a_report"), "{ran:#?}");
    folder.write("policies/tool_authorization/policy.rego", "");
    let ran = folder.run(["policy", "test", "policies/tool_authorization"]).ends(1);
    assert!(ran.stderr.contains("`policy.rego` is empty"), "{ran:#?}");
    let ran = folder.run(["policy", "test", "policies/tool_authorization/deny"]).ends(2);
    assert!(ran.stderr.contains("there is no pack in"), "{ran:#?}");
    folder.run(["policy", "test", "nowhere"]).ends(2);
}

/// A workspace whose task names the pack `mine`, which is sound on its own cases, and says `deny` about
/// every other plan.
fn with_pack(deny: &str) -> Folder {
    let folder = drift();
    let (plan, task) = (folder.read("plan.json"), folder.read("task.json"));
    for (must, approved) in [("deny", false), ("allow", true)] {
        let case = format!("{{\"plan\": {plan}, \"task\": {task}, \"approved\": {approved}}}");
        folder.write(&format!("policies/mine/{must}/a.json"), case);
    }
    folder.write("task.json", task.replace("\"production_safety\"", "\"mine\""));
    let rego = "package mine\n\ndefault allow := false\n\nallow if count(deny) == 0\n\n\
        deny contains \"no\" if input.approved == false\n\n\
        is_real if not \"approved\" in object.keys(input)\n\n";
    folder.write("policies/mine/policy.rego", format!("{rego}{deny}\n"));
    folder
}

#[test]
fn a_pack_with_a_mistake_in_it_denies_whatever_the_mistake_is() {
    let sound = with_pack("").read("policies/mine/policy.rego");
    let endless = "deny contains \"no\" if {\n\tis_real\n\tall := input.plan.payload.affected_assets\n\
        \tsome a in all; some b in all; some c in all; some d in all; some e in all; some f in all\n\
        \tsprintf(\"%v%v%v%v%v%v\", [a, b, c, d, e, f]) == \"no\"\n}\n";
    for (what, rego, tested, words) in [
        (
            "a misspelt package",
            sound.replace("package mine", "package mein"),
            1,
            "its package is `mein`, not `mine`",
        ),
        ("an empty file", String::new(), 1, "`policy.rego` is empty"),
        (
            "no Rego",
            "allow(".to_owned(),
            1,
            "the policy `mine` denies: it does not prove itself: deny/a.json: no verdict",
        ),
        (
            "a field that does not exist, in what it must deny",
            sound.replace("input.approved == false", "input.aproved == false"),
            1,
            "it does not prove itself: deny/a.json: allows",
        ),
        (
            "a field that does not exist, in what it must allow",
            sound.replace(
                "allow if count(deny) == 0",
                "allow if { count(deny) == 0; input.plan.summary != \"\" }",
            ),
            1,
            "it does not prove itself: allow/a.json: denies: `allow` is false",
        ),
        (
            "a field that does not exist, without a default",
            sound
                .replace("default allow := false\n", "")
                .replace("count(deny) == 0", "count(deny) == input.ok"),
            1,
            "it does not prove itself: deny/a.json: no verdict: `allow` is undefined",
        ),
        (
            "a field that only the cases have",
            sound.replace(
                "allow if count(deny) == 0",
                "allow if { count(deny) == 0; input.approved }",
            ),
            0,
            "error[L1218]: `mine`: `allow` is false",
        ),
        ("an endless evaluation", format!("{sound}\n{endless}"), 0, "it took longer than 2000 ms"),
    ] {
        let folder = with_pack("");
        folder.write("policies/mine/policy.rego", rego);
        folder.run(["policy", "test", "policies/mine"]).ends(tested);
        let ran = plan(&folder, &["validate", "plan.json", "--task", "task.json"], 1);
        assert!(ran.stdout.contains(words), "{what}: {ran:#?}");
        assert!(ran.stdout.contains("policy  not valid: mine denies"), "{what}: {ran:#?}");
        let ran = plan(&folder, &["submit", "plan.json", "--task", "task.json"], 1);
        assert!(ran.stdout.ends_with("is draft: nobody can approve it\n"), "{what}: {ran:#?}");
    }
}

#[test]
fn a_pack_that_gets_a_mistake_after_an_approval_keeps_the_plan_from_being_run() {
    let folder = with_pack("");
    plan(&folder, &["submit", "plan.json", "--task", "task.json"], 3);
    plan(&folder, &["approve", PLAN, "--as", "alice", "--role", "SRELead"], 0);
    let rego = folder.read("policies/mine/policy.rego");
    folder.write("policies/mine/policy.rego", rego.replace("package mine", "package mein"));
    let ran = plan(&folder, &["run", PLAN, "--as", "carol"], 1);
    assert!(ran.stderr.contains("awaits approval again"), "{ran:#?}");
    let shown = plan(&folder, &["show", PLAN, "--json"], 0).json();
    assert_eq!(shown.get("state").and_then(Value::as_str), Some("awaiting_approval"));
    let refused = plan(&folder, &["approve", PLAN, "--as", "alice", "--role", "SRELead"], 1);
    assert!(refused.stderr.contains("the policy `mine` denies: "), "{refused:#?}");
}

#[test]
fn a_hostile_pack_denies_and_the_command_ends() {
    let row = |name: &str, first: &str, step: &str| {
        let rule =
            |n: usize| format!("{name}{n} := {}\n", step.replace('@', &format!("{name}{}", n - 1)));
        format!("{name}0 := {first}\n{}", (1..=60).map(rule).collect::<String>())
    };
    let shared = row("a", "[1]", "[@, @]") + &row("b", "[1]", "[@, @]");
    for (rules, looked_at, words) in [
        (String::new(), "sprintf(\"%4000000000d\", [1]) != \"\"", "needs more than 1024 MiB"),
        (shared, "a60 == b60", "took longer than 2000 ms"),
        (String::new(), "strings.count(\"a\", \"\") > 0", "the evaluator panicked"),
    ] {
        let folder =
            with_pack(&format!("deny contains \"no\" if {{ is_real; {looked_at} }}\n{rules}"));
        folder.run(["policy", "test", "policies/mine"]).ends(0);
        let begun = std::time::Instant::now();
        let ran = plan(&folder, &["validate", "plan.json", "--task", "task.json"], 1);
        assert!(begun.elapsed() < std::time::Duration::from_secs(8), "{:?}", begun.elapsed());
        let denied = format!("error[L1219]: the policy `mine` denies: it {words}");
        let denied = denied.replace("it the evaluator", "it failed: the evaluator");
        assert!(ran.stdout.contains(&denied), "{ran:#?}");
        let ran = plan(&folder, &["submit", "plan.json", "--task", "task.json"], 1);
        assert!(ran.stdout.ends_with("is draft: nobody can approve it\n"), "{ran:#?}");
    }
    let folder = with_pack("");
    plan(&folder, &["validate", "plan.json", "--task", "task.json"], 0);
}

#[test]
fn a_simulation_says_how_often_a_plan_ends_how() {
    let folder = drift();
    let simulate = |more: &[&str], status| {
        let base = ["simulate", "plan.json", "--task", "task.json", "--runs", "2000"];
        plan(&folder, &[&base, more].concat(), status)
    };
    let ran = simulate(&["--fail", "0%"], 0);
    assert!(ran.stdout.contains("completed  100.00 %  2,000"), "{ran:#?}");
    assert!(ran.stdout.ends_with("2,000 runs, seed 1\n"), "{ran:#?}");
    let json = simulate(&["--fail", "0%", "--fail-in", "Wave2=100%", "--json"], 0).json();
    let endings = json.get("endings").and_then(Value::as_array).unwrap();
    assert_eq!(endings.len(), 1);
    let member = |name| endings[0].get(name).cloned().unwrap();
    assert_eq!(member("ending"), "rolled_back".into());
    assert_eq!((member("phase"), member("most_changed")), ("Wave2".into(), 17_u64.into()));
    let usage = |more: &[&str]| simulate(more, 2).stderr;
    assert!(usage(&["--fail", "many"]).contains("`many` is no share"));
    assert!(usage(&["--fail-in", "Wave2"]).contains("has no `=`"));
    assert!(usage(&["--fail-in", "Wave9=1%"]).contains("no phase `Wave9`"));
    assert!(usage(&["--runs", "0"]).contains("--runs"));
}

#[test]
fn doctor_says_who_drafts_plans_and_who_is_told_that_they_wait() {
    let doctor = |configuration: &str, environment: &[(&str, &str)], status| {
        let folder = drift();
        folder.write("lorch.toml", folder.read("lorch.toml") + configuration);
        folder.write(".lorch/notify.log", "2026-07-01T10:00:00Z {}: io: refused\n");
        folder.run_with(["doctor"], "", environment).ends(status).stdout
    };
    let check = |said: &str, words: &[&str]| {
        for words in words {
            assert!(said.contains(words), "{words}: {said}");
        }
    };
    let none = doctor("", &[], 0);
    check(&none, &["nobody could draft plans", "no webhook is told when a plan"]);
    assert!(!none.contains("could not be delivered"), "{none}");
    let set = "[llm]\nbase_url = \"http://127.0.0.1:9/v1\"\nmodel = \"planner-1\"\n
        [notify]\nurl = \"https://hooks.example.com/T0K3N\"\nsecret_env = \"NOTIFY_SECRET\"\n";
    let said = doctor(set, &[("NOTIFY_SECRET", "long enough")], 0);
    check(
        &said,
        &[
            "`planner-1` of http://127.0.0.1:9 drafts plans",
            "https://hooks.example.com is told what waits, signed with NOTIFY_SECRET",
            "1 notice could not be delivered",
        ],
    );
    assert!(!said.contains("T0K3N"), "a path may be a secret: {said}");
    let said = doctor(set, &[], 0);
    check(&said, &["is told nothing: the environment variable `NOTIFY_SECRET`", "is not set"]);
    check(
        &doctor(set, &[("NOTIFY_SECRET", "x")], 0),
        &["fewer than 4 characters", "export NOTIFY"],
    );
    let set = "[agents.orchestration]\ncmd = [\"lorch\", \"agent\", \"script\", \"x.yaml\"]\n";
    check(&doctor(set, &[], 0), &["the orchestration agent drafts plans"]);
    let set = "[agents.orchestration]\ncmd = [\"no-such-program\"]\n";
    check(&doctor(set, &[], 1), &["which is to draft plans, is not there"]);
    let set = "[llm]\nbase_url = \"http://127.0.0.1:9/v1\"\n";
    check(&doctor(set, &[], 0), &["`[llm]` says no `model`"]);
    // Who has no plans is told nothing of them.
    let folder = Folder::new();
    let said = folder.run(["doctor"]).ends(0).stdout;
    assert!(!said.contains("planner") && !said.contains("webhook"), "{said}");
}

#[test]
fn programs_are_told_as_json_whatever_is_wrong_with_a_document() {
    let folder = drift();
    folder.write("none.json", "{\"id\":");
    folder.write("bytes.json", b"\xff\xfe");
    folder.write("array.json", "[]");
    for command in ["validate", "submit"] {
        for (plan_file, task_file, code, file) in [
            ("none.json", "task.json", "L0002", "none.json"),
            ("bytes.json", "task.json", "L0001", "bytes.json"),
            ("array.json", "task.json", "L1102", "array.json"),
            ("task.json", "task.json", "L1103", "task.json"),
            ("plan.json", "none.json", "L0002", "none.json"),
            ("plan.json", "plan.json", "L1103", "plan.json"),
        ] {
            let arguments = [command, plan_file, "--task", task_file, "--json"];
            let ran = plan(&folder, &arguments, 1);
            let document = ran.json();
            assert_eq!(document.get("valid"), Some(&Value::Bool(false)), "{ran:#?}");
            assert!(texts(&document, "findings", "code").contains(&code), "{ran:#?}");
            assert!(texts(&document, "findings", "file").contains(&file), "{ran:#?}");
            assert_eq!(ran.stderr, "", "{ran:#?}");
        }
    }
    assert!(!folder.path().join(".lorch").exists(), "nothing is recorded");
    plan(&folder, &["submit", "--task", "task.json", "plan.json"], 3);
    let reject = ["reject", PLAN, "--as", "bob", "--reason", "late", "--json"];
    let rejected = plan(&folder, &reject, 0).json();
    assert_eq!(rejected.get("state").and_then(Value::as_str), Some("rejected"));
}

#[test]
fn a_pack_that_is_refused_is_a_line_of_its_own_for_programs() {
    let folder = Folder::new();
    folder.write("policies/mine/policy.rego", "");
    let ran = folder.run(["policy", "test", "policies", "--json"]).ends(1);
    let lines = ran.lines();
    let member = |name| lines[0].get(name).and_then(Value::as_str);
    assert_eq!((lines.len(), member("pack")), (1, Some("mine")), "{ran:#?}");
    assert_eq!(member("refused"), Some("`policy.rego` is empty"), "{ran:#?}");
}

#[test]
fn a_submitted_plan_is_simulated_with_the_task_that_it_is_for() {
    let folder = drift();
    let given = ["simulate", "plan.json", "--task", "task.json", "--runs", "1000"];
    let expected = plan(&folder, &given, 0).stdout;
    let said = plan(&folder, &["simulate", "plan.json"], 2).stderr;
    assert!(
        said.contains("`plan.json` is no id of a plan: --task says what a file is for"),
        "{said}"
    );
    plan(&folder, &["submit", "--task", "task.json", "plan.json"], 3);
    assert_eq!(plan(&folder, &["simulate", PLAN, "--runs", "1000"], 0).stdout, expected);
}

#[test]
fn every_command_about_plans_has_examples_and_says_what_its_exit_status_means() {
    let folder = Folder::new();
    for command in [
        "draft", "validate", "submit", "list", "show", "diff", "simulate", "approve", "reject",
        "run", "pause", "resume", "rollback", "cancel", "watch", "audit",
    ] {
        let help = plan(&folder, &[command, "--help"], 0).stdout;
        let example = format!("Examples:\n  lorch plan {command}");
        assert!(help.contains(&example), "{command}: {help}");
        assert!(help.contains("Exit status: "), "{command}: {help}");
    }
}

#[test]
fn no_more_is_shown_than_people_can_use() {
    let folder = drift();
    let action = "{\"tool\": \"nuke\"},";
    let many = format!("\"actions\": [{}", action.repeat(300));
    folder.write("plan.json", folder.read("plan.json").replacen("\"actions\": [", &many, 1));
    let ran = plan(&folder, &["validate", "plan.json", "--task", "task.json"], 1);
    assert_eq!(ran.stdout.matches("error[").count(), 100);
    assert!(ran.stdout.contains("more findings; `--json` has all of them\n"), "{ran:#?}");
    assert!(ran.stdout.contains("safety  not valid: 600 errors"), "{ran:#?}");
    let json = plan(&folder, &["validate", "plan.json", "--task", "task.json", "--json"], 1).json();
    assert!(json.get("findings").and_then(Value::as_array).unwrap().len() > 600);
}
