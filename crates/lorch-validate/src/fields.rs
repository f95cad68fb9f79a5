//! The fields that documents of each kind have, and how many of them an object has.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use lorch_types::Kind;
use lorch_types::json::Object;
use serde_json::Value as Json;

use crate::embedded::embedded_schema;
use crate::near::nearest;

/// How many unknown fields are looked at for misspelt ones.
const LOOKED_AT: usize = 64;

/// The fields at the top of documents of one kind.
#[derive(Debug)]
pub(crate) struct Fields {
    pub(crate) kind: Kind,
    known: BTreeSet<String>,
    required: BTreeSet<String>,
}

/// How much an object is like documents of a kind.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Likeness {
    /// How many of the kind's required fields it has; misspelt ones count.
    pub(crate) required: usize,
    /// How many of its fields are of that kind; misspelt ones count.
    pub(crate) known: usize,
    /// How many fields the kind requires.
    all_required: usize,
    /// How many fields it has.
    all: usize,
}

static ALL: LazyLock<[Fields; Kind::ALL.len()]> = LazyLock::new(|| Kind::ALL.map(Fields::read));

impl Fields {
    /// Those of all kinds, in the order of the kinds.
    pub(crate) fn all() -> impl DoubleEndedIterator<Item = &'static Self> {
        ALL.iter()
    }

    /// Those of one kind.
    pub(crate) fn of(kind: Kind) -> Option<&'static Self> {
        Self::all().find(|fields| fields.kind == kind)
    }

    fn read(kind: Kind) -> Self {
        let schema: Json = serde_json::from_str(embedded_schema(kind)).unwrap_or_default();
        let properties = schema.get("properties").and_then(Json::as_object);
        let required = schema.get("required").and_then(Json::as_array);
        let required = required.into_iter().flatten().filter_map(Json::as_str);
        Self {
            kind,
            known: properties.into_iter().flatten().map(|(field, _)| field.clone()).collect(),
            required: required.map(str::to_owned).collect(),
        }
    }

    /// The fields of the object that are none of this kind.
    pub(crate) fn unknown_in<'o>(&self, object: &'o Object) -> Vec<&'o str> {
        object.keys().map(|key| key.as_str()).filter(|key| !self.known.contains(*key)).collect()
    }

    /// How much the object is like documents of this kind.
    pub(crate) fn likeness(&self, object: &Object) -> Likeness {
        let unknown = self.unknown_in(object);
        let missing: Vec<&str> = self
            .required
            .iter()
            .map(String::as_str)
            .filter(|field| !object.contains_key(field))
            .collect();
        let candidates = unknown.get(..LOOKED_AT).unwrap_or(&unknown);
        let is_misspelt = |field: &&&str| nearest(field, candidates.iter().copied()).is_some();
        let misspelt = missing.iter().filter(is_misspelt).count();
        Likeness {
            required: self.required.len() - missing.len() + misspelt,
            known: object.len() - unknown.len() + misspelt.min(unknown.len()),
            all_required: self.required.len(),
            all: object.len(),
        }
    }
}

impl Likeness {
    /// Whether at least half of the object's fields are of the kind.
    pub(crate) const fn is_mostly_known(self) -> bool {
        self.known * 2 >= self.all
    }

    /// Whether the object has so many of the kind's fields that it is nearly one.
    pub(crate) const fn is_near(self) -> bool {
        self.required >= 2 && self.required * 2 >= self.all_required && self.is_mostly_known()
    }
}
