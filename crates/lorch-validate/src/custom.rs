//! The judge of anybody's documents, by a schema of their own.

use std::io::{self, Read};

use lorch_types::diagnostic::Source;
use lorch_types::json::{self, Limits, ReadError, Value};

use crate::document::Verdict;
use crate::matcher::Matcher;
use crate::schema::Schema;
use crate::stream::{Line, Rules, StreamOptions, StreamSummary, validate_lines};
use crate::unusable::UnusableSchema;
use crate::violation::Violation;

/// Judges documents by a Draft-07 schema that somebody else wrote.
///
/// Whatever the schema says, no address and no file is opened, and patterns are matched in linear
/// time. `format` is checked for the formats of the draft.
#[derive(Debug)]
pub struct CustomValidator {
    schema: Schema,
}

impl CustomValidator {
    /// The judge by `schema`.
    ///
    /// # Errors
    /// When it is no schema of Draft-07, leads out of itself, or has a pattern that cannot be matched
    /// in linear time.
    pub fn new(schema: &Value) -> Result<Self, UnusableSchema> {
        if let Some(draft) = schema.get("$schema").and_then(Value::as_str)
            && !is_draft_7(draft)
        {
            return Err(UnusableSchema::of_other_draft(draft));
        }
        Ok(Self { schema: Schema::compile_custom(schema.clone().into())? })
    }

    /// Every rule that `document` breaks, ordered by their pointers; none when it is valid.
    pub fn validate(&self, document: &Value) -> Vec<Violation> {
        self.schema.violations(document)
    }

    /// Every rule that the document breaks which `text` holds as JSON; none when it is valid.
    ///
    /// # Errors
    /// When `text` is no JSON that the strict reader takes, with the place.
    pub fn validate_text(&self, text: &[u8], limits: Limits) -> Result<Vec<Violation>, ReadError> {
        Ok(self.validate(&json::read(text, limits)?))
    }

    /// What is wrong with the document that `source` holds, each with its place.
    pub fn validate_document(&self, source: &Source, limits: Limits) -> Verdict {
        Verdict::of(source, limits, |document| (Ok(None), self.validate(document)))
    }

    /// Judges every line of `reader` as [`validate_stream`](crate::validate_stream) does; the kind in
    /// `options` means nothing here.
    ///
    /// # Errors
    /// When reading fails, or `on_invalid` does.
    pub fn validate_stream(
        &self,
        reader: impl Read + Send,
        options: &StreamOptions,
        on_invalid: impl FnMut(Line) -> io::Result<()>,
    ) -> io::Result<StreamSummary> {
        validate_lines(reader, options, Rules::Custom(self), on_invalid)
    }

    /// A matcher of documents that are valid, if the schema allows one.
    pub(crate) fn matcher(&self) -> Option<Matcher> {
        Matcher::compile(self.schema.text())
    }
}

fn is_draft_7(draft: &str) -> bool {
    let draft = draft.strip_suffix('#').unwrap_or(draft);
    draft
        .strip_prefix("http://")
        .or_else(|| draft.strip_prefix("https://"))
        .is_some_and(|draft| draft == "json-schema.org/draft-07/schema")
}
