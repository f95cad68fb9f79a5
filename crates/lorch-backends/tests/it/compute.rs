//! Compute, operation by operation.

mod exec;
mod extract;
mod http;
mod llm;
mod render;
mod secrets;
mod server;
mod transform;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use lorch_backends::{
    Backend, Cancellation, Compute, ComputeOptions, Config, Environment, Workspace,
};
use lorch_types::IdempotencyKey;
use lorch_types::job::{ErrorInfo, StepManifest};
use lorch_types::json::{Limits, Object, Value, from_value, read};
use tempfile::TempDir;

/// The JSON that a text holds.
#[track_caller]
pub(crate) fn json(text: &str) -> Value {
    read(text.as_bytes(), Limits::default()).unwrap()
}

/// The manifest of a step `op` with `params`.
#[track_caller]
pub(crate) fn manifest(op: &str, params: &str) -> StepManifest {
    let key = IdempotencyKey::of(vec!["test".into()]);
    let mut document = Object::new();
    document.insert("run_id", "01KADE3Q6BZ5T8V0X2Y4W6R9SN");
    document.insert("step_id", "step");
    document.insert("backend", "compute");
    document.insert("op", op);
    document.insert("resolved_params", json(params));
    document.insert("idempotency_key", key.as_str());
    from_value(&Value::Object(document)).unwrap()
}

/// Compute in a folder of its own.
pub(crate) struct Bench {
    folder: TempDir,
    config: String,
    environment: Vec<(&'static str, &'static str)>,
    pub(crate) cancellation: Cancellation,
}

impl Bench {
    pub(crate) fn new() -> Self {
        Self::with_config("")
    }

    pub(crate) fn with_config(config: &str) -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            config: config.to_owned(),
            environment: Vec::new(),
            cancellation: Cancellation::never(),
        }
    }

    pub(crate) fn with_variable(mut self, name: &'static str, value: &'static str) -> Self {
        self.environment.push((name, value));
        self
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    pub(crate) fn root(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn file(self, path: &str, content: impl AsRef<[u8]>) -> Self {
        std::fs::write(self.path(path), content).unwrap();
        self
    }

    pub(crate) fn compute(&self) -> Compute {
        let variables = self.environment.clone();
        let environment = Environment::from_fn(move |wanted| {
            let found = variables.iter().find(|(name, _)| *name == wanted);
            let path =
                || (wanted == "PATH").then(|| OsString::from("/usr/local/bin:/usr/bin:/bin"));
            found.map(|(_, value)| OsString::from(value)).or_else(path)
        });
        let options = ComputeOptions { worker: None, environment };
        let workspace = Workspace::open(self.folder.path()).unwrap();
        Compute::with_options(workspace, Config::parse(&self.config).unwrap(), options)
    }

    pub(crate) fn run_manifest(&self, manifest: &StepManifest) -> Result<Value, ErrorInfo> {
        self.compute().perform(manifest, &self.cancellation).map(|performed| performed.output)
    }

    #[track_caller]
    pub(crate) fn run(&self, op: &str, params: &str) -> Result<Value, ErrorInfo> {
        self.run_manifest(&manifest(op, params))
    }

    #[track_caller]
    pub(crate) fn check(&self, op: &str, params: &str, expected: &str) {
        match self.run(op, params) {
            Ok(output) => assert_eq!(output, json(expected), "{op} {params}"),
            Err(error) => panic!("{op} {params}: {error} {:?}", error.details),
        }
    }

    /// The step fails with this code and these words; returns the error.
    #[track_caller]
    pub(crate) fn refuse(&self, op: &str, params: &str, code: &str, words: &[&str]) -> ErrorInfo {
        let error = match self.run(op, params) {
            Ok(output) => panic!("{op} {params} gave {output}"),
            Err(error) => error,
        };
        assert_eq!(error.code, code, "{op} {params}: {error}");
        for word in words {
            assert!(error.message.contains(word), "`{word}` not in: {error}");
        }
        error
    }
}
