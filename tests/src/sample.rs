//! Values that a JSON Schema describes.

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use proptest::string::string_regex;
use serde_json::{Map, Value as Json, json};

/// Values that keep the rules of `schema` (a part of `root`), except that `not` and rules between
/// fields are left to chance: most values are valid.
pub(crate) fn sample(schema: &Json, root: &Json) -> BoxedStrategy<Json> {
    let part = |keyword: &str| schema.get(keyword);
    if let Some(reference) = part("$ref").and_then(Json::as_str) {
        let target = root.pointer(reference.trim_start_matches('#'));
        return target.map_or_else(anything, |target| sample(target, root));
    }
    if let Some([only]) = part("allOf").and_then(Json::as_array).map(Vec::as_slice) {
        return sample(only, root);
    }
    if let Some(options) = part("anyOf").or(part("oneOf")).and_then(Json::as_array)
        && part("type").is_none()
    {
        return one_of(options.iter().map(|option| sample(option, root)));
    }
    if let Some(options) = part("enum").and_then(Json::as_array) {
        return proptest::sample::select(options.clone()).boxed();
    }
    if let Some(constant) = part("const") {
        return Just(constant.clone()).boxed();
    }
    match part("type") {
        Some(Json::String(name)) => of_type(name, schema, root),
        Some(Json::Array(names)) => {
            one_of(names.iter().filter_map(Json::as_str).map(|name| of_type(name, schema, root)))
        }
        _ => anything(),
    }
}

fn one_of(options: impl Iterator<Item = BoxedStrategy<Json>>) -> BoxedStrategy<Json> {
    proptest::strategy::Union::new(options).boxed()
}

fn of_type(name: &str, schema: &Json, root: &Json) -> BoxedStrategy<Json> {
    let number = |keyword: &str| schema.get(keyword).and_then(Json::as_i64);
    match name {
        "null" => Just(Json::Null).boxed(),
        "boolean" => any::<bool>().prop_map(Json::from).boxed(),
        "integer" | "number" => {
            let least = number("minimum").unwrap_or(-1000);
            let most = number("maximum").unwrap_or(1000);
            prop_oneof![Just(least), least..=least.saturating_add(20).min(most), Just(most)]
                .prop_map(Json::from)
                .boxed()
        }
        "string" => text(schema),
        "array" => {
            let least = number("minItems").and_then(|it| usize::try_from(it).ok()).unwrap_or(0);
            let items = schema.get("items").map_or_else(anything, |items| sample(items, root));
            vec(items, least..=least + 2).prop_map(Json::from).boxed()
        }
        _ => object(schema, root),
    }
}

fn text(schema: &Json) -> BoxedStrategy<Json> {
    let length = |keyword: &str| schema.get(keyword).and_then(Json::as_u64);
    let pattern = schema.get("pattern").and_then(Json::as_str);
    let pattern = pattern.and_then(|it| it.strip_prefix('^')?.strip_suffix('$'));
    if let Some(Ok(strategy)) = pattern.map(string_regex) {
        return strategy.prop_map(Json::from).boxed();
    }
    let (least, most) = (length("minLength").unwrap_or(0), length("maxLength").unwrap_or(8));
    let bounds = |count: u64| usize::try_from(count.min(200)).unwrap_or(200);
    vec(any::<char>(), bounds(least)..=bounds(most))
        .prop_map(|characters| Json::from(characters.into_iter().collect::<String>()))
        .boxed()
}

/// An object with the required fields, some of the others, and more where any are allowed.
fn object(schema: &Json, root: &Json) -> BoxedStrategy<Json> {
    let required = schema.get("required").and_then(Json::as_array);
    let is_required = |field: &str| {
        required.is_some_and(|required| required.iter().any(|it| it.as_str() == Some(field)))
    };
    let mut members = Just(Map::new()).boxed();
    let properties = schema.get("properties").and_then(Json::as_object);
    for (field, rules) in properties.into_iter().flatten() {
        let field = field.clone();
        let value = sample(rules, root);
        let value = match is_required(&field) {
            true => value.prop_map(Some).boxed(),
            false => proptest::option::weighted(0.4, value).boxed(),
        };
        members = (members, value)
            .prop_map(move |(mut members, value)| {
                members.extend(value.map(|value| (field.clone(), value)));
                members
            })
            .boxed();
    }
    let further = match schema.get("additionalProperties") {
        Some(Json::Bool(false)) => return members.prop_map(Json::Object).boxed(),
        Some(rules) => sample(rules, root),
        None => anything(),
    };
    (members, btree_map("[a-z/~ ]{1,4}", further, 0..=2))
        .prop_map(|(mut members, further)| {
            members.extend(further);
            Json::Object(members)
        })
        .boxed()
}

/// Any small value, with texts that mean something elsewhere.
fn anything() -> BoxedStrategy<Json> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<i64>().prop_map(Json::from),
        (-1e9..1e9).prop_map(|float: f64| json!(float)),
        any::<String>().prop_map(Json::from),
        Just(json!("@run.read.rows")),
    ];
    leaf.prop_recursive(2, 8, 3, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..3).prop_map(Json::from),
            btree_map("[a-z]{1,3}", inner, 0..3)
                .prop_map(|it| Json::Object(it.into_iter().collect())),
        ]
    })
    .boxed()
}
