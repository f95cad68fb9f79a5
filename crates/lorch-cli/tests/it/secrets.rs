//! A secret reaches the program that needs it, and stands in nothing that lorch writes.

use std::path::Path;

use lorch_types::json::Value;

use crate::lorch::Folder;

const CANARY: &str = "canary-5f1d7c0e9b";

const JOB: &str = r#"
job_id: secretive
version: "1"
steps:
  - step_id: measure
    op: compute.exec
    params: { argv: [sh, -c, "printf %s \"$TOKEN\" | wc -c"], env: { TOKEN: "@secret.TOKEN" } }
  - step_id: leak
    op: compute.exec
    params: { argv: [printenv, TOKEN], env: { TOKEN: "Bearer ${@secret.TOKEN}" } }
  - step_id: note
    op: compute.render
    params: { template: "{{ leaked }}", data: { leaked: "@run.leak.stdout" }, path: note.txt }
  - step_id: fail
    op: compute.exec
    params: { argv: [sh, -c, "echo $TOKEN >&2; exit 3"], env: { TOKEN: "@secret.TOKEN" } }
"#;

#[test]
fn a_secret_stands_in_nothing_that_is_written() {
    let folder = Folder::new();
    folder.write("job.yaml", JOB);
    folder.write(
        "lorch.toml",
        "[allow]\nprograms = [\"sh\", \"printenv\"]\n[secrets]\nTOKEN = { env = \"CANARY\" }\n",
    );
    let environment = [("CANARY", CANARY)];
    let human = folder.run_with(["run", "job.yaml"], "", &environment).ends(1);
    let json = folder.run_with(["run", "job.yaml", "--json"], "", &environment).ends(1);
    let run_id = folder.run(["runs", "--json"]).ends(0).lines()[0]
        .get("run_id")
        .and_then(Value::as_str)
        .unwrap()
        .to_owned();
    let measured = folder.run(["show", &run_id, "--output", "measure"]).ends(0).stdout;
    assert!(measured.contains(&CANARY.len().to_string()), "the program had it: {measured}");
    let manifest = folder.run(["show", &run_id, "--manifest", "leak"]).ends(0).stdout;
    assert!(manifest.contains("Bearer ${@secret.TOKEN}"), "{manifest}");
    let shown = folder.run(["show", &run_id]).ends(0).stdout;

    for text in [human.stdout, human.stderr, json.stdout, json.stderr, manifest, shown] {
        assert!(!text.contains(CANARY), "{text}");
    }
    let mut files = 0;
    search(folder.path(), &mut files);
    assert!(files >= 4, "the databases and the note were looked at");
}

fn search(folder: &Path, files: &mut usize) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            search(&path, files);
        } else {
            *files += 1;
            let bytes = std::fs::read(&path).unwrap();
            let found = bytes.windows(CANARY.len()).any(|window| window == CANARY.as_bytes());
            assert!(!found, "{} holds the secret", path.display());
        }
    }
}
