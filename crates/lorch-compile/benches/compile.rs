//! Compiling from text to text, beside what serde_json takes to parse and print the same text.
//!
//! `cargo bench -p lorch-compile`; all figures are to be compared within one run.

#![allow(clippy::expect_used, reason = "what is measured is right, or there is nothing to measure")]

use std::hint::black_box;

use divan::Bencher;
use lorch_compile::{Inputs, compile_to_text, read_definition};
use lorch_types::json::{Limits, Tree, Value, read};

fn main() {
    divan::main();
}

/// The limits that a definition of 100,000 steps needs.
const LIMITS: Limits = Limits { max_bytes: 256 * 1024 * 1024 };

/// How many different conditions a definition has.
#[derive(Clone, Copy)]
enum Conditions {
    /// A few dozen, each of which many steps have.
    Shared,
    /// One for each step.
    Own,
}

/// A definition of `steps` steps, each with three references and a condition: about 340 bytes each.
fn document(steps: usize, conditions: Conditions) -> String {
    let mut text =
        String::from("{\n  \"job_id\": \"bench\",\n  \"version\": \"1\",\n  \"steps\": [\n");
    for index in 0..steps {
        let before = index.saturating_sub(1);
        let source = match index {
            0 => "@payload.tables[0]".to_owned(),
            _ => format!("@run.step_{before}.rows"),
        };
        let least = match conditions {
            Conditions::Shared => index % 40,
            Conditions::Own => index,
        };
        text.push_str(&format!(
            "    {{\"step_id\": \"step_{index}\", \"op\": \"write.upsert\", \"phase_id\": \"load\", \
             \"if\": \"@payload.limit > {least} && @ctx.region in ['eu', 'us']\", \
             \"params\": {{\"table\": \"@payload.tables[1]\", \"rows\": \"{source}\", \
             \"note\": \"rows of ${{@ctx.region}} for the day\", \
             \"columns\": [\"id\", \"amount\", \"region\", \"created_at\"], \
             \"key\": [\"id\"], \"batch\": {{\"size\": 500, \"number\": {index}}}}}}}{}\n",
            if index + 1 < steps { "," } else { "" }
        ));
    }
    text.push_str("  ]\n}\n");
    text
}

fn compiled(text: &str, ctx: &Value, payload: &Value) -> String {
    let document = Tree::read(text.as_bytes(), LIMITS).expect("the document can be read");
    let inputs = Inputs {
        ctx,
        payload,
        definitions: &(),
        compiled_at: "2026-11-20T08:00:00Z".parse().expect("a timestamp"),
        limits: LIMITS,
    };
    compile_to_text(document.view(), &inputs).expect("it compiles").text
}

fn value(text: &str) -> Value {
    read(text.as_bytes(), LIMITS).expect("a value")
}

const PAYLOAD: &str = r#"{"limit": 1000000, "tables": ["orders", "customers"]}"#;

#[divan::bench(args = [1_000, 10_000, 20_000])]
fn lorch_text_to_instance_text(bencher: Bencher<'_, '_>, steps: usize) {
    let text = document(steps, Conditions::Shared);
    let (ctx, payload) = (value(r#"{"region": "eu"}"#), value(PAYLOAD));
    bencher.bench(|| compiled(black_box(&text), &ctx, &payload));
}

#[divan::bench(args = [10_000])]
fn lorch_with_a_condition_of_its_own_each(bencher: Bencher<'_, '_>, steps: usize) {
    let text = document(steps, Conditions::Own);
    let (ctx, payload) = (value(r#"{"region": "eu"}"#), value(PAYLOAD));
    bencher.bench(|| compiled(black_box(&text), &ctx, &payload));
}

#[divan::bench(args = [1_000, 10_000, 20_000])]
fn serde_json_parse_and_print(bencher: Bencher<'_, '_>, steps: usize) {
    let text = document(steps, Conditions::Shared);
    bencher.bench(|| {
        let value: serde_json::Value = serde_json::from_str(black_box(&text)).expect("JSON");
        serde_json::to_string(&value).expect("JSON")
    });
}

/// Where the time goes: the tree, and its digest; beside them what values would take.
#[divan::bench(args = [10_000])]
fn part_read(bencher: Bencher<'_, '_>, steps: usize) {
    let text = document(steps, Conditions::Shared);
    bencher.bench(|| read(black_box(text.as_bytes()), LIMITS).expect("JSON"));
}

#[divan::bench(args = [10_000])]
fn part_tree(bencher: Bencher<'_, '_>, steps: usize) {
    let text = document(steps, Conditions::Shared);
    bencher.bench_local(|| drop(Tree::read(black_box(text.as_bytes()), LIMITS).expect("JSON")));
}

#[divan::bench(args = [10_000])]
fn part_digest_of_tree(bencher: Bencher<'_, '_>, steps: usize) {
    let text = document(steps, Conditions::Shared);
    let tree = Tree::read(text.as_bytes(), LIMITS).expect("JSON");
    bencher.bench(|| lorch_types::Digest::of_view(black_box(tree.view())));
}

#[divan::bench(args = [10_000])]
fn part_digest(bencher: Bencher<'_, '_>, steps: usize) {
    let document = value(&document(steps, Conditions::Shared));
    bencher.bench(|| lorch_types::Digest::of(black_box(&document)));
}

#[divan::bench(args = [10_000])]
fn part_structure_and_digest(bencher: Bencher<'_, '_>, steps: usize) {
    let document = value(&document(steps, Conditions::Shared));
    bencher.bench(|| read_definition(black_box(&document)).expect("the structure is right"));
}
