//! What a policy is asked about: `input` of its rules.

use std::cell::OnceCell;

use lorch_backends::config::Tools;
use lorch_types::json::{
    FromValueError, Number, Object, ToValueError, Value, canonical, from_value, to_value,
};
use lorch_types::plan::{Plan, Role, Task, UserId};

/// When a policy is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Entry {
    /// Before a plan is put before a person.
    Admit,
    /// Before an approved plan is carried out.
    Execute,
}

/// What a policy is asked about: `entry`, `environment`, `plan` (its id, task, type and payload),
/// `task`, `tools` (the operation, risk and inverse of each that is there) and `approvals`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyInput(Value);

/// An input that several packs are asked about, in the forms that they take it in.
pub(super) struct Question<'i> {
    input: &'i PolicyInput,
    prepared: OnceCell<regorus::Value>,
    text: OnceCell<String>,
}

/// A case of a pack that is no input.
#[derive(Debug, thiserror::Error)]
pub enum InvalidCase {
    /// It has not what an input has.
    #[error("it is no object with `plan` and `task`")]
    Shape,
    /// Its plan is none.
    #[error("its `plan` is no plan: {0}")]
    Plan(FromValueError),
    /// Its task is none.
    #[error("its `task` is no task: {0}")]
    Task(FromValueError),
    /// Nothing was understood of its task.
    #[error("its `task` has no `task_spec`")]
    NoSpec,
}

impl Entry {
    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Admit => "admit",
            Self::Execute => "execute",
        }
    }
}

impl PolicyInput {
    /// The question whether `plan` may be put before a person, or be carried out with `approvals`.
    ///
    /// # Errors
    /// Never for documents that were read.
    pub fn new(
        entry: Entry,
        plan: &Plan,
        task: &Task,
        tools: &Tools,
        approvals: &[(UserId, Role)],
    ) -> Result<Self, ToValueError> {
        let mut input = Object::new();
        input.insert("entry", entry.as_str());
        input.insert("plan", bound(plan)?);
        let environment = task.task_spec.as_ref().map(|spec| spec.context.environment);
        input.insert("environment", to_value(&environment)?);
        input.insert("task", to_value(task)?);
        input.insert("tools", described(tools));
        let approvals = approvals.iter().map(|(who, role)| {
            let members = [("approver", Value::from(who.as_str())), ("role", role.as_str().into())];
            Value::Object(members.into_iter().collect())
        });
        input.insert("approvals", Value::Array(approvals.collect()));
        Ok(Self(Value::Object(input)))
    }

    /// The input that a case of a pack writes: `plan` and `task`, and whatever of the rest it has.
    ///
    /// # Errors
    /// When its plan or task is none: what breaks its schema never reaches a policy.
    pub fn of_case(case: &Value) -> Result<Self, InvalidCase> {
        let members = case.as_object().ok_or(InvalidCase::Shape)?;
        let part = |name| members.get(name).ok_or(InvalidCase::Shape);
        from_value::<Plan>(part("plan")?).map_err(InvalidCase::Plan)?;
        let task: Task = from_value(part("task")?).map_err(InvalidCase::Task)?;
        let spec = task.task_spec.as_ref().ok_or(InvalidCase::NoSpec)?;
        let mut input = members.clone();
        let environment = to_value(&spec.context.environment).unwrap_or_default();
        input.insert("environment", environment);
        let defaults = [
            ("entry", Value::from(Entry::Admit.as_str())),
            ("tools", Value::object()),
            ("approvals", Value::Array(Vec::new())),
        ];
        for (name, value) in defaults {
            if !input.contains_key(name) {
                input.insert(name, value);
            }
        }
        Ok(Self(Value::Object(input)))
    }
}

impl<'i> Question<'i> {
    /// What is asked.
    pub(super) fn about(input: &'i PolicyInput) -> Self {
        Self { input, prepared: OnceCell::new(), text: OnceCell::new() }
    }

    /// The input as the evaluator holds it.
    pub(super) fn prepared(&self) -> &regorus::Value {
        self.prepared.get_or_init(|| converted(&self.input.0))
    }

    /// The input as JSON in one line.
    pub(super) fn text(&self) -> &str {
        self.text.get_or_init(|| canonical(&self.input.0))
    }
}

/// The part of a plan that its digest and its approvals are about.
pub(crate) fn bound(plan: &Plan) -> Result<Value, ToValueError> {
    let mut parts = Object::new();
    parts.insert("id", plan.id.as_str());
    parts.insert("task_id", plan.task_id.as_str());
    parts.insert("type", to_value(&plan.plan_type)?);
    parts.insert("payload", to_value(&plan.payload)?);
    Ok(Value::Object(parts))
}

fn described(tools: &Tools) -> Value {
    let all = tools.names().filter_map(|name| {
        let tool = tools.get(name)?;
        let mut said = Object::new();
        said.insert("op", tool.op.to_string());
        said.insert("risk", tool.risk.as_str());
        if let Some(inverse) = &tool.inverse {
            said.insert("inverse", inverse.as_str());
        }
        Some((name.as_str().into(), Value::Object(said)))
    });
    Value::Object(Object::from_entries(all.collect()).unwrap_or_default())
}

/// The same as the evaluator holds it.
pub(super) fn converted(value: &Value) -> regorus::Value {
    match value {
        Value::Null => regorus::Value::Null,
        Value::Bool(value) => (*value).into(),
        Value::Number(number) => converted_number(*number),
        Value::String(text) => text.as_str().into(),
        Value::Array(items) => items.iter().map(converted).collect::<Vec<_>>().into(),
        Value::Object(object) => {
            let members = object
                .iter()
                .map(|(key, value)| (regorus::Value::from(key.as_str()), converted(value)));
            members.collect::<std::collections::BTreeMap<_, _>>().into()
        }
    }
}

fn converted_number(number: Number) -> regorus::Value {
    match (number.as_u64(), number.as_i64()) {
        (Some(natural), _) => natural.into(),
        (None, Some(integer)) => integer.into(),
        (None, None) => number.as_f64().into(),
    }
}
