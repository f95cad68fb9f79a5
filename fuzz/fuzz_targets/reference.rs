//! References and templates are read back from what they print, any text at all can be escaped into
//! a literal of itself, and every error and doubt points into the text.

#![no_main]

use libfuzzer_sys::fuzz_target;
use lorch_types::reference::Reference;
use lorch_types::template::{Expression, doubts, escape, is_plain};

fuzz_target!(|text: &str| {
    let literal = Expression::Literal(text.into());
    assert_eq!(Expression::parse(&escape(text)).as_ref(), Ok(&literal));
    match Expression::parse(text) {
        Ok(expression) => {
            assert_eq!(Expression::parse_compiled(&expression.to_string()), Ok(expression.clone()));
            assert!(!is_plain(text) || expression == literal);
            if expression == literal {
                assert_eq!(escape(text), text);
            }
        }
        Err(error) => {
            assert!(text.get(error.span.clone()).is_some(), "{error:?}");
            assert!(!error.to_string().is_empty() && error.help().is_none_or(|it| !it.is_empty()));
        }
    }
    match text.parse::<Reference>() {
        Ok(reference) => {
            assert_eq!(Reference::parse_compiled(&reference.to_string()), Ok(reference));
        }
        Err(error) => assert!(text.get(error.span).is_some()),
    }
    for doubt in doubts(text) {
        assert!(text.get(doubt.span).is_some());
    }
});
