//! Numbers of documents that have bounds: each a type of its own that can only hold a valid value.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{Error, Unexpected, Visitor};

use crate::json::Number;

/// The largest integer that every JSON reader holds exactly: 2^53 − 1.
pub const MAX_SAFE_INTEGER: u64 = (1 << 53) - 1;

/// Declares an integer type by its least and its greatest value.
macro_rules! bounded_integer {
    ($(#[$doc:meta])* pub struct $name:ident = $least:literal..=$most:expr) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
        pub struct $name(u64);

        impl $name {
            /// The least.
            pub const MIN: Self = Self($least);
            /// The greatest.
            pub const MAX: Self = Self($most);

            /// The integer; `None` beyond its bounds.
            pub const fn new(value: u64) -> Option<Self> {
                #[allow(unused_comparisons, reason = "the least may be 0")]
                if value >= $least && value <= $most { Some(Self(value)) } else { None }
            }

            /// The integer as a plain number.
            pub const fn get(self) -> u64 {
                self.0
            }

            /// The next integer; `None` after the greatest.
            pub const fn next(self) -> Option<Self> {
                Self::new(self.0 + 1)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }

        impl $crate::bounded::Bounded for $name {
            const LEAST: u64 = $least;
            const MOST: u64 = $most;

            fn from_number(number: $crate::json::Number) -> Option<Self> {
                number.as_u64().and_then(Self::new)
            }
        }

        $crate::bounded::through_number!($name);

        impl schemars::JsonSchema for $name {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                let (minimum, maximum): (u64, u64) = ($least, $most);
                schemars::json_schema!({
                    "type": "integer", "minimum": minimum, "maximum": maximum
                })
            }
        }
    };
}

/// Deserialization of a bounded number.
macro_rules! through_number {
    ($name:ident) => {
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer
                    .deserialize_any($crate::bounded::NumberVisitor(std::marker::PhantomData))
            }
        }
    };
}

pub(crate) use through_number;

/// A type that holds the numbers between two bounds.
pub(crate) trait Bounded: Sized {
    /// The least.
    const LEAST: u64;
    /// The greatest.
    const MOST: u64;
    /// What a violation calls it: with its article.
    const WHAT: &'static str = "an integer";

    /// The number as this type, if it is one that it holds.
    fn from_number(number: Number) -> Option<Self>;
}

/// Reads a bounded number, however it is spelt: `1.0` is an integer to JSON Schema, and here.
pub(crate) struct NumberVisitor<T>(pub(crate) PhantomData<T>);

impl<T: Bounded> Visitor<'_> for NumberVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match T::MOST {
            u64::MAX => write!(f, "{} of at least {}", T::WHAT, T::LEAST),
            most => write!(f, "{} from {} to {most}", T::WHAT, T::LEAST),
        }
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<T, E> {
        T::from_number(value.into())
            .ok_or_else(|| E::invalid_value(Unexpected::Unsigned(value), &self))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<T, E> {
        T::from_number(value.into())
            .ok_or_else(|| E::invalid_value(Unexpected::Signed(value), &self))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<T, E> {
        Number::from_f64(value)
            .and_then(T::from_number)
            .ok_or_else(|| E::invalid_value(Unexpected::Float(value), &self))
    }
}

bounded_integer! {
    /// An integer from 1 to 2^53 − 1: a number of seconds, an ordinal.
    pub struct PositiveInteger = 1..=MAX_SAFE_INTEGER
}

impl PositiveInteger {
    /// One.
    pub const ONE: Self = Self(1);
}

bounded_integer! {
    /// An integer from 0 to 2^53 − 1: a size in bytes, a count.
    pub struct NaturalInteger = 0..=MAX_SAFE_INTEGER
}

bounded_integer! {
    /// An integer from 0 to 10: how urgent a command is.
    pub struct Priority = 0..=10
}

bounded_integer! {
    /// An integer from 1 to 10: which agents go first.
    pub struct AgentPriority = 1..=10
}

bounded_integer! {
    /// An integer from 1 to 100: a share that is not nothing.
    pub struct WholePercent = 1..=100
}

/// Declares a type of numbers, integral or not, from 0 to a greatest value; `u64::MAX` for none.
macro_rules! bounded_number {
    ($(#[$doc:meta])* pub struct $name:ident = 0..=$most:expr) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
        pub struct $name(Number);

        impl $name {
            /// The number; `None` beyond its bounds.
            pub fn new(number: Number) -> Option<Self> {
                let value = number.as_f64();
                #[expect(clippy::cast_precision_loss, reason = "the bounds are exact floats")]
                let most = if $most == u64::MAX { f64::INFINITY } else { $most as f64 };
                (value >= 0.0 && value <= most).then_some(Self(number))
            }

            /// The number as JSON writes it.
            pub fn get(self) -> Number {
                self.0
            }
        }

        impl Bounded for $name {
            const LEAST: u64 = 0;
            const MOST: u64 = $most;
            const WHAT: &'static str = "a number";

            fn from_number(number: Number) -> Option<Self> {
                Self::new(number)
            }
        }

        through_number!($name);

        impl schemars::JsonSchema for $name {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                if $most == u64::MAX {
                    schemars::json_schema!({ "type": "number", "minimum": 0 })
                } else {
                    schemars::json_schema!({ "type": "number", "minimum": 0, "maximum": $most })
                }
            }
        }
    };
}

bounded_number! {
    /// A number of at least 0: seconds, a load.
    pub struct Amount = 0..=u64::MAX
}

bounded_number! {
    /// A number from 0 to 100.
    pub struct Percent = 0..=100_u64
}
