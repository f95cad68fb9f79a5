//! The list of all schemas, in the form of SchemaStore, for editors and other tools.

use lorch_types::Kind;
use serde_json::{Map, Value as Json, json};

use crate::embedded::embedded_schema;

/// `catalog.json`: the schemas of all kinds, with addresses relative to the folder that it stands in.
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
    let schema: Json = serde_json::from_str(embedded_schema(kind)).unwrap_or_default();
    let mut entry = Map::new();
    entry.insert("name".into(), format!("lorch {kind}").into());
    entry.insert("description".into(), schema.get("description").cloned().unwrap_or_default());
    if !kind.file_patterns().is_empty() {
        entry.insert("fileMatch".into(), kind.file_patterns().into());
    }
    entry.insert("url".into(), kind.schema_path().into());
    Json::Object(entry)
}
