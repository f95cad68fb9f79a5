//! What is said of a job: all of it at once, each thing once, and no more than people can use.

use std::fmt::Write as _;

use crate::lorch::Folder;

/// A job with these steps.
fn job(steps: &str) -> String {
    format!("job_id: a\nversion: \"1\"\nsteps:\n{steps}")
}

/// The codes and lines of what `lorch check` says of `text`, in the order in which it says them.
#[track_caller]
fn check(text: &str, expected: &[(&str, u64)]) {
    let folder = Folder::new();
    folder.write("job.yaml", text);
    let lines = folder.run(["check", "job.yaml", "--format", "json"]).lines();
    let said: Vec<(String, u64)> = lines
        .iter()
        .map(|line| {
            let code = line.get("code").unwrap().as_str().unwrap();
            (code.to_owned(), line.get("line").unwrap().as_u64().unwrap())
        })
        .collect();
    let said: Vec<(&str, u64)> = said.iter().map(|(code, line)| (&**code, *line)).collect();
    assert_eq!(said, expected);
}

#[test]
fn what_the_backends_refuse_is_said_together_with_what_does_not_compile() {
    let steps = "  - { step_id: a, op: query.nope, params: {} }
  - { step_id: b, op: query.rows, params: { table: \"@ctx.nope\", limitt: 4 } }
  - { step_id: c, op: query.rows, params: { table: 5 } }
";
    check(&job(steps), &[("L0901", 4), ("L0111", 5), ("L0902", 5), ("L0902", 6)]);
}

#[test]
fn of_what_may_be_skipped_or_is_not_known_nothing_is_said() {
    let steps = "  - { step_id: a, op: query.rows, if: \"@ctx.x == 1\", params: { table: 5 } }
  - { step_id: b, op: query.rows, params: { table: t, limit: \"@payload.limit\" } }
";
    check(&job(steps), &[("L0111", 4), ("L0111", 5)]);
}

#[test]
fn nested_jobs_that_do_not_compile_are_checked_at_their_places() {
    let folder = Folder::new();
    let call = "{ step_id: x, op: job.run, params: { job_id: child } }\n";
    folder.write("job.yaml", job(&format!("  - {call}  - {}", call.replace("x,", "y,"))));
    let steps = "  - { step_id: a, op: query.nope, params: {} }
  - { step_id: b, op: query.rows, params: { table: \"@ctx.nope\" } }
";
    folder.write("child.yaml", job(steps).replace("job_id: a", "job_id: child"));
    let ran = folder.run(["check", "job.yaml"]).ends(1);
    assert!(ran.stdout.contains("--> child.yaml:4:23"), "{}", ran.stdout);
    assert_eq!(ran.stdout.matches("L0901").count(), 1, "{}", ran.stdout);
}

#[test]
fn no_more_is_said_than_people_can_use() {
    let folder = Folder::new();
    let many = [
        ("error", "{ step_id: sN, op: query.nope, params: {} }"),
        ("error", "{ step_id: sN, op: query.nope, params: { x: \"@ctx.x\" } }"),
        ("warning", "{ step_id: sN, op: compute.extract, params: { path: N.csv, format: csv } }"),
    ];
    for (severity, many) in many {
        let render =
            "{ step_id: r, op: compute.render, params: { template: t, data: {}, path: p } }";
        let mut steps = format!("  - {render}\n");
        for number in 0..1200 {
            let _ = writeln!(steps, "  - {}", many.replace('N', &number.to_string()));
        }
        folder.write("job.yaml", job(&steps));
        let ran = folder.run(["check", "job.yaml"]);
        assert_eq!(ran.stdout.matches(&format!("{severity}[")).count(), 1001, "{many}");
        let last = format!("{severity}[L0804]: more than 1000 {severity}s");
        assert_eq!(ran.stdout.matches(&last).count(), 1, "{many}");
    }
}

#[test]
fn advice_repeats_the_text_and_not_the_number() {
    let folder = Folder::new();
    for (version, advised) in [("1.10", "`\"1.10\"`"), ("1.0", "`\"1.0\"`"), ("True", "`\"True\"`")]
    {
        folder.write("job.yaml", format!("job_id: a\nversion: {version}\nsteps: []\n"));
        let ran = folder.run(["check", "job.yaml"]).ends(1);
        let help = format!("put it in quotes: {advised}\n");
        assert!(ran.stdout.contains(&help), "{}", ran.stdout);
    }
}

#[test]
fn an_instance_is_no_definition() {
    let folder = Folder::new();
    folder.write("job.yaml", "job_id: a\nversion: \"1\"\nsteps: []\n");
    let compiled = folder.run(["compile", "job.yaml"]).ends(0);
    folder.write("instance.json", &compiled.stdout);
    let ran = folder.run(["run", "instance.json"]).ends(1);
    assert!(ran.stderr.contains("of the kind job-instance, not a definition"), "{}", ran.stderr);
    assert_eq!(ran.stderr.matches("error[").count(), 1, "{}", ran.stderr);
}
