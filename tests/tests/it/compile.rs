//! Golden cases of compiling: each folder of `cases/compile` is a definition and what becomes of it.
//!
//! `LORCH_BLESS=1` writes what comes out as what is expected.

use std::fs;
use std::path::{Path, PathBuf};

use lorch_compile::{
    CTX_FILE, Compiled, Definitions, FindError, Found, Inputs, PAYLOAD_FILE, compile_document,
    compile_to_text, read_definition,
};
use lorch_types::diagnostic::{Color, Diagnostic, Format, Source, render};
use lorch_types::job::{JobId, JobInstance};
use lorch_types::json::{Limits, Value, read, to_value};

/// What every case is compiled at.
const COMPILED_AT: &str = "2026-11-20T08:00:00Z";

/// One folder.
struct Case {
    folder: PathBuf,
    sources: Vec<Source>,
}

impl Case {
    fn open(folder: PathBuf) -> Self {
        let mut names: Vec<String> = fs::read_dir(&folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| name.ends_with(".yaml") || name.ends_with(".json"))
            .filter(|name| name != "expected.json" && name != "limits.json")
            .collect();
        // The definition first: it is the document that diagnostics without a file are about.
        names.sort_by_key(|name| (!name.starts_with("job."), name.clone()));
        assert!(names.first().is_some_and(|name| name.starts_with("job.")), "{folder:?}: no job");
        let sources = names.into_iter().map(|name| Source {
            text: fs::read(folder.join(&name)).unwrap(),
            format: if name.ends_with(".json") { Format::Json } else { Format::Yaml },
            name,
        });
        Self { sources: sources.collect(), folder }
    }

    fn value(&self, name: &str) -> Value {
        let source = self.sources.iter().find(|source| source.name == name);
        source.map_or_else(Value::object, |source| source.read(Limits::default()).unwrap())
    }

    fn limits(&self) -> Limits {
        match fs::read(self.folder.join("limits.json")) {
            Ok(text) => {
                let limits = read(&text, Limits::default()).unwrap();
                let max_bytes = limits.get("max_bytes").and_then(Value::as_u64).unwrap();
                Limits { max_bytes: max_bytes.try_into().unwrap() }
            }
            Err(_) => Limits::default(),
        }
    }

    fn compile(&self) -> (Option<JobInstance>, Vec<Diagnostic>) {
        let document = self.sources[0].read(Limits::default()).unwrap();
        let (ctx, payload) = (self.value("ctx.json"), self.value("payload.json"));
        let inputs = Inputs {
            ctx: &ctx,
            payload: &payload,
            definitions: self,
            compiled_at: COMPILED_AT.parse().unwrap(),
            limits: self.limits(),
        };
        let compiled = compile_document(&document, &inputs);
        self.agrees(&compiled, &inputs);
        let (instance, mut diagnostics) = match compiled {
            Ok(compiled) => (Some(compiled.instance), compiled.warnings),
            Err(diagnostics) => (None, diagnostics),
        };
        for diagnostic in &mut diagnostics {
            match diagnostic.file.as_deref() {
                Some(CTX_FILE) => diagnostic.file = Some("ctx.json".into()),
                Some(PAYLOAD_FILE) => diagnostic.file = Some("payload.json".into()),
                _ => {}
            }
        }
        (instance, diagnostics)
    }

    /// Compiling the text to the text of the instance, as the command does, gives the same.
    fn agrees(&self, compiled: &Result<Compiled, Vec<Diagnostic>>, inputs: &Inputs<'_>) {
        let document = self.sources[0].document(Limits::default()).unwrap();
        let written = compile_to_text(document.view(), inputs);
        let written = written.map(|written| (written.text, written.warnings));
        let expected = compiled.as_ref().map_err(Clone::clone).map(|compiled| {
            let mut text = String::new();
            compiled.instance.write_json(&mut text);
            (text, compiled.warnings.clone())
        });
        assert_eq!(written, expected, "{:?}", self.folder);
    }

    /// Compares what came out with the file, or writes it.
    fn expect(&self, name: &str, actual: Option<String>, differences: &mut Vec<String>) {
        let path = self.folder.join(name);
        if std::env::var_os("LORCH_BLESS").is_some() {
            match actual {
                Some(text) => fs::write(path, text).unwrap(),
                None => drop(fs::remove_file(path)),
            }
            return;
        }
        let expected = fs::read_to_string(&path).ok();
        if expected != actual {
            let shown = |text: &Option<String>| text.clone().unwrap_or("no such file\n".into());
            differences.push(format!(
                "{}\nexpected:\n{}\nactual:\n{}",
                path.display(),
                shown(&expected),
                shown(&actual)
            ));
        }
    }
}

impl Definitions for Case {
    fn find(&self, job_id: &JobId) -> Result<Found, FindError> {
        let is_job = |source: &&Source| {
            !matches!(source.name.as_str(), "ctx.json" | "payload.json" | "job.yaml" | "job.json")
        };
        let stem = |source: &Source| source.name.rsplit_once('.').unwrap().0.to_owned();
        let mut jobs = self.sources.iter().filter(is_job);
        let Some(source) = jobs.find(|source| stem(source) == job_id.as_str()) else {
            let names = self.sources.iter().filter(is_job).map(stem);
            return Err(FindError::NotFound {
                candidates: names.map(|it| it.parse().unwrap()).collect(),
            });
        };
        let name = source.name.as_str().into();
        match read_definition(&source.read(Limits::default()).unwrap()) {
            Ok(definition) => Ok(Found { name, definition }),
            Err(diagnostics) => Err(FindError::Invalid { name, diagnostics }),
        }
    }
}

#[test]
fn definitions_compile_as_expected() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("cases/compile");
    let mut folders: Vec<PathBuf> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.sort();
    assert!(folders.len() >= 60, "only {} cases", folders.len());
    let mut differences = Vec::new();
    for folder in folders {
        let case = Case::open(folder);
        let (instance, diagnostics) = case.compile();
        let rendered = || render(&diagnostics, &case.sources, Color::Never);
        let instance = instance.map(|instance| pretty(&instance));
        let (errors, warnings) = match (&instance, diagnostics.is_empty()) {
            (None, _) => (Some(rendered()), None),
            (Some(_), false) => (None, Some(rendered())),
            (Some(_), true) => (None, None),
        };
        case.expect("expected.json", instance, &mut differences);
        case.expect("errors.txt", errors, &mut differences);
        case.expect("warnings.txt", warnings, &mut differences);
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

/// The instance, indented; what the fast writer makes of it is the same document.
fn pretty(instance: &JobInstance) -> String {
    let mut text = String::new();
    instance.write_json(&mut text);
    let value = read(text.as_bytes(), Limits::default()).unwrap();
    assert_eq!(value, to_value(instance).unwrap());
    // serde_json stops one level before the deepest document that lorch reads.
    let fields: Option<serde_json::Value> = serde_json::from_str(&text).ok();
    let mut pretty = fields.map_or(text, |it| serde_json::to_string_pretty(&it).unwrap());
    pretty.push('\n');
    pretty
}
