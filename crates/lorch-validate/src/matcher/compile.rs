//! From a JSON Schema to the nodes of a matcher.

use std::collections::HashMap;

use lorch_types::{TextRule, text_rules};
use serde_json::{Map, Value as Json};

use super::node::{Field, Node, NodeId, ObjectNode};

/// Keywords that say nothing about a value.
const WORDS: [&str; 7] =
    ["$comment", "$id", "$schema", "default", "definitions", "description", "title"];

/// The nodes of `schema`, and which of them is the whole; `None` where a keyword is not known.
pub(super) fn compile(schema: &Json) -> Option<(Vec<Node>, NodeId)> {
    let mut compiler = Compiler {
        root: schema,
        rules: text_rules(),
        nodes: Vec::new(),
        references: HashMap::new(),
        objects: 0,
    };
    let root = compiler.node(schema)?;
    Some((compiler.nodes, root))
}

struct Compiler<'s> {
    root: &'s Json,
    rules: Vec<TextRule>,
    nodes: Vec<Node>,
    references: HashMap<&'s str, NodeId>,
    objects: usize,
}

impl<'s> Compiler<'s> {
    fn node(&mut self, schema: &'s Json) -> Option<NodeId> {
        if let Some(reference) = schema.get("$ref").and_then(Json::as_str) {
            return self.reference(reference);
        }
        if let Some([only]) = schema.get("allOf").and_then(Json::as_array).map(Vec::as_slice) {
            has_only(schema, &["allOf"])?;
            return self.node(only);
        }
        let node = self.without_reference(schema)?;
        Some(self.add(node))
    }

    fn add(&mut self, node: Node) -> NodeId {
        self.nodes.push(node);
        self.nodes.len() - 1
    }

    fn reference(&mut self, reference: &'s str) -> Option<NodeId> {
        if let Some(node) = self.references.get(reference) {
            return Some(*node);
        }
        // Its place is known before its content, so that a schema may refer to itself.
        let place = self.add(Node::Any);
        self.references.insert(reference, place);
        let target = self.root.pointer(reference.strip_prefix('#')?)?;
        let node = self.without_reference(target)?;
        *self.nodes.get_mut(place)? = node;
        Some(place)
    }

    fn without_reference(&mut self, schema: &'s Json) -> Option<Node> {
        if let Some(options) = schema.get("anyOf").and_then(Json::as_array) {
            has_only(schema, &["anyOf"])?;
            return self.nullable(options);
        }
        if let Some(options) = schema.get("enum").and_then(Json::as_array) {
            has_only(schema, &["enum", "type"])?;
            return listed(options);
        }
        match schema.get("type") {
            None => has_only(schema, &[]).map(|()| Node::Any),
            Some(Json::String(name)) => self.of_type(name, schema),
            Some(Json::Array(names)) => match names.as_slice() {
                [Json::String(name), Json::String(null)] if null == "null" => {
                    let node = self.of_type(name, schema)?;
                    Some(Node::Nullable(self.add(node)))
                }
                _ => None,
            },
            Some(_) => None,
        }
    }

    /// Two alternatives, the second of which is null.
    fn nullable(&mut self, options: &'s [Json]) -> Option<Node> {
        let [option, null] = options else { return None };
        if null.get("type")? != "null" {
            return None;
        }
        self.node(option).map(Node::Nullable)
    }

    fn of_type(&mut self, name: &str, schema: &'s Json) -> Option<Node> {
        match name {
            "boolean" => has_only(schema, &["type"]).map(|()| Node::Boolean),
            "integer" => {
                has_only(schema, &["type", "minimum", "maximum"])?;
                let bound = |keyword, none| schema.get(keyword).map_or(Some(none), Json::as_i64);
                let (least, most) = (bound("minimum", i64::MIN)?, bound("maximum", i64::MAX)?);
                Some(Node::Integer { least, most })
            }
            "number" => {
                has_only(schema, &["type", "minimum", "maximum"])?;
                let bound = |keyword, none| schema.get(keyword).map_or(Some(none), Json::as_f64);
                let least = bound("minimum", f64::NEG_INFINITY)?;
                let most = bound("maximum", f64::INFINITY)?;
                Some(Node::Number { least, most })
            }
            "string" => self.text(schema),
            "array" => self.array(schema),
            "object" => self.object(schema),
            _ => None,
        }
    }

    fn text(&self, schema: &Json) -> Option<Node> {
        let rules: Map<String, Json> = schema
            .as_object()?
            .iter()
            .filter(|(keyword, _)| !WORDS.contains(&keyword.as_str()))
            .map(|(keyword, value)| {
                // A text that may also be null keeps the rule of one that may not.
                let value = if keyword == "type" { "string".into() } else { value.clone() };
                (keyword.clone(), value)
            })
            .collect();
        let (least, most) =
            (count(schema, "minLength", 0)?, count(schema, "maxLength", usize::MAX)?);
        if has_only(schema, &["type", "minLength", "maxLength"]).is_some() {
            let any = least == 0 && most == usize::MAX;
            return Some(if any { Node::Text } else { Node::Length { least, most } });
        }
        let rules = Json::Object(rules);
        let rule = self.rules.iter().find(|rule| rule.schema == rules)?;
        // Texts of one length are plain, and need not be searched for their end.
        let is_fixed = schema.get("maxLength").is_some() && schema.get("not").is_none();
        Some(Node::Rule { holds: rule.holds, length: is_fixed.then_some(most) })
    }

    fn array(&mut self, schema: &'s Json) -> Option<Node> {
        has_only(schema, &["type", "items", "minItems", "maxItems"])?;
        let items = match schema.get("items") {
            Some(items) => self.node(items)?,
            None => self.add(Node::Any),
        };
        let (least, most) = (count(schema, "minItems", 0)?, count(schema, "maxItems", usize::MAX)?);
        Some(Node::Array { items, least, most })
    }

    fn object(&mut self, schema: &'s Json) -> Option<Node> {
        has_only(schema, &["type", "properties", "required", "additionalProperties"])?;
        let properties = schema.get("properties").and_then(Json::as_object);
        let mut fields = Vec::new();
        for (name, value) in properties.into_iter().flatten() {
            let quoted = Json::from(name.as_str()).to_string().into_bytes().into_boxed_slice();
            fields.push(Field { quoted, value: self.node(value)? });
        }
        let others = match schema.get("additionalProperties") {
            Some(Json::Bool(false)) => None,
            Some(Json::Bool(true)) | None => Some(self.add(Node::Any)),
            Some(others) => Some(self.node(others)?),
        };
        let mut required = 0;
        let names = schema.get("required").and_then(Json::as_array);
        for name in names.into_iter().flatten() {
            let name = name.to_string();
            let at = fields.iter().position(|field| *field.quoted == *name.as_bytes())?;
            required |= 1_u64.checked_shl(u32::try_from(at).ok()?)?;
        }
        let number = self.objects;
        self.objects += 1;
        let node = ObjectNode { fields, required, others, number };
        (node.fields.len() <= 64).then_some(Node::Object(node))
    }
}

/// One of the texts, if all options are texts.
fn listed(options: &[Json]) -> Option<Node> {
    let quoted = |option: &Json| {
        option.is_string().then(|| option.to_string().into_bytes().into_boxed_slice())
    };
    options.iter().map(quoted).collect::<Option<_>>().map(Node::Listed)
}

/// Whether `schema` has no keywords but these and such as say nothing.
fn has_only(schema: &Json, keywords: &[&str]) -> Option<()> {
    let is_known = |keyword: &String| {
        keywords.contains(&keyword.as_str()) || WORDS.contains(&keyword.as_str())
    };
    schema.as_object()?.keys().all(is_known).then_some(())
}

fn count(schema: &Json, keyword: &str, none: usize) -> Option<usize> {
    match schema.get(keyword) {
        None => Some(none),
        Some(count) => usize::try_from(count.as_u64()?).ok(),
    }
}
