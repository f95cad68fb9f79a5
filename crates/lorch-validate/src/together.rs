//! Documents together: whether what one says about another holds.
//!
//! [`Together`] takes documents that are valid by themselves, one after the other and each with the
//! file that it stands in, and keeps of a ledger only its ids. [`Together::finish`] then says every
//! reference that does not hold, with both of its ends. What a file on disk holds is asked of a
//! [`Files`]: this crate opens none.

mod artifacts;
mod jobs;
mod ledger;
mod plans;
mod receipts;
mod snapshots;

use lorch_types::agent::WorkspacePath;
use lorch_types::diagnostic::{Code, Diagnostic, End};
use lorch_types::json::{FromValueError, Value, from_value};
use lorch_types::pointer::Pointer;
use lorch_types::{Digest, Kind, SmolStr};

use jobs::Jobs;
use ledger::Ledgers;
use plans::Plans;
use receipts::Receipts;
use snapshots::Snapshots;

/// Documents of one workspace, and what they say about each other.
#[derive(Debug, Default)]
pub struct Together {
    ledgers: Ledgers,
    receipts: Receipts,
    snapshots: Snapshots,
    plans: Plans,
    jobs: Jobs,
    found: Found,
}

/// A reference that does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// Which rule it breaks.
    pub rule: Rule,
    /// Where the reference stands.
    pub at: End,
    /// What it leads to, or the file in which that was looked for.
    pub other: End,
    /// One sentence that names both ends; lower case, no full stop.
    pub message: String,
    /// What to do about it.
    pub help: Option<&'static str>,
}

/// What can be wrong between documents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rule {
    /// What a document refers to is not there.
    Absent,
    /// What two documents say about one thing differs.
    Disagrees,
    /// What is derived from a document's content is not what it should be.
    Derived,
    /// A file's name says something else than the document in it.
    Misnamed,
    /// Two documents, or two parts of one, have the same id.
    Repeated,
    /// A number of a series is missing.
    Gap,
    /// A file on disk is not what its record says.
    Artifact,
    /// What must come first comes later.
    Order,
}

/// What is found in the place of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileFound {
    /// A file with this content.
    Content {
        /// The digest of its bytes.
        sha256: Digest,
        /// How many there are.
        size: u64,
    },
    /// Nothing.
    Nothing,
    /// Something that cannot be looked at: a folder, a link that leads out, a file without
    /// permission to read. The text completes "the file".
    Unusable(String),
}

/// The files of a workspace.
pub trait Files {
    /// What is in the place of the file `path`, which never lies outside.
    fn look(&self, path: &WorkspacePath) -> FileFound;
}

/// What came of looking at documents together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// How many references were followed.
    pub references: usize,
    /// Those that do not hold, ordered by file and place.
    pub mismatches: Vec<Mismatch>,
}

impl Rule {
    /// All rules.
    pub const ALL: [Self; 8] = [
        Self::Absent,
        Self::Disagrees,
        Self::Derived,
        Self::Misnamed,
        Self::Repeated,
        Self::Gap,
        Self::Artifact,
        Self::Order,
    ];

    /// The code of diagnostics about it.
    pub const fn code(self) -> Code {
        Code(match self {
            Self::Absent => "L1121",
            Self::Disagrees => "L1122",
            Self::Derived => "L1123",
            Self::Misnamed => "L1124",
            Self::Repeated => "L1125",
            Self::Gap => "L1126",
            Self::Artifact => "L1127",
            Self::Order => "L1128",
        })
    }
}

impl Mismatch {
    /// The same as a diagnostic of the file in which the reference stands.
    pub fn diagnostic(&self) -> Diagnostic {
        let diagnostic =
            Diagnostic::error(self.rule.code(), self.at.pointer.clone(), self.message.clone())
                .in_file(self.at.file.clone())
                .with_other(self.other.clone());
        match self.help {
            Some(help) => diagnostic.with_help(help),
            None => diagnostic,
        }
    }
}

impl Together {
    /// No documents yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a document: the file that it stands in, from the workspace's root and with `/`, and the
    /// line from 1 where each line of the file is a document. Lines come in their order.
    ///
    /// # Errors
    /// When the document is no valid one of its kind; then nothing is added.
    pub fn add(
        &mut self,
        file: &SmolStr,
        line: Option<usize>,
        kind: Kind,
        document: &Value,
    ) -> Result<(), FromValueError> {
        let stand = Stand { file: file.clone(), line };
        let Self { ledgers, receipts, snapshots, plans, jobs, found } = self;
        match kind {
            Kind::Command => ledgers.command(stand, &from_value(document)?, found),
            Kind::Event => ledgers.event(stand, &from_value(document)?, found),
            Kind::SnapshotManifest => snapshots.add(stand, &from_value(document)?, found),
            Kind::Receipt => receipts.add(stand, from_value(document)?),
            Kind::RunState => ledgers.state(stand, from_value(document)?),
            Kind::Task => plans.task(stand, &from_value(document)?, found),
            Kind::Plan => plans.plan(stand, from_value(document)?, found),
            Kind::Run => plans.run(stand, from_value(document)?, found),
            Kind::JobDef => jobs.definition(stand, &from_value(document)?, document, found),
            Kind::JobInstance => jobs.instance(stand, from_value(document)?),
            Kind::RunRecord => jobs.record(stand, from_value(document)?, found),
            Kind::StepManifest => jobs.manifest(stand, &from_value(document)?),
            Kind::AttemptRecord => jobs.attempt(stand, &from_value(document)?, found),
            // They refer to nothing that is a document.
            Kind::Heartbeat | Kind::Log | Kind::StepOutcome | Kind::TaskSpec => {}
        }
        Ok(())
    }

    /// Every reference that does not hold.
    pub fn finish(mut self, files: &dyn Files) -> Outcome {
        let found = &mut self.found;
        self.ledgers.close(found);
        self.ledgers.check_states(&self.snapshots, found);
        self.ledgers.check_snapshots(&self.snapshots, found);
        self.receipts.check(&self.ledgers, &self.snapshots, found);
        artifacts::check(&self.receipts, &self.ledgers, files, found);
        self.plans.check(found);
        self.jobs.check(found);
        self.found.mismatches.sort_by(|a, b| a.at.cmp(&b.at).then(a.rule.cmp(&b.rule)));
        Outcome { references: self.found.references, mismatches: self.found.mismatches }
    }
}

/// Where a document stands.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Stand {
    file: SmolStr,
    line: Option<usize>,
}

impl Stand {
    /// The document as a whole.
    fn root(&self) -> End {
        End { file: self.file.clone(), line: self.line, pointer: Pointer::root() }
    }

    /// A part of it: keys and indexes.
    fn at<const N: usize>(&self, tokens: [&dyn std::fmt::Display; N]) -> End {
        let mut end = self.root();
        tokens.into_iter().for_each(|token| end.pointer.push(token));
        end
    }
}

/// A file as a whole, in which something was looked for.
fn file(name: impl Into<SmolStr>) -> End {
    End { file: name.into(), line: None, pointer: Pointer::root() }
}

/// What was found so far.
#[derive(Debug, Default)]
struct Found {
    references: usize,
    mismatches: Vec<Mismatch>,
}

impl Found {
    /// A reference was followed; says so when it does not hold.
    fn follow(&mut self, holds: bool, otherwise: impl FnOnce() -> Mismatch) {
        self.references += 1;
        if !holds {
            self.mismatches.push(otherwise());
        }
    }

    /// `what` is written at both ends, as `here` and as `there`.
    fn agree<T: PartialEq + std::fmt::Display>(
        &mut self,
        what: &str,
        (here, at): (&T, End),
        (there, other): (&T, End),
    ) {
        self.follow(here == there, || {
            let message = format!("the {what} is `{here}` here, and `{there}` in {other}");
            Mismatch::new(Rule::Disagrees, at, other, message)
        });
    }

    /// The same id stands at `at` and, before that, at `first`.
    fn repeated(&mut self, what: &str, id: &dyn std::fmt::Display, at: End, first: End) {
        let message = format!("the {what} `{id}` is that of {first} too");
        self.mismatches.push(Mismatch::new(Rule::Repeated, at, first, message));
    }
}

impl Mismatch {
    fn new(rule: Rule, at: End, other: End, message: String) -> Self {
        Self { rule, at, other, message, help: None }
    }

    fn with_help(mut self, help: &'static str) -> Self {
        self.help = Some(help);
        self
    }
}
