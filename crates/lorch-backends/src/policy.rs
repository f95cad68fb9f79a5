//! What a step would reach, start, read and write, against what the workspace allows: said before
//! anything runs.

use lorch_types::SmolStr;
use lorch_types::diagnostic::{Code, Diagnostic};
use lorch_types::job::DispatchOp;
use lorch_types::json::{Object, Value};
use lorch_types::pointer::Pointer;
use lorch_types::reference::Reference;
use lorch_types::template::{Expression, Part};

use crate::compute::{
    ExecParams, ExtractParams, HttpParams, LlmParams, RenderParams, address, check_host,
    check_program, check_target,
};
use crate::config::Config;
use crate::op::OpParams;
use crate::secrets;
use crate::workspace::{FilePath, Workspace, WorkspaceError};

/// A host that the configuration does not allow.
const HOST: Code = Code("L0910");
/// A program that the configuration does not allow.
const PROGRAM: Code = Code("L0911");
/// A path that is none in the workspace, or leads out of it.
const PATH: Code = Code("L0912");
/// A file that is not there now.
const NO_FILE: Code = Code("L0913");
/// A language model is asked, and none is configured.
const NO_LLM: Code = Code("L0914");
/// A secret without a source.
const SECRET: Code = Code("L0915");

/// What of a step with these `params` the workspace would refuse; pointers begin at `params`.
///
/// The values at `open` are not known yet: of them only secrets are looked at, and the host of an
/// address that begins with it. A missing file is a warning, since a step before may write it.
pub fn check_policy(
    op: &DispatchOp,
    params: &Object,
    open: &[Pointer],
    config: &Config,
    workspace: &Workspace,
) -> Vec<Diagnostic> {
    let check = Check { params, open, config, workspace };
    let mut found = match &*op.to_string() {
        ExtractParams::OP => check.file("path"),
        RenderParams::OP => [check.file("template_path"), check.target("path")].concat(),
        HttpParams::OP => check.host(),
        LlmParams::OP => check.llm(),
        ExecParams::OP => [check.program(), check.folder("cwd")].concat(),
        _ => Vec::new(),
    };
    found.extend(check.secrets());
    found
}

struct Check<'a> {
    params: &'a Object,
    open: &'a [Pointer],
    config: &'a Config,
    workspace: &'a Workspace,
}

impl Check<'_> {
    /// The string at `pointer`, if it is one that is known.
    fn known(&self, pointer: &Pointer) -> Option<&str> {
        let mut tokens = pointer.tokens();
        let first = self.params.get(tokens.next()?)?;
        let value = tokens.try_fold(first, |value, token| match value {
            Value::Array(items) => items.get(token.parse::<usize>().ok()?),
            _ => value.get(token),
        })?;
        let open = self.open.contains(pointer);
        value.as_str().filter(|_| !open)
    }

    fn file(&self, name: &str) -> Vec<Diagnostic> {
        self.path(name, |path| self.workspace.check_file(path))
    }

    fn target(&self, name: &str) -> Vec<Diagnostic> {
        self.path(name, |path| check_target(path, self.workspace, self.config))
    }

    fn folder(&self, name: &str) -> Vec<Diagnostic> {
        self.path(name, |path| self.workspace.folder(path).map(drop))
    }

    fn path(
        &self,
        name: &str,
        check: impl Fn(&FilePath) -> Result<(), WorkspaceError>,
    ) -> Vec<Diagnostic> {
        let at = Pointer::root().join(name);
        let Some(text) = self.known(&at) else { return Vec::new() };
        let checked = text.parse().map_err(WorkspaceError::from).and_then(|path| check(&path));
        let diagnostic = match checked {
            Ok(()) => return Vec::new(),
            Err(error @ WorkspaceError::NotFound { .. }) => {
                Diagnostic::warning(NO_FILE, at, error.to_string())
                    .with_help("unless a step before it writes the file, this step will fail")
            }
            Err(error) => Diagnostic::error(PATH, at, error.to_string()),
        };
        vec![diagnostic]
    }

    fn host(&self) -> Vec<Diagnostic> {
        let at = Pointer::root().join("url");
        let text = match self.known(&at) {
            Some(text) => text.to_owned(),
            None => match self.params.get("url").and_then(Value::as_str).and_then(known_host) {
                Some(text) => text,
                None => return Vec::new(),
            },
        };
        match address(&text).and_then(|url| check_host(&url, self.config)) {
            Ok(()) => Vec::new(),
            Err(message) => vec![Diagnostic::error(HOST, at, message)],
        }
    }

    fn program(&self) -> Vec<Diagnostic> {
        let at = Pointer::root().join("argv").join(0);
        let Some(name) = self.known(&at) else { return Vec::new() };
        match check_program(name, self.config) {
            Ok(_) => Vec::new(),
            Err(message) => vec![Diagnostic::error(PROGRAM, at, message)],
        }
    }

    fn llm(&self) -> Vec<Diagnostic> {
        if self.config.llm.is_some() {
            return Vec::new();
        }
        let message = "lorch.toml names no language model";
        vec![
            Diagnostic::error(NO_LLM, Pointer::root(), message)
                .with_help("add to lorch.toml: [llm] with base_url, model and api_key_env"),
        ]
    }

    fn secrets(&self) -> Vec<Diagnostic> {
        let params = Value::Object(self.params.clone());
        let mut found = Vec::new();
        for at in self.open {
            let names = at.find(&params).and_then(Value::as_str).map(secret_names);
            for name in names.into_iter().flatten() {
                if let Err(message) = secrets::source(&name, self.config) {
                    found.push(Diagnostic::error(SECRET, at.clone(), message));
                }
            }
        }
        found
    }
}

/// The beginning of a template as an address, where all of its host stands before a reference.
fn known_host(text: &str) -> Option<String> {
    let Ok(Expression::Template(template)) = Expression::parse_compiled(text) else { return None };
    let Some(Part::Text(text)) = template.parts.first() else { return None };
    let (_, rest) = text.split_once("://")?;
    rest.contains('/').then(|| text.to_string())
}

fn secret_names(text: &str) -> Vec<SmolStr> {
    let name = |reference: &Reference| reference.secret_name().map(SmolStr::from);
    match Expression::parse_compiled(text) {
        Ok(Expression::Reference(reference)) => name(&reference).into_iter().collect(),
        Ok(Expression::Template(template)) => {
            let references = template.parts.iter().filter_map(|part| match part {
                Part::Reference(reference) => name(reference),
                Part::Text(_) => None,
            });
            references.collect()
        }
        Ok(Expression::Literal(_)) | Err(_) => Vec::new(),
    }
}
