//! Documents under the digest of their canonical text.

use lorch_types::Digest;
use lorch_types::json::{Limits, Value, canonical, read};
use rusqlite::{Connection, OptionalExtension};

use crate::StoreError;

/// A document as it is stored.
///
/// Invariant: `text` is canonical JSON, and `digest` is its digest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blob {
    digest: Digest,
    text: String,
}

impl Blob {
    /// The document `value` as it is stored.
    pub fn of(value: &Value) -> Self {
        let text = canonical(value);
        Self { digest: Digest::of_bytes(text.as_bytes()), text }
    }

    /// The digest under which it is found.
    pub fn digest(&self) -> &Digest {
        &self.digest
    }

    /// The canonical text.
    pub fn text(&self) -> &str {
        &self.text
    }
}

/// Stores a document, unless it is there already, and gives its number.
pub(crate) fn put(connection: &Connection, blob: &Blob) -> Result<i64, StoreError> {
    const PUT: &str =
        "INSERT INTO blobs (digest, text) VALUES (?1, ?2) ON CONFLICT (digest) DO NOTHING";
    const FIND: &str = "SELECT blob FROM blobs WHERE digest = ?1";
    let digest = blob.digest.as_str();
    match connection.prepare_cached(PUT)?.execute((digest, &blob.text))? {
        0 => Ok(connection.prepare_cached(FIND)?.query_row([digest], |row| row.get(0))?),
        _ => Ok(connection.last_insert_rowid()),
    }
}

/// The text stored under `digest`, checked against it.
pub(crate) fn text(connection: &Connection, digest: &Digest) -> Result<String, StoreError> {
    const TEXT: &str = "SELECT text FROM blobs WHERE digest = ?1";
    let text: Option<String> = connection
        .prepare_cached(TEXT)?
        .query_row([digest.as_str()], |row| row.get(0))
        .optional()?;
    let text = text.ok_or_else(|| StoreError::NoSuchBlob { digest: digest.clone() })?;
    let found = Digest::of_bytes(text.as_bytes());
    if found == *digest {
        Ok(text)
    } else {
        Err(StoreError::damaged(digest.as_str(), format_args!("its text has the digest {found}")))
    }
}

/// Reads a text of the store, whose size was limited when it was written.
pub(crate) fn parse(place: &str, text: &str) -> Result<Value, StoreError> {
    read(text.as_bytes(), Limits { max_bytes: usize::MAX })
        .map_err(|error| StoreError::damaged(place, error))
}
