//! Identifiers of tasks, plans and runs, of who is concerned and of what is operated on.

use crate::id::{self, Rule, identifier, through_text};

/// Declares an identifier that is a UUID.
macro_rules! uuid {
    ($(#[$doc:meta])* pub struct $name:ident) => {
        $(#[$doc])*
        ///
        /// A UUID as RFC 9562 writes it (section 4): read in either case, kept in lower case, so
        /// that two spellings are one id.
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(smol_str::SmolStr);

        impl $name {
            /// The identifier as text, in lower case.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::str::FromStr for $name {
            type Err = id::InvalidId;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                if is_uuid(text) {
                    Ok(Self(text.to_ascii_lowercase().into()))
                } else {
                    Err(id::InvalidId::new(text, UUID.what, UUID.words))
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        through_text!($name);

        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                id::in_words((UUID.schema)(), UUID.what, UUID.words)
            }
        }
    };
}

pub(crate) const UUID: Rule = Rule {
    what: "UUID",
    words: "it is 32 hexadecimal digits in groups of 8, 4, 4, 4 and 12, such as \
            `550e8400-e29b-41d4-a716-446655440000`",
    schema: || {
        id::fixed(
            "^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$",
            36,
        )
    },
    holds: is_uuid,
};

fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

uuid! {
    /// The id of a [`Task`](super::Task).
    pub struct TaskId
}

uuid! {
    /// The id of a [`Plan`](super::Plan).
    pub struct PlanId
}

uuid! {
    /// The id of a [`Run`](super::Run).
    pub struct RunId
}

/// Declares an identifier that somebody else gives: any text but the empty one.
macro_rules! given {
    ($(#[$doc:meta])* pub struct $name:ident = $what:literal) => {
        identifier! {
            $(#[$doc])*
            pub struct $name = Rule {
                what: $what,
                words: "it has 1 or more characters",
                schema: || schemars::json_schema!({ "type": "string", "minLength": 1 }),
                holds: |text| !text.is_empty(),
            }
        }
    };
}

given! {
    /// The organization that a task belongs to: `org-123`.
    pub struct OrgId = "organization id"
}

given! {
    /// The project that a task belongs to.
    pub struct ProjectId = "project id"
}

given! {
    /// Who did something: a person, or a program in its own name.
    pub struct UserId = "user id"
}

given! {
    /// A role that people have: `SRELead`.
    pub struct Role = "role"
}

given! {
    /// What is operated on: a server, a cluster, an image.
    pub struct AssetId = "asset id"
}

given! {
    /// The name of a phase, unique in its plan: `Canary`.
    pub struct PhaseName = "name of a phase"
}

given! {
    /// The name of a tool, as the configuration has it: `query_assets`.
    pub struct ToolName = "name of a tool"
}
