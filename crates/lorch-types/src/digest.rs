//! SHA-256 digests of documents and texts.

use sha2::{Digest as _, Sha256};

use crate::id::{self, Rule, identifier};
use crate::json::{Sink, Value, View, canonical, put_value};

identifier! {
    /// The SHA-256 of a document's canonical JSON, or of some bytes: `sha256:` and 64 hex digits.
    pub struct Digest = Rule {
        what: "digest",
        words: "it is `sha256:` and 64 lower-case hexadecimal digits",
        schema: || id::fixed("^sha256:[a-f0-9]{64}$", 71),
        holds: |text| id::is_prefixed_hex(text, "sha256:", 64),
    }
}

identifier! {
    /// What makes a dispatch replay-safe: the same key means the same effect, which happens once.
    pub struct IdempotencyKey = Rule {
        what: "idempotency key",
        words: "it is `ik:` and 64 lower-case hexadecimal digits",
        schema: || id::fixed("^ik:[a-f0-9]{64}$", 67),
        holds: |text| id::is_prefixed_hex(text, "ik:", 64),
    }
}

impl Digest {
    /// The digest over the canonical JSON of `value`.
    pub fn of(value: &Value) -> Self {
        Self::of_view(value.into())
    }

    /// The same over a value that is kept elsewhere.
    pub fn of_view(value: View<'_>) -> Self {
        let mut sink = Hashing::default();
        put_value(value, &mut sink);
        Self(sink.finish("sha256:"))
    }

    /// The digest over `bytes` as they are.
    pub fn of_bytes(bytes: &[u8]) -> Self {
        Self(prefixed_sha256("sha256:", bytes))
    }

    /// The digest that a SHA-256 hash is.
    pub fn of_hash(hash: [u8; 32]) -> Self {
        Self(prefixed_hex("sha256:", &hash))
    }

    /// The hash itself, of which the digest is the text.
    pub fn bytes(&self) -> [u8; 32] {
        let nibble = |byte: u8| match byte {
            b'0'..=b'9' => byte - b'0',
            _ => byte.wrapping_sub(b'a').wrapping_add(10),
        };
        let mut bytes = [0; 32];
        let (pairs, _) = self.hex().as_bytes().as_chunks::<2>();
        for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
            *byte = (nibble(*high) << 4) | nibble(*low);
        }
        bytes
    }

    /// The 64 hexadecimal digits without the prefix.
    pub fn hex(&self) -> &str {
        self.0.strip_prefix("sha256:").unwrap_or_default()
    }
}

impl IdempotencyKey {
    /// The key over the canonical JSON of `parts`; the first part is a tag that names the domain.
    pub fn of(parts: Vec<Value>) -> Self {
        Self::of_bytes(canonical(&Value::Array(parts)).as_bytes())
    }

    /// The key over `bytes` as they are.
    pub fn of_bytes(bytes: &[u8]) -> Self {
        Self(prefixed_sha256("ik:", bytes))
    }
}

/// The digest of bytes that come piece by piece.
#[derive(Clone, Debug, Default)]
pub struct Hasher(Sha256);

impl Hasher {
    /// Adds what comes next.
    pub fn update(&mut self, piece: &[u8]) {
        self.0.update(piece);
    }

    /// The digest of everything that came.
    pub fn finish(self) -> Digest {
        Digest(prefixed_hex("sha256:", &self.0.finalize()))
    }
}

/// Hashes canonical text piece by piece, so that the whole of it never stands in memory.
#[derive(Default)]
struct Hashing {
    hasher: Sha256,
    bytes: Vec<u8>,
}

impl Hashing {
    /// How many bytes are gathered before they are hashed; few enough to stay in the cache.
    const PIECE: usize = 16 * 1024;

    fn finish(mut self, prefix: &str) -> smol_str::SmolStr {
        self.hasher.update(&self.bytes);
        prefixed_hex(prefix, &self.hasher.finalize())
    }
}

impl Sink for Hashing {
    #[inline]
    fn bytes(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }

    #[inline]
    fn settle(&mut self) {
        if self.bytes.len() >= Self::PIECE {
            self.hasher.update(&self.bytes);
            self.bytes.clear();
        }
    }
}

fn prefixed_sha256(prefix: &str, bytes: &[u8]) -> smol_str::SmolStr {
    prefixed_hex(prefix, &Sha256::digest(bytes))
}

fn prefixed_hex(prefix: &str, digest: &[u8]) -> smol_str::SmolStr {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |nibble: u8| DIGITS.get(usize::from(nibble)).copied().unwrap_or(b'0');
    let mut text = prefix.as_bytes().to_vec();
    text.reserve(2 * digest.len());
    text.extend(digest.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]));
    str::from_utf8(&text).unwrap_or_default().into()
}
