//! `examples/orders`, run twice, with its tables, report, events and records looked at.

use lorch_types::json::Value;
use rusqlite::Connection;

use crate::lorch::{Folder, repository};

const DAILY: [&str; 4] =
    ["run", "examples/orders/daily.yaml", "--payload", "examples/orders/payload.json"];

fn tables(folder: &Folder) -> Connection {
    Connection::open(folder.path().join(".lorch/data.db")).unwrap()
}

fn number(connection: &Connection, sql: &str) -> i64 {
    connection.query_row(sql, [], |row| row.get(0)).unwrap()
}

#[test]
fn a_second_run_of_a_day_finds_its_effects_in_place() {
    let folder = Folder::with_examples();
    let first = folder.run(DAILY).ends(0);
    assert!(first.stdout.contains("13 steps done, 1 skipped\n"), "{}", first.stdout);
    assert!(first.stdout.contains("examples/orders/reports/2026-11-20.md"), "{}", first.stdout);
    assert!(first.stderr.contains("3,158 rows inserted"), "{}", first.stderr);
    assert!(first.stderr.contains("- export "), "{}", first.stderr);
    let report = folder.read("examples/orders/reports/2026-11-20.md");

    let second = folder.run(DAILY).ends(0);
    assert!(second.stdout.contains("1 effect was already there"), "{}", second.stdout);
    assert!(second.stderr.contains("3,158 rows unchanged"), "{}", second.stderr);
    assert!(second.stderr.contains("= close_day"), "{}", second.stderr);
    assert_eq!(folder.read("examples/orders/reports/2026-11-20.md"), report);

    let tables = tables(&folder);
    assert_eq!(number(&tables, "SELECT count(*) FROM orders"), 3158);
    assert_eq!(number(&tables, "SELECT count(*) FROM daily_closings"), 1);
    let closing = "SELECT orders FROM daily_closings WHERE day = '2026-11-20'";
    assert_eq!(number(&tables, closing), 158);
}

#[test]
fn other_figures_for_a_closed_day_are_refused() {
    let folder = Folder::with_examples();
    folder.run(DAILY).ends(0);
    let source = folder.read("examples/orders/orders.csv");
    let line = source.lines().rfind(|line| line.ends_with(",shipped")).unwrap();
    let changed = source.replace(line, &line.replace(",shipped", ",cancelled"));
    folder.write("examples/orders/orders.csv", changed);
    let ran = folder.run(DAILY).ends(1);
    assert!(ran.stderr.contains("idempotency_conflict"), "{}", ran.stderr);
    assert!(ran.stderr.contains("/rows/0/orders"), "{}", ran.stderr);
    assert_eq!(number(&tables(&folder), "SELECT count(*) FROM daily_closings"), 1);
}

#[test]
fn hostile_customers_arrive_as_they_are_written() {
    let folder = Folder::with_examples();
    folder.run(DAILY).ends(0);
    let tables = tables(&folder);
    let hostile = [
        "Robert\"); DROP TABLE orders;--",
        "The \"Old\" Bakery, Unit 4\nRiverside Yard\nDock Street",
        "@run.extract.rows",
        "${@ctx.region}",
        "@secret.TOKEN",
        "Ω-Gruppe 🚲 مرحبا",
        "{{ 7 * 7 }} | {% raw %}",
        "=HYPERLINK(\"http://example.invalid\",\"x\")",
    ];
    for customer in hostile {
        let sql = "SELECT count(*) FROM orders WHERE customer = ?1";
        let count: i64 = tables.query_row(sql, [customer], |row| row.get(0)).unwrap();
        assert_eq!(count, 1, "{customer}");
    }
    let report = folder.read("examples/orders/reports/2026-11-20.md");
    for shown in ["| @secret.TOKEN |", "| ${@ctx.region} |", "{{ 7 * 7 }} \\| {% raw %}"] {
        assert!(report.contains(shown), "{shown} in {report}");
    }
}

#[test]
fn the_report_has_the_revenue_of_the_tables() {
    let folder = Folder::with_examples();
    folder.run(DAILY).ends(0);
    let report = folder.read("examples/orders/reports/2026-11-20.md");
    let sql = "SELECT region, count(*),
            round(sum(quantity * unit_price *
                CASE currency WHEN 'GBP' THEN 1.15 WHEN 'USD' THEN 0.92 ELSE 1 END), 2)
        FROM orders
        WHERE ordered_at >= '2026-11-20' AND status IN ('paid', 'shipped')
        GROUP BY region";
    let tables = tables(&folder);
    let mut statement = tables.prepare(sql).unwrap();
    let mut rows = statement.query([]).unwrap();
    let mut regions = 0;
    while let Some(row) = rows.next().unwrap() {
        let (region, orders): (String, i64) = (row.get(0).unwrap(), row.get(1).unwrap());
        let revenue: f64 = row.get(2).unwrap();
        let line = format!("| {region} | {orders} | {revenue} |");
        assert!(report.contains(&line), "{line} in {report}");
        regions += 1;
    }
    assert_eq!(regions, 6);
}

#[test]
fn the_export_is_written_when_the_payload_asks_for_it() {
    let folder = Folder::with_examples();
    folder.run(DAILY.into_iter().chain(["--set", "payload.export_csv=true"])).ends(0);
    let export = folder.read("examples/orders/reports/2026-11-20.csv");
    assert_eq!(export.lines().next(), Some("region,orders,revenue_eur"));
    assert_eq!(export.trim_end().lines().count(), 7, "{export}");
}

#[test]
fn programs_read_its_events() {
    let folder = Folder::with_examples();
    let arguments = || DAILY.into_iter().chain(["--json"]);
    let text = |event: &Value, field: &str| {
        event.get(field).and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    let applied = |events: &[Value]| {
        let close = events.iter().find(|event| {
            text(event, "event") == "step_completed" && text(event, "step_id") == "close_day"
        });
        close.unwrap().get("applied").and_then(Value::as_bool).unwrap()
    };
    let first = folder.run(arguments()).ends(0).lines();
    let second = folder.run(arguments()).ends(0).lines();
    assert!(applied(&first));
    assert!(!applied(&second));
    let names: Vec<String> = first.iter().map(|event| text(event, "event")).collect();
    let count = |name: &str| names.iter().filter(|it| *it == name).count();
    assert_eq!(names.first().map(String::as_str), Some("run_started"));
    assert_eq!(names.last().map(String::as_str), Some("run_completed"));
    assert_eq!(
        (count("step_started"), count("step_completed"), count("step_skipped")),
        (13, 13, 1)
    );
    let run_id = text(first.first().unwrap(), "run_id");
    assert!(first.iter().all(|event| text(event, "run_id") == run_id));
    for event in first.iter().filter(|event| text(event, "event") == "step_completed") {
        assert!(event.get("duration_ms").and_then(Value::as_u64).is_some(), "{event}");
        assert!(text(event, "output_ref").starts_with("sha256:"), "{event}");
        assert!(!text(event, "op").is_empty(), "{event}");
    }
}

#[test]
fn what_is_recorded_is_valid() {
    let folder = Folder::with_examples();
    folder.run(DAILY).ends(0);
    let listed = folder.run(["runs", "--json"]).ends(0).lines();
    let run_id = listed[0].get("run_id").and_then(Value::as_str).unwrap().to_owned();
    assert_eq!(listed[0].get("status").and_then(Value::as_str), Some("completed"));
    let shown = folder.run(["show", &run_id, "--json"]).ends(0).json();
    let validate = |kind: &str, document: &Value| {
        let text = document.to_string();
        folder.run_with(["validate", "--schema", kind, "-"], &text, &[]).ends(0);
    };
    validate("run-record", shown.get("run_record").unwrap());
    validate("job-instance", shown.get("job_instance").unwrap());
    let attempts = shown.get("attempts").and_then(Value::as_array).unwrap();
    assert_eq!(attempts.len(), 1);
    let outcomes = attempts[0].get("step_outcomes").and_then(Value::as_array).unwrap();
    assert_eq!(outcomes.len(), 14);
    for attempt in attempts {
        validate("attempt-record", attempt);
    }
    for outcome in outcomes {
        validate("step-outcome", outcome);
    }
    for step in ["extract", "day/summary", "close_day"] {
        let manifest = folder.run(["show", &run_id, "--manifest", step]).ends(0).json();
        validate("step-manifest", &manifest);
        let output = folder.run(["show", &run_id, "--output", step]).ends(0);
        let outcome = outcomes.iter().find(|it| it.get("step_id").unwrap().as_str() == Some(step));
        let expected = outcome.unwrap().get("output_ref").and_then(Value::as_str).unwrap();
        let found = lorch_types::Digest::of_bytes(output.stdout.trim_end().as_bytes());
        assert_eq!(found.as_str(), expected, "the digest is that of what is printed");
    }
    let drawn = folder.run(["show", &run_id]).ends(0).stdout;
    for shown in ["attempt 1", "day/summary", "key ik:", "manifest sha256:", "output sha256:"] {
        assert!(drawn.contains(shown), "{shown} in {drawn}");
    }
    assert!(repository().join("examples/orders/daily.yaml").exists());
}

#[test]
fn a_dry_run_shows_manifests_and_touches_nothing() {
    let folder = Folder::with_examples();
    let ran = folder.run(DAILY.into_iter().chain(["--dry-run", "--json"])).ends(0);
    let lines = ran.lines();
    let event = |line: &Value| line.get("event").and_then(Value::as_str).unwrap().to_owned();
    assert_eq!(lines.len(), 14);
    let known = lines.iter().filter(|line| event(line) == "manifest").count();
    let waiting = lines.iter().filter(|line| event(line) == "manifest_pending").count();
    assert_eq!((known, waiting), (7, 6), "{}", ran.stdout);
    let load = lines.iter().find(|it| it.get("step_id").unwrap().as_str() == Some("load")).unwrap();
    assert_eq!(load.get("waits_for").unwrap().to_string(), r#"["extract"]"#);
    assert!(!folder.path().join(".lorch").exists());
    assert!(!folder.path().join("examples/orders/reports").exists());
}
