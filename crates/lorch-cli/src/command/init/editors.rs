//! What tells editors which schema is that of which files.

use std::fs;
use std::path::Path;

use lorch_types::Kind;
use serde_json::{Map, Value as Json, json};

use super::SCHEMAS;

/// The settings of an editor.
pub(super) struct Editor {
    /// The file that it reads them from.
    pub(super) file: &'static str,
    pub(super) settings: String,
}

impl Editor {
    /// Whether the file that is there names all schemas.
    pub(super) fn is_known_in(&self, root: &Path) -> bool {
        let text = fs::read_to_string(root.join(self.file)).unwrap_or_default();
        mapped().all(|(_, schema, _)| text.contains(&schema))
    }
}

/// The settings of all editors that are known.
pub(super) fn all() -> [Editor; 2] {
    [
        Editor { file: ".vscode/settings.json", settings: vs_code() },
        Editor { file: ".idea/jsonSchemas.xml", settings: jetbrains() },
    ]
}

/// The kinds that have files of their own, with their schema and the patterns of those files.
fn mapped() -> impl Iterator<Item = (Kind, String, &'static [&'static str])> {
    let kinds = Kind::ALL.into_iter().filter(|kind| !kind.file_patterns().is_empty());
    kinds.map(|kind| (kind, format!("{SCHEMAS}/{}", kind.schema_path()), kind.file_patterns()))
}

/// `settings.json` of VS Code: JSON by itself, YAML with the extension of Red Hat.
fn vs_code() -> String {
    let mut json_schemas = Vec::new();
    let mut yaml_schemas = Map::new();
    for (_, schema, patterns) in mapped() {
        let (json, yaml): (Vec<&str>, Vec<&str>) =
            patterns.iter().partition(|pattern| pattern.ends_with(".json"));
        let schema = format!("./{schema}");
        if !yaml.is_empty() {
            yaml_schemas.insert(schema.clone(), yaml.into());
        }
        if !json.is_empty() {
            json_schemas.push(json!({ "fileMatch": json, "url": schema }));
        }
    }
    let settings: Json = json!({ "json.schemas": json_schemas, "yaml.schemas": yaml_schemas });
    format!("{settings:#}\n")
}

/// `jsonSchemas.xml` of JetBrains IDEs; no pattern or name has a character that XML would escape.
fn jetbrains() -> String {
    let mut entries = String::new();
    for (kind, schema, patterns) in mapped() {
        let items: String = patterns.iter().map(|pattern| item(pattern)).collect();
        entries.push_str(&format!(
            "        <entry key=\"lorch {kind}\">\n          <value>\n            <SchemaInfo>\n\
             \x20             <option name=\"name\" value=\"lorch {kind}\" />\n\
             \x20             <option name=\"relativePathToSchema\" value=\"{schema}\" />\n\
             \x20             <option name=\"patterns\">\n                <list>\n{items}\
             \x20               </list>\n              </option>\n            </SchemaInfo>\n\
             \x20         </value>\n        </entry>\n"
        ));
    }
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<project version=\"4\">\n\
         \x20 <component name=\"JsonSchemaMappingsProjectConfiguration\">\n    <state>\n\
         \x20     <map>\n{entries}      </map>\n    </state>\n  </component>\n</project>\n"
    )
}

fn item(pattern: &str) -> String {
    format!(
        "                  <Item>\n                    <option name=\"pattern\" value=\"true\" />\n\
         \x20                   <option name=\"path\" value=\"{pattern}\" />\n\
         \x20                   <option name=\"mappingKind\" value=\"Pattern\" />\n\
         \x20                 </Item>\n"
    )
}
