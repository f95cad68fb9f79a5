//! The common case, decided without building anything: references of names and indexes that lead
//! to what is there, alone or in a template.
//!
//! Whatever is not that simple, or is wrong, is left to [`crate::substitute`], which knows every
//! form and says what is wrong.

use lorch_types::json::Value;
use lorch_types::reference::Reference;

use crate::steps::Site;

/// What a simple reference stands for.
pub(crate) enum Simple<'v> {
    /// Plain data.
    Data(&'v Value),
    /// The output of a step, which stays a reference as it is written.
    Live,
}

/// What the string `text` stands for, if it is one simple reference as a whole.
pub(crate) fn reference<'s>(text: &str, site: &Site<'s>) -> Option<Simple<'s>> {
    let (found, end) = at(text, 0, site)?;
    (end == text.len()).then_some(found)
}

/// Writes what the template `text` stands for into `out`, if all its references are simple and what
/// they bring in needs no escape.
pub(crate) fn template(text: &str, site: &Site<'_>, out: &mut String) -> Option<()> {
    out.clear();
    let bytes = text.as_bytes();
    let mut done = 0;
    let mut from = 0;
    while let Some(sign) = text.get(from..)?.find('@').map(|more| from + more) {
        let opening = sign.checked_sub(2)?;
        let escaped = opening.checked_sub(1).is_some_and(|before| bytes.get(before) == Some(&b'$'));
        if bytes.get(opening..sign) != Some(b"${") || escaped {
            return None;
        }
        let (found, end) = at(text, sign, site)?;
        if bytes.get(end) != Some(&b'}') {
            return None;
        }
        from = end + 1;
        match found {
            Simple::Live => {}
            Simple::Data(value) => {
                out.push_str(text.get(done..opening)?);
                scalar(value, out)?;
                done = from;
            }
        }
    }
    out.push_str(text.get(done..)?);
    Some(())
}

fn scalar(value: &Value, out: &mut String) -> Option<()> {
    match value {
        Value::String(data) if data.contains(['@', '$', '{']) => return None,
        Value::String(data) => out.push_str(data),
        Value::Number(number) => number.write_canonical(out),
        Value::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        Value::Null | Value::Array(_) | Value::Object(_) => return None,
    }
    Some(())
}

/// What the simple reference that begins at the byte `start` stands for, and where it ends.
fn at<'s>(text: &str, start: usize, site: &Site<'s>) -> Option<(Simple<'s>, usize)> {
    let rest = text.get(start..)?;
    let bindings = &site.frame.bindings;
    let (value, path, is_payload) = if let Some(path) = rest.strip_prefix("@ctx") {
        (bindings.ctx, path, false)
    } else if let Some(path) = rest.strip_prefix("@payload") {
        (bindings.payload.data()?, path, true)
    } else {
        let path = rest.strip_prefix("@run")?;
        return live(path, site).map(|length| (Simple::Live, start + "@run".len() + length));
    };
    let mut segments = Segments { path, at: 0, count: 0 };
    let mut value = value;
    while let Some(segment) = segments.next()? {
        value = match (segment, value) {
            (Segment::Name(name), Value::Object(object)) => {
                if segments.count == 1 && is_payload {
                    bindings.payload.mark(name);
                }
                object.get(name)?
            }
            (Segment::Index(index), Value::Array(items)) => items.get(index)?,
            _ => return None,
        };
    }
    let end = text.len() - path.len() + segments.at;
    segments.is_within_limits().then_some((Simple::Data(value), end))
}

/// How long the path of a reference to the output of an earlier step of the same job is.
fn live(path: &str, site: &Site<'_>) -> Option<usize> {
    if site.frame.prefix.is_some() {
        return None;
    }
    let mut segments = Segments { path, at: 0, count: 0 };
    match segments.next()? {
        Some(Segment::Name(step)) if site.known.has_output(step) => {}
        _ => return None,
    }
    while segments.next()?.is_some() {}
    segments.is_within_limits().then_some(segments.at)
}

/// One step of a simple path.
enum Segment<'t> {
    Name(&'t str),
    Index(usize),
}

/// Reads a path of names and indexes.
struct Segments<'t> {
    path: &'t str,
    at: usize,
    count: usize,
}

impl<'t> Segments<'t> {
    /// The next segment; `Some(None)` at the end of the path, `None` when it is not simple.
    #[inline]
    fn next(&mut self) -> Option<Option<Segment<'t>>> {
        let bytes = self.path.as_bytes();
        let start = self.at + 1;
        let segment = match bytes.get(self.at) {
            Some(b'.') => {
                let tail = bytes.get(start..)?;
                let length = tail.iter().position(|byte| !is_name_byte(*byte));
                let length = length.unwrap_or(tail.len());
                if !tail.first().is_some_and(|byte| byte.is_ascii_alphabetic() || *byte == b'_') {
                    return None;
                }
                self.at = start + length;
                Segment::Name(self.path.get(start..self.at)?)
            }
            Some(b'[') => {
                let tail = self.path.get(start..)?;
                let digits = tail.get(..tail.find(']')?)?;
                let is_canonical = digits == "0" || !digits.starts_with(['0', '+']);
                self.at = start + digits.len() + 1;
                Segment::Index(digits.parse().ok().filter(|_| is_canonical)?)
            }
            _ => return Some(None),
        };
        self.count += 1;
        Some(Some(segment))
    }

    /// Whether there is a path, and an author may write one so long.
    fn is_within_limits(&self) -> bool {
        (1..=Reference::MAX_DEPTH).contains(&self.count) && self.at + 8 <= Reference::MAX_LENGTH
    }
}

fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')
}
