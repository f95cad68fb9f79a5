//! What one object tells about the next: documents are full of objects with the same keys in the
//! same order, and a key that was foretold need not be scanned, nor such an object be sorted.

use crate::json::build::Key;
use crate::json::object::canonical_order;

/// How many keys an object has that is worth remembering.
const MAX_KEYS: usize = 32;
/// How many shapes are remembered.
const MAX_SHAPES: usize = 16;

/// The shapes of the objects read so far, and which was the last at each depth.
#[derive(Debug)]
pub(super) struct Shapes<K> {
    shapes: Vec<Shape<K>>,
    last: Vec<Option<usize>>,
}

/// The keys of an object.
///
/// Invariant: the keys are unique, and stand in a text as they are.
#[derive(Debug)]
struct Shape<K> {
    /// In the order in which they are written.
    keys: Vec<K>,
    /// The same as they stand in a text, with their quotes.
    quoted: Vec<Box<str>>,
    /// What brings members from that order into the canonical one.
    swaps: Vec<(usize, usize)>,
}

impl<K> Default for Shapes<K> {
    fn default() -> Self {
        Self { shapes: Vec::new(), last: Vec::new() }
    }
}

impl<K: Key> Shapes<K> {
    /// The shape that an object at this depth probably has.
    #[inline]
    pub(super) fn expected(&self, depth: usize) -> Option<usize> {
        self.last.get(depth).copied().flatten()
    }

    /// The key at `position` of a shape, and how it stands in a text.
    #[inline]
    pub(super) fn key(&self, shape: usize, position: usize) -> Option<(&K, &str)> {
        let shape = self.shapes.get(shape)?;
        Some((shape.keys.get(position)?, shape.quoted.get(position)?))
    }

    /// How many keys a shape has.
    #[inline]
    pub(super) fn len(&self, shape: usize) -> usize {
        self.shapes.get(shape).map_or(0, |shape| shape.keys.len())
    }

    /// Brings the members of an object of this shape into canonical order.
    #[inline]
    pub(super) fn arrange<M>(&self, shape: usize, members: &mut [M]) {
        if let Some(shape) = self.shapes.get(shape) {
            debug_assert_eq!(shape.keys.len(), members.len());
            for (a, b) in &shape.swaps {
                members.swap(*a, *b);
            }
        }
    }

    /// Remembers the shape of an object at this depth that has these keys, in the order of the text.
    pub(super) fn learn<'k>(
        &mut self,
        depth: usize,
        keys: impl ExactSizeIterator<Item = &'k K> + Clone,
    ) where
        K: 'k,
    {
        if keys.len() == 0 || keys.len() > MAX_KEYS {
            return;
        }
        let known = self
            .shapes
            .iter()
            .position(|shape| shape.keys.len() == keys.len() && shape.keys.iter().eq(keys.clone()));
        let shape = match known {
            Some(shape) => shape,
            None if self.shapes.len() == MAX_SHAPES => return,
            None => {
                let Some(shape) = Shape::of(keys.cloned().collect()) else { return };
                self.shapes.push(shape);
                self.shapes.len() - 1
            }
        };
        if self.last.len() <= depth {
            self.last.resize(depth + 1, None);
        }
        if let Some(last) = self.last.get_mut(depth) {
            *last = Some(shape);
        }
    }
}

impl<K: Key> Shape<K> {
    fn of(keys: Vec<K>) -> Option<Self> {
        if !keys.iter().all(K::is_plain) {
            return None;
        }
        let mut order: Vec<usize> = (0..keys.len()).collect();
        let key = |at: &usize| keys.get(*at).map_or("", K::as_str);
        order.sort_by(|a, b| canonical_order(key(a), key(b)));
        if order.windows(2).any(|pair| matches!(pair, [a, b] if key(a) == key(b))) {
            return None;
        }
        // Where each member stands while those before it are put into their places.
        let mut standing: Vec<usize> = (0..keys.len()).collect();
        let mut swaps = Vec::new();
        for (place, member) in order.iter().enumerate() {
            let at = standing.iter().position(|standing| standing == member)?;
            if at != place {
                standing.swap(at, place);
                swaps.push((place, at));
            }
        }
        let quoted = keys.iter().map(|key| format!("\"{}\"", key.as_str()).into()).collect();
        Some(Self { keys, quoted, swaps })
    }
}
