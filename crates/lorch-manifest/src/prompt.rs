//! The digest of what a language model is asked.

use lorch_types::Digest;
use lorch_types::job::{DispatchOp, OpFamily};
use lorch_types::json::{Object, Value};

/// The parameters on which the answer of a model depends.
const ASKED: [&str; 7] =
    ["model", "system", "prompt", "messages", "temperature", "max_tokens", "response_schema"];

/// The digest of those parameters that are there, for `compute.llm`.
pub(crate) fn prompt_hash(op: &DispatchOp, params: &Object) -> Option<Digest> {
    if op.family != OpFamily::Compute || op.name.as_str() != "llm" {
        return None;
    }
    let asked = ASKED.into_iter().filter_map(|name| Some((name, params.get(name)?.clone())));
    Some(Digest::of(&Value::Object(asked.collect())))
}
