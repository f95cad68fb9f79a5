//! What `lorch.toml` may say, and what is said about what it may not.

use lorch_backends::Config;
use lorch_backends::config::DataPlaneUrl;

#[test]
fn everything_is_optional() {
    let config = Config::parse("").unwrap();
    assert_eq!(config, Config::default());
    assert_eq!(config.store.path, ".lorch/lorch.db");
    assert_eq!(config.data_plane.url, DataPlaneUrl::Sqlite(".lorch/data.db".to_owned()));
    assert!(config.allow.hosts.is_empty() && config.allow.programs.is_empty());
    assert!(config.llm.is_none() && config.secrets.is_empty());
    let limits = config.limits;
    assert_eq!(limits.max_document_bytes.get(), 16 << 20);
    assert_eq!(limits.max_line_bytes.get(), 256 << 10);
    assert_eq!(limits.max_output_bytes.get(), 64 << 20);
    assert_eq!(limits.max_worker_memory_bytes.get(), 1 << 30);
    let snapshot = config.snapshot;
    assert!(snapshot.roots.is_none() && snapshot.ignore.is_empty() && !snapshot.gitignore);
}

#[test]
fn everything_can_be_said() {
    let config = Config::parse(
        r#"
        [store]
        path = "runs.db"
        [data_plane]
        url = "sqlite:tables.db"
        [allow]
        hosts = ["API.example.com", "127.0.0.1:8080", "[::1]:80", "bücher.example"]
        programs = ["python3", "/usr/bin/jq", "./tools/x.sh"]
        [llm]
        base_url = "https://api.openai.com/v1"
        model = "m"
        api_key_env = "OPENAI_API_KEY"
        [notify]
        url = "https://hooks.example.com/lorch"
        secret_env = "NOTIFY_SECRET"
        [secrets]
        TOKEN = { env = "MY_TOKEN" }
        [limits]
        max_document_bytes = 1
        max_line_bytes = 2
        max_output_bytes = 3
        max_worker_memory_bytes = 4
        [snapshot]
        roots = ["src", "Cargo.toml"]
        ignore = ["*.log"]
        gitignore = true
        "#,
    )
    .unwrap();
    let hosts: Vec<String> = config.allow.hosts.iter().map(ToString::to_string).collect();
    assert_eq!(hosts, ["api.example.com", "127.0.0.1:8080", "[::1]:80", "xn--bcher-kva.example"]);
    let programs: Vec<String> = config.allow.programs.iter().map(ToString::to_string).collect();
    assert_eq!(programs, ["python3", "/usr/bin/jq", "tools/x.sh"]);
    assert_eq!(config.limits.max_output_bytes.get(), 3);
    let roots: Vec<String> =
        config.snapshot.roots.iter().flatten().map(ToString::to_string).collect();
    assert_eq!(roots, ["src", "Cargo.toml"]);
    assert!(config.snapshot.ignore == ["*.log"] && config.snapshot.gitignore);
    let (name, source) = config.secrets.first_key_value().unwrap();
    assert_eq!((name.as_str(), source.env.as_str()), ("TOKEN", "MY_TOKEN"));
}

#[track_caller]
fn refuse(text: &str, line: usize, column: usize, words: &[&str]) {
    let error = Config::parse(text).unwrap_err();
    assert_eq!((error.line, error.column), (line, column), "{error}");
    assert!(words.iter().all(|word| error.message.contains(word)), "{error}");
    assert!(!error.message.contains('\n'), "{error}");
}

#[test]
fn mistakes_are_named_with_their_place() {
    refuse("[alow]\n", 1, 2, &["unknown field `alow`", "`allow`"]);
    refuse("[allow]\nhost = []\n", 2, 1, &["unknown field `host`", "`hosts`"]);
    refuse("[allow]\nhosts = \"x\"\n", 2, 9, &["expected a sequence"]);
    refuse("[allow]\nhosts = [\"ok\", \"http://x/\"]\n", 2, 9, &["`http://x/` is no host"]);
    refuse(
        "[allow]\nprograms = [\"rm -rf\"]\n",
        2,
        12,
        &["`rm -rf` is no program", "without arguments"],
    );
    refuse(
        "[data_plane]\nurl = \"postgres://x\"\n",
        2,
        7,
        &["`postgres://x` is no data plane", "sqlite:"],
    );
    refuse("[llm]\nmodel = \"m\"\n", 1, 1, &["missing field `base_url`"]);
    refuse("[llm]\nbase_url = \"ftp://x\"\n", 2, 12, &["a base URL is"]);
    refuse(
        "[llm]\nbase_url = \"https://x\"\napi_key = \"sk-1\"\n",
        3,
        1,
        &["unknown field `api_key`", "`api_key_env`"],
    );
    refuse(
        "[llm]\nbase_url = \"https://x\"\napi_key_env = \"sk-1\"\n",
        3,
        15,
        &["environment variable", "never"],
    );
    let tool = "[tools.a]\nop = \"compute.exec\"\nrisk = \"read_only\"\n";
    refuse(&tool.replace("read_only", "none"), 3, 8, &["unknown variant `none`", "plan_only"]);
    refuse(&tool.replace("compute.exec", "exec"), 2, 6, &["`exec` is no"]);
    refuse(&format!("{tool}inverse = \"b\"\n"), 1, 2, &["inverse `b`", "[tools.b]"]);
    refuse(&format!("{tool}undo = \"b\"\n"), 4, 1, &["unknown field `undo`", "`inverse`"]);
    refuse("[metrics]\nqueue = \"count\"\n", 2, 9, &["unknown variant `count`"]);
    refuse("[snapshot]\nroots = [\"../x\"]\n", 2, 10, &["path in a workspace"]);
    refuse("[secrets]\nT = \"value\"\n", 2, 5, &["never stands in lorch.toml", "{ env ="]);
    refuse("[secrets]\nT = { env = \"A B\" }\n", 2, 13, &["environment variable"]);
    refuse("[secrets]\n\"a b\" = { env = \"A\" }\n", 2, 1, &["name of a secret"]);
    refuse("[limits]\nmax_output_bytes = 0\n", 2, 20, &["nonzero"]);
    refuse("[limits]\nmax_output_bytes = \"64 MiB\"\n", 2, 20, &["nonzero"]);
    refuse("[store]\npath = \"a\"\npath = \"b\"\n", 3, 1, &["duplicate key"]);
    refuse("é = [\n", 1, 6, &["unclosed array"]);
}

#[test]
fn a_secret_that_was_written_into_the_file_is_not_shown() {
    for text in [
        "[secrets]\nT = \"sk-canary\"\n",
        "[secrets]\nT = { env = \"sk-canary\" }\n",
        "[llm]\nbase_url = \"https://x\"\napi_key_env = \"sk-canary\"\n",
    ] {
        let error = Config::parse(text).unwrap_err();
        assert!(!error.to_string().contains("sk-canary"), "{error}");
    }
    refuse("[secrets]\nT = { file = \"x\" }\n", 2, 7, &["unknown field `file`", "`env`"]);
    refuse("[secrets]\nT = 5\n", 2, 5, &["expected a table such as `{ env ="]);
}

#[test]
fn hosts_are_names_and_ports() {
    for host in [
        "",
        ":80",
        "a:b",
        "a:99999",
        "a/b",
        "a@b",
        "a b",
        "*",
        "*.example.com",
        "http://a",
        "a?",
        "a#",
        "[::1",
        "::1",
    ] {
        assert!(host.parse::<lorch_backends::config::AllowedHost>().is_err(), "{host}");
    }
}

#[test]
fn tools_and_metrics_of_plans() {
    let config = Config::parse(
        "[tools.up]\nop = \"compute.exec\"\nrisk = \"state_change_prod\"\ninverse = \"down\"\n\
         scope = { environments = [\"production\"] }\n\
         [tools.down]\nop = \"compute.exec\"\nrisk = \"read_only\"\n\
         [metrics]\n\"disk.used\" = \"ratio\"\n",
    )
    .unwrap();
    let names: Vec<&str> = config.tools.names().map(|name| name.as_str()).collect();
    assert_eq!(names, ["down", "up"]);
    let up = config.tools.get(&"up".parse().unwrap()).unwrap();
    assert_eq!((up.op.to_string(), up.risk.as_str()), ("compute.exec".into(), "state_change_prod"));
    assert_eq!(up.inverse.as_ref().map(|name| name.as_str()), Some("down"));
    assert_eq!(up.scope.environments.as_ref().map(Vec::len), Some(1));
    assert!(up.risk.changes() && up.scope.platforms.is_none());
    let down = config.tools.get(&"down".parse().unwrap()).unwrap();
    assert!(!down.risk.changes() && down.scope.environments.is_none());
    let (metric, of) = config.metrics.first_key_value().unwrap();
    assert_eq!((metric.as_str(), of.as_str()), ("disk.used", "ratio"));
}
