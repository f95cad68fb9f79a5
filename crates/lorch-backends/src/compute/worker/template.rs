//! Templates, through minijinja: strict about what is undefined, and bound to end.

use std::io::{self, Write};

use lorch_types::job::{ErrorCode, ErrorInfo};
use lorch_types::json::Value;
use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Value as Data, ValueKind};
use minijinja::{AutoEscape, Environment, Error, ErrorKind, State, UndefinedBehavior};

use crate::backend::Cancellation;
use crate::compute::size;

/// How many instructions a rendering may take; a report of a million lines needs some ten million.
pub(super) const FUEL: u64 = 100_000_000;

/// The text that the template `source` gives for `data`.
pub(super) fn render(
    name: &str,
    source: &str,
    data: &Value,
    fuel: u64,
    limit: usize,
    cancellation: &Cancellation,
) -> Result<String, ErrorInfo> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(|_| AutoEscape::None);
    environment.set_syntax(syntax()?);
    environment.set_formatter(write_value);
    environment.set_fuel(Some(fuel));
    let template =
        environment.template_from_named_str(name, source).map_err(|error| failure(name, &error))?;
    let mut output = Output { text: Vec::new(), limit, cancellation, stopped: None };
    let rendered = template.render_captured_to(to_data(data), &mut output).map(drop);
    if let Some(stopped) = output.stopped {
        return Err(stopped);
    }
    rendered.map_err(|error| failure(name, &error))?;
    String::from_utf8(output.text)
        .map_err(|_| ErrorCode::Backend.error(format!("{name} gave text that is not UTF-8")))
}

/// Jinja's own, but for the line feed at the end of a template, which belongs to the text.
fn syntax() -> Result<SyntaxConfig, ErrorInfo> {
    SyntaxConfig::builder()
        .keep_trailing_newline(true)
        .build()
        .map_err(|error| ErrorCode::Backend.error(error.to_string()))
}

/// Booleans and null as JSON spells them; everything else as Jinja does.
fn write_value(
    output: &mut minijinja::Output,
    state: &mut State,
    value: &Data,
) -> Result<(), Error> {
    match value.kind() {
        ValueKind::Bool if value.is_true() => Ok(output.write_str("true")?),
        ValueKind::Bool => Ok(output.write_str("false")?),
        ValueKind::None => Ok(output.write_str("null")?),
        _ => minijinja::escape_formatter(output, state, value),
    }
}

/// Where the text goes, as long as there is time and room.
struct Output<'a> {
    text: Vec<u8>,
    limit: usize,
    cancellation: &'a Cancellation,
    stopped: Option<ErrorInfo>,
}

impl Write for Output<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let size = self.text.len() + bytes.len();
        let stopped = match self.cancellation.check() {
            Ok(()) if size <= self.limit => {
                self.text.extend_from_slice(bytes);
                return Ok(bytes.len());
            }
            Ok(()) => size::too_large(size, self.limit),
            Err(stopped) => stopped,
        };
        self.stopped = Some(stopped);
        Err(io::Error::from(io::ErrorKind::Other))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn failure(name: &str, error: &Error) -> ErrorInfo {
    let code = match error.kind() {
        ErrorKind::SyntaxError
        | ErrorKind::UnknownFilter
        | ErrorKind::UnknownFunction
        | ErrorKind::UnknownTest => ErrorCode::InvalidParams,
        _ => ErrorCode::Backend,
    };
    let problem = match error.kind() {
        ErrorKind::OutOfFuel => "it took more instructions than a template may".to_owned(),
        kind => match error.detail() {
            Some(detail) => format!("{kind}: {detail}"),
            None => kind.to_string(),
        },
    };
    match error.line() {
        None => code.error(format!("{name}: {problem}")),
        Some(line) => code
            .error(format!("{name}, line {line}: {problem}"))
            .with_details([("line", u64::try_from(line).unwrap_or(u64::MAX))]),
    }
}

fn to_data(value: &Value) -> Data {
    match value {
        Value::Null => Data::from(()),
        Value::Bool(value) => Data::from(*value),
        Value::Number(number) => match (number.as_i64(), number.as_u64()) {
            (Some(integer), _) => Data::from(integer),
            (None, Some(natural)) => Data::from(natural),
            (None, None) => Data::from(number.as_f64()),
        },
        Value::String(text) => Data::from(text.as_str()),
        Value::Array(items) => Data::from_iter(items.iter().map(to_data)),
        Value::Object(object) => {
            Data::from_pairs(object.iter().map(|(key, value)| (key.as_str(), to_data(value))))
        }
    }
}

#[cfg(test)]
mod tests {
    use lorch_types::json::Value;

    use super::render;
    use crate::backend::Cancellation;

    #[test]
    fn a_template_that_writes_nothing_ends_too() {
        let source =
            "{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}";
        let error =
            render("`t`", source, &Value::object(), 10_000, 1, &Cancellation::never()).unwrap_err();
        assert_eq!(error.code, "backend");
        assert!(error.message.contains("instructions"), "{error}");
    }
}
