//! Strict JSON: a value that holds exactly what a document says, one reader, one canonical form.
//!
//! [`Value`] differs from `serde_json::Value` where digests need it to: a number with an integral
//! value *is* that integer however it was spelt, object keys are kept in canonical order, and equal
//! values always have equal digests.

mod canonical;
mod de;
mod decimal;
mod error;
mod number;
mod object;
mod outline;
mod read;
mod scan;
mod ser;
mod value;

pub(crate) use canonical::{Sink, into_text, put_number, put_object, put_string, put_value};
pub use canonical::{canonical, write_canonical, write_string};
pub use de::{FromValueError, from_value};
#[cfg(feature = "yaml")]
pub(crate) use decimal::decimal;
pub use error::{ReadError, ReadErrorKind};
pub use number::Number;
pub use object::Object;
#[cfg(feature = "yaml")]
pub(crate) use outline::{Builder as OutlineBuilder, Track};
pub use outline::{Outline, Spot};
#[cfg(feature = "yaml")]
pub(crate) use read::checked_text;
pub use read::{Limits, read};
pub use ser::{ToValueError, to_value};
pub use value::{Value, ValueType};
