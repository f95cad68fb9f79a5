//! What several fuzz targets hold: all ways of judging a document agree.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use jsonschema::PatternOptions;
use lorch_types::Kind;
use lorch_types::json::{self, Limits};
use lorch_validate::{StreamOptions, Validator, embedded_schema, validate_stream};

thread_local! {
    static SCHEMAS: RefCell<HashMap<Kind, Rc<jsonschema::Validator>>> = RefCell::default();
}

/// The compiled schema of a kind; compiling takes longer than all else, and is done once.
fn schema(kind: Kind) -> Rc<jsonschema::Validator> {
    SCHEMAS.with_borrow_mut(|schemas| {
        let compiled = schemas.entry(kind).or_insert_with(|| {
            let text = serde_json::from_str(embedded_schema(kind)).expect("JSON");
            let options =
                jsonschema::draft7::options().with_pattern_options(PatternOptions::regex());
            Rc::new(options.build(&text).expect("a schema"))
        });
        Rc::clone(compiled)
    })
}

/// The type, the schema and the quick way of streams agree about a document. The first character
/// of `text` says which of `kinds` it is meant to be.
///
/// # Panics
/// When they do not.
pub fn agree(kinds: &[Kind], text: &str) {
    let Some((choice, text)) = text.split_at_checked(1) else { return };
    let Some(kind) = kinds.get(usize::from(choice.as_bytes()[0]) % kinds.len()) else { return };
    let Ok(document) = json::read(text.as_bytes(), Limits::default()) else {
        assert!(text.contains('\n') || !accepted_in_stream(*kind, text), "{kind}: {text}");
        return;
    };
    let by_schema = schema(*kind).is_valid(&document.clone().into());
    let violations = Validator::for_kind(*kind).validate(&document);
    assert_eq!(violations.is_empty(), by_schema, "{kind}: {text}: {violations:?}");
    let bug = violations.iter().find(|it| it.help.as_deref().is_some_and(|it| it.contains("bug")));
    assert_eq!(bug, None, "{kind}: {text}");
    if !text.contains('\n') {
        assert_eq!(accepted_in_stream(*kind, text), by_schema, "{kind}, in a stream: {text}");
    }
}

/// Whether a stream of this one line is valid, however often it comes.
fn accepted_in_stream(kind: Kind, line: &str) -> bool {
    let options = StreamOptions {
        kind: Some(kind),
        threads: std::num::NonZeroUsize::MIN,
        ..StreamOptions::named("line")
    };
    let stream = format!("{line}\n{line}\n");
    let summary = validate_stream(stream.as_bytes(), &options, |_| Ok(())).expect("it is read");
    assert!(summary.invalid == 0 || summary.invalid == summary.documents, "{kind}: {line}");
    summary.documents > 0 && summary.invalid == 0
}
