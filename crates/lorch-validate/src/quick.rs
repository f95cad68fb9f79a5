//! The quick way to say that a text is a valid document, for those who have many.

use lorch_types::Kind;

use crate::matcher::Matcher;

/// Says of many texts, one after the other, whether they are documents of one kind.
///
/// Invariant: what it accepts is a valid document. Where it is not sure it does not accept, and only
/// the type of the kind says whether the text is one.
#[derive(Debug)]
pub struct QuickMatcher(Matcher);

impl QuickMatcher {
    /// One for documents of this kind; `None` for kinds that have rules between their fields.
    pub fn of(kind: Kind) -> Option<Self> {
        Matcher::of(kind).map(Self)
    }

    /// Whether `text` as a whole is surely a document of its kind.
    pub fn accepts(&mut self, text: &str) -> bool {
        self.0.accepted_prefix(text) == Some(text.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_accepts_whole_documents_of_its_kind() {
        let mut logs = QuickMatcher::of(Kind::Log).unwrap();
        let log =
            r#"{"kind":"log","level":"info","message":"m","timestamp":"2025-10-20T14:08:20Z"}"#;
        assert!(logs.accepts(log));
        assert!(!logs.accepts(&format!("{log}{log}")));
        assert!(!logs.accepts(&log.replace("info", "loud")));
        assert!(!logs.accepts(&log[..log.len() - 1]));
        assert!(!QuickMatcher::of(Kind::Event).unwrap().accepts(log));
    }
}
