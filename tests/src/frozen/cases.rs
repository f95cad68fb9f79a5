//! The documents that follow from one that has every field: each differs from the least valid
//! document in one thing.

use std::collections::BTreeSet;

use serde_json::{Map, Value as Json, json};

use super::texts::texts;

/// One document, and whether it is meant to be valid; `None` where another rule may decide.
pub(super) struct Case {
    pub(super) name: String,
    pub(super) document: Json,
    pub(super) valid: Option<bool>,
}

/// Of an identifier that was tried elsewhere, how many texts are tried: enough to see that it is one.
const TRIED_AGAIN: usize = 3;

/// Every field missing, null, of another type; every listed value and one that is not listed; every
/// bound and what is just beyond; every pattern kept and broken.
///
/// What is in `tried` is an identifier that documents of other kinds try in full.
pub(super) fn cases(schema: &Json, full: &Json, tried: BTreeSet<String>) -> Vec<Case> {
    let mut maker = Maker { root: schema, full, cases: Vec::new(), tried };
    maker.case("least".into(), maker.least(schema, full), Some(true));
    maker.case("no object".into(), json!([full]), Some(false));
    maker.object(schema, full, "");
    maker.cases
}

struct Maker<'s> {
    root: &'s Json,
    full: &'s Json,
    cases: Vec<Case>,
    /// The identifiers whose rule was tried in full already.
    tried: BTreeSet<String>,
}

impl<'s> Maker<'s> {
    /// The values that may stand at `at`, where `value` does in the full document.
    fn value(&mut self, schema: &'s Json, value: &'s Json, at: &str) {
        let (schema, nullable) = resolved(self.root, schema);
        self.set(at, Json::Null, Some(nullable));
        if let Some(listed) = schema.get("enum").and_then(Json::as_array) {
            return self.listed(listed, at);
        }
        match schema.get("type").and_then(Json::as_str) {
            Some("string") => self.text(schema, at),
            Some("integer") => self.number(schema, at, 1.0),
            Some("number") => self.number(schema, at, 0.5),
            Some("boolean") => self.several(at, [true, false], ["true", ""]),
            Some("array") => self.array(schema, value, at),
            Some("object") => self.object(schema, value, at),
            // Anything but null, or anything at all.
            _ => self.several(at, [json!(false), json!([])], [] as [Json; 0]),
        }
    }

    fn listed(&mut self, listed: &[Json], at: &str) {
        for value in listed {
            self.set(at, value.clone(), None);
        }
        let first = listed.first().and_then(Json::as_str).unwrap_or_default();
        self.several(at, [] as [Json; 0], [json!(format!("{first}x")), json!(1), json!("")]);
        self.set(at, json!(first.to_uppercase()), Some(false));
    }

    fn text(&mut self, schema: &'s Json, at: &str) {
        self.several(at, [] as [Json; 0], [json!(1), json!(["a"])]);
        let title = schema.get("title").and_then(Json::as_str).unwrap_or_default();
        if let Some((valid, invalid)) = texts(title) {
            // Whether the operation fits the rest of the document is another matter.
            let expected = (title != "operation").then_some(true);
            let most = if self.tried.insert(title.to_owned()) { usize::MAX } else { TRIED_AGAIN };
            let (valid, invalid) = (valid.into_iter().take(most), invalid.into_iter().take(most));
            valid.for_each(|text| self.set(at, text.into(), expected));
            invalid.for_each(|text| self.set(at, text.into(), Some(false)));
        }
        let patterned = schema.get("pattern").is_some();
        let bound = |keyword| schema.get(keyword).and_then(Json::as_u64);
        let wide = |length: u64| json!("\u{e9}".repeat(usize::try_from(length).unwrap_or(0)));
        if let Some(least) = bound("minLength") {
            self.set(at, wide(least), Some(true));
            self.set(at, wide(least - 1), Some(false));
        } else if !patterned {
            self.set(at, json!(""), Some(true));
        }
        // A pattern of fixed length has the length only to keep a line feed out.
        let is_path = title == "path in a workspace";
        if let Some(most) = bound("maxLength").filter(|_| !patterned || is_path) {
            self.set(at, wide(most), Some(true));
            self.set(at, wide(most + 1), Some(false));
        }
    }

    fn number(&mut self, schema: &Json, at: &str, step: f64) {
        let whole = step >= 1.0;
        self.several(at, [] as [Json; 0], [json!("1"), json!([1])]);
        self.set(at, json!(1.0), Some(true));
        self.set(at, json!(1.5), Some(!whole));
        let exact =
            |bound: f64| if bound.fract() == 0.0 { whole_number(bound) } else { json!(bound) };
        if let Some(least) = schema.get("minimum").and_then(Json::as_f64) {
            self.set(at, exact(least), Some(true));
            self.set(at, exact(least - step), Some(false));
            self.set(at, exact(least + step), Some(true));
        }
        match schema.get("maximum").and_then(Json::as_f64) {
            Some(most) => {
                self.set(at, exact(most), Some(true));
                self.set(at, exact(most - step), Some(true));
                self.set(at, exact(most + step), Some(false));
            }
            None => self.set(at, json!(1e300), Some(true)),
        }
    }

    fn array(&mut self, schema: &'s Json, value: &'s Json, at: &str) {
        let least = schema.get("minItems").and_then(Json::as_u64).unwrap_or(0);
        self.several(at, [] as [Json; 0], [json!({}), json!("a")]);
        self.set(at, json!([]), Some(least == 0));
        if let (Some(items), Some(first)) = (schema.get("items"), value.get(0)) {
            let two = [first, first].map(|item| self.least(items, item));
            self.set(at, json!(two), Some(true));
            self.value(items, first, &format!("{at}/0"));
        }
    }

    fn object(&mut self, schema: &'s Json, value: &'s Json, at: &str) {
        if !at.is_empty() {
            self.several(at, [] as [Json; 0], [json!([]), json!("a")]);
        }
        let Some(fields) = schema.get("properties").and_then(Json::as_object) else {
            return self.map(schema, value, at);
        };
        self.set(&format!("{at}/surplus"), json!(1), Some(false));
        for (field, rules) in fields {
            let place = format!("{at}/{}", escaped(field));
            let Some(present) = value.get(field) else { continue };
            if is_required(schema, field) {
                let document = self.without(at, field);
                self.case(format!("no {place}"), document, Some(false));
            } else {
                self.set(&place, self.least(rules, present), Some(true));
            }
            self.value(rules, present, &place);
        }
    }

    /// An object whose keys are free.
    fn map(&mut self, schema: &'s Json, value: &'s Json, at: &str) {
        self.set(at, json!({}), Some(true));
        let first = value.as_object().and_then(|members| members.iter().next());
        let Some((key, member)) = first else { return };
        match schema.get("additionalProperties") {
            Some(rules) if rules.is_object() => {
                self.value(rules, member, &format!("{at}/{}", escaped(key)));
            }
            _ => self.set(at, json!({ "any key": [null, { "a": 1.5 }] }), Some(true)),
        }
    }

    fn several<V: Into<Json>, I: Into<Json>, const N: usize, const M: usize>(
        &mut self,
        at: &str,
        valid: [V; N],
        invalid: [I; M],
    ) {
        valid.into_iter().for_each(|value| self.set(at, value.into(), Some(true)));
        invalid.into_iter().for_each(|value| self.set(at, value.into(), Some(false)));
    }

    /// The least document, with `value` at `at`.
    fn set(&mut self, at: &str, value: Json, valid: Option<bool>) {
        let name = format!("{at} = {}", shown(&value));
        let (around, last) = at.rsplit_once('/').unwrap_or(("", at));
        let mut document = self.least(self.root, self.full);
        self.make(&mut document, around);
        put(document.pointer_mut(around), &last.replace("~1", "/").replace("~0", "~"), value);
        self.case(name, document, valid);
    }

    fn case(&mut self, name: String, document: Json, valid: Option<bool>) {
        if self.cases.iter().all(|case| case.name != name) {
            self.cases.push(Case { name, document, valid });
        }
    }

    /// The least document with what stands at `around`, but for its field `field`.
    fn without(&self, around: &str, field: &str) -> Json {
        let mut document = self.least(self.root, self.full);
        self.make(&mut document, around);
        if let Some(object) = document.pointer_mut(around).and_then(Json::as_object_mut) {
            object.remove(field);
        }
        document
    }

    /// Puts everything on the way to `at` into the document, each the least that it may be.
    fn make(&self, document: &mut Json, at: &str) {
        let mut schema = self.root;
        let mut pointer = String::new();
        for token in at.split('/').skip(1) {
            let parent = pointer.clone();
            pointer = format!("{pointer}/{token}");
            let (around, _) = resolved(self.root, schema);
            let key = token.replace("~1", "/").replace("~0", "~");
            let field = around.get("properties").and_then(|fields| fields.get(&key));
            let more = || around.get("items").or_else(|| around.get("additionalProperties"));
            let Some(rules) = field.or_else(more) else { return };
            schema = rules;
            if document.pointer(&pointer).is_none()
                && let Some(value) = self.full.pointer(&pointer)
            {
                put(document.pointer_mut(&parent), &key, self.least(rules, value));
            }
        }
    }

    /// As little of `value` as `schema` allows.
    fn least(&self, schema: &Json, value: &Json) -> Json {
        let (schema, _) = resolved(self.root, schema);
        match value {
            Json::Object(members) => {
                let fields = schema.get("properties");
                let kept = members.iter().filter(|(name, _)| is_required(schema, name));
                let kept = kept.map(|(name, value)| {
                    let rules = fields.and_then(|fields| fields.get(name)).unwrap_or(&Json::Null);
                    (name.clone(), self.least(rules, value))
                });
                Json::Object(kept.collect::<Map<_, _>>())
            }
            Json::Array(items) => {
                let least = schema.get("minItems").and_then(Json::as_u64).unwrap_or(0);
                let rules = schema.get("items").unwrap_or(&Json::Null);
                let least = usize::try_from(least).unwrap_or(0);
                items.iter().take(least).map(|item| self.least(rules, item)).collect()
            }
            other => other.clone(),
        }
    }
}

/// The schema behind references, and whether null will do as well.
fn resolved<'s>(root: &'s Json, mut schema: &'s Json) -> (&'s Json, bool) {
    let mut nullable = false;
    loop {
        let reference = schema.get("$ref").and_then(Json::as_str);
        let alternatives = schema.get("anyOf").and_then(Json::as_array);
        let wrapped = schema.get("allOf").and_then(|all| all.get(0));
        schema = if let Some(reference) = reference {
            let found = root.pointer(reference.trim_start_matches('#'));
            let Some(found) = found else { return (schema, nullable) };
            found
        } else if let Some([value, _null]) = alternatives.map(Vec::as_slice) {
            nullable = true;
            value
        } else if let Some(wrapped) = wrapped {
            wrapped
        } else {
            return (schema, nullable);
        };
    }
}

fn is_required(schema: &Json, field: &str) -> bool {
    let required = schema.get("required").and_then(Json::as_array);
    required.is_some_and(|required| required.iter().any(|name| name == field))
}

fn put(around: Option<&mut Json>, key: &str, value: Json) {
    match around {
        Some(Json::Object(members)) => drop(members.insert(key.to_owned(), value)),
        Some(Json::Array(items)) => {
            match key.parse::<usize>().ok().and_then(|at| items.get_mut(at)) {
                Some(item) => *item = value,
                None => items.push(value),
            }
        }
        _ => {}
    }
}

/// A number without a fraction, as an integer.
fn whole_number(number: f64) -> Json {
    format!("{number}").parse::<i64>().map_or_else(|_| json!(number), Json::from)
}

fn escaped(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

/// The value as JSON, cut short.
fn shown(value: &Json) -> String {
    const SHOWN: usize = 40;
    let text = value.to_string();
    let length = text.chars().count();
    if length <= 2 * SHOWN {
        return text;
    }
    let head: String = text.chars().take(SHOWN).collect();
    let tail: String = text.chars().skip(length - SHOWN / 4).collect();
    format!("{head}…{tail} ({length} characters)")
}
