//! The lines and columns of what does not hold.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use lorch_types::SmolStr;
use lorch_types::diagnostic::{Diagnostic, End, Format, Source};
use lorch_types::json::Limits;
use lorch_types::place::Place;
use lorch_validate::report::Finding;
use lorch_validate::together::Mismatch;

use super::{lines, shown};
use crate::input;

/// Finds places in the files of a workspace.
pub(super) struct Places<'a> {
    pub(super) root: &'a Path,
    pub(super) limits: Limits,
    pub(super) max_line: usize,
}

/// The diagnostics of one file: by their line, or those of the file as one document.
type OfFile = BTreeMap<Option<usize>, Vec<(Diagnostic, Option<SmolStr>)>>;

impl Places<'_> {
    /// Each mismatch at its place, ordered by file and place.
    pub(super) fn of(&self, mismatches: &[Mismatch]) -> Vec<Finding> {
        let mut files: BTreeMap<&SmolStr, OfFile> = BTreeMap::new();
        for mismatch in mismatches {
            let mut diagnostic = mismatch.diagnostic();
            diagnostic.other = Some(Box::new(End {
                file: self.name(&mismatch.other.file),
                ..mismatch.other.clone()
            }));
            let of_file = files.entry(&mismatch.at.file).or_default();
            of_file.entry(mismatch.at.line).or_default().push((diagnostic, None));
        }
        let mut findings = Vec::new();
        for (file, of_file) in files {
            // A file that has gone since is no reason to say nothing of it.
            let left = self.locate(file, &of_file, &mut findings);
            let everything = of_file.into_values().flatten();
            if left.is_err() {
                findings
                    .extend(everything.map(|(diagnostic, _)| self.without_place(file, diagnostic)));
            }
        }
        findings
    }

    fn locate(&self, file: &SmolStr, of_file: &OfFile, out: &mut Vec<Finding>) -> io::Result<()> {
        let path = self.root.join(file.as_str());
        let name = shown(self.root, file);
        let mut found = Vec::new();
        if let Some(diagnostics) = of_file.get(&None) {
            let text = input::read_file(&path, self.limits)?;
            let source = Source { name: name.clone(), ..input::source(&path, text) };
            found.extend(Finding::all_in(diagnostics, &source));
        }
        if of_file.keys().any(Option::is_some) {
            lines::each(&path, self.max_line, |number, text| {
                let Some(diagnostics) = of_file.get(&Some(number)) else { return };
                let (name, text) = (name.clone(), text.to_vec());
                let source = Source { name, text, format: Format::Json };
                for mut finding in Finding::all_in(diagnostics, &source) {
                    finding.place.line = number;
                    finding.end.line = number;
                    found.push(finding);
                }
            })?;
        }
        out.extend(found);
        Ok(())
    }

    fn without_place(&self, file: &SmolStr, diagnostic: Diagnostic) -> Finding {
        let start = Place { line: 1, column: 1 };
        let file = shown(self.root, file);
        Finding { diagnostic, keyword: None, file, place: start, end: start }
    }

    fn name(&self, file: &SmolStr) -> SmolStr {
        shown(self.root, file).into()
    }
}
