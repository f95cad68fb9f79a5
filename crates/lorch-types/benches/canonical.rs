//! How fast canonical digests and the strict reader are, beside the crates that others would take.

#![allow(clippy::unwrap_used, reason = "a benchmark that fails to prepare must stop")]

use divan::counter::BytesCount;
use divan::{Bencher, black_box};
use lorch_types::Digest;
use lorch_types::json::{self, Limits, Value};
use sha2::{Digest as _, Sha256};

fn main() {
    divan::main();
}

/// Sizes of the values that are digested, in bytes of canonical JSON.
const SIZES: [usize; 2] = [10_000, 1_000_000];

/// A realistic mixture, the same every time: strings short and long, integers, floats, nesting.
fn mixture(size: usize) -> Value {
    let mut text = String::from("[");
    let mut row = 0_u64;
    while text.len() < size {
        let separator = if row == 0 { "" } else { "," };
        // A multiplicative hash: spread, and the same on every machine.
        let noise = row.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        text.push_str(&format!(
            r#"{separator}{{"order_id":{},"customer":"Customer {} of \"Müller & Söhne\"","amount":{}.{:02},
            "ratio":{},"tags":["new","eu-{}",null,true],"note":"Shipped in two parcels, the second one with the \
            usual delay; the customer was told by mail and has agreed to it.","address":{{"street":"Straße {}",
            "zip":"{:05}","country":"DE","geo":[{},{}]}}}}"#,
            row + 100_000,
            noise % 9_973,
            noise % 10_000,
            noise % 90 + 10,
            (noise % 1_000_000) as f64 / 3e6,
            noise % 27,
            noise % 311,
            noise % 99_999,
            (noise % 1_800_000) as f64 / 1e4 - 90.0,
            (noise % 3_600_000) as f64 / 1e4 - 180.0,
        ).replace("\\\n            ", ""));
        row += 1;
    }
    text.push(']');
    json::read(text.as_bytes(), Limits { max_bytes: usize::MAX }).unwrap()
}

/// A definition of 10,000 steps with three references and a condition each, 3.4 MB.
fn definition() -> String {
    let steps: Vec<String> = (0..10_000)
        .map(|n| {
            let earlier = n.max(1) - 1;
            format!(
                r#"{{"step_id": "step_{n}", "op": "write.upsert", "params": {{"table": "@ctx.tables.orders",
                "rows": "@run.step_{earlier}.rows", "key": ["order_id", "region"], "region": "@payload.region",
                "limit": {}, "note": "step {n} of the nightly load"}}, "if": "@payload.count > {n} && @ctx.enabled",
                "timeout_s": 60}}"#,
                n * 10
            )
        })
        .collect();
    format!(r#"{{"job_id": "large", "version": "1", "steps": [{}]}}"#, steps.join(",\n"))
}

#[divan::bench_group]
mod digest {
    use super::*;

    #[divan::bench(args = SIZES)]
    fn lorch(bencher: Bencher, size: usize) {
        let value = mixture(size);
        bencher
            .counter(BytesCount::new(json::canonical(&value).len()))
            .bench(|| Digest::of(black_box(&value)));
    }

    #[divan::bench(args = SIZES)]
    fn serde_json_canonicalizer(bencher: Bencher, size: usize) {
        let value = serde_json::Value::from(mixture(size));
        let length = serde_json_canonicalizer::to_string(&value).unwrap().len();
        bencher.counter(BytesCount::new(length)).bench(|| {
            let text = serde_json_canonicalizer::to_vec(black_box(&value)).unwrap();
            Sha256::digest(text)
        });
    }
}

#[divan::bench_group]
mod write {
    use super::*;

    #[divan::bench]
    fn lorch(bencher: Bencher) {
        let value = mixture(SIZES[1]);
        let length = json::canonical(&value).len();
        bencher.counter(BytesCount::new(length)).bench(|| json::canonical(black_box(&value)));
    }

    #[divan::bench]
    fn serde_json(bencher: Bencher) {
        let value = serde_json::Value::from(mixture(SIZES[1]));
        let length = serde_json::to_string(&value).unwrap().len();
        bencher
            .counter(BytesCount::new(length))
            .bench(|| serde_json::to_string(black_box(&value)).unwrap());
    }
}

#[divan::bench_group]
mod read {
    use super::*;

    #[divan::bench]
    fn lorch(bencher: Bencher) {
        let text = definition();
        bencher
            .counter(BytesCount::of_str(&text))
            .bench(|| json::read(black_box(text.as_bytes()), Limits::default()).unwrap());
    }

    #[divan::bench]
    fn serde_json(bencher: Bencher) {
        let text = definition();
        bencher.counter(BytesCount::of_str(&text)).bench(|| {
            serde_json::from_slice::<serde_json::Value>(black_box(text.as_bytes())).unwrap()
        });
    }

    /// What any reader pays for its result: a copy of the value, and its end.
    #[divan::bench]
    fn clone(bencher: Bencher) {
        let text = definition();
        let value = json::read(text.as_bytes(), Limits::default()).unwrap();
        bencher.counter(BytesCount::of_str(&text)).bench(|| black_box(&value).clone());
    }
}
