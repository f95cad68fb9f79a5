//! Documents for every schema: made as it describes them, and then broken in some ways.

use lorch_backends::{check_params, ops};
use lorch_types::job::DispatchOp;
use lorch_types::json::{Limits, Value, read};
use lorch_types::schema::document_schema;
use lorch_types::{InvalidId, Kind};
use lorch_validate::Validator;
use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::{Value as Json, json};

use crate::sample::sample;

/// What a schema describes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// A kind of document.
    Document(Kind),
    /// The parameters of an operation.
    Params(&'static str),
}

impl Subject {
    /// Everything that has a schema.
    pub fn all() -> Vec<Self> {
        let documents = Kind::ALL.into_iter().map(Self::Document);
        documents.chain(ops().iter().map(|spec| Self::Params(spec.op))).collect()
    }

    /// Where its schema stands beneath `schemas/`.
    pub fn schema_path(self) -> String {
        match self {
            Self::Document(kind) => kind.schema_path().to_owned(),
            Self::Params(op) => format!("ops/{op}.schema.json"),
        }
    }

    /// Its schema, as it is generated from its type.
    pub fn schema(self) -> Json {
        match self {
            Self::Document(kind) => document_schema(kind),
            Self::Params(op) => {
                let spec = ops().into_iter().find(|spec| spec.op == op);
                spec.map(|spec| (spec.schema)()).unwrap_or_default()
            }
        }
    }

    /// Texts of values that are meant to be one: about half of them valid, most of the others
    /// broken in one place.
    pub fn texts(self) -> BoxedStrategy<String> {
        let schema = self.schema();
        let broken = prop::collection::vec((any::<Index>(), change()), 0..=2);
        (sample(&schema, &schema), broken)
            .prop_map(|(mut value, changes)| {
                for (place, change) in changes {
                    apply(&mut value, place, &change);
                }
                write(&value)
            })
            .boxed()
    }
}

/// Lorch's own judgement of values of one subject.
#[derive(Debug)]
pub enum Judge {
    /// By type, and by schema where that refuses.
    Document(Validator),
    /// As `lorch check` judges params without references.
    Params(DispatchOp),
}

impl Judge {
    /// The judge of values that are meant to be `subject`.
    ///
    /// # Errors
    /// When the operation has no valid name.
    pub fn of(subject: Subject) -> Result<Self, InvalidId> {
        match subject {
            Subject::Document(kind) => Ok(Self::Document(Validator::for_kind(kind))),
            Subject::Params(op) => op.parse().map(Self::Params),
        }
    }

    /// Whether lorch accepts the value that `text` holds.
    pub fn accepts(&self, text: &str) -> bool {
        let Ok(value) = read(text.as_bytes(), Limits::default()) else { return false };
        match (self, value) {
            (Self::Document(validator), value) => validator.validate(&value).is_empty(),
            (Self::Params(op), Value::Object(params)) => check_params(op, &params, &[]).is_empty(),
            (Self::Params(_), _) => false,
        }
    }
}

/// One way to change a value.
#[derive(Clone, Debug)]
enum Change {
    /// Another value stands there.
    Replace(Json),
    /// A member or item is taken out.
    Remove(Index),
    /// A member has another name.
    Rename(Index, String),
    /// There is another member.
    Insert(String, Json),
    /// The last item is there twice.
    Repeat,
    /// A text ends with this.
    Append(&'static str),
    /// A text lacks its last character.
    Shorten,
    /// Letters are in the other case.
    SwapCase,
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        4 => proptest::sample::select(odd_values()).prop_map(Change::Replace),
        2 => any::<Index>().prop_map(Change::Remove),
        1 => (any::<Index>(), "[a-z_]{1,8}").prop_map(|(at, name)| Change::Rename(at, name)),
        1 => ("[a-z_]{1,8}", proptest::sample::select(odd_values()))
            .prop_map(|(name, value)| Change::Insert(name, value)),
        1 => Just(Change::Repeat),
        3 => proptest::sample::select(vec!["\n", " ", "x", "0", "/a", "\u{e9}", "\r", "\u{2028}"])
            .prop_map(Change::Append),
        1 => Just(Change::Shorten),
        1 => Just(Change::SwapCase),
    ]
}

/// Values at the edges of what types, patterns and bounds allow.
///
/// A text `#1.0#` stands for the number as it is spelt.
fn odd_values() -> Vec<Json> {
    let texts = [
        "",
        " ",
        "\n",
        "a",
        "A",
        "#1#",
        "#1.0#",
        "#1e0#",
        "#10e-1#",
        "#-0#",
        "#0.0#",
        "#1.5#",
        "#-1#",
        "#9007199254740991#",
        "#9007199254740992#",
        "#9007199254740991.0#",
        "#4294967296#",
        "#1e15#",
        "run",
        "semantic",
        "explicit",
        "write.upsert",
        "query.rows",
        "job.run",
        "compute.llm",
        "write.Upsert",
        "write.",
        "job.runs",
        "xwrite.a",
        "envelope",
        "run_id",
        "a/b",
        "a//b",
        "a/envelope",
        "/a",
        "a/",
        "a..b",
        "a.b",
        ".a",
        "-a",
        "9a",
        "data_plane",
        "compute",
        "DATA_PLANE",
        "01KADE3Q6BZ5T8V0X2Y4W6R9SN",
        "01kade3q6bz5t8v0x2y4w6r9sn",
        "81KADE3Q6BZ5T8V0X2Y4W6R9SN",
        "01KADE3Q6BZ5T8V0X2Y4W6R9SI",
        "2025-10-20T14:08:18.123Z",
        "2024-02-29T00:00:00Z",
        "2023-02-29T00:00:00Z",
        "1900-02-29T00:00:00Z",
        "2000-02-29T23:59:59+14:00",
        "0000-02-29T00:00:00Z",
        "2025-04-31T00:00:00Z",
        "2025-12-31T23:59:60Z",
        "2025-12-31T24:00:00Z",
        "2025-12-31t00:00:00Z",
        "2025-12-31 00:00:00Z",
        "2025-12-31T00:00:00",
        "2025-12-31T00:00:00z",
        "2025-12-31T00:00:00.Z",
        "2025-12-31T00:00:00.123456789-00:00",
        "2025-12-31T00:00:00.1234567890Z",
        "2025-1-1T0:0:0Z",
        "+12025-01-01T00:00:00Z",
        "2025-12-31T00:00:00Z\n",
        "2025-12-31T00:00:00+24:00",
        "\u{0662}025-12-31T00:00:00Z",
        "\u{1f600}",
        "@payload.x",
        "${@ctx.a}",
    ];
    let digest = "4d5472b4fa9410b350106963b3d59d6b8ddbe7e464eb887caac087b801987215";
    let repeated = [1, 64, 65, 128, 129].map(|count| json!("a".repeat(count)));
    let wide = [64, 65, 128, 129].map(|count| json!("\u{1f600}".repeat(count)));
    let digests = [
        json!(format!("sha256:{digest}")),
        json!(format!("sha256:{digest}0")),
        json!(format!("sha256:{}", digest.to_uppercase())),
        json!(format!("sha256:{digest}\n")),
        json!(format!("ik:{digest}")),
        json!("sha256:abc123..."),
    ];
    let others = [
        json!(null),
        json!(true),
        json!(false),
        json!([]),
        json!({}),
        json!([null]),
        json!(["a"]),
        json!({"scope": "run"}),
        json!({"scope": "semantic"}),
        json!({"scope": {"run": null}}),
        json!({"scope": "semantic", "semantic_key_ref": "@payload.x"}),
        json!({"scope": "semantic", "semantic_key": null, "include_payload_hash": false}),
        json!({"code": "io", "message": "x"}),
        json!({"eq": 1}),
        json!({"eq": 1, "like": "a"}),
    ];
    let texts = texts.into_iter().map(Json::from);
    texts.chain(repeated).chain(wide).chain(digests).chain(others).collect()
}

/// Changes one value of `document`, if the change fits it.
fn apply(document: &mut Json, place: Index, change: &Change) {
    let mut pointers = Vec::new();
    pointers_of(document, String::new(), &mut pointers);
    let pointer = place.get(&pointers);
    let Some(target) = document.pointer_mut(pointer) else { return };
    match (change, target) {
        (Change::Replace(value), target) => *target = value.clone(),
        (Change::Remove(at), Json::Object(members)) if !members.is_empty() => {
            let key = at.get(&members.keys().cloned().collect::<Vec<_>>()).clone();
            members.remove(&key);
        }
        (Change::Remove(at), Json::Array(items)) if !items.is_empty() => {
            items.remove(at.index(items.len()));
        }
        (Change::Rename(at, name), Json::Object(members)) if !members.is_empty() => {
            let key = at.get(&members.keys().cloned().collect::<Vec<_>>()).clone();
            let value = members.remove(&key).unwrap_or_default();
            members.insert(name.clone(), value);
        }
        (Change::Insert(name, value), Json::Object(members)) => {
            members.insert(name.clone(), value.clone());
        }
        (Change::Repeat, Json::Array(items)) => items.extend(items.last().cloned()),
        (Change::Append(more), Json::String(text)) => text.push_str(more),
        (Change::Shorten, Json::String(text)) => drop(text.pop()),
        (Change::SwapCase, Json::String(text)) => {
            let swapped = |c: char| {
                if c.is_ascii_lowercase() { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() }
            };
            *text = text.chars().map(swapped).collect();
        }
        _ => {}
    }
}

/// The pointers to `value` and everything in it.
fn pointers_of(value: &Json, at: String, out: &mut Vec<String>) {
    match value {
        Json::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                pointers_of(item, format!("{at}/{index}"), out);
            }
        }
        Json::Object(members) => {
            for (key, member) in members {
                let key = key.replace('~', "~0").replace('/', "~1");
                pointers_of(member, format!("{at}/{key}"), out);
            }
        }
        _ => {}
    }
    out.push(at);
}

/// The value as text; numbers that are spelt out stand as they are.
fn write(value: &Json) -> String {
    let mut out = String::new();
    let text = value.to_string();
    let mut rest = text.as_str();
    while let Some((before, after)) = rest.split_once("\"#") {
        out.push_str(before);
        match after.split_once("#\"") {
            Some((number, after)) if number.parse::<f64>().is_ok() => {
                out.push_str(number);
                rest = after;
            }
            _ => {
                out.push_str("\"#");
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}
