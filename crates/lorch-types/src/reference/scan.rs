//! Reads references, as a whole text and inside others.

use smol_str::SmolStr;

use super::{Reference, ReferenceError, ReferenceErrorKind, Root, Segment};
use crate::json::{self, Limits, Value};
use crate::place::Span;

/// Who wrote a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// A person: the limits hold.
    Authored,
    /// Compiling, which may make what a person wrote longer.
    Compiled,
}

/// What a reference stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Setting {
    /// It stands where nothing but a reference may.
    Reference,
    /// It is a whole string value.
    Value,
    /// It stands in `${...}`.
    Template,
    /// It stands in a condition, where a name has no hyphen.
    Condition,
}

/// The reference that `text` is as a whole.
pub(crate) fn whole(
    text: &str,
    setting: Setting,
    origin: Origin,
) -> Result<Reference, ReferenceError> {
    let (reference, end) = scan(text, 0, setting, origin)?;
    if end == text.len() {
        return Ok(reference);
    }
    Err(text_after(text, &reference, end, setting))
}

/// The error that `reference` should have ended `text` at `end`.
pub(crate) fn text_after(
    text: &str,
    reference: &Reference,
    end: usize,
    setting: Setting,
) -> ReferenceError {
    let rest = shortened(text.get(end..).unwrap_or_default());
    let kind = ReferenceErrorKind::TextAfter { reference: reference.to_string(), rest };
    ReferenceError { kind, span: end..text.len(), setting }
}

/// Reads the longest reference that begins at the byte `start` of `text`; returns it and where it
/// ends.
pub(crate) fn scan(
    text: &str,
    start: usize,
    setting: Setting,
    origin: Origin,
) -> Result<(Reference, usize), ReferenceError> {
    let mut scanner = Scanner { text, at: start, setting };
    let root = scanner.root()?;
    let mut path = Vec::new();
    while let Some(segment) = scanner.segment()? {
        path.push(segment);
    }
    let span = start..scanner.at;
    if path.is_empty() {
        return Err(scanner.error(ReferenceErrorKind::NoPath { root }, span));
    }
    if origin == Origin::Authored {
        if path.len() > Reference::MAX_DEPTH {
            let kind = ReferenceErrorKind::TooDeep { depth: path.len() };
            return Err(scanner.error(kind, span));
        }
        let source = scanner.slice(start);
        if source.len() > Reference::MAX_LENGTH {
            let length = source.chars().count();
            if length > Reference::MAX_LENGTH {
                return Err(scanner.error(ReferenceErrorKind::TooLong { length }, span));
            }
        }
    }
    Ok((Reference::new(root, path), scanner.at))
}

/// The longest reference that begins at `start`, without what follows it and is no segment.
pub(crate) fn prefix(text: &str, start: usize) -> Option<(Reference, usize)> {
    let mut scanner = Scanner { text, at: start, setting: Setting::Template };
    let root = scanner.root().ok()?;
    let mut path = Vec::new();
    let mut end = scanner.at;
    while let Ok(Some(segment)) = scanner.segment() {
        path.push(segment);
        end = scanner.at;
    }
    if path.is_empty() { None } else { Some((Reference::new(root, path), end)) }
}

/// Whether `text` has the shape of a reference: it begins with `@name.` or `@name[`, or is a root.
pub(crate) fn has_shape(text: &str) -> bool {
    let Some(rest) = text.strip_prefix('@') else { return false };
    let length = name_length(rest, Setting::Value);
    match rest.as_bytes().get(length) {
        Some(b'.' | b'[') => length > 0,
        Some(_) => false,
        None => Root::named(rest).is_some(),
    }
}

/// Whether `text` is a name as a whole.
pub(super) fn is_name(text: &str) -> bool {
    !text.is_empty() && name_length(text, Setting::Value) == text.len()
}

/// How many bytes of the name with which `text` begins; 0 if it begins with none.
fn name_length(text: &str, setting: Setting) -> usize {
    let bytes = text.as_bytes();
    if !bytes.first().is_some_and(|byte| byte.is_ascii_alphabetic() || *byte == b'_') {
        return 0;
    }
    let hyphen = setting != Setting::Condition;
    let in_name =
        |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_' || (*byte == b'-' && hyphen);
    bytes.iter().position(|byte| !in_name(byte)).unwrap_or(bytes.len())
}

/// How many bytes of the quoted string with which `text` begins, its quotes included; all of them if
/// it is never closed.
fn quoted_length(text: &str) -> usize {
    let mut escaped = true;
    let closing = text.bytes().position(|byte| {
        let closes = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        closes
    });
    closing.map_or(text.len(), |at| at + 1)
}

struct Scanner<'t> {
    text: &'t str,
    at: usize,
    setting: Setting,
}

impl<'t> Scanner<'t> {
    fn root(&mut self) -> Result<Root, ReferenceError> {
        let start = self.at;
        if !self.eat(b'@') {
            return Err(self.error(ReferenceErrorKind::NotAReference, start..start));
        }
        let Some(name) = self.name() else {
            return Err(self.error(ReferenceErrorKind::NotAReference, start..self.at));
        };
        Root::named(name).ok_or_else(|| {
            self.error(ReferenceErrorKind::UnknownRoot { name: name.into() }, start..self.at)
        })
    }

    fn segment(&mut self) -> Result<Option<Segment>, ReferenceError> {
        let start = self.at;
        if self.eat(b'.') {
            if let Some(name) = self.name() {
                return Ok(Some(Segment::Key(name.into())));
            }
            let found = self.rest().chars().next();
            let end = self.at + found.map_or(0, char::len_utf8);
            return Err(self.error(ReferenceErrorKind::BadName { found }, start..end));
        }
        if !self.eat(b'[') {
            return Ok(None);
        }
        let segment = match self.peek() {
            Some(b'"') => self.quoted()?,
            _ => self.index(start)?,
        };
        if self.eat(b']') {
            return Ok(Some(segment));
        }
        Err(self.error(ReferenceErrorKind::Unclosed { closing: ']' }, start..self.at))
    }

    fn quoted(&mut self) -> Result<Segment, ReferenceError> {
        let start = self.at;
        let quoted = self.rest().get(..quoted_length(self.rest())).unwrap_or_default();
        match json::read(quoted.as_bytes(), Limits { max_bytes: usize::MAX }) {
            Ok(Value::String(key)) => {
                self.at += quoted.len();
                Ok(Segment::Key(key))
            }
            Ok(_) => Err(self.error(ReferenceErrorKind::Unclosed { closing: '"' }, start..start)),
            Err(error) => {
                let at = start + error.offset;
                let found = self.text.get(at..).and_then(|rest| rest.chars().next());
                let kind = ReferenceErrorKind::BadKey { reason: error.to_string() };
                Err(self.error(kind, at..at + found.map_or(0, char::len_utf8)))
            }
        }
    }

    /// The index after the bracket at `start`.
    fn index(&mut self, start: usize) -> Result<Segment, ReferenceError> {
        let rest = self.rest();
        let Some(length) = rest.find(']') else {
            let end = self.text.len();
            return Err(self.error(ReferenceErrorKind::Unclosed { closing: ']' }, start..end));
        };
        let text = rest.get(..length).unwrap_or_default();
        let span = start..self.at + length + 1;
        let canonical = text == "0" || !text.starts_with('0');
        if text.is_empty() || !canonical || !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(self.error(ReferenceErrorKind::BadIndex { text: shortened(text) }, span));
        }
        let index = text.parse().map_err(|_| {
            self.error(ReferenceErrorKind::IndexTooLarge { text: shortened(text) }, span)
        })?;
        self.at += length;
        Ok(Segment::Index(index))
    }

    fn name(&mut self) -> Option<&'t str> {
        let name = self.rest().get(..name_length(self.rest(), self.setting))?;
        self.at += name.len();
        if name.is_empty() { None } else { Some(name) }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn eat(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        if found {
            self.at += 1;
        }
        found
    }

    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn slice(&self, start: usize) -> &'t str {
        self.text.get(start..self.at).unwrap_or_default()
    }

    fn error(&self, kind: ReferenceErrorKind, span: Span) -> ReferenceError {
        ReferenceError { kind, span, setting: self.setting }
    }
}

fn shortened(text: &str) -> SmolStr {
    const SHOWN: usize = 40;
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => smol_str::format_smolstr!("{}…", text.get(..end).unwrap_or_default()),
        None => text.into(),
    }
}
