//! Walks a value along a reference.

use smol_str::SmolStr;

use super::{Reference, Segment};
use crate::json::{Value, ValueType};

/// A reference that leads nowhere in a value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{reached}` {kind}")]
pub struct FollowError {
    /// What kept it from going on.
    pub kind: FollowErrorKind,
    /// The reference as far as it led.
    pub reached: String,
    /// Which segment of the path could not be followed, counted from 0.
    pub position: usize,
}

/// What keeps a reference from going on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FollowErrorKind {
    /// The object does not have the key.
    #[error("has no `{}`", key.escape_debug())]
    Absent {
        /// The key that was looked for.
        key: SmolStr,
        /// The keys that are there.
        available: Vec<SmolStr>,
    },
    /// The array is too short.
    #[error("has {length} {}, so there is no `[{index}]`", if *.length == 1 { "item" } else { "items" })]
    OutOfRange {
        /// The index that was looked for.
        index: usize,
        /// How many items there are.
        length: usize,
    },
    /// A key is looked up in something that is no object.
    #[error("is {}, not an object with a key `{}`", found.with_article(), key.escape_debug())]
    NotAnObject {
        /// The key that was looked for.
        key: SmolStr,
        /// What was met.
        found: ValueType,
    },
    /// An index is looked up in something that is no array.
    #[error("is {}, not an array with an item `[{index}]`", found.with_article())]
    NotAnArray {
        /// The index that was looked for.
        index: usize,
        /// What was met.
        found: ValueType,
    },
}

impl Reference {
    /// The value to which the path without its first `skip` segments leads from `value`.
    ///
    /// `[0]` indexes arrays only, names look up keys only; null is a value, an absent key is not.
    ///
    /// # Errors
    /// At the first segment that cannot be followed.
    pub fn follow<'v>(&self, skip: usize, value: &'v Value) -> Result<&'v Value, FollowError> {
        self.path().iter().enumerate().skip(skip).try_fold(value, |value, (position, segment)| {
            segment.find(value).map_err(|kind| FollowError {
                kind,
                reached: self.beginning(position),
                position,
            })
        })
    }
}

impl Segment {
    fn find<'v>(&self, value: &'v Value) -> Result<&'v Value, FollowErrorKind> {
        match (self, value) {
            (Self::Key(key), Value::Object(object)) => {
                object.get(key).ok_or_else(|| FollowErrorKind::Absent {
                    key: key.clone(),
                    available: object.keys().cloned().collect(),
                })
            }
            (Self::Index(index), Value::Array(items)) => items
                .get(*index)
                .ok_or(FollowErrorKind::OutOfRange { index: *index, length: items.len() }),
            (Self::Key(key), other) => {
                Err(FollowErrorKind::NotAnObject { key: key.clone(), found: other.value_type() })
            }
            (Self::Index(index), other) => {
                Err(FollowErrorKind::NotAnArray { index: *index, found: other.value_type() })
            }
        }
    }
}
