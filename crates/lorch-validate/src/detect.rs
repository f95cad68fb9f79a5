//! Which kind of document a value is meant to be.

use lorch_types::Kind;
use lorch_types::agent::MessageKind;
use lorch_types::json::{Object, Value};
use lorch_types::kind::Mark;
use lorch_types::pointer::Pointer;
use serde_json::Value as Json;

use crate::explain::{one_of, shown};
use crate::fields::{Fields, Likeness};
use crate::near::nearest;
use crate::violation::{Family, Violation};

/// A value that is no document of any kind, and the kind that it is nearest to.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unrecognized {
    /// It is no object.
    #[error("a document is an object, and this is {found}")]
    NoObject {
        /// What it is, with its article.
        found: &'static str,
    },
    /// Its fields are those of no kind.
    #[error("these are the fields of no kind of document")]
    Unknown,
    /// It has most fields of one kind, but not those that tell it from others.
    #[error("this is no document that lorch knows; {} also has {}", with_article(*kind), quoted(missing))]
    Nearly {
        /// The kind.
        kind: Kind,
        /// The fields that would tell.
        missing: Vec<&'static str>,
        /// The unknown field that is probably one of them, misspelt.
        misspelt: Option<(String, &'static str)>,
    },
    /// It looks like a message to or from an agent, and its field `kind` names none.
    #[error("{found} is no kind of message: it is {}", message_kinds())]
    Message {
        /// What `kind` says, for people.
        found: String,
        /// The kind that it is meant to be.
        kind: Kind,
        /// Whether `kind` is nearly its name; otherwise the other fields say so.
        misspelt: bool,
    },
}

/// The kind that `document` is meant to be.
///
/// # Errors
/// The nearest kind and the fields that are missing to be one, when there is none.
pub fn detect(document: &Value) -> Result<Kind, Unrecognized> {
    if let Some(kind) = Kind::detect(document) {
        return Ok(kind);
    }
    let found = document.value_type().with_article();
    let object = document.as_object().ok_or(Unrecognized::NoObject { found })?;
    let message = object.get("kind").and_then(|kind| misspelt_message(object, kind));
    Err(message.or_else(|| nearest_kind(object)).unwrap_or(Unrecognized::Unknown))
}

/// The message that the object is meant to be, though its field `kind` names none.
fn misspelt_message(object: &Object, said: &Value) -> Option<Unrecognized> {
    let names = MessageKind::ALL.map(MessageKind::as_str);
    let named = said.as_str().and_then(|said| nearest(said, names));
    let named = Fields::all().find(|fields| {
        named.is_some_and(|named| is_message(fields.kind, named))
            && fields.likeness(object).is_mostly_known()
    });
    let found = shown(&Json::from(said.clone()));
    if let Some(Fields { kind, .. }) = named {
        return Some(Unrecognized::Message { found, kind: *kind, misspelt: true });
    }
    let kind = likest(object, |kind| matches!(kind.mark(), Mark::Message(_)))?;
    Some(Unrecognized::Message { found, kind, misspelt: false })
}

fn is_message(kind: Kind, name: &str) -> bool {
    matches!(kind.mark(), Mark::Message(message) if message.as_str() == name)
}

/// The kind that the object nearly is, if there is one.
fn nearest_kind(object: &Object) -> Option<Unrecognized> {
    let has_kind = object.contains_key("kind");
    let kind = likest(object, |kind| !has_kind || matches!(kind.mark(), Mark::Fields(_)))?;
    let distinguishing = kind.distinguishing_fields().iter().copied();
    let missing: Vec<_> = distinguishing.filter(|field| !object.contains_key(field)).collect();
    let unknown = Fields::of(kind).into_iter().flat_map(|fields| fields.unknown_in(object));
    let misspelt = unknown
        .into_iter()
        .find_map(|key| nearest(key, missing.iter().copied()).map(|meant| (key.to_owned(), meant)));
    Some(Unrecognized::Nearly { kind, missing, misspelt })
}

/// Of the kinds that are `eligible`, the one that the object nearly is; of equally likely ones the
/// one that is listed first.
fn likest(object: &Object, eligible: impl Fn(Kind) -> bool) -> Option<Kind> {
    Fields::all()
        .filter(|fields| eligible(fields.kind))
        .map(|fields| (fields.likeness(object), fields.kind))
        .filter(|(likeness, _)| likeness.is_near())
        // `max_by_key` takes the last of equals.
        .rev()
        .max_by_key(|(Likeness { required, known, .. }, _)| (*required, *known))
        .map(|(_, kind)| kind)
}

fn message_kinds() -> String {
    one_of(&MessageKind::ALL.map(|kind| format!("`{}`", kind.as_str())))
}

fn with_article(kind: Kind) -> String {
    let article = if kind.name().starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
    format!("{article} {kind}")
}

fn quoted(names: &[&str]) -> String {
    let quoted: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
    match quoted.as_slice() {
        [] => "nothing more".to_owned(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

impl Unrecognized {
    /// Whether nothing suggests that it is meant to be a document of lorch.
    ///
    /// What nearly is a document has at least two and at least half of the fields that its kind
    /// requires, misspelt ones included, and at least half of its own fields are of that kind; or
    /// its field `kind` is nearly that of a message.
    pub const fn is_foreign(&self) -> bool {
        matches!(self, Self::NoObject { .. } | Self::Unknown)
    }

    /// What to do about it.
    pub fn help(&self) -> String {
        match self {
            Self::Nearly { misspelt: Some((key, meant)), .. } => {
                format!("`{}`: did you mean `{meant}`?", key.escape_debug())
            }
            Self::Nearly { kind, .. } => match kind.mark() {
                Mark::Message(kind) => format!("add `\"kind\": \"{}\"`", kind.as_str()),
                Mark::Fields(_) => {
                    format!("`--schema {kind}` shows everything that is missing to be one")
                }
            },
            Self::Message { kind, misspelt: true, .. } => format!("did you mean `{kind}`?"),
            Self::Message { kind, misspelt: false, .. } => {
                format!("its other fields are those of {}", with_article(*kind))
            }
            Self::NoObject { .. } | Self::Unknown => {
                let names = Kind::ALL.map(Kind::name).join(", ");
                format!("`--schema NAME` says which kind it should be: {names}")
            }
        }
    }

    /// The same as a violation of the document as a whole, or of its field `kind`.
    pub fn violation(&self) -> Violation {
        let (pointer, keyword, found, expected) = match self {
            Self::NoObject { found } => {
                ("", "type", Some((*found).to_owned()), Some("an object".to_owned()))
            }
            Self::Message { found, .. } => {
                ("kind", "enum", Some(found.clone()), Some(message_kinds()))
            }
            Self::Unknown | Self::Nearly { .. } => ("", "required", None, None),
        };
        let root = Pointer::root();
        Violation {
            pointer: if pointer.is_empty() { root } else { root.join(pointer) },
            keyword: keyword.into(),
            family: Family::Kind,
            message: self.to_string(),
            found,
            expected,
            help: Some(self.help()),
        }
    }
}
