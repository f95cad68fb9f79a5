//! Diagnostics as people read them: the message, the place, the line and a caret.

use std::fmt::Write as _;

use super::{Diagnostic, Location, Severity, Source};
use crate::json::Outline;

/// How many columns of a source line are shown around what is at fault.
const SHOWN_COLUMNS: usize = 100;

/// Whether to colour the text with ANSI sequences.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Color {
    /// Plain text.
    Never,
    /// Coloured text.
    Always,
}

impl Color {
    fn paint(self, style: &str, text: impl std::fmt::Display) -> String {
        match self {
            Self::Never => text.to_string(),
            Self::Always => format!("\x1b[{style}m{text}\x1b[0m"),
        }
    }
}

/// All `diagnostics` as text, each with its place in one of `sources`.
///
/// The first source is the document that was given; a diagnostic that names a file stands in the
/// source of that name. They are printed in the order of the sources, and of their places within.
pub fn render(diagnostics: &[Diagnostic], sources: &[Source], color: Color) -> String {
    let outlines: Vec<Outline> = sources.iter().map(Source::outline).collect();
    let mut located: Vec<_> = diagnostics
        .iter()
        .map(|diagnostic| {
            let index = match &diagnostic.file {
                None => 0,
                Some(file) => {
                    sources.iter().position(|source| source.name == *file).unwrap_or(usize::MAX)
                }
            };
            let place = sources.get(index).zip(outlines.get(index));
            let place = place.map(|(source, outline)| (source, source.locate(outline, diagnostic)));
            (index, place, diagnostic)
        })
        .collect();
    located.sort_by_key(|(index, place, _)| {
        (*index, place.as_ref().map_or(0, |(_, location)| location.span.start))
    });
    let mut out = String::new();
    for (_, place, diagnostic) in located {
        heading(&mut out, diagnostic, color);
        if let Some((source, location)) = place {
            excerpt(&mut out, source, &location, diagnostic.severity, color);
        }
        if let Some(help) = &diagnostic.help {
            let _ = writeln!(out, "   {} {}", color.paint("1", "= help:"), visible(help));
        }
        out.push('\n');
    }
    out
}

fn heading(out: &mut String, diagnostic: &Diagnostic, color: Color) {
    let word = match diagnostic.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    let label = color.paint(style(diagnostic.severity), format!("{word}[{}]", diagnostic.code));
    let _ = writeln!(out, "{label}: {}", visible(&diagnostic.message));
}

fn style(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "1;31",
        Severity::Warning => "1;33",
    }
}

/// The place and the line on which it begins, with carets beneath.
fn excerpt(
    out: &mut String,
    source: &Source,
    Location { start, span }: &Location,
    severity: Severity,
    color: Color,
) {
    let (ahead, rest) = line_around(&source.text, span.start);
    let ahead_length = ahead.chars().count();
    let is_cut =
        ahead_length > SHOWN_COLUMNS / 2 && ahead_length + rest.chars().count() > SHOWN_COLUMNS;
    let skipped = if is_cut { ahead_length - SHOWN_COLUMNS / 2 } else { 0 };
    let ahead: String = ahead.chars().skip(skipped).collect();
    let rest: String = rest.chars().take(SHOWN_COLUMNS - (ahead_length - skipped)).collect();
    let shown = format!("{ahead}{rest}");
    let marked = source.text.get(span.start..span.end.min(source.text.len())).unwrap_or_default();
    let marked = marked.get(..LINE_BYTES).unwrap_or(marked);
    let width = String::from_utf8_lossy(marked).chars().count();
    let marked: String = rest.chars().take(width.max(1)).collect();

    let number = start.line.to_string();
    let gutter = " ".repeat(number.len());
    let bar = color.paint("34", "|");
    let carets = "^".repeat(visible(&marked).chars().count().max(1));
    let indent = " ".repeat(visible(&ahead).chars().count());
    let arrow = color.paint("34", "-->");
    let _ = writeln!(out, "{gutter}{arrow} {}:{start}", visible(&source.name));
    let _ = writeln!(out, "{gutter} {bar}");
    let _ = writeln!(out, "{} {bar} {}", color.paint("34", &number), visible(&shown));
    let _ = writeln!(out, "{gutter} {bar} {indent}{}", color.paint(style(severity), carets));
}

/// How many bytes of a line are looked at before and behind a place; more than are ever shown.
const LINE_BYTES: usize = 4 * SHOWN_COLUMNS;

/// What stands in its line before and behind the byte `at`, as far as it may be shown.
fn line_around(text: &[u8], at: usize) -> (String, String) {
    let at = at.min(text.len());
    let before = text.get(at.saturating_sub(LINE_BYTES)..at).unwrap_or_default();
    let line_start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    let before = String::from_utf8_lossy(before.get(line_start..).unwrap_or_default());
    let behind = text.get(at..text.len().min(at + LINE_BYTES)).unwrap_or_default();
    let line_end = behind.iter().position(|byte| *byte == b'\n').unwrap_or(behind.len());
    let behind = String::from_utf8_lossy(behind.get(..line_end).unwrap_or_default());
    (before.trim_start_matches('\u{feff}').to_owned(), behind.trim_end_matches('\r').to_owned())
}

/// The text with control characters (and those that turn the direction of text) shown escaped, so
/// that it is one line and a terminal shows it instead of obeying it. A tab is shown as a space.
pub fn visible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        let hidden = character.is_control()
            || matches!(character, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        match character {
            '\t' => out.push(' '),
            _ if hidden => out.extend(character.escape_unicode()),
            _ => out.push(character),
        }
    }
    out
}
