//! Conditions are read back from what they print, and every error points into the text.

#![no_main]

use libfuzzer_sys::fuzz_target;
use lorch_types::condition::{Condition, Expr};

fuzz_target!(|text: &str| match Condition::parse(text) {
    Ok(condition) => {
        let printed = condition.to_string();
        assert_eq!(Condition::parse(&printed), Ok(condition.clone()), "{printed}");
        let expr: &Expr = condition.root();
        assert!(text.get(expr.span.clone()).is_some());
        expr.each_reference(&mut |_, span| assert!(text.get(span.clone()).is_some()));
    }
    Err(error) => {
        assert!(text.get(error.span.clone()).is_some(), "{error:?}");
        assert!(!error.to_string().is_empty() && error.help().is_none_or(|it| !it.is_empty()));
    }
});
