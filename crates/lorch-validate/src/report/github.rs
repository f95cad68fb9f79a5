//! Annotations of GitHub Actions (workflow commands).

use std::io::{self, Write};

use lorch_types::diagnostic::visible;

use super::{Finding, severity};

/// `::error file=..,line=..,col=..,title=..::message`, with what ends a property or a line escaped.
pub(super) fn write(finding: &Finding, out: &mut dyn Write) -> io::Result<()> {
    let Finding { diagnostic, file, place, .. } = finding;
    let message = match &diagnostic.help {
        Some(help) => format!("{}\nhelp: {}", visible(&diagnostic.message), visible(help)),
        None => visible(&diagnostic.message),
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

/// What ends a line or a property is encoded; a log that shows the rest obeys none of it.
fn property(text: &str) -> String {
    visible(&data(text).replace(':', "%3A").replace(',', "%2C"))
}
