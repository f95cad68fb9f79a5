//! Fills in `@ctx` and `@payload` in the params of a step, and checks `@run` and `@secret`.
//!
//! What a reference brings in is data: it is written escaped, so that no one reads it as a reference
//! again.

use lorch_types::diagnostic::{Diagnostic, Part};
use lorch_types::json::{Value, View, Writer};
use lorch_types::reference::{Reference, Root, Segment};
use lorch_types::template::{Expression, doubts, escape};

use crate::bindings::{Miss, Resolved};
use crate::bring_in::Notation;
use crate::code;
use crate::compile::Compiler;
use crate::limits::check_depth;
use crate::quick;
use crate::report::{Path, Problem};
use crate::steps::Site;

impl Compiler<'_> {
    /// Writes the value with what its references stand for in their place; `depth` arrays and
    /// objects are around it.
    pub(crate) fn substitute(
        &mut self,
        value: View<'_>,
        site: &Site<'_>,
        path: &Path<'_>,
        depth: usize,
        out: &mut Writer,
    ) {
        if let Err(problem) = check_depth(value, depth) {
            self.stop(site, path, problem);
            return out.value(value);
        }
        match value {
            View::String(text) => {
                if !text.as_bytes().contains(&b'@') || !self.replace(&text, site, path, depth, out)
                {
                    self.spend(text.len(), site, path);
                    out.value(value);
                }
            }
            View::Array(items) => {
                self.spend(0, site, path);
                out.begin_array();
                items.iter().enumerate().for_each(|(index, item)| {
                    self.substitute(item, site, &Path::Index(path, index), depth + 1, out);
                });
                out.end_array();
            }
            View::Object(object) => {
                out.begin_object();
                object.iter().for_each(|(key, value)| {
                    self.spend(key.len(), site, path);
                    out.key(key);
                    self.substitute(value, site, &Path::Key(path, &key), depth + 1, out);
                });
                out.end_object();
            }
            View::Null | View::Bool(_) | View::Number(_) => {
                self.spend(0, site, path);
                out.value(value);
            }
        }
    }

    /// The same as a value.
    pub(crate) fn substituted(
        &mut self,
        value: View<'_>,
        site: &Site<'_>,
        path: &Path<'_>,
        depth: usize,
    ) -> Value {
        let mut out = Writer::of_value();
        self.substitute(value, site, path, depth, &mut out);
        out.into_value()
    }

    #[inline]
    pub(crate) fn spend(&mut self, length: usize, site: &Site<'_>, path: &Path<'_>) {
        if let Err(problem) = self.budget.spend(length) {
            self.stop(site, path, problem);
        }
    }

    /// Writes what stands in the place of `text`; false, and nothing, when it stays as it is.
    fn replace(
        &mut self,
        text: &str,
        site: &Site<'_>,
        path: &Path<'_>,
        depth: usize,
        out: &mut Writer,
    ) -> bool {
        match self.quick(text, site, depth, out) {
            Quick::Written => return true,
            Quick::AsItIs => return false,
            Quick::No => {}
        }
        match Expression::parse(text) {
            Ok(Expression::Literal(_)) => {
                self.warn_of_doubts(text, site, path);
                false
            }
            Ok(Expression::Reference(reference)) => {
                self.reference(&reference, text, site, path, depth, out)
            }
            Ok(Expression::Template(template)) => {
                self.warn_of_doubts(text, site, path);
                let filled = self.template(template, text, site, path);
                filled.inspect(|filled| out.string(filled)).is_some()
            }
            Err(error) => {
                let mut problem = Problem::new(error.code(), error.to_string());
                problem.help = error.help();
                self.fail(site, path, problem.within(error.span));
                false
            }
        }
    }

    /// The same in the common case.
    fn quick(&mut self, text: &str, site: &Site<'_>, depth: usize, out: &mut Writer) -> Quick {
        if text.starts_with('@') {
            return match quick::reference(text, site) {
                Some(quick::Simple::Data(value)) => {
                    match self.bring_in(value, Notation::Data, depth, out) {
                        Ok(()) => Quick::Written,
                        Err(_) => Quick::No,
                    }
                }
                Some(quick::Simple::Live) => Quick::AsItIs,
                None => Quick::No,
            };
        }
        let quick = quick::template(text, site, &mut self.filled);
        if quick.is_none() || self.budget.spend(self.filled.len()).is_err() {
            return Quick::No;
        }
        out.string(&self.filled);
        Quick::Written
    }

    fn warn_of_doubts(&mut self, text: &str, site: &Site<'_>, path: &Path<'_>) {
        for doubt in doubts(text) {
            let warning = Diagnostic::warning(doubt.code(), path.pointer(), doubt.to_string())
                .about(Part::Within(doubt.span.clone()))
                .with_help(doubt.help());
            self.say(site, warning);
        }
    }

    /// Writes what stands in the place of a whole reference; false, and nothing, when it stays as it
    /// is.
    fn reference(
        &mut self,
        reference: &Reference,
        text: &str,
        site: &Site<'_>,
        path: &Path<'_>,
        depth: usize,
        out: &mut Writer,
    ) -> bool {
        let (value, notation) = match self.resolve(reference, site) {
            Ok(Some(Resolved::Data(value))) => (value, Notation::Data),
            Ok(Some(Resolved::Compiled(value))) => (value, Notation::Instance),
            Ok(Some(Resolved::Live(live))) => {
                out.string(&live.to_string());
                return true;
            }
            Ok(None) => return false,
            Err(_) if site.skipped => {
                out.string(&escape(text));
                return true;
            }
            Err(Miss::Problem(problem)) => {
                self.fail(site, path, *problem);
                return false;
            }
            Err(Miss::Reported) => return false,
        };
        match self.bring_in(value, notation, depth, out) {
            Ok(()) => true,
            Err(problem) => {
                self.stop(site, path, problem);
                false
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
}

/// What became of a text in the common case.
enum Quick {
    /// What stands in its place is written.
    Written,
    /// It stays as it is.
    AsItIs,
    /// It is another case.
    No,
}
