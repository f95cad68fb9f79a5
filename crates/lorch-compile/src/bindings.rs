//! What `@ctx` and `@payload` refer to within one job.

use std::borrow::Cow;
use std::cell::Cell;

use lorch_types::SmolStr;
use lorch_types::json::{Object, Value};
use lorch_types::reference::{FollowError, FollowErrorKind, Reference, Root, Segment};
use lorch_types::template::Expression;

use crate::code;
use crate::report::Problem;
use crate::suggest;

/// What `@ctx` and `@payload` refer to within one job.
pub(crate) struct Bindings<'a> {
    pub(crate) ctx: &'a Value,
    pub(crate) payload: Payload<'a>,
}

/// What `@payload` refers to.
pub(crate) enum Payload<'a> {
    /// The payload that compiling was given.
    Given {
        value: &'a Value,
        /// Which of its members were referred to, in their order.
        used: Vec<Cell<bool>>,
    },
    /// The payload that a `job.run` step gives: its strings are in the notation of an instance.
    Bound {
        value: &'a Value,
        /// The step that gives it.
        step: &'a str,
    },
}

/// What a reference stands for.
#[derive(Debug)]
pub(crate) enum Resolved<'v> {
    /// Plain data.
    Data(&'v Value),
    /// A value whose strings are in the notation of an instance.
    Compiled(&'v Value),
    /// A reference that only running resolves.
    Live(Reference),
}

/// Why a reference stands for nothing.
#[derive(Debug)]
pub(crate) enum Miss {
    /// It is wrong.
    Problem(Box<Problem>),
    /// It leads to something wrong that has been reported already.
    Reported,
}

impl From<Problem> for Miss {
    fn from(problem: Problem) -> Self {
        Self::Problem(Box::new(problem))
    }
}

impl<'a> Payload<'a> {
    pub(crate) fn given(value: &'a Value) -> Self {
        let members = value.as_object().map_or(0, Object::len);
        Self::Given { value, used: vec![Cell::new(false); members] }
    }

    fn value(&self) -> &'a Value {
        match self {
            Self::Given { value, .. } | Self::Bound { value, .. } => value,
        }
    }

    /// The payload, if it is plain data.
    pub(crate) fn data(&self) -> Option<&'a Value> {
        match self {
            Self::Given { value, .. } => Some(value),
            Self::Bound { .. } => None,
        }
    }

    /// Remembers that the member `key` is referred to.
    pub(crate) fn mark(&self, key: &str) {
        if let Self::Given { value: Value::Object(object), used } = self
            && let Some(used) = object.position_of(key).and_then(|at| used.get(at))
        {
            used.set(true);
        }
    }

    /// The members of the payload given that nothing refers to.
    pub(crate) fn unused(&self) -> Vec<&SmolStr> {
        match self {
            Self::Given { value: Value::Object(object), used } => object
                .keys()
                .zip(used)
                .filter(|(_, used)| !used.get())
                .map(|(key, _)| key)
                .collect(),
            Self::Given { .. } | Self::Bound { .. } => Vec::new(),
        }
    }
}

impl<'a> Bindings<'a> {
    /// What `reference`, which begins with `@ctx` or `@payload`, stands for.
    pub(crate) fn find(&self, reference: &Reference) -> Result<Resolved<'a>, Miss> {
        let payload = match (reference.root(), &self.payload) {
            (Root::Payload, payload) => payload,
            _ => {
                let found = reference.follow(0, self.ctx);
                return Ok(Resolved::Data(found.map_err(|error| self.miss(reference, error))?));
            }
        };
        if let Some(key) = reference.path().first().and_then(Segment::as_key) {
            payload.mark(key);
        }
        match (payload, reference.follow(0, payload.value())) {
            (Payload::Given { .. }, Ok(found)) => Ok(Resolved::Data(found)),
            (Payload::Bound { .. }, Ok(found)) => bound(found),
            (Payload::Bound { value, step }, Err(error)) => {
                match extended(reference, value, &error)? {
                    Some(longer) if longer.root() == Root::Secret => {
                        Err(into_secret(reference, &longer, step))
                    }
                    Some(longer) => Ok(Resolved::Live(longer)),
                    None => Err(self.miss(reference, error)),
                }
            }
            (Payload::Given { .. }, Err(error)) => Err(self.miss(reference, error)),
        }
    }

    /// The data that `reference` stands for; a reference that only running resolves is returned.
    pub(crate) fn data(
        &self,
        reference: &Reference,
    ) -> Result<Result<Cow<'a, Value>, Reference>, Miss> {
        Ok(match self.find(reference)? {
            Resolved::Data(value) => Ok(Cow::Borrowed(value)),
            Resolved::Compiled(value) => decoded(value).map(Cow::Owned),
            Resolved::Live(live) => Err(live),
        })
    }

    /// The value of which the member at the end of `reference` is asked for, and that member's key.
    pub(crate) fn find_parent<'r>(
        &self,
        reference: &'r Reference,
    ) -> Result<(Resolved<'a>, &'r str), Miss> {
        let (parent, key) = match reference.path() {
            [path @ .., Segment::Key(key)] => (path, key.as_str()),
            // Conditions ask for a name only.
            _ => return Err(Miss::Reported),
        };
        if !parent.is_empty() {
            let parent = Reference::new(reference.root(), parent.to_vec());
            return Ok((self.find(&parent)?, key));
        }
        let root = match reference.root() {
            Root::Payload => self.payload.value(),
            _ => self.ctx,
        };
        let resolved = match self.payload {
            Payload::Bound { .. } if reference.root() == Root::Payload => bound(root)?,
            _ => Resolved::Data(root),
        };
        Ok((resolved, key))
    }

    fn miss(&self, reference: &Reference, error: FollowError) -> Miss {
        let code = match error.kind {
            FollowErrorKind::Absent { .. } | FollowErrorKind::OutOfRange { .. } => code::ABSENT,
            FollowErrorKind::NotAnObject { .. } | FollowErrorKind::NotAnArray { .. } => {
                code::NOT_A_CONTAINER
            }
        };
        let help = self.help(reference, &error);
        let mut message = error.to_string();
        if let (Root::Payload, Payload::Bound { step, .. }) = (reference.root(), &self.payload) {
            message.push_str(&format!(" (step `{step}` gives this payload)"));
        }
        Problem::new(code, message).with_help(help).into()
    }

    fn help(&self, reference: &Reference, error: &FollowError) -> Option<String> {
        let FollowErrorKind::Absent { key, available } = &error.kind else { return None };
        let names = available.iter().map(SmolStr::as_str);
        if let Some(near) = suggest::nearest(key, names.clone()) {
            let mut path = reference.path().to_vec();
            if let Some(segment) = path.get_mut(error.position) {
                *segment = Segment::Key(near.into());
            }
            return Some(format!("did you mean `{}`?", Reference::new(reference.root(), path)));
        }
        let (other, value) = match reference.root() {
            Root::Ctx => (Root::Payload, self.payload.value()),
            _ => (Root::Ctx, self.ctx),
        };
        let elsewhere = Reference::new(other, reference.path().to_vec());
        if elsewhere.follow(0, value).is_ok() {
            return Some(format!("did you mean `{elsewhere}`?"));
        }
        suggest::list(names).map(|names| format!("`{}` has {names}", error.reached))
    }
}

/// What a reference to `found`, a value of a bound payload, stands for.
fn bound(found: &Value) -> Result<Resolved<'_>, Miss> {
    let Value::String(text) = found else { return Ok(Resolved::Compiled(found)) };
    match Expression::parse_compiled(text) {
        Ok(Expression::Reference(live)) if is_live(&live) => Ok(Resolved::Live(live)),
        Ok(expression) if expression.references().all(is_live) => Ok(Resolved::Compiled(found)),
        _ => Err(Miss::Reported),
    }
}

/// The reference for a path that goes on behind a live reference in a bound payload.
fn extended(
    reference: &Reference,
    payload: &Value,
    error: &FollowError,
) -> Result<Option<Reference>, Miss> {
    let (before, rest) = reference.path().split_at(error.position);
    let reached = before.iter().try_fold(payload, |value, segment| match (segment, value) {
        (Segment::Key(key), Value::Object(object)) => object.get(key),
        (Segment::Index(index), Value::Array(items)) => items.get(*index),
        _ => None,
    });
    let Some(Value::String(text)) = reached else { return Ok(None) };
    match Expression::parse_compiled(text) {
        Ok(Expression::Reference(live)) if is_live(&live) => {
            let path = [live.path(), rest].concat();
            Ok(Some(Reference::new(live.root(), path)))
        }
        Ok(expression) if expression.references().all(is_live) => Ok(None),
        _ => Err(Miss::Reported),
    }
}

/// A path that leads into a secret which the step `step` gives as part of a payload.
fn into_secret(reference: &Reference, longer: &Reference, step: &str) -> Miss {
    let message = format!("`{reference}` leads into a secret (step `{step}` gives this payload)");
    let help = longer
        .path()
        .first()
        .map(|name| format!("a secret is a text as a whole: `@secret{name}` has nothing inside"));
    Problem::new(code::BAD_SECRET, message).with_help(help).into()
}

/// Whether an instance may hold the reference; others are left where they could not be resolved.
fn is_live(reference: &Reference) -> bool {
    matches!(reference.root(), Root::Run | Root::Secret)
}

/// The data that a value in the notation of an instance stands for; a live reference is returned.
pub(crate) fn decoded(value: &Value) -> Result<Value, Reference> {
    Ok(match value {
        Value::String(text) => match Expression::parse_compiled(text) {
            Ok(Expression::Literal(text)) => Value::String(text),
            Ok(expression) => match expression.references().next() {
                Some(reference) => return Err(reference.clone()),
                None => value.clone(),
            },
            Err(_) => value.clone(),
        },
        Value::Array(items) => Value::Array(items.iter().map(decoded).collect::<Result<_, _>>()?),
        Value::Object(object) => object
            .iter()
            .map(|(key, value)| Ok((key.clone(), decoded(value)?)))
            .collect::<Result<Object, Reference>>()?
            .into(),
        scalar => scalar.clone(),
    })
}
