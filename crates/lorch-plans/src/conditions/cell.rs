//! The values of one metric, cut where conditions name a quantity.

use std::cmp::Ordering;

use lorch_types::plan::{Amount, Metric, Quantity, Threshold, Truth};

/// The values of one metric.
///
/// Between and at the named quantities the values fall into cells: the cell `2i + 1` is the i-th
/// quantity alone, the cell `2i` everything between it and the one before. A flag, of which nothing is
/// named, has the cells 0 and 1: false and true.
#[derive(Clone, Debug)]
pub(super) struct Axis {
    pub(super) metric: Metric,
    pub(super) is_flag: bool,
    /// Invariant: ascending, no two the same amount.
    named: Vec<Quantity>,
}

impl Axis {
    pub(super) fn new(metric: &Metric) -> Self {
        Self { metric: metric.clone(), is_flag: true, named: Vec::new() }
    }

    /// Cuts at `quantity` as well.
    pub(super) fn cut(&mut self, quantity: Quantity) {
        self.is_flag = false;
        let place = self.named.binary_search_by(|it| order(it.amount(), quantity.amount()));
        if let Err(at) = place {
            self.named.insert(at, quantity);
        }
    }

    /// The cells that a value of the metric can be in.
    pub(super) fn cells(&self) -> impl Iterator<Item = usize> + '_ {
        let count = if self.is_flag { 2 } else { 2 * self.named.len() + 1 };
        (0..count).filter(|cell| self.is_flag || self.is_possible(*cell))
    }

    /// Whether values of this kind reach into the cell: nothing but plain numbers is below 0, and no
    /// ratio above the whole.
    fn is_possible(&self, cell: usize) -> bool {
        let below = cell.checked_sub(1).and_then(|before| self.named.get(before / 2));
        let above = self.named.get(cell / 2);
        let is_point = cell % 2 == 1;
        let least = |it: &Quantity| size(it.amount()) == Some(0);
        let is_beyond = |it: &Quantity, at_whole: bool| match it.amount() {
            Amount::Ratio(parts) => parts > WHOLE || (at_whole && parts == WHOLE),
            _ => false,
        };
        if is_point {
            return !above.is_some_and(|it| is_beyond(it, false));
        }
        let is_below_nothing = below.is_none() && above.is_some_and(least);
        let is_above_all = below.is_some_and(|it| is_beyond(it, true));
        !is_below_nothing && !is_above_all
    }

    /// Whether values in the cell keep `threshold`; of a flag, whether it is true.
    pub(super) fn judge(&self, threshold: Option<Threshold>, cell: usize) -> Truth {
        let Some(threshold) = threshold else { return (cell == 1).into() };
        let amount = threshold.quantity.amount();
        let Ok(at) = self.named.binary_search_by(|it| order(it.amount(), amount)) else {
            return Truth::Unknown;
        };
        threshold.comparison.holds(cell.cmp(&(2 * at + 1))).into()
    }

    /// The quantity that a cell is, if it is one alone.
    pub(super) fn point(&self, cell: usize) -> Option<Quantity> {
        self.named.get(cell / 2).copied().filter(|_| cell % 2 == 1)
    }

    /// The values from the cell `first` to the cell `last` in words.
    pub(super) fn describe(&self, first: usize, last: usize) -> String {
        let metric = &self.metric;
        if self.is_flag {
            return format!("`{metric}` {}", if first == 1 { "true" } else { "false" });
        }
        let point = |cell: usize| self.named.get(cell / 2).map(ToString::to_string);
        let from = match first % 2 {
            1 => point(first).map(|it| (format!("from {it}"), it)),
            _ => first.checked_sub(2).and_then(point).map(|it| (format!("above {it}"), it)),
        };
        let to = match last % 2 {
            1 => point(last).map(|it| (format!("up to {it}"), it)),
            _ => point(last).map(|it| (format!("below {it}"), it)),
        };
        match (from, to) {
            (Some((_, only)), _) if first == last && first % 2 == 1 => {
                format!("`{metric}` of exactly {only}")
            }
            (Some((_, from)), Some((_, to))) if first % 2 == 1 && last % 2 == 1 => {
                format!("`{metric}` from {from} to {to}")
            }
            (Some((from, _)), Some((to, _))) => format!("`{metric}` {from} and {to}"),
            (Some((from, _)), None) => format!("`{metric}` {from}"),
            (None, Some((to, _))) => format!("`{metric}` {to}"),
            (None, None) => format!("any `{metric}`"),
        }
    }
}

/// Ratios are held in parts per billion.
const WHOLE: u64 = 1_000_000_000;

/// The amount as a number that is never below 0; `None` of a plain number, which may be.
fn size(amount: Amount) -> Option<u64> {
    match amount {
        Amount::Ratio(size) | Amount::Duration(size) | Amount::Bytes(size) | Amount::Rate(size) => {
            Some(size)
        }
        Amount::Number(_) => None,
    }
}

/// How two amounts of one type compare.
fn order(left: Amount, right: Amount) -> Ordering {
    match (left, right) {
        (Amount::Number(left), Amount::Number(right)) => left.cmp(&right),
        (left, right) => size(left).cmp(&size(right)),
    }
}
