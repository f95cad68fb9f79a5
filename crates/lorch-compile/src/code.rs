//! The stable codes of what compiling reports; those of references and templates come with the text.

use lorch_types::diagnostic::Code;

/// A reference names a key or an item that is not there.
pub(crate) const ABSENT: Code = Code("L0111");
/// A reference looks up a key or an item in a value that has none.
pub(crate) const NOT_A_CONTAINER: Code = Code("L0112");
/// A template has a value that is no text: null, an array or an object.
pub(crate) const NOT_TEXT: Code = Code("L0113");
/// A reference to a secret that is not `@secret.NAME`.
pub(crate) const BAD_SECRET: Code = Code("L0114");

/// A condition refers to `@run` or `@secret`.
pub(crate) const CONDITION_ROOT: Code = Code("L0202");
/// A condition, or an operand of `!`, `&&` or `||`, is no boolean.
pub(crate) const NOT_A_BOOLEAN: Code = Code("L0203");
/// A comparison or function of values that it does not take.
pub(crate) const OPERAND_TYPE: Code = Code("L0204");
/// A condition of a nested job depends on what only running will tell.
pub(crate) const CONDITION_ON_RUN: Code = Code("L0205");

/// A value of the wrong type.
pub(crate) const WRONG_TYPE: Code = Code("L0301");
/// A field that there is none of.
pub(crate) const UNKNOWN_FIELD: Code = Code("L0302");
/// A field that must be there.
pub(crate) const MISSING_FIELD: Code = Code("L0303");
/// A text that breaks the rule of an identifier.
pub(crate) const BAD_ID: Code = Code("L0304");
/// Two steps of one name.
pub(crate) const DUPLICATE_STEP: Code = Code("L0305");
/// A text that is no operation.
pub(crate) const BAD_OP: Code = Code("L0306");
/// An integer out of range.
pub(crate) const OUT_OF_RANGE: Code = Code("L0307");

/// `job.run` names a job that there is none of.
pub(crate) const UNKNOWN_JOB: Code = Code("L0401");
/// Jobs that run each other in a circle.
pub(crate) const JOB_CYCLE: Code = Code("L0402");
/// Jobs nested too deep.
pub(crate) const JOB_DEPTH: Code = Code("L0403");
/// Params that `job.run` does not take.
pub(crate) const JOB_RUN_PARAMS: Code = Code("L0404");
/// A field that a `job.run` step cannot have.
pub(crate) const JOB_RUN_FIELD: Code = Code("L0405");
/// The job has another version than was asked for.
pub(crate) const JOB_VERSION: Code = Code("L0406");
/// A definition was found under a name that is not its own.
pub(crate) const JOB_NAME: Code = Code("L0407");

/// `@run` names a step that there is none of.
pub(crate) const UNKNOWN_STEP: Code = Code("L0501");
/// `@run` names the step itself or a later one.
pub(crate) const NOT_EARLIER: Code = Code("L0502");
/// `@run` names a step that is skipped.
pub(crate) const SKIPPED_STEP: Code = Code("L0503");
/// `@run` names a nested job instead of one of its steps.
pub(crate) const JOB_HAS_NO_OUTPUT: Code = Code("L0504");
/// A path into `@run.run_id` or `@run.started_at`, which are strings.
pub(crate) const PATH_INTO_TEXT: Code = Code("L0505");

/// `idempotency` on a step that writes nothing.
pub(crate) const IDEMPOTENCY_WITHOUT_WRITE: Code = Code("L0601");
/// Scope `semantic` without `semantic_key_ref`.
pub(crate) const NO_SEMANTIC_KEY: Code = Code("L0602");
/// `semantic_key_ref` is no reference.
pub(crate) const SEMANTIC_KEY_NO_REFERENCE: Code = Code("L0603");
/// A secret in what makes a key.
pub(crate) const SECRET_IN_KEY: Code = Code("L0604");
/// `semantic_key_ref` names null.
pub(crate) const SEMANTIC_KEY_NULL: Code = Code("L0605");
/// Scope `explicit` without a string in `params.idempotency_key`.
pub(crate) const NO_EXPLICIT_KEY: Code = Code("L0606");
/// `scope` is none.
pub(crate) const BAD_SCOPE: Code = Code("L0607");

/// A `payload_schema` or `ctx_schema` that is no Draft-07 schema.
pub(crate) const BAD_SCHEMA: Code = Code("L0701");
/// The payload does not satisfy the `payload_schema`.
pub(crate) const PAYLOAD_SCHEMA: Code = Code("L0702");
/// The ctx does not satisfy the `ctx_schema`.
pub(crate) const CTX_SCHEMA: Code = Code("L0703");

/// The instance is larger than a reader takes.
pub(crate) const TOO_LARGE: Code = Code("L0801");
/// The instance nests deeper than a reader takes.
pub(crate) const TOO_DEEP: Code = Code("L0802");
/// More steps than a job may have.
pub(crate) const TOO_MANY_STEPS: Code = Code("L0803");
/// So much is wrong that the rest is not reported.
pub(crate) const TOO_MANY_ERRORS: Code = Code("L0804");

/// A condition that is always the same.
pub(crate) const CONSTANT_CONDITION: Code = Code("L1003");
/// A field of the payload that nothing refers to.
pub(crate) const UNUSED_PAYLOAD: Code = Code("L1004");
/// `semantic_key_ref` without scope `semantic`.
pub(crate) const IDLE_SEMANTIC_KEY: Code = Code("L1005");
/// `params.idempotency_key` without scope `explicit`.
pub(crate) const IDLE_EXPLICIT_KEY: Code = Code("L1006");
