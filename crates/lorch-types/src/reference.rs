//! References: `@ctx.region`, `@payload.items[0].to`, `@run.read.rows`.

use std::fmt;

use smol_str::SmolStr;

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

impl fmt::Display for Root {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ctx => "ctx",
            Self::Payload => "payload",
            Self::Run => "run",
            Self::Secret => "secret",
        })
    }
}
