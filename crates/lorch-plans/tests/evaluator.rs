//! Policies of strangers in a process of their own: whatever one does, its plan is denied in time, and
//! nothing of it is left in this process.
//!
//! A test binary without the usual harness, since it is the worker too: started with the argument
//! `worker` it does what `lorch worker` does. It asks every pack in one process that lives long.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a failed unwrap is a failed test, and what passed is told as the usual harness does"
)]

use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use lorch_backends::Config;
use lorch_plans::{
    Budget, Entry, Evaluator, Must, Pack, Policies, PolicyInput, Verdict, Verdicts, policy_worker,
};
use lorch_types::json::{Limits, Value, from_value, read};
use lorch_types::plan::{Plan, Task};

const BUDGET: Duration = Duration::from_secs(1);

fn main() -> io::Result<()> {
    if std::env::args().skip(1).eq(["worker", "policy"].map(str::to_owned)) {
        return policy_worker(io::stdin().lock(), io::stdout().lock());
    }
    let tests: [(&str, fn()); 4] = [
        ("verdicts_are_those_of_the_process_itself", verdicts_are_those_of_the_process_itself),
        (
            "hostile_packs_deny_in_time_and_leave_nothing_behind",
            hostile_packs_deny_in_time_and_leave_nothing_behind,
        ),
        (
            "a_pack_that_never_ends_on_its_cases_is_refused_in_time",
            a_pack_that_never_ends_on_its_cases_is_refused_in_time,
        ),
        ("a_program_that_is_no_evaluator_denies", a_program_that_is_no_evaluator_denies),
    ];
    for (name, test) in tests {
        // One that fails ends the process here.
        test();
        println!("test {name} ... ok");
    }
    println!("test result: ok. {} passed; 0 failed; 0 ignored", tests.len());
    Ok(())
}

fn example(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/drift");
    fs::read_to_string(folder.join(name)).unwrap()
}

fn value(text: &str) -> Value {
    read(text.as_bytes(), Limits::default()).unwrap()
}

fn own_worker() -> Evaluator {
    Evaluator::Process(vec![std::env::current_exe().unwrap().into_os_string(), "worker".into()])
}

/// A pack that proves itself, and about any other plan says what `deny` does.
fn sound(deny: &str) -> String {
    format!(
        "package mine\n\ndefault allow := false\n\nallow if count(deny) == 0\n\n\
         deny contains \"no\" if input.approved == false\n\n\
         is_real if not \"approved\" in object.keys(input)\n\n{deny}\n"
    )
}

fn cases() -> Vec<(Must, String, String)> {
    let case = |approved: bool| {
        let (plan, task) = (example("plan.json"), example("task.json"));
        format!("{{\"plan\": {plan}, \"task\": {task}, \"approved\": {approved}}}")
    };
    vec![
        (Must::Deny, "a.json".to_owned(), case(false)),
        (Must::Allow, "a.json".to_owned(), case(true)),
    ]
}

/// What the pack `mine` of this Rego says about the example.
fn judge(rego: &str, evaluator: Evaluator) -> Verdicts {
    let folder = tempfile::tempdir().unwrap();
    for (must, file, text) in cases() {
        let path = folder.path().join("mine").join(must.as_str());
        fs::create_dir_all(&path).unwrap();
        fs::write(path.join(file), text).unwrap();
    }
    fs::write(folder.path().join("mine/policy.rego"), rego).unwrap();
    let task = example("task.json").replace("\"production_safety\"", "\"mine\"");
    let task = task.replace(", \"tool_authorization\"", "");
    let task: Task = from_value(&value(&task)).unwrap();
    let plan: Plan = from_value(&value(&example("plan.json"))).unwrap();
    let config = Config::parse(&example("lorch.toml")).unwrap();
    let input = PolicyInput::new(Entry::Admit, &plan, &task, &config.tools, &[]).unwrap();
    let policies = Policies::new(Some(folder.path().to_owned()), Budget(BUDGET));
    policies.evaluated_by(evaluator).judge(task.task_spec.as_ref().unwrap(), &input)
}

fn verdicts_are_those_of_the_process_itself() {
    let said = "reason := sprintf(\"%v \\u00e9 \\\"%v\\\"\\n\", [input.plan.id, input.tools])";
    for deny in [
        String::new(),
        format!("deny contains reason if {{\n\tis_real\n\t{said}\n}}"),
        "deny contains [1, 2.5, {\"a\": null}] if is_real".to_owned(),
        "deny contains \"no\" if { is_real; count(input) }\nx := 1 + \"a\"".to_owned(),
        "deny contains \"no\" if { is_real; 1 + input.plan.id == 2 }".to_owned(),
        "allow := 1 if is_real".to_owned(),
        "}".to_owned(),
    ] {
        let rego = sound(&deny);
        assert_eq!(judge(&rego, own_worker()), judge(&rego, Evaluator::Thread), "{deny}");
    }
    assert!(judge(&sound(""), own_worker()).allow());
}

/// Sixty rules, each made of the one before it by `step`, in which `@` stands for that.
fn row(name: &str, first: &str, step: &str) -> String {
    let mut rules = format!("{name}0 := {first}\n");
    for n in 1..=60 {
        let _ = writeln!(rules, "{name}{n} := {}", step.replace('@', &format!("{name}{}", n - 1)));
    }
    rules
}

fn hostile_packs_deny_in_time_and_leave_nothing_behind() {
    let doubled = |first| row("x", first, "concat(\"\", [@, @])");
    let shared = row("a", "[1]", "[@, @]") + &row("b", "[1]", "[@, @]");
    let (too_long, too_large) = ("took longer than 1000 ms", "needs more than 1024 MiB of memory");
    // Whichever is used up first.
    let either = "";
    // What the pack has beside its sound rules, what it looks at, and why it is denied.
    let packs = [
        ("a string that doubles", doubled("\"longer\""), "x60 != \"\"", either),
        ("a list that doubles", row("x", "[1]", "array.concat(@, @)"), "x60 != []", either),
        (
            "a string in the place of each letter of another",
            doubled("\"aaaaaaaa\""),
            "replace(x20, \"a\", x20) != \"\"",
            either,
        ),
        ("values that share their parts, compared", shared.clone(), "a60 == b60", too_long),
        ("the same, written out", shared.clone(), "json.marshal(a60) != \"\"", either),
        ("the same, in a text", shared.clone(), "sprintf(\"%v\", [a60]) != \"\"", either),
        ("a number that is squared", row("x", "12345678901234567890", "@ * @"), "x60 > 0", either),
        ("a wide number", String::new(), "sprintf(\"%4000000000d\", [1]) != \"\"", too_large),
        (
            "pairs of pairs",
            "assets := input.plan.payload.affected_assets\n".to_owned(),
            "count({[a, b, c, d, e, f] | some a in assets; some b in assets; some c in assets; \
             some d in assets; some e in assets; some f in assets}) > 0",
            either,
        ),
        (
            "what makes the evaluator panic",
            String::new(),
            "strings.count(\"a\", \"\") > 0",
            "panic",
        ),
    ];
    let threads = threads();
    for (what, rules, looked_at, words) in packs {
        let deny = format!("deny contains \"no\" if {{\n\tis_real\n\t{looked_at}\n}}\n\n{rules}");
        denied_in_time(what, &sound(&deny), words);
    }
    for (what, reason, rules, words) in [
        ("a reason that is too long", "x22", doubled("\"reasons\""), "more than 16 MiB"),
        ("a reason that never ends", "a60", shared, either),
    ] {
        let deny = format!("deny contains {reason} if is_real\n\n{rules}");
        denied_in_time(what, &sound(&deny), words);
    }
    assert_eq!(self::threads(), threads, "no thread is left");
    assert_eq!(children(), 0, "no process is left");
}

/// The pack proves itself, and denies the example with the finding that names it and has `words`.
#[track_caller]
fn denied_in_time(what: &str, rego: &str, words: &str) {
    let begun = Instant::now();
    let verdicts = judge(rego, own_worker());
    let took = begun.elapsed();
    assert!(!verdicts.allow(), "{what}");
    assert!(took < BUDGET + Duration::from_secs(6), "{what}: {took:?}");
    let said = verdicts.findings();
    assert_eq!(said.len(), 1, "{what}: {said:?}");
    let message = &said[0].message;
    assert_eq!(said[0].code.0, "L1219", "{what}: {message}");
    assert!(message.starts_with("the policy `mine` denies: "), "{what}: {message}");
    let is_bounded = ["took longer than 1000 ms", "needs more than 1024 MiB of memory"];
    assert!(message.contains(words), "{what}: {message}");
    if words.is_empty() {
        assert!(is_bounded.iter().any(|it| message.contains(it)), "{what}: {message}");
    }
    assert!(message.len() < 1000, "{what}: {} bytes", message.len());
    assert!(matches!(verdicts.packs[0].verdict, Verdict::None(_)));
}

fn a_pack_that_never_ends_on_its_cases_is_refused_in_time() {
    let shared = row("a", "[1]", "[@, @]") + &row("b", "[1]", "[@, @]");
    let rego = format!("{}deny contains \"no\" if a60 == b60\n{shared}", sound(""));
    denied_in_time("endless on its own cases", &rego, "does not prove itself: deny/a.json");
    let many =
        (0..20).flat_map(|n| cases().into_iter().map(move |it| (it.0, format!("{n}"), it.2)));
    let pack = Pack::new("mine".parse().unwrap(), rego, many.collect()).unwrap();
    let begun = Instant::now();
    let proof = pack.prove(Budget(Duration::from_millis(100)), &own_worker());
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    assert_eq!(proof.cases.len(), 40);
    let last = proof.cases[39].said();
    assert!(last.contains("it was not asked: its cases before took longer than 500 ms"), "{last}");
}

fn a_program_that_is_no_evaluator_denies() {
    let words = ["/bin/false", "/bin/echo", "/nowhere/at/all"].map(|program| {
        let verdicts = judge(&sound(""), Evaluator::Process(vec![program.into()]));
        assert!(!verdicts.allow(), "{program}");
        verdicts.findings()[0].message.clone()
    });
    assert!(words[0].contains("ended without an answer"), "{}", words[0]);
    assert!(words[2].contains("could not be started"), "{}", words[2]);
    assert!(!judge(&sound(""), Evaluator::Process(Vec::new())).allow());
}

/// The threads of this process, once those that only have to end have done so.
fn threads() -> usize {
    std::thread::sleep(Duration::from_millis(500));
    fs::read_dir("/proc/self/task").map_or(0, Iterator::count)
}

/// The processes that this one has started and that are still there.
fn children() -> usize {
    let own = std::process::id().to_string();
    let stat =
        |entry: io::Result<fs::DirEntry>| fs::read_to_string(entry.ok()?.path().join("stat")).ok();
    let all =
        fs::read_dir("/proc").map_or_else(|_| Vec::new(), |all| all.filter_map(stat).collect());
    let parent = |stat: &String| stat.rsplit(") ").next()?.split(' ').nth(1).map(str::to_owned);
    all.iter().filter(|stat| parent(stat).as_deref() == Some(&own)).count()
}
