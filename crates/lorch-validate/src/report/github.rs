//! Annotations of GitHub Actions (workflow commands).

use std::io::{self, Write};

use super::{Finding, one_line, severity};

/// `::error file=..,line=..,col=..,title=..::message`, with what ends a property or a line escaped.
pub(super) fn write(finding: &Finding, out: &mut dyn Write) -> io::Result<()> {
    let Finding { diagnostic, file, place, .. } = finding;
    let message = match &diagnostic.help {
        Some(help) => format!("{}\nhelp: {}", one_line(&diagnostic.message), one_line(help)),
        None => one_line(&diagnostic.message),
    };
    writeln!(
        out,
        "::{} file={},line={},col={},title={}::{}",
        severity(diagnostic.severity),
        property(file),
        place.line,
        place.column,
        diagnostic.code,
        data(&message)
    )
}

fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
