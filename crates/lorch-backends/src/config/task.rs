//! The tasks that agents do.

use lorch_types::agent::ExpectedOutput;
use lorch_types::json::{Object, Value};
use serde::de::Error;
use serde::{Deserialize, Deserializer};

/// `[tasks.T-0042]`: what a task is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Task {
    /// The inputs of its commands: the `goal`, and every further key.
    pub inputs: Object,
    /// The files that a builder should produce.
    pub expected_outputs: Vec<ExpectedOutput>,
}

/// The inputs that lorch gives itself.
const RESERVED: [&str; 3] = ["round", "feedback", "replies"];
/// How many bytes inputs may have; a command must fit on a line.
const MAX_INPUT_BYTES: usize = 64 * 1024;

impl<'de> Deserialize<'de> for Task {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Outputs {
            #[serde(default)]
            expected_outputs: Vec<ExpectedOutput>,
        }
        let table = toml::Table::deserialize(deserializer)?;
        let outputs = table.clone().try_into::<Outputs>().map_err(D::Error::custom)?;
        let mut inputs = Object::new();
        for (key, value) in table.into_iter().filter(|(key, _)| key != "expected_outputs") {
            if RESERVED.contains(&key.as_str()) {
                let message = format!("`{key}` is an input that lorch gives itself");
                return Err(D::Error::custom(message));
            }
            let value: Value = value.try_into().map_err(D::Error::custom)?;
            inputs.insert(key, value);
        }
        if inputs.get("goal").and_then(Value::as_str).is_none_or(str::is_empty) {
            return Err(D::Error::custom("a task needs a `goal`, which is a text"));
        }
        if Value::Object(inputs.clone()).to_string().len() > MAX_INPUT_BYTES {
            let message = format!("the inputs have more than {MAX_INPUT_BYTES} bytes");
            return Err(D::Error::custom(message));
        }
        Ok(Self { inputs, expected_outputs: outputs.expected_outputs })
    }
}
