//! Strict JSON: a value that holds exactly what a document says, one reader, one canonical form.
//!
//! [`Value`] differs from `serde_json::Value` where digests need it to: a number with an integral
//! value *is* that integer however it was spelt, object keys are kept in canonical order, and equal
//! values always have equal digests. What is only looked at need not become a value: a [`Tree`] borrows
//! from its text, a [`View`] looks at either, and a [`Writer`] takes what is made of it.

mod build;
mod canonical;
mod de;
mod decimal;
mod document;
mod error;
mod number;
mod object;
mod outline;
mod read;
mod scan;
mod ser;
mod text;
mod tree;
mod value;
mod view;
mod write;

pub(crate) use canonical::{Sink, into_text, put_number, put_string, put_value};
pub use canonical::{canonical, write_canonical, write_string};
pub use de::{FromValueError, from_value};
#[cfg(feature = "yaml")]
pub(crate) use decimal::decimal;
pub use document::Document;
pub use error::{ReadError, ReadErrorKind};
pub use number::Number;
pub use object::Object;
#[cfg(feature = "yaml")]
pub(crate) use outline::{Builder as OutlineBuilder, Track};
pub use outline::{Outline, Spot};
#[cfg(feature = "yaml")]
pub(crate) use read::checked_text;
pub use read::{Limits, read};
pub use scan::plain_prefix;
pub use ser::{ToValueError, to_value};
pub use text::Text;
pub use tree::Tree;
pub use value::{Value, ValueType};
pub use view::{ArrayView, ObjectView, View};
pub use write::Writer;
