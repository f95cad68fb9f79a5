//! Tests of the documents, the readers and the identifiers from outside.

mod corpus;
mod json_corpus;
mod reference;
mod template;
mod yaml;
mod yaml_corpus;
