//! JSON objects, their keys in canonical order.

use std::cmp::Ordering;

use smol_str::SmolStr;

use super::Value;

/// A JSON object.
///
/// Invariant: keys are unique and sorted by their UTF-16 code units (RFC 8785, section 3.2.3), so
/// that writing the members in order is writing them canonically.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Object(Vec<(SmolStr, Value)>);

impl Object {
    /// An object without members.
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Sorts `entries` into an object.
    ///
    /// # Errors
    /// The key that occurs more than once, if one does.
    pub fn from_entries(mut entries: Vec<(SmolStr, Value)>) -> Result<Self, SmolStr> {
        sort_members(&mut entries, |(a, _), (b, _)| canonical_order(a, b), |(key, _)| key.clone())?;
        Ok(Self(entries))
    }

    /// The object of `entries`, which are sorted and have unique keys.
    pub(super) fn from_sorted(entries: Vec<(SmolStr, Value)>) -> Self {
        debug_assert!(
            entries
                .windows(2)
                .all(|pair| matches!(pair, [(a, _), (b, _)] if canonical_order(a, b).is_lt())),
            "the keys are not in canonical order"
        );
        Self(entries)
    }

    /// The members in canonical order.
    pub(super) fn entries(&self) -> &[(SmolStr, Value)] {
        &self.0
    }

    /// The value of `key`.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.find(key).and_then(|at| self.0.get(at)).map(|(_, value)| value)
    }

    /// The value of `key`, to be changed.
    pub fn get_mut(&mut self, key: &str) -> Option<&mut Value> {
        let at = self.find(key)?;
        self.0.get_mut(at).map(|(_, value)| value)
    }

    /// Which member `key` is, in canonical order from 0.
    pub fn position_of(&self, key: &str) -> Option<usize> {
        self.find(key)
    }

    /// Whether there is a member `key`.
    pub fn contains_key(&self, key: &str) -> bool {
        self.find(key).is_some()
    }

    /// Sets `key` to `value` and returns what it was before.
    pub fn insert(&mut self, key: impl Into<SmolStr>, value: impl Into<Value>) -> Option<Value> {
        let (key, value) = (key.into(), value.into());
        match self.position(&key) {
            Ok(at) => self.0.get_mut(at).map(|(_, old)| std::mem::replace(old, value)),
            Err(at) => {
                self.0.insert(at, (key, value));
                None
            }
        }
    }

    /// Takes the member `key` out.
    pub fn remove(&mut self, key: &str) -> Option<Value> {
        self.position(key).ok().map(|at| self.0.remove(at).1)
    }

    /// How many members there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are no members.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The members in canonical order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&SmolStr, &Value)> {
        self.0.iter().map(|(key, value)| (key, value))
    }

    /// The members in canonical order, their values to be changed.
    pub fn iter_mut(&mut self) -> impl ExactSizeIterator<Item = (&SmolStr, &mut Value)> {
        self.0.iter_mut().map(|(key, value)| (&*key, value))
    }

    /// The keys in canonical order.
    pub fn keys(&self) -> impl ExactSizeIterator<Item = &SmolStr> {
        self.0.iter().map(|(key, _)| key)
    }

    /// The values, in the order of their keys.
    pub fn values(&self) -> impl ExactSizeIterator<Item = &Value> {
        self.0.iter().map(|(_, value)| value)
    }

    /// Where `key` stands. In a small object by looking at each: keys differ mostly in their length.
    #[inline]
    fn find(&self, key: &str) -> Option<usize> {
        if self.0.len() <= 16 {
            return self.0.iter().position(|(candidate, _)| candidate.as_str() == key);
        }
        self.position(key).ok()
    }

    fn position(&self, key: &str) -> Result<usize, usize> {
        if self.0.len() <= 8 {
            for (at, (candidate, _)) in self.0.iter().enumerate() {
                match canonical_order(candidate, key) {
                    Ordering::Less => {}
                    Ordering::Equal => return Ok(at),
                    Ordering::Greater => return Err(at),
                }
            }
            return Err(self.0.len());
        }
        self.0.binary_search_by(|(candidate, _)| canonical_order(candidate, key))
    }
}

/// Brings members into `order`, in which only those of one key are equal; `key` gives a member's key.
///
/// # Errors
/// The key that occurs more than once, if one does.
pub(super) fn sort_members<M>(
    members: &mut [M],
    order: impl Fn(&M, &M) -> Ordering,
    key: impl Fn(&M) -> SmolStr,
) -> Result<(), SmolStr> {
    if members.is_sorted_by(|a, b| order(a, b).is_lt()) {
        return Ok(());
    }
    members.sort_by(&order);
    let twin = members.windows(2).find_map(|pair| match pair {
        [a, b] if order(a, b).is_eq() => Some(key(a)),
        _ => None,
    });
    twin.map_or(Ok(()), Err)
}

/// Orders two strings by their UTF-16 code units, on their UTF-8 bytes.
///
/// The two orders differ only where one string has a character of a supplementary plane (first byte
/// `F0`-`F4`, in UTF-16 a surrogate `D800`-`DFFF`) and the other one from `U+E000` to `U+FFFF`
/// (first byte `EE` or `EF`).
pub(super) fn canonical_order(a: &str, b: &str) -> Ordering {
    let rank = |byte: u8| if matches!(byte, 0xEE | 0xEF) { byte + 0x10 } else { byte };
    a.bytes()
        .zip(b.bytes())
        .find(|(x, y)| x != y)
        .map_or_else(|| a.len().cmp(&b.len()), |(x, y)| rank(x).cmp(&rank(y)))
}

impl IntoIterator for Object {
    type Item = (SmolStr, Value);
    type IntoIter = std::vec::IntoIter<(SmolStr, Value)>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<K: Into<SmolStr>, V: Into<Value>> FromIterator<(K, V)> for Object {
    /// Collects members; of several with one key the last stays.
    fn from_iter<I: IntoIterator<Item = (K, V)>>(members: I) -> Self {
        let mut entries: Vec<(SmolStr, Value)> =
            members.into_iter().map(|(key, value)| (key.into(), value.into())).collect();
        entries.sort_by(|(a, _), (b, _)| canonical_order(a, b));
        entries.dedup_by(|later, earlier| {
            let same = later.0 == earlier.0;
            if same {
                std::mem::swap(&mut later.1, &mut earlier.1);
            }
            same
        });
        Self(entries)
    }
}
