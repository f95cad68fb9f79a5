//! The list of all schemas, in the form of SchemaStore, for editors and other tools.

use lorch_types::Kind;
use lorch_types::schema::document_schema;
use serde_json::{Map, Value as Json, json};

/// `catalog.json`: the schemas of all kinds, with addresses relative to the folder that it stands in.
///
/// It is rendered from the types, so that it is written in one go with the schemas that they give.
pub fn catalog() -> String {
    let schemas: Vec<Json> = Kind::ALL.into_iter().map(entry).collect();
    let catalog = json!({
        "$schema": "https://json.schemastore.org/schema-catalog.json",
        "version": 1,
        "schemas": schemas,
    });
    format!("{catalog:#}\n")
}

fn entry(kind: Kind) -> Json {
    let schema = document_schema(kind);
    let mut entry = Map::new();
    entry.insert("name".into(), format!("lorch {kind}").into());
    entry.insert("description".into(), schema.get("description").cloned().unwrap_or_default());
    if !kind.file_patterns().is_empty() {
        entry.insert("fileMatch".into(), kind.file_patterns().into());
    }
    entry.insert("url".into(), kind.schema_path().into());
    Json::Object(entry)
}
