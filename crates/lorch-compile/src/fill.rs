//! Fills in templates.

use std::borrow::Cow;

use lorch_types::SmolStr;
use lorch_types::json::{Number, Value};
use lorch_types::reference::Reference;
use lorch_types::template::{self, Expression, Template, escape};

use crate::bindings::{Miss, Resolved};
use crate::bring_in::Notation;
use crate::code;
use crate::compile::Compiler;
use crate::report::{Path, Problem};
use crate::steps::Site;

/// What stands in a template in the place of a reference.
enum Filled<'v> {
    Text(Cow<'v, str>),
    Number(Number),
    /// What only running resolves.
    Parts(Vec<template::Part>),
}

impl Compiler<'_> {
    /// The text of a template with everything filled in that is known.
    pub(crate) fn template(
        &mut self,
        template: Template,
        source: &str,
        site: &Site<'_>,
        path: &Path<'_>,
    ) -> Option<SmolStr> {
        let mut parts = Vec::new();
        let mut text = String::new();
        let mut position = 0;
        let mut failed = false;
        for part in template.parts {
            let reference = match part {
                template::Part::Text(more) => {
                    text.push_str(&more);
                    continue;
                }
                template::Part::Reference(reference) => reference,
            };
            match self.text_of(&reference, site) {
                Ok(Filled::Text(more)) => text.push_str(&more),
                Ok(Filled::Number(number)) => number.write_canonical(&mut text),
                Ok(Filled::Parts(more)) => {
                    parts.push(template::Part::Text(std::mem::take(&mut text).into()));
                    parts.extend(more);
                }
                Err(_) if site.skipped => text.push_str(&format!("${{{reference}}}")),
                Err(miss) => {
                    failed = true;
                    if let Miss::Problem(problem) = miss {
                        let spans = template::reference_spans(source);
                        let span = spans.get(position).cloned().unwrap_or(0..source.len());
                        self.fail(site, path, problem.within(span));
                    }
                }
            }
            position += 1;
        }
        if failed {
            return None;
        }
        self.spend(text.len(), site, path);
        if parts.is_empty() {
            return Some(escape(&text).as_ref().into());
        }
        parts.push(template::Part::Text(text.into()));
        Some(lorch_types::format_smolstr!("{}", Expression::from_parts(parts)))
    }

    fn text_of<'s>(&self, reference: &Reference, site: &Site<'s>) -> Result<Filled<'s>, Miss> {
        let (value, notation) = match self.resolve(reference, site)? {
            None => return Ok(Filled::Parts(vec![template::Part::Reference(reference.clone())])),
            Some(Resolved::Live(live)) => {
                return Ok(Filled::Parts(vec![template::Part::Reference(live)]));
            }
            Some(Resolved::Data(value)) => (value, Notation::Data),
            Some(Resolved::Compiled(value)) => (value, Notation::Instance),
        };
        match value {
            Value::String(text) if notation == Notation::Data || template::is_plain(text) => {
                Ok(Filled::Text(text.as_str().into()))
            }
            Value::String(text) => match Expression::parse_compiled(text) {
                Ok(Expression::Literal(text)) => Ok(Filled::Text(text.to_string().into())),
                Ok(Expression::Reference(live)) => {
                    Ok(Filled::Parts(vec![template::Part::Reference(live)]))
                }
                Ok(Expression::Template(template)) => Ok(Filled::Parts(template.parts)),
                Err(_) => Err(Miss::Reported),
            },
            Value::Number(number) => Ok(Filled::Number(*number)),
            Value::Bool(value) => Ok(Filled::Text(if *value { "true" } else { "false" }.into())),
            Value::Null | Value::Array(_) | Value::Object(_) => {
                let found = value.value_type().with_article();
                let message = format!(
                    "`{reference}` is {found}, and a text can hold strings, numbers and booleans \
                     only"
                );
                Err(Problem::new(code::NOT_TEXT, message).into())
            }
        }
    }
}
