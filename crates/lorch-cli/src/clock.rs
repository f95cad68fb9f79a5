//! The time and chance, which the pure crates are told.

use std::hash::{BuildHasher, Hasher, RandomState};

use anyhow::Context;
use lorch_types::job::RunId;
use lorch_types::{SmolStr, Timestamp, format_smolstr};

use crate::exit::Failure;

pub(crate) use lorch_engine::system_clock as now;

/// The time that compiled documents carry: `SOURCE_DATE_EPOCH` (seconds since 1970) when it is set,
/// as reproducible builds have it, otherwise now.
pub(crate) fn compile_time() -> Result<Timestamp, Failure> {
    let set = std::env::var_os("SOURCE_DATE_EPOCH").filter(|text| !text.is_empty());
    let Some(text) = set else { return Ok(now()) };
    text.to_str()
        .and_then(|text| text.parse::<u64>().ok())
        .and_then(|seconds| Timestamp::from_unix_millis(seconds.checked_mul(1000)?))
        .with_context(|| {
            format!("SOURCE_DATE_EPOCH is `{}`, not a number of seconds", text.to_string_lossy())
        })
        .map_err(Failure::Usage)
}

/// 64 bits of chance.
pub(crate) fn word() -> u64 {
    // Each `RandomState` has fresh keys, the first of a thread from the system's randomness.
    RandomState::new().build_hasher().finish()
}

/// A new run's id: `at` and chance.
pub(crate) fn new_run_id(at: Timestamp) -> RunId {
    let word = || u128::from(word());
    RunId::from_parts(u64::try_from(at.unix_millis()).unwrap_or_default(), (word() << 64) | word())
}

/// A text that no other approval has: 128 bits of chance.
pub(crate) fn new_nonce() -> SmolStr {
    format_smolstr!("{:016x}{:016x}", word(), word())
}

/// A random UUID (RFC 9562, version 4), as text.
pub(crate) fn new_uuid() -> String {
    let (high, low) = (word() & !0xf000 | 0x4000, word() >> 2 | 1 << 63);
    format!(
        "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
        high >> 32,
        high >> 16 & 0xffff,
        high & 0xffff,
        low >> 48,
        low & 0xffff_ffff_ffff
    )
}

/// A new id of a run of a plan.
pub(crate) fn new_plan_run_id() -> Result<lorch_types::plan::RunId, Failure> {
    new_uuid().parse().map_err(Failure::work)
}
