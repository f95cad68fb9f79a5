//! A JSON Schema, compiled, and what it finds.

use jsonschema::{PatternOptions, ValidationOptions};
use lorch_types::json::Value;
use serde_json::Value as Json;

use crate::explain::{Vocabulary, explain};
use crate::unusable::UnusableSchema;
use crate::violation::Violation;

/// A compiled Draft-07 schema, which reaches for nothing outside itself.
pub(crate) struct Schema {
    text: Json,
    validator: jsonschema::Validator,
    vocabulary: Vocabulary,
}

impl Schema {
    /// Compiles a schema of lorch's own; patterns are matched in linear time whatever they are.
    pub(crate) fn compile(text: Json) -> Result<Self, UnusableSchema> {
        Self::build(text, options().should_validate_formats(false), Vocabulary::Own)
    }

    /// Compiles anybody's schema. As the draft allows, `format` is checked where it is known.
    pub(crate) fn compile_custom(text: Json) -> Result<Self, UnusableSchema> {
        Self::build(text, options(), Vocabulary::Custom)
    }

    fn build(
        text: Json,
        options: ValidationOptions<'_>,
        vocabulary: Vocabulary,
    ) -> Result<Self, UnusableSchema> {
        let validator = options.build(&text).map_err(|error| UnusableSchema::new(&text, error))?;
        Ok(Self { text, validator, vocabulary })
    }

    /// The schema itself.
    pub(crate) fn text(&self) -> &Json {
        &self.text
    }

    /// Everything in `document` that breaks a rule, in the order of [`lorch_types::json`].
    pub(crate) fn violations(&self, document: &Value) -> Vec<Violation> {
        let document = Json::from(document.clone());
        let errors = self.validator.iter_errors(&document);
        explain(&self.text, &document, self.vocabulary, errors)
    }
}

fn options() -> ValidationOptions<'static> {
    jsonschema::draft7::options().offline().with_pattern_options(PatternOptions::regex())
}

impl std::fmt::Debug for Schema {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Schema").field("id", &self.text.get("$id")).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use lorch_types::json::{Limits, read};

    use super::*;

    fn compile(text: &str) -> Result<Schema, UnusableSchema> {
        Schema::compile(serde_json::from_str(text).unwrap())
    }

    #[test]
    fn nothing_outside_a_schema_is_reached_for() {
        for reference in ["http://127.0.0.1:1/x.json", "file:///etc/hostname", "other.json"] {
            let error = compile(&format!(r#"{{"$ref": "{reference}"}}"#)).unwrap_err();
            assert!(error.to_string().contains(reference), "{error}");
        }
    }

    #[test]
    fn patterns_that_need_backtracking_are_refused() {
        for pattern in ["(?=a)", r"(a)\\1"] {
            compile(&format!(r#"{{"pattern": "{pattern}"}}"#)).unwrap_err();
        }
    }

    #[test]
    fn the_test_suite_of_draft_7_is_agreed_with() {
        let Some(corpora) = std::env::var_os("LORCH_CORPORA") else {
            println!("LORCH_CORPORA is not set: the JSON Schema test suite was left out");
            return;
        };
        let folder = PathBuf::from(corpora).join("json-schema-draft7");
        let mut tests = 0;
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            // Its schemas refer to documents on a server.
            let remote = path.file_name().is_some_and(|name| name == "refRemote.json");
            if path.is_file() && !remote {
                tests += agree(&std::fs::read_to_string(&path).unwrap());
            }
        }
        assert!(tests > 800, "only {tests} tests in {}", folder.display());
    }

    /// Runs the groups of one file, and returns how many tests it has.
    #[track_caller]
    fn agree(file: &str) -> usize {
        let groups: Json = serde_json::from_str(file).unwrap();
        let mut count = 0;
        for group in groups.as_array().unwrap() {
            let schema = Schema::compile(group["schema"].clone()).unwrap();
            for test in group["tests"].as_array().unwrap() {
                let text = test["data"].to_string();
                let document = read(text.as_bytes(), Limits::default()).unwrap();
                let accepted = schema.violations(&document).is_empty();
                assert_eq!(
                    accepted, test["valid"],
                    "{}: {}: {text}",
                    group["description"], test["description"]
                );
                count += 1;
            }
        }
        count
    }
}
