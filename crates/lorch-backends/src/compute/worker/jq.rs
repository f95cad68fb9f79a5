//! jq programs, through jaq: no environment, no clock, no other inputs, no files.

use std::iter;

use jaq_core::load::{self, Arena, File, Loader};
use jaq_core::native::{Fun, bome, run, v};
use jaq_core::{Compiler, Ctx, Error, Vars, compile, data::JustLut};
use jaq_json::{Num, Val};
use lorch_types::SmolStr;
use lorch_types::job::{ErrorCode, ErrorInfo};
use lorch_types::json::{self, Limits, Number, Object, Value};
use lorch_types::place::Place;

use super::check_size;
use crate::backend::Cancellation;
use crate::compute::size;

type Data = JustLut<Val>;

/// A jq program with the values of its variables.
pub(super) struct Program<'s> {
    pub(super) source: &'s str,
    pub(super) args: Object,
    pub(super) collect: bool,
}

impl Program<'_> {
    /// What the program makes of `input`: its one output, or the array of all.
    pub(super) fn run(
        self,
        input: Value,
        limit: usize,
        cancellation: &Cancellation,
    ) -> Result<Value, ErrorInfo> {
        let names = variables(&self.args)?;
        let filter = compile(self.source, &names)?;
        let values = self.args.into_iter().map(|(_, value)| to_jaq(value));
        let context = Ctx::<Data>::new(&filter.lut, Vars::new(values));
        let mut outputs = Vec::new();
        let mut total = 2;
        for output in filter.id.run((context, to_jaq(input))) {
            cancellation.check()?;
            let output = output.map_err(|exception| match exception.get_err() {
                Ok(error) => ErrorCode::Backend.error(format!("the program failed: {error}")),
                Err(_) => ErrorCode::Backend.error("the program stopped itself with `halt`"),
            })?;
            let output = from_jaq(output, 0).map_err(|problem| {
                ErrorCode::Backend.error(format!("the program's output has {problem}"))
            })?;
            total += size::canonical_size(&output) + 1;
            check_size(total, limit)?;
            outputs.push(output);
            if !self.collect && outputs.len() > 1 {
                let message = "the program gave more than one output; wrap it in `[...]`, or set \
                               `collect: true` for the array of all";
                return Err(ErrorCode::Backend.error(message));
            }
        }
        if self.collect {
            return Ok(Value::Array(outputs));
        }
        outputs.pop().ok_or_else(|| {
            let message = "the program gave no output; `collect: true` makes that an empty array";
            ErrorCode::Backend.error(message)
        })
    }
}

/// The names of variables as programs write them.
fn variables(args: &Object) -> Result<Vec<String>, ErrorInfo> {
    let is_name = |name: &str| {
        name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
    };
    match args.keys().find(|name| !is_name(name)) {
        None => Ok(args.keys().map(|name| format!("${name}")).collect()),
        Some(name) => {
            let name = name.escape_debug();
            let message = format!("`{name}` cannot be a variable: it has letters, digits and `_`");
            Err(ErrorCode::InvalidParams.error(message).with_details([("pointer", "/args")]))
        }
    }
}

fn compile(source: &str, variables: &[String]) -> Result<jaq_core::Filter<Data>, ErrorInfo> {
    let arena = Arena::default();
    let definitions = jaq_core::defs().chain(jaq_std::defs()).chain(jaq_json::defs());
    let modules = Loader::new(definitions)
        .load(&arena, File { code: source, path: () })
        .map_err(|errors| first_load_error(source, &errors))?;
    Compiler::default()
        .with_funs(functions())
        .with_global_vars(variables.iter().map(String::as_str))
        .compile(modules)
        .map_err(|errors| first_compile_error(source, &errors))
}

/// The functions of jaq, but for those that would reach beyond the program and its input.
fn functions() -> impl Iterator<Item = Fun<Data>> {
    const REPLACED: [&str; 8] = [
        "debug_empty",
        "env",
        "fromjson",
        "halt",
        "localtime",
        "now",
        "stderr_empty",
        "strflocaltime",
    ];
    let all = jaq_core::funs().chain(jaq_std::funs()).chain(jaq_json::funs());
    let kept = all.filter(|(name, ..)| !REPLACED.contains(name));
    let replacements: [Fun<Data>; 8] = [
        run(("debug_empty", v(0), |_| Box::new(iter::empty()))),
        run(("stderr_empty", v(0), |_| Box::new(iter::empty()))),
        run(("env", v(0), |_| bome(Err(absent("the environment"))))),
        run(("now", v(0), |_| bome(Err(absent("the time"))))),
        run(("localtime", v(0), |_| bome(Err(absent("the local time zone"))))),
        run(("strflocaltime", v(1), |_| bome(Err(absent("the local time zone"))))),
        run(("halt", v(1), |_| bome(Err(absent("`halt`"))))),
        run(("fromjson", v(0), |cv| bome(from_json(&cv.1)))),
    ];
    kept.chain(replacements)
}

/// A program gives the same for the same input, today or on replay.
fn absent(what: &str) -> Error<Val> {
    Error::str(format_args!("{what} is not there for a program; pass what it needs in `args`"))
}

/// There is one JSON reader in the product.
fn from_json(text: &Val) -> jaq_json::ValR {
    let bytes = text.try_as_utf8_bytes_owned()?;
    json::read(&bytes, Limits { max_bytes: usize::MAX })
        .map(to_jaq)
        .map_err(|error| Error::str(format_args!("cannot read JSON: {}: {error}", error.place)))
}

fn first_load_error(source: &str, errors: &load::Errors<&str, ()>) -> ErrorInfo {
    let first = errors.iter().find_map(|(_, error)| match error {
        load::Error::Io(files) => {
            files.first().map(|(path, _)| (*path, "modules cannot be imported".to_owned()))
        }
        load::Error::Lex(errors) => {
            errors.first().map(|(expected, at)| (*at, format!("expected {}", expected.as_str())))
        }
        load::Error::Parse(errors) => {
            errors.first().map(|(expected, at)| (*at, format!("expected {}", expected.as_str())))
        }
    });
    program_error(source, first)
}

fn first_compile_error(source: &str, errors: &compile::Errors<&str, ()>) -> ErrorInfo {
    let first = errors.iter().flat_map(|(_, errors)| errors).next();
    program_error(
        source,
        first.map(|(name, what)| match what {
            compile::Undefined::Filter(arity) => {
                (*name, format!("there is no filter `{name}/{arity}`"))
            }
            other => (*name, format!("there is no {} `{name}`", other.as_str())),
        }),
    )
}

fn program_error(source: &str, first: Option<(&str, String)>) -> ErrorInfo {
    let (at, problem) = first.unwrap_or(("", "it cannot be read".to_owned()));
    // What is at fault is a part of the source; where it begins says where.
    let offset = (at.as_ptr() as usize).checked_sub(source.as_ptr() as usize);
    let offset = offset.filter(|offset| *offset <= source.len()).unwrap_or(source.len());
    let Place { line, column } = Place::of(source.as_bytes(), offset);
    let number = |value: usize| Value::from(u64::try_from(value).unwrap_or(u64::MAX));
    ErrorCode::InvalidParams
        .error(format!("`program`, line {line}, column {column}: {problem}"))
        .with_details([
            ("pointer", Value::from("/program")),
            ("line", number(line)),
            ("column", number(column)),
        ])
}

fn to_jaq(value: Value) -> Val {
    match value {
        Value::Null => Val::Null,
        Value::Bool(value) => Val::Bool(value),
        Value::Number(number) => Val::Num(match (number.as_i64(), number.as_u64()) {
            (Some(integer), _) => Num::from_integral(integer),
            (None, Some(natural)) => Num::from_integral(natural),
            (None, None) => Num::Float(number.as_f64()),
        }),
        Value::String(text) => Val::from(String::from(text)),
        Value::Array(items) => items.into_iter().map(to_jaq).collect(),
        Value::Object(object) => Val::obj(
            object
                .into_iter()
                .map(|(key, value)| (Val::from(String::from(key)), to_jaq(value)))
                .collect(),
        ),
    }
}

/// The JSON value of an output at this depth, or what it has that JSON does not.
fn from_jaq(value: Val, depth: usize) -> Result<Value, String> {
    if depth > Limits::MAX_DEPTH {
        return Err(format!("more than {} levels", Limits::MAX_DEPTH));
    }
    match value {
        Val::Null => Ok(Value::Null),
        Val::Bool(value) => Ok(Value::Bool(value)),
        Val::Num(number) => from_number(&number).map(Value::Number),
        Val::TStr(text) => from_text(&text).map(Value::String),
        Val::BStr(_) => Err("a byte string, which JSON does not have".to_owned()),
        Val::Arr(items) => items
            .iter()
            .map(|item| from_jaq(item.clone(), depth + 1))
            .collect::<Result<_, _>>()
            .map(Value::Array),
        Val::Obj(members) => {
            let member = |(key, value): (&Val, &Val)| match key {
                Val::TStr(key) => Ok((from_text(key)?, from_jaq(value.clone(), depth + 1)?)),
                _ => Err("an object key that is no string".to_owned()),
            };
            let members = members.iter().map(member).collect::<Result<Vec<_>, String>>()?;
            Ok(Value::Object(members.into_iter().collect()))
        }
    }
}

fn from_text(bytes: &[u8]) -> Result<SmolStr, String> {
    str::from_utf8(bytes).map(SmolStr::new).map_err(|_| "a string that is not UTF-8".to_owned())
}

fn from_number(number: &Num) -> Result<Number, String> {
    let beyond = || format!("the number {number}, which 64 bits do not hold");
    match number {
        Num::Int(integer) => i64::try_from(*integer).map(Number::from).map_err(|_| beyond()),
        Num::BigInt(_) => {
            let text = number.to_string();
            let natural = text.parse::<u64>().map(Number::from);
            natural.or_else(|_| text.parse::<i64>().map(Number::from)).map_err(|_| beyond())
        }
        Num::Float(float) => Number::from_f64(*float)
            .ok_or_else(|| "NaN or an infinity, which JSON does not have".to_owned()),
        // A literal of the program that was never calculated with.
        Num::Dec(text) => match json::read(text.as_bytes(), Limits::default()) {
            Ok(Value::Number(number)) => Ok(number),
            _ => text.parse().ok().and_then(Number::from_f64).ok_or_else(beyond),
        },
    }
}
