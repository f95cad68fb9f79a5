//! A pack: one file of Rego, and the cases that it must deny and allow.

use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use lorch_types::json::{Limits, Object, ReadError, Value, read};
use lorch_types::{Digest, SmolStr};

use super::input::{InvalidCase, PolicyInput};

/// The bytes of Rego that a pack may have: as many as the evaluator reads.
const MAX_REGO: usize = 1 << 20;

/// The bytes that the cases of a pack may have together.
const MAX_CASES: usize = 16 << 20;

/// The name of a pack, of its folder and of its package: `production_safety`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PackName(SmolStr);

/// A text that names no pack.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{}` names no pack: it has 1 to 64 small letters, digits and `_`, and begins with a letter",
    text.escape_debug()
)]
pub struct InvalidPackName {
    text: String,
}

/// A pack as it was read.
///
/// Invariant: `digest` is that of everything in it.
#[derive(Clone, Debug)]
pub struct Pack {
    name: PackName,
    rego: String,
    cases: Vec<Case>,
    digest: Digest,
    ships: bool,
}

/// What a pack must do with a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Must {
    /// Deny it.
    Deny,
    /// Allow it.
    Allow,
}

/// A plan that a pack must deny or allow.
#[derive(Clone, Debug)]
pub struct Case {
    /// The file, without its folder.
    pub file: SmolStr,
    /// What the pack must do.
    pub must: Must,
    /// What it is asked.
    pub input: PolicyInput,
}

/// Why a pack cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PackError {
    /// The folder's name is no name of a pack.
    #[error(transparent)]
    Name(#[from] InvalidPackName),
    /// A file or folder cannot be read.
    #[error("cannot read `{}`: {source}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A name stands for a pipe, a device or the like.
    #[error("`{}` is no regular file", path.display())]
    Special {
        /// Which.
        path: PathBuf,
    },
    /// The pack has more than it may.
    #[error("`{file}` makes it too large: {limit} bytes are the limit")]
    TooLarge {
        /// The file with which it became so.
        file: String,
        /// How much it may have.
        limit: usize,
    },
    /// `policy.rego` is empty.
    #[error("`policy.rego` is empty")]
    Empty,
    /// `policy.rego` calls what no policy may.
    #[error("`policy.rego` uses `{function}`, which {why}")]
    Forbidden {
        /// The function.
        function: &'static str,
        /// Why not.
        why: &'static str,
    },
    /// A case is no JSON.
    #[error("`{file}` is no JSON: {source}")]
    Json {
        /// The file.
        file: String,
        /// Why.
        source: ReadError,
    },
    /// A case is no input of a policy.
    #[error("`{file}`: {source}")]
    Case {
        /// The file.
        file: String,
        /// Why.
        source: InvalidCase,
    },
}

impl PackName {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for PackName {
    type Err = InvalidPackName;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_word = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        let is_name = (1..=64).contains(&text.len())
            && text.starts_with(|first: char| first.is_ascii_lowercase())
            && text.bytes().all(is_word);
        if is_name { Ok(Self(text.into())) } else { Err(InvalidPackName { text: text.to_owned() }) }
    }
}

impl std::fmt::Display for PackName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl Must {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Deny, Self::Allow];

    /// The word for it, and the name of the folder of such cases.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Deny => "deny",
            Self::Allow => "allow",
        }
    }
}

impl Pack {
    /// The pack in `folder`, which has its name: `policy.rego`, `deny/*.json` and `allow/*.json`.
    ///
    /// # Errors
    /// When a file cannot be read or is not what it should be.
    pub fn read(folder: &Path) -> Result<Self, PackError> {
        let name = folder.file_name().map(|name| name.to_string_lossy().into_owned());
        let name: PackName = name.unwrap_or_default().parse()?;
        let rego = text_of(&folder.join("policy.rego"), MAX_REGO)?;
        let mut cases = Vec::new();
        let mut left = MAX_CASES;
        for must in Must::ALL {
            for path in json_files(&folder.join(must.as_str()))? {
                let file = path.file_name().map(|it| it.to_string_lossy().into_owned());
                let file = file.unwrap_or_default();
                let too_large = || PackError::TooLarge { file: file.clone(), limit: MAX_CASES };
                let text = text_of(&path, MAX_CASES)?;
                left = left.checked_sub(text.len()).ok_or_else(too_large)?;
                cases.push((must, file, text));
            }
        }
        Self::new(name, rego, cases)
    }

    /// The pack of these texts; each case with what must be done with it and its file.
    ///
    /// # Errors
    /// When one of them is not what it should be.
    pub fn new(
        name: PackName,
        rego: String,
        cases: Vec<(Must, String, String)>,
    ) -> Result<Self, PackError> {
        if rego.len() > MAX_REGO {
            return Err(PackError::TooLarge { file: "policy.rego".to_owned(), limit: MAX_REGO });
        }
        if rego.trim().is_empty() {
            return Err(PackError::Empty);
        }
        if let Some((function, why)) = forbidden(&rego) {
            return Err(PackError::Forbidden { function, why });
        }
        let mut content = Object::new();
        content.insert("name", name.as_str());
        content.insert("rego", rego.as_str());
        let mut read_cases = Vec::with_capacity(cases.len());
        for (must, file, text) in cases {
            let value = read(text.as_bytes(), Limits::default())
                .map_err(|source| PackError::Json { file: file.clone(), source })?;
            content.insert(format!("{}/{file}", must.as_str()), value.clone());
            let input = PolicyInput::of_case(&value)
                .map_err(|source| PackError::Case { file: file.clone(), source })?;
            read_cases.push(Case { file: file.into(), must, input });
        }
        let digest = Digest::of(&Value::Object(content));
        Ok(Self { name, rego, cases: read_cases, digest, ships: false })
    }

    /// The same as one that ships with lorch.
    pub(super) fn that_ships(self) -> Self {
        Self { ships: true, ..self }
    }

    /// Whether it ships with lorch, and so is known to end.
    pub(super) fn ships(&self) -> bool {
        self.ships
    }

    /// Its name.
    pub fn name(&self) -> &PackName {
        &self.name
    }

    /// Its Rego.
    pub fn rego(&self) -> &str {
        &self.rego
    }

    /// Its cases, those that it must deny first.
    pub fn cases(&self) -> &[Case] {
        &self.cases
    }

    /// The digest of all of it: whatever changes in the pack changes it.
    pub fn digest(&self) -> &Digest {
        &self.digest
    }
}

/// A function that no policy may call, if the text has one, however it is spelt.
///
/// One call of the first two makes a value of any size between two looks at the clock.
fn forbidden(rego: &str) -> Option<(&'static str, &'static str)> {
    const FORBIDDEN: [(&str, &str, &str); 3] = [
        ("numbersrange", "numbers.range", "may take memory without bound"),
        ("bitslsh", "bits.lsh", "may take memory without bound"),
        ("randintn", "rand.intn", "gives another answer each time"),
    ];
    let is_spelling = |c: char| c.is_whitespace() || matches!(c, '.' | '[' | ']' | '"' | '`');
    let bare: String = rego.chars().filter(|c| !is_spelling(*c)).collect();
    let found = FORBIDDEN.into_iter().find(|(letters, ..)| bare.contains(letters));
    found.map(|(_, function, why)| (function, why))
}

/// The text of a file that has at most `limit` bytes; what is no file is not opened.
fn text_of(path: &Path, limit: usize) -> Result<String, PackError> {
    let failed = |source| PackError::File { path: path.to_owned(), source };
    if !fs::metadata(path).map_err(failed)?.is_file() {
        return Err(PackError::Special { path: path.to_owned() });
    }
    let bound = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    let mut text = Vec::new();
    let file = fs::File::open(path).map_err(failed)?;
    file.take(bound).read_to_end(&mut text).map_err(failed)?;
    if text.len() > limit {
        let file = path.file_name().map(|it| it.to_string_lossy().into_owned());
        return Err(PackError::TooLarge { file: file.unwrap_or_default(), limit });
    }
    String::from_utf8(text).map_err(|_| failed(io::Error::other("it is not UTF-8")))
}

/// The JSON files of a folder in the order of their names; none without the folder.
fn json_files(folder: &Path) -> Result<Vec<PathBuf>, PackError> {
    let failed = |source| PackError::File { path: folder.to_owned(), source };
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(failed(error)),
    };
    let mut files = Vec::new();
    for entry in entries {
        let path = entry.map_err(failed)?.path();
        if path.extension().is_some_and(|it| it == "json") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}
