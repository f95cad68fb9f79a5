//! Policies: the packs that ship prove themselves, and whatever goes wrong with a pack denies.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use lorch_plans::{
    Budget, Entry, Evaluator, Must, Pack, PackName, Policies, PolicyInput, Verdicts, shipped,
};
use lorch_types::json::{Value, from_value};
use lorch_types::plan::{Plan, Task};

use crate::drift::{config, document, repository, with};

/// What the packs that the task names say about the plan, with packs in `folder`.
fn judge(folder: &Path, task: &Value, plan: &Value) -> Verdicts {
    let policies = Policies::new(Some(folder.to_owned()), Budget::default());
    let task: Task = from_value(task).unwrap();
    let plan: Plan = from_value(plan).unwrap();
    let config = config();
    let input = PolicyInput::new(Entry::Admit, &plan, &task, &config.tools, &[]).unwrap();
    policies.judge(task.task_spec.as_ref().unwrap(), &input)
}

/// A task that names only the pack `mine`.
fn task_of(pack: &str) -> Value {
    with(&document("task.json"), "/task_spec/validation/policies", &format!("[\"{pack}\"]"))
}

#[test]
fn the_packs_that_ship_prove_themselves() {
    for name in ["production_safety", "tool_authorization"] {
        let name: PackName = name.parse().unwrap();
        let embedded = shipped(&name).unwrap().unwrap();
        let proof = embedded.prove(Budget::default(), &Evaluator::Thread);
        for case in &proof.cases {
            assert!(case.holds(), "{name} {} {}: {}", case.must.as_str(), case.file, case.said());
        }
        assert!(proof.holds());
        let read = Pack::read(&repository().join("policies").join(name.as_str())).unwrap();
        assert_eq!(read.digest(), embedded.digest(), "{name}: shipped.rs does not list every case");
        assert!(proof.cases.iter().filter(|case| case.must == Must::Deny).count() >= 5);
    }
    assert!(shipped(&"mine".parse().unwrap()).is_none());
}

#[test]
fn every_rule_of_the_packs_that_ship_is_shown_by_a_case() {
    for name in ["production_safety", "tool_authorization"] {
        let pack = shipped(&name.parse().unwrap()).unwrap().unwrap();
        let rules: Vec<&str> = pack.rego().split("\ndeny contains").collect();
        for left_out in 1..rules.len() {
            let without: Vec<&str> = rules
                .iter()
                .enumerate()
                .filter(|(index, _)| *index != left_out)
                .map(|(_, rule)| *rule)
                .collect();
            let cases = json_cases(&repository().join("policies").join(name));
            let weaker =
                Pack::new(name.parse().unwrap(), without.join("\ndeny contains"), cases).unwrap();
            assert_ne!(weaker.digest(), pack.digest());
            let refusal = weaker.prove(Budget::default(), &Evaluator::Thread).refusal().unwrap();
            assert!(refusal.starts_with("deny/"), "{name} without rule {left_out}: {refusal}");
        }
    }
}

fn json_cases(folder: &Path) -> Vec<(Must, String, String)> {
    let mut cases = Vec::new();
    for must in Must::ALL {
        for entry in fs::read_dir(folder.join(must.as_str())).unwrap() {
            let entry = entry.unwrap();
            let text = fs::read_to_string(entry.path()).unwrap();
            cases.push((must, entry.file_name().into_string().unwrap(), text));
        }
    }
    cases
}

#[test]
fn the_example_is_allowed_and_the_digests_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let verdicts = judge(folder.path(), &document("task.json"), &document("plan.json"));
    assert!(verdicts.allow(), "{verdicts:?}");
    assert_eq!(verdicts.findings(), []);
    let names: Vec<String> = verdicts.digests().keys().map(ToString::to_string).collect();
    assert_eq!(names, ["production_safety", "tool_authorization"]);
    assert!(!Verdicts::default().allow(), "no policy at all allows nothing");
    let plan = with(&document("plan.json"), "/payload/risk_assessment", "null");
    let verdicts = judge(folder.path(), &document("task.json"), &plan);
    let found = verdicts.findings();
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].code.0, &*found[0].pointer.to_string()), ("L1218", "/payload"));
    assert!(found[0].message.contains("`production_safety`: a plan for production says what can"));
}

/// Writes a pack with one case each, and checks what is said against the example.
#[track_caller]
fn check(name: &str, rego: Option<&str>, words: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    let own = folder.path().join(name);
    if let Some(rego) = rego {
        for must in ["deny", "allow"] {
            fs::create_dir_all(own.join(must)).unwrap();
        }
        fs::write(own.join("policy.rego"), rego).unwrap();
        let case = |approved: bool| {
            let mut case = lorch_types::json::Object::new();
            case.insert("plan", document("plan.json"));
            case.insert("task", document("task.json"));
            case.insert("approved", approved);
            Value::Object(case).to_string()
        };
        fs::write(own.join("deny/a.json"), case(false)).unwrap();
        fs::write(own.join("allow/a.json"), case(true)).unwrap();
    }
    let verdicts = judge(folder.path(), &task_of(name), &document("plan.json"));
    assert!(!verdicts.allow(), "{verdicts:?}");
    let found = verdicts.findings();
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].code.0, "L1219");
    for word in words {
        assert!(found[0].message.contains(word), "{}", found[0].message);
    }
}

/// A pack that proves itself with the cases above.
const SOUND: &str = "package mine\n\ndefault allow := false\n\nallow if input.approved\n\n\
    allow if not \"approved\" in object.keys(input)\n\ndeny contains \"no\" if input.approved == false\n";

#[test]
fn a_pack_of_ones_own_is_used_once_it_has_proven_itself() {
    let folder = tempfile::tempdir().unwrap();
    check(
        "mine",
        Some(&SOUND.replace("allow := false", "allow := true").replace("== false", "== 5")),
        &["does not prove", "deny/a.json: allows"],
    );
    for must in ["deny", "allow"] {
        fs::create_dir_all(folder.path().join("mine").join(must)).unwrap();
    }
    let own = folder.path().join("mine");
    fs::write(own.join("policy.rego"), SOUND).unwrap();
    let refused = |words: &str| {
        let verdicts = judge(folder.path(), &task_of("mine"), &document("plan.json"));
        let found = verdicts.findings();
        assert!(found.len() == 1 && found[0].message.contains(words), "{found:?}");
    };
    refused("it has no case that it must deny");
    let mut case = lorch_types::json::Object::new();
    case.insert("plan", document("plan.json"));
    case.insert("task", document("task.json"));
    case.insert("approved", false);
    fs::write(own.join("deny/a.json"), Value::Object(case.clone()).to_string()).unwrap();
    refused("it has no case that it must allow");
    case.insert("approved", true);
    fs::write(own.join("allow/a.json"), Value::Object(case).to_string()).unwrap();
    let verdicts = judge(folder.path(), &task_of("mine"), &document("plan.json"));
    assert!(verdicts.allow(), "{verdicts:?}");
}

#[test]
fn a_copy_of_a_pack_that_ships_is_that_pack() {
    let verdicts =
        judge(&repository().join("policies"), &document("task.json"), &document("plan.json"));
    assert!(verdicts.allow(), "{verdicts:?}");
}

#[test]
fn whatever_is_wrong_with_a_pack_denies() {
    check("mine", None, &["no pack of this name"]);
    check("../../etc", None, &["`../../etc` names no pack"]);
    check("mine", Some(""), &["`policy.rego` is empty"]);
    check("mine", Some(" \n\t"), &["`policy.rego` is empty"]);
    check("mine", Some("allow"), &["mine"]);
    check("mine", Some(&SOUND.replace("package mine", "package mein")), &["`mein`, not `mine`"]);
    check("mine", Some(&SOUND.replace("package mine", "package mine.more")), &["`mine.more`"]);
    check("mine", Some("package mine\n"), &["does not prove itself", "undefined"]);
    check("mine", Some("package mine\nallow := true\n"), &["does not prove itself", "`deny`"]);
    check(
        "mine",
        Some("package mine\ndefault allow := true\ndeny := set()\n"),
        &["does not prove itself", "deny/a.json: allows"],
    );
    check("mine", Some("package mine\nallow := 1\ndeny := set()\n"), &["`allow` is not true"]);
    check("mine", Some("package mine\nallow := true\ndeny := false\n"), &["`deny` is not a set"]);
    check("mine", Some(&SOUND.replace("input.approved\n", "http.send({})\n")), &["mine"]);
    check("mine", Some(&SOUND.replace("input.approved\n", "time.now_ns() > 0\n")), &["mine"]);
    check("mine", Some(&SOUND.replace("input.approved\n", "opa.runtime().env.HOME\n")), &["mine"]);
    for call in
        ["numbers.range(1, 5)", "numbers[\"range\"](1, 5)", "bits.lsh(1, 9)", "rand.intn(\"x\", 5)"]
    {
        check("mine", Some(&format!("{SOUND}x := {call}\n")), &["`policy.rego` uses"]);
    }
    check("mine", Some(&format!("{SOUND}x := {}", "(".repeat(5000))), &["mine"]);
    check("production_safety", Some(SOUND), &["ships with lorch"]);
}

#[test]
fn an_evaluation_without_end_is_ended_and_denies() {
    let endless = "package mine\n\ndefault allow := true\n\ndeny contains \"no\" if {\n\
        \tsome a in input.plan.payload.affected_assets\n\
        \tsome b in input.plan.payload.affected_assets\n\
        \tsome c in input.plan.payload.affected_assets\n\
        \tsome d in input.plan.payload.affected_assets\n\
        \tsome e in input.plan.payload.affected_assets\n\
        \tsome f in input.plan.payload.affected_assets\n\
        \tsprintf(\"%v%v%v%v%v%v\", [a, b, c, d, e, f]) == \"no\"\n}\n";
    let start = Instant::now();
    let mut case = lorch_types::json::Object::new();
    case.insert("plan", document("plan.json"));
    case.insert("task", document("task.json"));
    let case = Value::Object(case).to_string();
    let cases = vec![
        (Must::Deny, "a.json".to_owned(), case.clone()),
        (Must::Allow, "a.json".to_owned(), case),
    ];
    let pack = Pack::new("mine".parse().unwrap(), endless.to_owned(), cases).unwrap();
    let proof = pack.prove(Budget(Duration::from_millis(100)), &Evaluator::Thread);
    assert!(proof.cases.iter().all(|case| !case.holds()));
    assert!(proof.cases[1].said().contains("took longer than 100 ms"), "{:?}", proof.cases[1]);
    assert!(start.elapsed() < Duration::from_secs(4), "{:?}", start.elapsed());
}

#[test]
fn rules_that_use_each_other_in_a_long_row() {
    let row: String = (1..2_000).map(|n| format!("r{n} := r{} + 1\n", n - 1)).collect();
    let rego = format!(
        "package mine\nr0 := 0\n{row}default allow := false\nallow if {{\n\tr1999 == 1999\n\tcount(deny) == 0\n}}\n\
         deny contains \"no\" if input.forbidden\n"
    );
    let case = |forbidden: bool| {
        let (plan, task) = (document("plan.json"), document("task.json"));
        format!("{{\"plan\": {plan}, \"task\": {task}, \"forbidden\": {forbidden}}}")
    };
    let cases = vec![
        (Must::Deny, "a.json".to_owned(), case(true)),
        (Must::Allow, "a.json".to_owned(), case(false)),
    ];
    let pack = Pack::new("mine".parse().unwrap(), rego, cases).unwrap();
    let proof = pack.prove(Budget(Duration::from_secs(20)), &Evaluator::Thread);
    assert_eq!(proof.refusal(), None);
}

#[test]
fn a_case_that_is_no_plan_proves_nothing() {
    let pack = |case: &str| {
        let cases = vec![(Must::Deny, "a.json".to_owned(), case.to_owned())];
        Pack::new("mine".parse().unwrap(), SOUND.to_owned(), cases).unwrap_err().to_string()
    };
    assert!(pack("{").contains("`a.json` is no JSON"));
    assert!(pack("[]").contains("no object with `plan` and `task`"));
    let plan = with(&document("plan.json"), "/payload/paylod", "1");
    let case = format!("{{\"plan\": {plan}, \"task\": {}}}", document("task.json"));
    assert!(
        pack(&case).contains("its `plan` is no plan: unknown field `paylod`"),
        "{}",
        pack(&case)
    );
    let task = with(&document("task.json"), "/task_spec", "null");
    let case = format!("{{\"plan\": {}, \"task\": {task}}}", document("plan.json"));
    assert!(pack(&case).contains("no `task_spec`"));
}

#[test]
fn a_pack_is_a_few_files_of_bounded_size() {
    let refused = |prepare: &dyn Fn(&Path)| {
        let folder = tempfile::tempdir().unwrap();
        let own = folder.path().join("mine");
        fs::create_dir_all(own.join("deny")).unwrap();
        fs::write(own.join("policy.rego"), SOUND).unwrap();
        prepare(&own);
        let verdicts = judge(folder.path(), &task_of("mine"), &document("plan.json"));
        assert!(!verdicts.allow());
        verdicts.findings().remove(0).message
    };
    let large = |size: usize| "# policy\n".repeat(size / 9 + 1);
    let said = refused(&|own| fs::write(own.join("policy.rego"), large(1 << 20)).unwrap());
    assert!(said.contains("`mine` denies: `policy.rego` makes it too large: 1048576"), "{said}");
    let said = refused(&|own| {
        for name in ["a.json", "b.json"] {
            let spaces = " ".repeat(9 << 20);
            fs::write(own.join("deny").join(name), spaces).unwrap();
        }
    });
    assert!(said.contains("`b.json` makes it too large: 16777216"), "{said}");
    let said = refused(&|own| fs::write(own.join("policy.rego"), b"package \xff").unwrap());
    assert!(said.contains("not UTF-8"), "{said}");
    for special in ["policy.rego", "deny/a.json"] {
        let said = refused(&|own| {
            let _ = fs::remove_file(own.join(special));
            std::os::unix::fs::symlink("/dev/zero", own.join(special)).unwrap();
        });
        assert!(said.contains("is no regular file"), "{said}");
    }
    let said = refused(&|own| {
        fs::remove_file(own.join("policy.rego")).unwrap();
        fs::create_dir(own.join("policy.rego")).unwrap();
    });
    assert!(said.contains("is no regular file"), "{said}");
    let rego = large(1 << 20);
    let error = Pack::new("mine".parse().unwrap(), rego, Vec::new()).unwrap_err();
    assert!(error.to_string().contains("too large"), "{error}");
}

#[test]
fn the_functions_that_there_are_stand_in_the_documentation() {
    let docs = fs::read_to_string(repository().join("docs/plans.md")).unwrap();
    let table = docs.split("\n| of | functions |\n").nth(1).unwrap();
    let table = table.split("\n\n").next().unwrap();
    let listed: Vec<&str> = table.split('`').skip(1).step_by(2).collect();
    assert!(listed.len() > 60, "{listed:?}");
    let said = |function: &str| {
        let rego = format!("{SOUND}\ndeny contains \"no\" if {function}()\n");
        let cases = json_cases(&repository().join("policies/production_safety"));
        let pack = Pack::new("mine".parse().unwrap(), rego, cases).unwrap();
        pack.prove(Budget::default(), &Evaluator::Thread).refusal().unwrap()
    };
    for function in listed {
        let said = said(function);
        assert!(!said.contains("could not find function"), "{function}: {said}");
    }
    for function in [
        "http.send",
        "time.now_ns",
        "opa.runtime",
        "regex.match",
        "regex.replace",
        "glob.match",
        "net.cidr_contains",
        "uuid.rfc4122",
        "base64.encode",
        "semver.compare",
        "graph.reachable",
        "yaml.unmarshal",
        "urlquery.encode",
        "crypto.sha256",
        "io.jwt.decode",
        "json.patch",
        "json.match_schema",
        "rego.parse_module",
    ] {
        let said = said(function);
        assert!(said.contains("could not find function"), "{function}: {said}");
    }
}
