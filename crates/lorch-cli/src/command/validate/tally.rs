//! What all the files came to.

use crate::amount::{count, counted};

/// How many files and documents were judged, and how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    /// Files that hold valid documents only.
    pub(super) valid: u64,
    /// Files that do not.
    pub(super) invalid: u64,
    /// Files that cannot be read.
    pub(super) unreadable: u64,
    /// Files that were found and are no documents of lorch.
    pub(super) foreign: u64,
    /// Files in which lorch keeps track of ledgers.
    pub(super) bookkeeping: u64,
    /// Documents, one in most files and one a line in streams.
    pub(super) documents: u64,
    /// Violations that were found and not written.
    pub(super) unwritten: u64,
}

impl Tally {
    /// Files that were judged.
    pub(super) const fn judged(&self) -> u64 {
        self.valid + self.invalid
    }

    /// Counts a file with so many violations, of which at most `max` are written.
    pub(super) fn file(&mut self, violations: usize, max: usize) {
        match violations {
            0 => self.valid += 1,
            _ => self.invalid += 1,
        }
        self.unwritten += violations.saturating_sub(max) as u64;
    }

    /// One line for all files: `12 files: 11 valid, 1 not; 3,004 documents`.
    pub(super) fn total(&self) -> String {
        let mut parts = vec![format!("{} valid", count(self.valid))];
        if self.invalid > 0 {
            parts.push(format!("{} not", count(self.invalid)));
        }
        if self.unreadable > 0 {
            parts.push(format!("{} not readable", count(self.unreadable)));
        }
        let files = counted(self.judged() + self.unreadable, "file");
        let documents = counted(self.documents, "document");
        format!("{files}: {}; {documents}", parts.join(", "))
    }

    /// A sentence about the files in which lorch keeps track of ledgers.
    pub(super) fn kept_track(&self) -> Option<String> {
        match self.bookkeeping {
            0 => None,
            1 => Some("1 file keeps track of a ledger, and is no document".to_owned()),
            many => {
                Some(format!("{} files keep track of ledgers, and are no documents", count(many)))
            }
        }
    }

    /// A sentence about the files that were passed over.
    pub(super) fn passed_over(&self) -> Option<String> {
        let what = match self.foreign {
            0 => return None,
            1 => "1 file is no document of lorch".to_owned(),
            many => format!("{} files are no documents of lorch", count(many)),
        };
        Some(format!("{what}; `--schema NAME` judges every file"))
    }
}

/// A sentence about links and special files that were left out.
pub(super) fn links_left_out(links: u64) -> Option<String> {
    match links {
        0 => None,
        1 => Some("1 link or special file was left out; name it to judge it".to_owned()),
        many => Some(format!(
            "{} links and special files were left out; name them to judge them",
            count(many)
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn totals_name_what_there_is() {
        let tally = Tally { valid: 11, invalid: 1, documents: 3004, ..Tally::default() };
        assert_eq!(tally.total(), "12 files: 11 valid, 1 not; 3,004 documents");
        let tally = Tally { valid: 1, unreadable: 1, documents: 1, ..Tally::default() };
        assert_eq!(tally.total(), "2 files: 1 valid, 1 not readable; 1 document");
        assert_eq!(tally.passed_over(), None);
    }
}
