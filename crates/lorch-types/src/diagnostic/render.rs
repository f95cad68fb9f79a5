//! Diagnostics as people read them: the message, the place, the line and a caret.

use std::fmt::Write as _;

use super::{Diagnostic, Severity, Source};
use crate::json::Outline;
use crate::place::Span;

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
            let span = match (sources.get(index), outlines.get(index)) {
                (Some(source), Some(outline)) => source.locate(outline, diagnostic).span,
                _ => 0..0,
            };
            (index, span, diagnostic)
        })
        .collect();
    located.sort_by_key(|(index, span, _)| (*index, span.start));
    let mut out = String::new();
    for (index, span, diagnostic) in located {
        heading(&mut out, diagnostic, color);
        if let Some(source) = sources.get(index) {
            excerpt(&mut out, source, &span, diagnostic.severity, color);
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

/// The place and the line on which `span` begins, with carets beneath.
fn excerpt(out: &mut String, source: &Source, span: &Span, severity: Severity, color: Color) {
    let start = crate::place::Place::of(&source.text, span.start);
    let before = source.text.get(..span.start).unwrap_or_default();
    let line_start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    let rest = source.text.get(line_start..).unwrap_or_default();
    let line_length = rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
    let line = String::from_utf8_lossy(rest.get(..line_length).unwrap_or_default());
    let line = line.trim_end_matches('\r');

    let first = start.column - 1;
    let width = source
        .text
        .get(span.start..span.end.min(line_start + line_length))
        .map_or(1, |bytes| String::from_utf8_lossy(bytes).chars().count());
    let skipped = if first > SHOWN_COLUMNS / 2 && line.chars().count() > SHOWN_COLUMNS {
        first - SHOWN_COLUMNS / 2
    } else {
        0
    };
    let shown: String = line.chars().skip(skipped).take(SHOWN_COLUMNS).collect();
    let ahead: String = shown.chars().take(first - skipped).collect();
    let marked: String = shown.chars().skip(first - skipped).take(width.max(1)).collect();

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
