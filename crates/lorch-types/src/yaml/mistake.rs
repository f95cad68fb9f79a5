//! The commonest mistakes of people who write references and conditions in YAML, and what they
//! meant: a value that begins with a character which YAML keeps for itself needs quotes.

use granit_parser::ErrorKind;

/// A value that YAML reads as something else than text.
pub(super) struct Misread {
    /// Where the value begins.
    pub(super) start: usize,
    /// The character that it begins with.
    pub(super) indicator: char,
    /// The quoted form.
    pub(super) help: String,
}

/// The value around `at`, if it begins with `@`, `!` and the like and was probably meant as text.
pub(super) fn misread(text: &str, at: usize) -> Option<Misread> {
    let value = Value::around(text, at);
    let indicator = value.text.chars().next()?;
    let is_text = match indicator {
        '@' | '`' | '%' => true,
        '!' => is_condition(value.text),
        '*' => !is_name(value.text.get(1..)?),
        '&' => value.text.get(1..)?.split(' ').next().is_some_and(|name| !is_name(name)),
        '{' => value.text.starts_with("{{"),
        _ => false,
    };
    is_text.then(|| {
        let help = format!("put it in quotes: `{}`", value.quoted());
        Misread { start: value.start, indicator, help }
    })
}

/// Advice about what the parser met at `at`.
pub(super) fn advice(text: &str, at: usize, kind: &ErrorKind) -> Option<String> {
    let quoted = || {
        format!(
            "if it is one text, put all of it in quotes: `{}`",
            Value::around(text, at).quoted()
        )
    };
    match kind {
        ErrorKind::MappingValueNotAllowed
        | ErrorKind::InvalidColonPlacement
        | ErrorKind::InvalidTrailingDoubleQuotedScalar
        | ErrorKind::InvalidTrailingSingleQuotedScalar
        | ErrorKind::InvalidBlockScalarHeader => Some(quoted()),
        ErrorKind::TabInIndentation
        | ErrorKind::TabInBlockIndentation
        | ErrorKind::TabNotAllowed
        | ErrorKind::TabInPlainScalar
        | ErrorKind::TabAtBlockScalarStart => Some("use spaces instead of tabs".to_owned()),
        ErrorKind::UnknownQuotedScalarEscape => {
            Some("write a backslash as `\\\\`, or use single quotes".to_owned())
        }
        _ => None,
    }
}

/// Whether what looks like a tag is the negation that a condition begins with.
fn is_condition(text: &str) -> bool {
    let operand = text.trim_start_matches('!').trim_start();
    let word = operand.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default();
    text.contains('@') || matches!(operand.get(word.len()..), Some(rest) if rest.starts_with('('))
}

/// Whether an anchor or alias could reasonably have this name.
fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-'))
}

/// A value as it stands in one line, by the look of that line alone.
struct Value<'t> {
    /// What stands before it in the line, from the key on.
    before: &'t str,
    start: usize,
    text: &'t str,
}

impl<'t> Value<'t> {
    /// The value in which the byte `at` of `text` lies.
    fn around(text: &'t str, at: usize) -> Self {
        let head = text.get(..at).unwrap_or(text);
        let line_start = head.rfind('\n').map_or(0, |newline| newline + 1);
        let rest = text.get(line_start..).unwrap_or_default();
        let line = rest.split(['\n', '\r']).next().unwrap_or_default();
        let (key, start, in_flow) = start_of_value(line, at - line_start.min(at));
        let value = line.get(start..).unwrap_or_default();
        let value = value.get(..end_of_value(value, in_flow)).unwrap_or(value).trim_end();
        // An item in brackets that were opened on an earlier line.
        let value = value.strip_suffix(',').unwrap_or(value);
        let before = if in_flow { "" } else { line.get(key..start).unwrap_or_default() };
        Self { before, start: line_start + start, text: value }
    }

    /// The value in quotes, after its key.
    fn quoted(&self) -> String {
        let Self { before, text, .. } = self;
        if let Some(text) = half_quoted_condition(text) {
            return format!("{before}\"{text}\"");
        }
        if text.contains(['"', '\\']) {
            format!("{before}'{}'", text.replace('\'', "''"))
        } else {
            format!("{before}\"{text}\"")
        }
    }
}

/// The condition that was meant by one whose reference alone stands in quotes, `"@ctx.a" == "x"`: in
/// quotes as a whole it would compare two texts.
fn half_quoted_condition(text: &str) -> Option<String> {
    let quote = text.chars().next().filter(|first| matches!(first, '"' | '\''))?;
    let (inner, rest) = text.get(1..)?.split_once(quote)?;
    let condition = format!("{inner}{}", rest.replace('"', "'"));
    let is_meant = inner.starts_with(['@', '!']) && !rest.trim().is_empty();
    (is_meant && !condition.contains(['"', '\\'])).then_some(condition)
}

/// Where in `line` the key and the value around the byte `at` begin, and whether brackets surround
/// them.
fn start_of_value(line: &str, at: usize) -> (usize, usize, bool) {
    let mut start = skip_spaces(line, 0);
    while line.get(start..).is_some_and(|rest| rest.starts_with("- ") || rest.starts_with("? ")) {
        start = skip_spaces(line, start + 1);
    }
    let key = start;
    let mut depth = 0_usize;
    let mut quote = None;
    let mut has_value = false;
    let bytes = line.as_bytes();
    for (here, byte) in bytes.iter().copied().enumerate().skip(key).take_while(|(it, _)| *it < at) {
        let next = bytes.get(here + 1).copied();
        match (quote, byte) {
            (Some(open), _) if byte == open => quote = None,
            (Some(_), _) => {}
            (None, b'"' | b'\'') if here == start => quote = Some(byte),
            (None, b'[' | b'{') if here == start => {
                depth += 1;
                start = skip_spaces(line, here + 1);
            }
            (None, b',') if depth > 0 => start = skip_spaces(line, here + 1),
            (None, b':') if matches!(next, Some(b' ' | b'\t')) && (depth > 0 || !has_value) => {
                has_value = true;
                start = skip_spaces(line, here + 1);
            }
            _ => {}
        }
    }
    (key, start.min(line.len()), depth > 0)
}

/// Where the value that begins `text` ends: at a comment, or between brackets where its item ends.
fn end_of_value(text: &str, in_flow: bool) -> usize {
    let mut depth = 0_usize;
    let mut previous = b' ';
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'#' if matches!(previous, b' ' | b'\t') => return at,
            b'[' | b'{' | b'(' => depth += 1,
            b',' if in_flow && depth == 0 => return at,
            b']' | b'}' if depth == 0 => return at,
            b']' | b'}' | b')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        previous = byte;
    }
    text.len()
}

fn skip_spaces(line: &str, from: usize) -> usize {
    let rest = line.get(from..).unwrap_or_default();
    from + rest.len() - rest.trim_start_matches([' ', '\t']).len()
}
