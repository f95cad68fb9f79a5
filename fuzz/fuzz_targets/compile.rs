//! Compiling is deterministic, leaves no live `@ctx` or `@payload`, and gives an instance that can be
//! read back; what is wrong can be shown. The text is a definition in YAML, and after a line `===`
//! the payload.

#![no_main]

use libfuzzer_sys::fuzz_target;
use lorch_compile::{Definitions, FindError, Found, Inputs, compile, read_definition};
use lorch_types::diagnostic::{Color, Format, Source, render};
use lorch_types::job::{JobId, JobInstance};
use lorch_types::json::{self, Limits, Value, canonical};
use lorch_types::reference::Root;
use lorch_types::template::Expression;
use lorch_types::{Timestamp, yaml};

const CTX: &str = r#"{"region":"eu","day":"2026-11-20","n":3,"on":true,"none":null,"list":[1,"@run.a",{"k":"${@ctx.x}"}]}"#;
const CHILD: &str = r#"{"job_id":"child","version":"1","steps":[
    {"step_id":"first","op":"query.rows","params":{"x":"@payload.x","list":["${@payload.y}"]}},
    {"step_id":"second","op":"write.insert","params":{"rows":"@run.first.rows","r":"@ctx.region"},
     "if":"has(@payload.x)"}]}"#;

/// The definition itself under its own name, and one child.
struct Jobs<'a>(&'a Value);

impl Definitions for Jobs<'_> {
    fn find(&self, job_id: &JobId) -> Result<Found, FindError> {
        let child = json::read(CHILD.as_bytes(), Limits::default()).expect("JSON");
        let named = [self.0.clone(), child].into_iter().find(|definition| {
            definition.get("job_id").and_then(Value::as_str) == Some(job_id.as_str())
        });
        let not_found = FindError::NotFound { candidates: Vec::new() };
        let definition = named.and_then(|it| read_definition(&it).ok()).ok_or(not_found)?;
        Ok(Found { name: job_id.as_str().into(), definition })
    }
}

fuzz_target!(|text: &str| {
    let (definition, payload) = text.split_once("\n===\n").unwrap_or((text, "{}"));
    let Ok(document) = yaml::read(definition.as_bytes(), Limits::default()) else { return };
    let Ok(payload) = json::read(payload.as_bytes(), Limits::default()) else { return };
    let source =
        || Source { name: "job.yaml".into(), text: definition.into(), format: Format::Yaml };
    let read = match read_definition(&document) {
        Ok(read) => read,
        Err(diagnostics) => {
            assert!(!diagnostics.is_empty());
            assert!(!render(&diagnostics, &[source()], Color::Never).is_empty());
            return;
        }
    };
    let ctx = json::read(CTX.as_bytes(), Limits::default()).expect("JSON");
    let compiled_at: Timestamp = "2026-11-20T00:00:00Z".parse().expect("a timestamp");
    let limits = Limits { max_bytes: 1 << 16 };
    let inputs =
        Inputs { ctx: &ctx, payload: &payload, definitions: &Jobs(&document), compiled_at, limits };
    let compiled = compile(&read, &inputs);
    assert_eq!(compile(&read, &inputs), compiled);
    match compiled {
        Ok(compiled) => {
            let value = json::to_value(&compiled.instance).expect("a document");
            let text = canonical(&value);
            assert!(text.len() <= limits.max_bytes);
            let again = json::read(text.as_bytes(), limits).expect("what is written can be read");
            assert_eq!(json::from_value::<JobInstance>(&again).as_ref(), Ok(&compiled.instance));
            for step in &compiled.instance.steps {
                step.params.values().for_each(nothing_live);
            }
            let _ = render(&compiled.warnings, &[source()], Color::Never);
        }
        Err(diagnostics) => {
            assert!(!diagnostics.is_empty());
            assert!(!render(&diagnostics, &[source()], Color::Never).is_empty());
        }
    }
});

/// No `@ctx` and no `@payload` is left to be resolved.
fn nothing_live(value: &Value) {
    match value {
        Value::String(text) => {
            let expression = Expression::parse_compiled(text).expect("an expression");
            for reference in expression.references() {
                assert!(matches!(reference.root(), Root::Run | Root::Secret), "{text}");
            }
        }
        Value::Array(items) => items.iter().for_each(nothing_live),
        Value::Object(object) => object.values().for_each(nothing_live),
        _ => {}
    }
}
