//! A duration is printed as it was read, and what is none is told with a place and with advice, which
//! is one.

#![no_main]

use libfuzzer_sys::fuzz_target;
use lorch_types::plan::{Duration, DurationField};

fuzz_target!(|text: &str| {
    match text.parse::<Duration>() {
        Ok(duration) => {
            assert_eq!(duration.to_string(), text);
            assert_eq!(Duration::new(duration.count(), duration.unit()), Some(duration));
            let length = std::time::Duration::from(duration);
            assert_eq!(duration.nanos(), length.as_nanos());
        }
        Err(error) => {
            assert!(text.get(error.span.clone()).is_some(), "{error:?}");
            assert!(!error.to_string().is_empty());
        }
    }
    for field in DurationField::ALL {
        if let Err(error) = field.parse(text) {
            assert!(text.get(error.span.clone()).is_some(), "{error:?}");
            let help = error.help().expect("advice");
            if let Some(advice) = help.strip_prefix("write ") {
                let meant = advice.split('`').nth(1).unwrap_or_default();
                assert!(field.parse(meant).is_ok(), "{text}: {help}");
            }
        }
    }
});
