//! Brings data into an instance: within its limits, and escaped.

use lorch_types::json::{Value, View, Writer};
use lorch_types::template::{self, escape};

use crate::compile::Compiler;
use crate::limits::check_depth;
use crate::report::Problem;

/// How the strings of a value are to be read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Notation {
    /// As they are.
    Data,
    /// As in an instance: literals are escaped, the rest are references and templates.
    Instance,
}

impl Compiler<'_> {
    /// Writes `value` in the notation of an instance.
    ///
    /// # Errors
    /// When a limit is exceeded; nothing is written then.
    pub(crate) fn bring_in(
        &mut self,
        value: &Value,
        notation: Notation,
        depth: usize,
        out: &mut Writer,
    ) -> Result<(), Problem> {
        self.pay_for(value, depth)?;
        write_in(value.into(), notation, out);
        Ok(())
    }

    /// A copy of `value` in the notation of an instance.
    ///
    /// # Errors
    /// When a limit is exceeded.
    pub(crate) fn brought_in(
        &mut self,
        value: &Value,
        notation: Notation,
        depth: usize,
    ) -> Result<Value, Problem> {
        let mut out = Writer::of_value();
        self.bring_in(value, notation, depth, &mut out)?;
        Ok(out.into_value())
    }

    /// Checks that a value may be brought in, and spends what it takes of the budget.
    fn pay_for(&mut self, value: &Value, depth: usize) -> Result<(), Problem> {
        check_depth(value.into(), depth)?;
        self.budget.spend(value.as_str().map_or(0, str::len))?;
        match value {
            Value::Array(items) => items.iter().try_for_each(|item| self.pay_for(item, depth + 1)),
            Value::Object(object) => object.iter().try_for_each(|(key, value)| {
                self.budget.spend(key.len())?;
                self.pay_for(value, depth + 1)
            }),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Ok(()),
        }
    }
}

/// Writes a value that is brought in.
fn write_in(value: View<'_>, notation: Notation, out: &mut Writer) {
    match value {
        View::String(text) if notation == Notation::Data && !template::is_plain(&text) => {
            out.string(&escape(&text));
        }
        View::Array(items) => {
            out.begin_array();
            items.iter().for_each(|item| write_in(item, notation, out));
            out.end_array();
        }
        View::Object(object) => {
            out.begin_object();
            object.iter().for_each(|(key, value)| {
                out.key(key);
                write_in(value, notation, out);
            });
            out.end_object();
        }
        View::String(_) | View::Null | View::Bool(_) | View::Number(_) => out.value(value),
    }
}
