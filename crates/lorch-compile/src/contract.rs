//! What a definition expects of its ctx and payload, and what of that does not hold.

use lorch_types::SmolStr;
use lorch_types::diagnostic::{Code, Diagnostic, Part};
use lorch_types::json::{ObjectView, Value};
use lorch_types::pointer::Pointer;

use crate::code;
use crate::compile::Compiler;
use crate::inputs::{CTX_FILE, PAYLOAD_FILE};
use crate::report::Problem;
use crate::schema::{Extent, Schema, Violation};
use crate::steps::Frame;

/// Which of the two schemas of a definition.
#[derive(Clone, Copy)]
pub(crate) enum SchemaOf {
    Ctx,
    Payload,
}

impl SchemaOf {
    pub(crate) const fn field(self) -> &'static str {
        match self {
            Self::Ctx => "ctx_schema",
            Self::Payload => "payload_schema",
        }
    }

    pub(crate) const fn subject(self) -> &'static str {
        match self {
            Self::Ctx => CTX_FILE,
            Self::Payload => PAYLOAD_FILE,
        }
    }

    pub(crate) const fn violated(self) -> Code {
        match self {
            Self::Ctx => code::CTX_SCHEMA,
            Self::Payload => code::PAYLOAD_SCHEMA,
        }
    }
}

impl Compiler<'_> {
    /// The schema that the definition has, `schema`, if it has one that can be used.
    pub(crate) fn schema(
        &mut self,
        schema: Option<ObjectView<'_>>,
        of: SchemaOf,
        file: Option<&SmolStr>,
    ) -> Option<Schema> {
        match Schema::read(schema?) {
            Ok(schema) => Some(schema),
            Err(violation) => {
                let mut pointer = Pointer::root().join(of.field());
                violation.pointer.tokens().for_each(|token| pointer.push(token));
                let message = format!("it is no Draft-07 schema: {}", violation.message);
                let problem = Problem::new(code::BAD_SCHEMA, message).with_help(violation.help);
                let mut diagnostic = problem.into_error(pointer);
                diagnostic.file = file.cloned();
                self.report.add(&format!("`{}`", of.field()), diagnostic);
                None
            }
        }
    }

    /// Reports what of the ctx or payload `value` does not satisfy its schema; what was not `given` is
    /// a default, and its schema, in the definition in `file`, is at fault.
    pub(crate) fn check(
        &mut self,
        schema: Option<&Schema>,
        value: &Value,
        given: &Value,
        of: SchemaOf,
        file: Option<&SmolStr>,
    ) {
        let Some(schema) = schema else { return };
        for violation in schema.violations(value, Extent::Whole) {
            let Violation { pointer, part, message, help } = violation;
            let default = pointer.tokens().next().filter(|key| given.get(key).is_none());
            if let Some(key) = default.filter(|key| value.get(key).is_some()) {
                let place = Pointer::root().join(of.field()).join("properties").join(key);
                let problem = Problem::new(of.violated(), message).with_help(help);
                let subject =
                    format!("the default of `{}` in `{}`", key.escape_debug(), of.field());
                let mut diagnostic = problem.into_error(place.join("default"));
                diagnostic.file = file.cloned();
                self.report.add(&subject, diagnostic);
                continue;
            }
            let subject = if pointer.is_root() || part == Part::Key {
                format!("the {}", of.subject())
            } else {
                format!("the {} at `{pointer}`", of.subject())
            };
            let problem = Problem::new(of.violated(), message).with_help(help);
            let diagnostic = problem.into_error(pointer).about(part).in_file(of.subject());
            self.report.add(&subject, diagnostic);
        }
    }

    /// Warns of what is given in the payload and nothing refers to.
    pub(crate) fn warn_of_unused(&mut self, frame: &Frame<'_>, given: &Value) {
        if self.report.has_errors() {
            return;
        }
        for key in frame.bindings.payload.unused() {
            if given.get(key).is_none() {
                continue;
            }
            let message = format!("nothing refers to `{}`", key.escape_debug());
            let pointer = Pointer::root().join(key);
            let warning = Diagnostic::warning(code::UNUSED_PAYLOAD, pointer, message)
                .about(Part::Key)
                .in_file(PAYLOAD_FILE);
            self.report.add("the payload", warning);
        }
    }
}
