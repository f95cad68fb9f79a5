//! References: `@ctx.region`, `@payload.items[0].to`, `@run["nightly/read"].rows`.
//!
//! ```text
//! reference = "@" root 1*( "." name | "[" index "]" | "[" quoted "]" )
//! root      = "ctx" | "payload" | "run" | "secret"
//! name      = [A-Za-z_][A-Za-z0-9_-]*   index = "0" | [1-9][0-9]*   quoted = a JSON string
//! ```

mod error;
mod follow;
mod scan;

use std::fmt;
use std::str::FromStr;

use smol_str::SmolStr;

use crate::json::write_string;

pub use error::{ReferenceError, ReferenceErrorKind};
pub use follow::{FollowError, FollowErrorKind};
pub(crate) use scan::{Origin, Setting, has_shape, prefix, scan, text_after, whole};

/// A path into one of the values that a job works with. `Display` writes it so that it is read as
/// itself again.
///
/// Invariant: the path has at least one segment.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Reference {
    root: Root,
    path: Vec<Segment>,
}

/// Where a reference begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Root {
    /// `@ctx`: known when compiling.
    Ctx,
    /// `@payload`: known when compiling.
    Payload,
    /// `@run`: outputs of earlier steps, and the run's own id, start and envelope.
    Run,
    /// `@secret`: filled in by the backend at dispatch.
    Secret,
}

/// One step of a reference's path.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Segment {
    /// A member of an object: `.name` or `["any text"]`.
    Key(SmolStr),
    /// An item of an array: `[0]`.
    Index(usize),
}

impl Reference {
    /// How many segments a reference may have, as its author writes it.
    pub const MAX_DEPTH: usize = 32;
    /// How many characters a reference may have, as its author writes it.
    pub const MAX_LENGTH: usize = 512;

    /// The reference from `root` along `path`, which has at least one segment.
    pub fn new(root: Root, path: Vec<Segment>) -> Self {
        debug_assert!(!path.is_empty(), "a root alone is no reference");
        Self { root, path }
    }

    /// Where it begins.
    pub fn root(&self) -> Root {
        self.root
    }

    /// What follows the root.
    pub fn path(&self) -> &[Segment] {
        &self.path
    }

    /// Reads a reference that compiling wrote, which may be longer and deeper than an author's.
    ///
    /// # Errors
    /// When `text` is not a reference as a whole.
    pub fn parse_compiled(text: &str) -> Result<Self, ReferenceError> {
        scan::whole(text, Setting::Reference, Origin::Compiled)
    }

    /// The text of the root and the first `count` segments.
    fn beginning(&self, count: usize) -> String {
        let segments: String = self.path.iter().take(count).map(Segment::to_string).collect();
        format!("@{}{segments}", self.root)
    }
}

impl Root {
    /// All roots.
    pub const ALL: [Self; 4] = [Self::Ctx, Self::Payload, Self::Run, Self::Secret];

    /// The name, without the `@`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ctx => "ctx",
            Self::Payload => "payload",
            Self::Run => "run",
            Self::Secret => "secret",
        }
    }

    fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|root| root.as_str() == name)
    }
}

impl Segment {
    /// The key, if it is one.
    pub fn as_key(&self) -> Option<&str> {
        match self {
            Self::Key(key) => Some(key),
            Self::Index(_) => None,
        }
    }
}

/// Reads a reference as an author writes it: of at most [`Reference::MAX_DEPTH`] segments and
/// [`Reference::MAX_LENGTH`] characters.
impl FromStr for Reference {
    type Err = ReferenceError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        scan::whole(text, Setting::Reference, Origin::Authored)
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "@{}", self.root)?;
        self.path.iter().try_for_each(|segment| segment.fmt(f))
    }
}

impl fmt::Display for Root {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for Segment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(key) if scan::is_name(key) => write!(f, ".{key}"),
            Self::Key(key) => {
                let mut quoted = String::with_capacity(key.len() + 2);
                write_string(key, &mut quoted);
                write!(f, "[{quoted}]")
            }
            Self::Index(index) => write!(f, "[{index}]"),
        }
    }
}
