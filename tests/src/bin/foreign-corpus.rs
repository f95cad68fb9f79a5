//! Writes documents, valid and broken, with lorch's verdict on each, for validators in other
//! languages to agree with: `foreign-corpus FILE` writes one JSON object a line.
//!
//! The same documents every time: the generator's seed is fixed. Those by which `v1` is frozen are
//! among them.

use std::fs::File;
use std::io::{BufWriter, Write as _};

use anyhow::{Context as _, Result, anyhow, ensure};
use lorch_tests::frozen;
use lorch_tests::generated::{Judge, Subject};
use lorch_types::Kind;
use lorch_types::json::{Limits, read};
use proptest::strategy::{Strategy as _, ValueTree as _};
use proptest::test_runner::TestRunner;

/// How many documents of each kind there are.
const OF_EACH_KIND: usize = 100;
/// How many params of each operation there are.
const OF_EACH_OP: usize = 25;

fn main() -> Result<()> {
    let path = std::env::args_os().nth(1).context("usage: foreign-corpus FILE")?;
    let mut out = BufWriter::new(File::create(&path).context("cannot write the corpus")?);
    let mut runner = TestRunner::deterministic();
    let mut counts = [0, 0];
    for subject in Subject::all() {
        let wanted = match subject {
            Subject::Document(_) => OF_EACH_KIND,
            Subject::Params(_) => OF_EACH_OP,
        };
        let judge = Judge::of(subject)?;
        let texts = subject.texts();
        let schema = subject.schema_path();
        let mut written = 0;
        while written < wanted {
            let tree = texts.new_tree(&mut runner).map_err(|reason| anyhow!("{reason}"))?;
            let text = tree.current();
            // What the strict reader refuses, other readers may read as something else.
            if read(text.as_bytes(), Limits::default()).is_err() {
                continue;
            }
            let valid = judge.accepts(&text);
            writeln!(out, r#"{{"schema":"{schema}","valid":{valid},"document":{text}}}"#)?;
            counts[usize::from(valid)] += 1;
            written += 1;
        }
    }
    for kind in Kind::ALL {
        for frozen::Frozen { valid, document, .. } in frozen::read(kind)? {
            let schema = kind.schema_path();
            writeln!(out, r#"{{"schema":"{schema}","valid":{valid},"document":{document}}}"#)?;
            counts[usize::from(valid)] += 1;
        }
    }
    out.flush()?;
    let [invalid, valid] = counts;
    ensure!(invalid + valid >= 2_000, "only {} documents", invalid + valid);
    ensure!(invalid.min(valid) >= 100, "{valid} are valid and {invalid} are not: too lopsided");
    Ok(())
}
