//! Fills in `@ctx` and `@payload` in the params of a step, and checks `@run` and `@secret`.
//!
//! What a reference brings in is data: it is written escaped, so that no one reads it as a reference
//! again.

use lorch_types::SmolStr;
use lorch_types::diagnostic::{Diagnostic, Part};
use lorch_types::json::{Object, Value};
use lorch_types::reference::{Reference, Root, Segment};
use lorch_types::template::{self, Expression, Template, doubts, escape};

use crate::bindings::{Miss, Resolved};
use crate::code;
use crate::compile::{Compiler, Site};
use crate::limits::check_depth;
use crate::quick;
use crate::report::{Path, Problem};

/// How the strings of a value are to be read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Notation {
    /// As they are.
    Data,
    /// As in an instance: literals are escaped, the rest are references and templates.
    Instance,
}

impl Compiler<'_> {
    /// Puts into `value` what its references stand for; `depth` arrays and objects are around it.
    pub(crate) fn substitute(
        &mut self,
        value: &mut Value,
        site: &Site<'_>,
        path: &Path<'_>,
        depth: usize,
    ) {
        if let Err(problem) = check_depth(value, depth) {
            return self.stop(site, path, problem);
        }
        match value {
            Value::String(text) => {
                if text.contains('@')
                    && let Some(replacement) = self.replacement(text, site, path, depth)
                {
                    *value = replacement;
                    return;
                }
                let length = value.as_str().map_or(0, str::len);
                self.spend(length, site, path);
            }
            Value::Array(items) => {
                self.spend(0, site, path);
                for (index, item) in items.iter_mut().enumerate() {
                    self.substitute(item, site, &Path::Index(path, index), depth + 1);
                }
            }
            Value::Object(object) => self.substitute_members(object, site, path, depth),
            Value::Null | Value::Bool(_) | Value::Number(_) => self.spend(0, site, path),
        }
    }

    /// The same for the members of an object.
    pub(crate) fn substitute_members(
        &mut self,
        object: &mut Object,
        site: &Site<'_>,
        path: &Path<'_>,
        depth: usize,
    ) {
        for (key, value) in object.iter_mut() {
            self.spend(key.len(), site, path);
            self.substitute(value, site, &Path::Key(path, key), depth + 1);
        }
    }

    fn spend(&mut self, length: usize, site: &Site<'_>, path: &Path<'_>) {
        if let Err(problem) = self.budget.spend(length) {
            self.stop(site, path, problem);
        }
    }

    /// What stands in the place of `text`; `None` when it stays as it is.
    fn replacement(
        &mut self,
        text: &SmolStr,
        site: &Site<'_>,
        path: &Path<'_>,
        depth: usize,
    ) -> Option<Value> {
        if let Some(quick) = self.quick_replacement(text, site, depth) {
            return quick;
        }
        match Expression::parse(text) {
            Ok(Expression::Literal(_)) => {
                self.warn_of_doubts(text, site, path);
                None
            }
            Ok(Expression::Reference(reference)) => {
                self.reference(&reference, text, site, path, depth)
            }
            Ok(Expression::Template(template)) => {
                self.warn_of_doubts(text, site, path);
                self.template(template, text, site, path).map(Value::String)
            }
            Err(error) => {
                let mut problem = Problem::new(error.code(), error.to_string());
                problem.help = error.help();
                self.fail(site, path, problem.within(error.span));
                None
            }
        }
    }

    /// The same in the common case; `None` when it is another.
    #[expect(clippy::option_option, reason = "the inner one is the answer, and may be no change")]
    fn quick_replacement(
        &mut self,
        text: &str,
        site: &Site<'_>,
        depth: usize,
    ) -> Option<Option<Value>> {
        if !text.starts_with('@') {
            let mut filled = std::mem::take(&mut self.filled);
            let quick = quick::template(text, site, &mut filled);
            let value = quick.map(|()| Value::String(SmolStr::new(&filled)));
            self.filled = filled;
            return value.map(Some).filter(|_| self.budget.spend(self.filled.len()).is_ok());
        }
        match quick::reference(text, site)? {
            quick::Simple::Data(value) => {
                self.brought_in(value, Notation::Data, depth).ok().map(Some)
            }
            quick::Simple::Live => Some(None),
        }
    }

    fn warn_of_doubts(&mut self, text: &str, site: &Site<'_>, path: &Path<'_>) {
        for doubt in doubts(text) {
            let warning = Diagnostic::warning(doubt.code(), path.pointer(), doubt.to_string())
                .about(Part::Within(doubt.span.clone()))
                .with_help(doubt.help());
            self.say(site, warning);
        }
    }

    /// What stands in the place of a whole reference; `None` when it stays as it is.
    fn reference(
        &mut self,
        reference: &Reference,
        text: &str,
        site: &Site<'_>,
        path: &Path<'_>,
        depth: usize,
    ) -> Option<Value> {
        let problem = match self.resolve(reference, site) {
            Ok(Some(Resolved::Data(value))) => self.brought_in(value, Notation::Data, depth),
            Ok(Some(Resolved::Compiled(value))) => {
                self.brought_in(value, Notation::Instance, depth)
            }
            Ok(Some(Resolved::Live(live))) => return Some(live.to_string().into()),
            Ok(None) => return None,
            Err(_) if site.skipped => return Some(escape(text).as_ref().into()),
            Err(Miss::Problem(problem)) => {
                self.fail(site, path, *problem);
                return None;
            }
            Err(Miss::Reported) => return None,
        };
        match problem {
            Ok(value) => Some(value),
            Err(problem) => {
                self.stop(site, path, problem);
                None
            }
        }
    }

    /// What a reference stands for; `None` when it stays as it is written.
    pub(crate) fn resolve<'s>(
        &self,
        reference: &Reference,
        site: &Site<'s>,
    ) -> Result<Option<Resolved<'s>>, Miss> {
        match reference.root() {
            Root::Ctx | Root::Payload => site.frame.bindings.find(reference).map(Some),
            Root::Run => {
                let prefix = site.frame.prefix;
                let resolved = site.known.resolve(reference, prefix, site.skipped)?;
                Ok(resolved.map(Resolved::Live))
            }
            Root::Secret if reference.secret_name().is_some() => Ok(None),
            Root::Secret => {
                let message = format!("`{reference}` names no secret");
                let help = match reference.path() {
                    [first @ Segment::Key(_), ..] => {
                        format!("a secret is a text as a whole: `@secret{first}`")
                    }
                    _ => "a secret is named `@secret.NAME`".to_owned(),
                };
                Err(Problem::new(code::BAD_SECRET, message).with_help(help).into())
            }
        }
    }

    /// A copy of `value` in the notation of an instance.
    pub(crate) fn brought_in(
        &mut self,
        value: &Value,
        notation: Notation,
        depth: usize,
    ) -> Result<Value, Problem> {
        check_depth(value, depth)?;
        match value {
            Value::String(text) => {
                self.budget.spend(text.len())?;
                Ok(match notation {
                    Notation::Data if !template::is_plain(text) => escape(text).as_ref().into(),
                    _ => Value::String(text.clone()),
                })
            }
            Value::Array(items) => {
                self.budget.spend(0)?;
                let items = items.iter().map(|item| self.brought_in(item, notation, depth + 1));
                items.collect::<Result<_, _>>().map(Value::Array)
            }
            Value::Object(object) => {
                self.budget.spend(0)?;
                let members = object.iter().map(|(key, value)| {
                    self.budget.spend(key.len())?;
                    Ok((key.clone(), self.brought_in(value, notation, depth + 1)?))
                });
                members.collect::<Result<Object, Problem>>().map(Value::Object)
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {
                self.budget.spend(0)?;
                Ok(value.clone())
            }
        }
    }

    /// The text of a template with everything filled in that is known.
    fn template(
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

/// What stands in a template in the place of a reference.
enum Filled<'v> {
    Text(std::borrow::Cow<'v, str>),
    Number(lorch_types::json::Number),
    /// What only running resolves.
    Parts(Vec<template::Part>),
}
