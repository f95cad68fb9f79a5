//! Secrets: filled in at dispatch, and taken out of everything that comes back.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::sync::Arc;

use lorch_types::job::{ErrorCode, ErrorInfo, StepManifest};
use lorch_types::json::{Object, Value};
use lorch_types::pointer::Pointer;
use lorch_types::template::{FillError, fill_secrets};

use crate::config::{Config, EnvironmentVariable, SecretSource};
use lorch_types::Redactor;

/// Where environment variables are looked up.
#[derive(Clone)]
pub struct Environment(Arc<Lookup>);

type Lookup = dyn Fn(&str) -> Option<OsString> + Send + Sync;

impl Environment {
    /// The variables of this process.
    pub fn process() -> Self {
        Self(Arc::new(|name| std::env::var_os(name)))
    }

    /// The variables that `lookup` knows.
    pub fn from_fn(lookup: impl Fn(&str) -> Option<OsString> + Send + Sync + 'static) -> Self {
        Self(Arc::new(lookup))
    }

    /// The value of a variable.
    pub(crate) fn get(&self, name: &str) -> Option<OsString> {
        (self.0)(name)
    }
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Environment")
    }
}

/// Shorter values could not be told from ordinary text when outputs are searched for them.
const MIN_CHARACTERS: usize = 4;

/// The value that `variable` holds for the secret `label`, which has been noted for redaction.
///
/// # Errors
/// `denied` when there is no such variable, or its value cannot be kept secret.
pub(crate) fn value(
    label: &str,
    variable: &EnvironmentVariable,
    environment: &Environment,
    redactor: &mut Redactor,
) -> Result<String, ErrorInfo> {
    let refuse = |problem: &str| {
        let variable = variable.as_str();
        ErrorCode::Denied.error(format!(
            "the environment variable `{variable}` for the secret `{label}` {problem}"
        ))
    };
    let value = environment.get(variable.as_str()).ok_or_else(|| refuse("is not set"))?;
    let value = value.into_string().map_err(|_| refuse("is not UTF-8"))?;
    if value.chars().count() < MIN_CHARACTERS {
        return Err(refuse("has fewer than 4 characters, too few to find it in outputs"));
    }
    redactor.add(label, &value);
    Ok(value)
}

/// Where `config` says that the secret comes from.
///
/// # Errors
/// A sentence with the line to add.
pub(crate) fn source<'c>(name: &str, config: &'c Config) -> Result<&'c SecretSource, String> {
    let mut sources = config.secrets.iter();
    let source = sources.find(|(known, _)| known.as_str() == name).map(|(_, source)| source);
    source.ok_or_else(|| {
        let name = name.escape_debug();
        format!(
            "lorch.toml names no source for the secret `{name}`; \
             add under [secrets]: {name} = {{ env = \"VARIABLE\" }}"
        )
    })
}

/// The values of all secrets that `manifest` names, by name, noted for redaction.
///
/// # Errors
/// `denied` when `lorch.toml` names no source for one, or the source has no value.
pub(crate) fn look_up(
    manifest: &StepManifest,
    config: &Config,
    environment: &Environment,
    redactor: &mut Redactor,
) -> Result<BTreeMap<String, String>, ErrorInfo> {
    let mut names = BTreeMap::new();
    for text in manifest.secrets.iter().flat_map(BTreeMap::values) {
        fill_secrets(text, |name| {
            names.insert(name.to_owned(), String::new());
            Some("")
        })
        .map_err(|error| bad_text(&error))?;
    }
    for (name, filled) in &mut names {
        let source = source(name, config).map_err(|message| {
            ErrorCode::Denied.error(message).with_details([("secret", name.as_str())])
        })?;
        *filled = value(name, &source.env, environment, redactor)?;
    }
    Ok(names)
}

/// The parameters of `manifest` with what `lookup` gives for each secret.
///
/// # Errors
/// `invalid_params` when `secrets` names a place that is not there or not null, or text that is no
/// template of secrets.
pub(crate) fn fill(
    manifest: &StepManifest,
    lookup: impl Fn(&str) -> Option<String>,
) -> Result<Object, ErrorInfo> {
    let mut params = Value::Object(manifest.resolved_params.clone());
    for (place, text) in manifest.secrets.iter().flatten() {
        let filled = fill_secrets(text, &lookup).map_err(|error| bad_text(&error))?;
        let pointer: Pointer = place.parse().map_err(|_| bad_place(place, "is no JSON pointer"))?;
        match pointer.find_mut(&mut params) {
            Some(target @ Value::Null) => *target = filled.into(),
            Some(_) => return Err(bad_place(place, "names a value that is not null")),
            None => return Err(bad_place(place, "names nothing in the parameters")),
        }
    }
    match params {
        Value::Object(params) => Ok(params),
        _ => Err(bad_place("", "takes the place of all parameters")),
    }
}

/// Refuses a manifest that needs secrets, for a backend that keeps what it is given.
///
/// # Errors
/// `invalid_params` naming the first place that needs one.
pub fn refuse_secrets(manifest: &StepManifest) -> Result<(), ErrorInfo> {
    match manifest.secrets.iter().flat_map(BTreeMap::keys).next() {
        None => Ok(()),
        Some(place) => {
            let message = format!(
                "`{}` keeps its parameters and takes no secrets, but `{place}` is one",
                manifest.op
            );
            Err(ErrorCode::InvalidParams.error(message).with_details([("pointer", place.as_str())]))
        }
    }
}

fn bad_text(error: &FillError) -> ErrorInfo {
    ErrorCode::InvalidParams.error(format!("the manifest's secrets: {error}"))
}

fn bad_place(place: &str, problem: &str) -> ErrorInfo {
    ErrorCode::InvalidParams.error(format!("the manifest's secret at `{place}` {problem}"))
}
