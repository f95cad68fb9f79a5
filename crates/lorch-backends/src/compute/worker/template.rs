//! Templates, through minijinja: strict about what is undefined, and bound to end.

use std::collections::BTreeMap;
use std::io::{self, Write};

use lorch_types::job::{ErrorCode, ErrorInfo};
use lorch_types::json::Value;
use minijinja::syntax::SyntaxConfig;
use minijinja::value::Value as Data;
use minijinja::{AutoEscape, Environment, Error, ErrorKind, UndefinedBehavior};

use crate::backend::Cancellation;
use crate::compute::size;

/// How many instructions a rendering may take; a report of a million lines needs some ten million.
const FUEL: u64 = 200_000_000;

/// The text that the template `source` gives for `data`.
pub(super) fn render(
    name: &str,
    source: &str,
    data: &Value,
    limit: usize,
    cancellation: &Cancellation,
) -> Result<String, ErrorInfo> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(|_| AutoEscape::None);
    environment.set_syntax(syntax()?);
    environment.set_fuel(Some(FUEL));
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
        ErrorKind::OutOfFuel => format!("it did not end within {FUEL} instructions"),
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
        // Collected into a map first: of pairs, minijinja makes a list.
        Value::Object(object) => Data::from(
            object
                .iter()
                .map(|(key, value)| (key.to_string(), to_data(value)))
                .collect::<BTreeMap<String, Data>>(),
        ),
    }
}
