//! Resolves the strings of params on the parsed tree.

use std::collections::BTreeMap;

use lorch_types::SmolStr;
use lorch_types::job::JobStepInstance;
use lorch_types::json::{Object, Value};
use lorch_types::pointer::Pointer;
use lorch_types::reference::{Reference, Root};
use lorch_types::template::{Expression, Part, Template, is_plain};

use crate::error::{ManifestError, ManifestErrorKind};
use crate::values::RunValues;

/// For each place that needs secrets, by JSON pointer: its text with the references to them.
pub(crate) type Secrets = BTreeMap<String, String>;

/// Walks one member of a step, keeping where it is.
pub(crate) struct Resolver<'a> {
    step: &'a JobStepInstance,
    values: &'a RunValues<'a>,
    member: &'static [&'static str],
    place: Vec<Token<'a>>,
    secrets: Secrets,
}

/// One token of the way from the member walked to the value at hand.
enum Token<'a> {
    Key(&'a str),
    Index(usize),
}

impl<'a> Resolver<'a> {
    /// A resolver of what stands under `member` of `step`.
    pub(crate) fn new(
        step: &'a JobStepInstance,
        values: &'a RunValues<'a>,
        member: &'static [&'static str],
    ) -> Self {
        Self { step, values, member, place: Vec::new(), secrets: Secrets::new() }
    }

    /// `params` as plain data, and the secrets that belong into it.
    pub(crate) fn params(mut self, params: &'a Object) -> Result<(Object, Secrets), ManifestError> {
        match self.members(params) {
            Ok(resolved) => Ok((resolved, self.secrets)),
            Err(kind) => Err(self.error(kind)),
        }
    }

    /// `value` as plain data that an idempotency key can be made of: neither null nor secret.
    pub(crate) fn key(mut self, value: &'a Value) -> Result<Value, ManifestError> {
        match self.value(value) {
            Ok(_) if !self.secrets.is_empty() => Err(self.error(ManifestErrorKind::SecretInKey)),
            Ok(Value::Null) => Err(self.error(ManifestErrorKind::NullKey)),
            Ok(resolved) => Ok(resolved),
            Err(kind) => Err(self.error(kind)),
        }
    }

    fn value(&mut self, value: &'a Value) -> Result<Value, ManifestErrorKind> {
        match value {
            Value::Null | Value::Bool(_) | Value::Number(_) => Ok(value.clone()),
            Value::String(text) => self.string(text),
            Value::Array(items) => items
                .iter()
                .enumerate()
                .map(|(index, item)| self.at(Token::Index(index), item))
                .collect::<Result<_, _>>()
                .map(Value::Array),
            Value::Object(object) => self.members(object).map(Value::Object),
        }
    }

    fn members(&mut self, object: &'a Object) -> Result<Object, ManifestErrorKind> {
        object
            .iter()
            .map(|(key, value)| Ok((key.clone(), self.at(Token::Key(key), value)?)))
            .collect()
    }

    /// Resolves `value` one step further in; after an error the place stays where it was met.
    fn at(&mut self, token: Token<'a>, value: &'a Value) -> Result<Value, ManifestErrorKind> {
        self.place.push(token);
        let resolved = self.value(value)?;
        self.place.pop();
        Ok(resolved)
    }

    fn string(&mut self, text: &SmolStr) -> Result<Value, ManifestErrorKind> {
        if is_plain(text) {
            return Ok(Value::String(text.clone()));
        }
        match Expression::parse_compiled(text)? {
            Expression::Literal(text) => Ok(Value::String(text)),
            Expression::Reference(reference) => match found_in(&reference)? {
                FoundIn::Run => Ok(self.values.find(&reference)?.into_owned()),
                FoundIn::Backend => Ok(self.secret(reference.to_string())),
            },
            Expression::Template(template) => self.template(template),
        }
    }

    fn template(&mut self, template: Template) -> Result<Value, ManifestErrorKind> {
        let parts = template.parts.into_iter().map(|part| match part {
            Part::Reference(reference) => match found_in(&reference)? {
                FoundIn::Run => self.rendered(&reference).map(Part::Text),
                FoundIn::Backend => Ok(Part::Reference(reference)),
            },
            text @ Part::Text(_) => Ok(text),
        });
        let parts: Vec<_> = parts.collect::<Result<_, ManifestErrorKind>>()?;
        Ok(match Expression::from_parts(parts) {
            Expression::Literal(text) => Value::String(text),
            with_secrets => self.secret(with_secrets.to_string()),
        })
    }

    /// The text that a value has inside a template.
    fn rendered(&self, reference: &Reference) -> Result<SmolStr, ManifestErrorKind> {
        let value = self.values.find(reference)?;
        match value.as_ref() {
            Value::String(text) => Ok(text.clone()),
            Value::Number(_) | Value::Bool(_) => Ok(value.to_string().into()),
            Value::Null | Value::Array(_) | Value::Object(_) => Err(ManifestErrorKind::NotText {
                reference: reference.clone(),
                found: value.value_type(),
            }),
        }
    }

    /// Keeps the text of a secret for this place, and gives what stands in its stead.
    fn secret(&mut self, text: String) -> Value {
        self.secrets.insert(self.pointer(Pointer::root()).to_string(), text);
        Value::Null
    }

    fn pointer(&self, mut from: Pointer) -> Pointer {
        for token in &self.place {
            match token {
                Token::Key(key) => from.push(key),
                Token::Index(index) => from.push(index),
            }
        }
        from
    }

    fn error(&self, kind: ManifestErrorKind) -> ManifestError {
        let member = self.member.iter().fold(Pointer::root(), |pointer, key| pointer.join(key));
        ManifestError::of(self.step, kind).at(self.pointer(member))
    }
}

/// Who knows the value of a reference.
enum FoundIn {
    Run,
    Backend,
}

fn found_in(reference: &Reference) -> Result<FoundIn, ManifestErrorKind> {
    match reference.root() {
        Root::Run => Ok(FoundIn::Run),
        Root::Secret if reference.secret_name().is_some() => Ok(FoundIn::Backend),
        Root::Secret => Err(ManifestErrorKind::NotASecret { reference: reference.clone() }),
        Root::Ctx | Root::Payload => {
            Err(ManifestErrorKind::NotCompiled { reference: reference.clone() })
        }
    }
}
