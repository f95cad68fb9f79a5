//! Limits: the last size that is read and the first that is not; hostile texts on a small stack.

use lorch_types::json::{self, Limits, Outline, canonical};
use lorch_types::{Digest, yaml};

fn nested(depth: usize) -> String {
    format!("{}{}", "[".repeat(depth), "]".repeat(depth))
}

fn nested_objects(depth: usize) -> String {
    format!("{}null{}", "{\"a\":".repeat(depth), "}".repeat(depth))
}

#[test]
fn size_is_limited_to_the_byte() {
    let text = b"[1234]";
    for (limit, fits) in [(5, false), (6, true), (7, true)] {
        let limits = Limits { max_bytes: limit };
        for result in [json::read(text, limits), yaml::read(text, limits)] {
            match result {
                Ok(_) => assert!(fits, "{limit}"),
                Err(error) => {
                    assert!(!fits && error.code().0 == "L0007", "{limit}: {error}");
                    assert!(
                        error.to_string().contains("larger than the limit of 5 bytes"),
                        "{error}"
                    );
                }
            }
        }
    }
    assert_eq!(Limits::default().max_bytes, 16 << 20);
}

#[test]
fn depth_is_limited_to_the_level() {
    for (depth, fits) in [(127, true), (128, true), (129, false)] {
        for text in [nested(depth), nested_objects(depth)] {
            match json::read(text.as_bytes(), Limits::default()) {
                Ok(value) => assert!(fits && value.depth() == depth),
                Err(error) => {
                    assert_eq!((fits, error.code().0), (false, "L0004"));
                    assert!(text[..=error.offset].ends_with(['[', '{']));
                }
            }
        }
    }
}

#[test]
fn the_size_of_a_text_is_checked_before_its_encoding() {
    let error = json::read(&[0xff; 8], Limits { max_bytes: 7 }).unwrap_err();
    assert_eq!(error.code().0, "L0007");
}

/// Texts that exhaust what recurses or looks back without a limit.
fn hostile() -> Vec<String> {
    const MANY: usize = 20_000;
    let repeated = [
        "[", "{", "{\"a\":", "[{\"a\":", "- ", "? ", "a: ", "{a: ", "!", "&a ", "*a,", "\"", "'",
        "#", "%", "%A\n", "---\n", "...\n", "\n", " ", "\t", ":", ",", "]", "}", "|\n", ">\n", "@",
        "`", "\\", "\"\\", "\u{feff}", "\r", "-\n ", "[?", "\\u", "9", "1e9",
    ];
    let mut texts: Vec<String> = repeated.iter().map(|part| part.repeat(MANY)).collect();
    texts.extend([
        nested(128),
        nested_objects(128),
        format!("[{}]", "[],".repeat(MANY)),
        format!("{{{}}}", "\"a\":1,".repeat(MANY)),
        format!("a: {}", "x\n  ".repeat(MANY)),
        format!("a: |\n{}", "  x\n".repeat(MANY)),
        format!("a: \"{}\"", "\\u00e9".repeat(MANY)),
        format!("0.{}", "9".repeat(MANY)),
        format!("1{}e-{MANY}", "0".repeat(MANY)),
        (0..500).map(|level| format!("{}a:\n", " ".repeat(level))).collect(),
        (0..500).map(|level| format!("{}-\n", " ".repeat(level))).collect(),
    ]);
    texts
}

#[test]
fn hostile_texts_are_answered_on_a_small_stack() {
    let reads = || {
        for text in hostile() {
            let _ = yaml::outline(&text);
            let _ = Outline::of_json(&text);
            for value in [
                json::read(text.as_bytes(), Limits::default()),
                yaml::read(text.as_bytes(), Limits::default()),
            ]
            .into_iter()
            .flatten()
            {
                assert!(value.depth() <= Limits::MAX_DEPTH);
                assert_eq!(
                    json::read(canonical(&value).as_bytes(), Limits::default()),
                    Ok(value.clone())
                );
                let _ = Digest::of(&value);
            }
        }
    };
    let thread = std::thread::Builder::new().stack_size(256 * 1024).spawn(reads).unwrap();
    thread.join().unwrap();
}
