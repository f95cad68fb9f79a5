//! Texts of bounded length.

use crate::id::{self, Rule, identifier};

identifier! {
    /// What a person wants, in the person's words; 5 to 2,000 characters.
    pub struct UserIntent = Rule {
        what: "user intent",
        words: "it has 5 to 2000 characters",
        schema: || id::bounded(5, 2000),
        holds: |text| id::has_length(text, 5, 2000),
    }
}

identifier! {
    /// What should be reached, in one sentence; 10 to 500 characters.
    pub struct Goal = Rule {
        what: "goal",
        words: "it has 10 to 500 characters",
        schema: || id::bounded(10, 500),
        holds: |text| id::has_length(text, 10, 500),
    }
}

identifier! {
    /// What a plan does, for the person who approves it; 20 to 1,000 characters.
    pub struct Summary = Rule {
        what: "summary",
        words: "it has 20 to 1000 characters",
        schema: || id::bounded(20, 1000),
        holds: |text| id::has_length(text, 20, 1000),
    }
}
