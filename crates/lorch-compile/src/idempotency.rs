//! Settles what makes two dispatches of a write the same.

use lorch_types::SmolStr;
use lorch_types::diagnostic::Diagnostic;
use lorch_types::job::{CompiledIdempotency, DispatchOp, Idempotency, Scope};
use lorch_types::json::Value;
use lorch_types::reference::Root;
use lorch_types::template::{Expression, escape};

use crate::bindings::{Miss, Resolved};
use crate::bring_in::Notation;
use crate::code;
use crate::compile::Compiler;
use crate::limits::PARAMS_DEPTH;
use crate::report::{Path, Problem};
use crate::steps::Site;

/// The param that holds the key of scope `explicit`.
pub(crate) const EXPLICIT_KEY: &str = "idempotency_key";

impl Compiler<'_> {
    /// The idempotency of a step whose params are compiled, `explicit_key` being the one called
    /// [`EXPLICIT_KEY`]: none unless it writes.
    pub(crate) fn idempotency(
        &mut self,
        written: Option<Idempotency>,
        op: &DispatchOp,
        explicit_key: Option<&Value>,
        site: &Site<'_>,
    ) -> Option<CompiledIdempotency> {
        let steps = Path::Key(&Path::Root, "steps");
        let step = Path::Index(&steps, site.index);
        let path = Path::Key(&step, "idempotency");
        if !op.is_write() {
            if written.is_some() {
                let message = format!("`idempotency` belongs to `write.*` only, not to `{op}`");
                let problem = Problem::new(code::IDEMPOTENCY_WITHOUT_WRITE, message);
                self.fail(site, &path, problem);
            }
            return None;
        }
        let written = written.unwrap_or_default();
        self.explicit_key(written.scope, explicit_key, site, &step);
        let semantic_key = match (written.scope, written.semantic_key_ref) {
            (Scope::Semantic, Some(reference)) => self.semantic_key(&reference, site, &path),
            (Scope::Semantic, None) => {
                let message = "scope `semantic` needs `semantic_key_ref`";
                self.fail(site, &path, Problem::new(code::NO_SEMANTIC_KEY, message));
                None
            }
            (scope, Some(_)) => {
                let message =
                    format!("`semantic_key_ref` has no effect with scope `{}`", scope.as_str());
                let pointer = Path::Key(&path, "semantic_key_ref").pointer();
                let warning = Diagnostic::warning(code::IDLE_SEMANTIC_KEY, pointer, message)
                    .with_help("did you mean `scope: semantic`?");
                self.say(site, warning);
                None
            }
            (_, None) => None,
        };
        Some(CompiledIdempotency {
            scope: written.scope,
            semantic_key,
            include_payload_hash: written.include_payload_hash.unwrap_or(false),
        })
    }

    /// Checks the param that holds the key of scope `explicit`.
    fn explicit_key(
        &mut self,
        scope: Scope,
        value: Option<&Value>,
        site: &Site<'_>,
        step: &Path<'_>,
    ) {
        let around = Path::Key(step, "params");
        let path = Path::Key(&around, EXPLICIT_KEY);
        let Some(value) = value else {
            if scope == Scope::Explicit {
                let message = format!("scope `explicit` needs a string in `params.{EXPLICIT_KEY}`");
                self.fail(site, &around, Problem::new(code::NO_EXPLICIT_KEY, message));
            }
            return;
        };
        match value {
            Value::String(text) => {
                let secret = Expression::parse_compiled(text).is_ok_and(|expression| {
                    expression.references().any(|reference| reference.root() == Root::Secret)
                });
                if secret {
                    self.fail(site, &path, secret_in_key());
                }
            }
            other if scope == Scope::Explicit && !site.skipped => {
                let found = other.value_type().with_article();
                let message = format!("`params.{EXPLICIT_KEY}` is {found}, not a string");
                self.fail(site, &path, Problem::new(code::NO_EXPLICIT_KEY, message));
            }
            _ => {}
        }
        if scope != Scope::Explicit {
            let message = format!("`{EXPLICIT_KEY}` has no effect with scope `{}`", scope.as_str());
            let warning = Diagnostic::warning(code::IDLE_EXPLICIT_KEY, path.pointer(), message)
                .with_help("did you mean `idempotency: {scope: explicit}`?");
            self.say(site, warning);
        }
    }

    /// The value that `semantic_key_ref` names, in the notation of an instance.
    fn semantic_key(
        &mut self,
        text: &SmolStr,
        site: &Site<'_>,
        around: &Path<'_>,
    ) -> Option<Value> {
        let path = Path::Key(around, "semantic_key_ref");
        match self.named_key(text, site) {
            Ok(key) => Some(key),
            Err(miss) => {
                if let Miss::Problem(problem) = miss {
                    self.fail(site, &path, *problem);
                }
                None
            }
        }
    }

    fn named_key(&mut self, text: &SmolStr, site: &Site<'_>) -> Result<Value, Miss> {
        let reference = match Expression::parse(text) {
            Ok(Expression::Reference(reference)) => reference,
            Ok(Expression::Literal(_) | Expression::Template(_)) => {
                let shown: String = text.chars().take(80).collect();
                let message = format!("`{}` is no reference", shown.escape_debug());
                let help = "name the value that tells one effect from another, such as \
                            `@payload.day`";
                let problem = Problem::new(code::SEMANTIC_KEY_NO_REFERENCE, message);
                return Err(problem.with_help(help.to_owned()).into());
            }
            Err(error) => {
                let mut problem = Problem::new(error.code(), error.to_string());
                problem.help = error.help();
                return Err(problem.within(error.span).into());
            }
        };
        if reference.root() == Root::Secret {
            return Err(secret_in_key().into());
        }
        let (value, notation) = match self.resolve(&reference, site) {
            Ok(None) => return Ok(Value::String(text.clone())),
            Ok(Some(Resolved::Live(live))) if live.root() == Root::Secret => {
                return Err(secret_in_key().into());
            }
            Ok(Some(Resolved::Live(live))) => return Ok(live.to_string().into()),
            Ok(Some(Resolved::Data(value))) => (value, Notation::Data),
            Ok(Some(Resolved::Compiled(value))) => (value, Notation::Instance),
            Err(_) if site.skipped => return Ok(escape(text).as_ref().into()),
            Err(miss) => return Err(miss),
        };
        if value.is_null() {
            if site.skipped {
                return Ok(escape(text).as_ref().into());
            }
            let message =
                format!("`{reference}` is null, and null does not tell one effect from another");
            return Err(Problem::new(code::SEMANTIC_KEY_NULL, message).into());
        }
        if notation == Notation::Instance && holds_secret(value) {
            return Err(secret_in_key().into());
        }
        Ok(self.brought_in(value, notation, PARAMS_DEPTH + 1)?)
    }
}

fn secret_in_key() -> Problem {
    let message = "a secret cannot be part of an idempotency key, which is recorded";
    Problem::new(code::SECRET_IN_KEY, message)
}

/// Whether a value in the notation of an instance refers to a secret.
fn holds_secret(value: &Value) -> bool {
    match value {
        Value::String(text) => Expression::parse_compiled(text).is_ok_and(|expression| {
            expression.references().any(|reference| reference.root() == Root::Secret)
        }),
        Value::Array(items) => items.iter().any(holds_secret),
        Value::Object(object) => object.values().any(holds_secret),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}
