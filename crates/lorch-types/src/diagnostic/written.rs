//! From a byte of a string to the byte of the text that writes it: past quotes, escapes, folded
//! lines and indentation.

/// How many bytes of a string as it is written come before its byte `decoded`; all of them where
/// the string ends earlier. `None` when that cannot be told from the text of the string alone.
pub(super) fn written_offset(written: &[u8], decoded: usize) -> Option<usize> {
    match written.first() {
        Some(b'|' | b'>') => in_block(written, decoded),
        _ => Some(in_line(written, decoded)),
    }
}

/// In a JSON string, or a YAML scalar that is quoted or plain.
fn in_line(written: &[u8], decoded: usize) -> usize {
    let quote = written.first().copied().filter(|byte| matches!(byte, b'"' | b'\''));
    let mut at = usize::from(quote.is_some());
    let mut passed = 0;
    while passed < decoded && at < written.len() {
        let rest = written.get(at..).unwrap_or_default();
        let (taken, stands_for) = match (quote, rest) {
            (Some(b'"'), [b'\\', escape @ ..]) => escaped(escape),
            (Some(b'\''), [b'\'', b'\'', ..]) => (2, 1),
            (_, [b' ' | b'\t' | b'\r' | b'\n', ..]) => folded(rest),
            _ => (1, 1),
        };
        at += taken;
        passed += stands_for;
    }
    at.min(written.len())
}

/// The length of an escape with its backslash, and of what it stands for; `escape` is what follows
/// the backslash.
fn escaped(escape: &[u8]) -> (usize, usize) {
    let digits = match escape.first() {
        Some(b'x') => 2,
        Some(b'u') => 4,
        Some(b'U') => 8,
        // U+0085 and U+00A0, U+2028 and U+2029 in YAML.
        Some(b'N' | b'_') => return (2, 2),
        Some(b'L' | b'P') => return (2, 3),
        Some(b'\r' | b'\n') => return (1 + white_space(escape), 0),
        _ => return (2, 1),
    };
    let code = escape.get(1..=digits).and_then(|it| str::from_utf8(it).ok());
    let code = code.and_then(|it| u32::from_str_radix(it, 16).ok()).unwrap_or(0);
    match char::from_u32(code) {
        Some(character) => (2 + digits, character.len_utf8()),
        // A pair of surrogates: twelve characters for one of four bytes.
        None => (12, 4),
    }
}

/// White space within a line stands for itself; around one line break for a space, and around
/// several for all of them but one.
fn folded(rest: &[u8]) -> (usize, usize) {
    let run = white_space(rest);
    match rest.iter().take(run).filter(|byte| **byte == b'\n').count() {
        0 => (1, 1),
        breaks => (run, (breaks - 1).max(1)),
    }
}

fn white_space(bytes: &[u8]) -> usize {
    bytes.iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n')).count()
}

/// In a YAML block scalar, whose first line is the header.
fn in_block(written: &[u8], decoded: usize) -> Option<usize> {
    let header = written.iter().position(|byte| *byte == b'\n')? + 1;
    let indicators = written.get(1..header)?.iter().take_while(|byte| !byte.is_ascii_whitespace());
    if indicators.clone().any(u8::is_ascii_digit) {
        return None;
    }
    let is_folded = written.first() == Some(&b'>');
    let mut indent = None;
    let mut start = header;
    let mut passed = 0;
    let mut breaks = 0;
    let mut spaced_before = false;
    for line in written.get(header..)?.split_inclusive(|byte| *byte == b'\n') {
        let content = line.trim_ascii_end().len();
        let spaces = line.iter().take_while(|byte| **byte == b' ').count();
        if content == 0 {
            breaks += 1;
            start += line.len();
            continue;
        }
        let is_first = indent.is_none();
        let indent = *indent.get_or_insert(spaces);
        let text = line.get(indent..).unwrap_or_default();
        let is_spaced = text.first().is_some_and(|byte| matches!(byte, b' ' | b'\t'));
        let folds = is_folded && !is_first && !is_spaced && !spaced_before;
        // Of the breaks before this line, the one that ended the text before was not counted yet.
        passed += match (is_first, folds) {
            (true, _) => breaks,
            (false, true) => breaks.max(1),
            (false, false) => breaks + 1,
        };
        let length = text.strip_suffix(b"\n").unwrap_or(text);
        let length = length.strip_suffix(b"\r").unwrap_or(length).len();
        if decoded <= passed + length {
            return Some(start + indent + decoded.saturating_sub(passed));
        }
        passed += length;
        breaks = 0;
        spaced_before = is_spaced;
        start += line.len();
    }
    Some(written.trim_ascii_end().len())
}
