//! All values of all metrics that conditions name: the product of their cells.

use lorch_types::plan::condition::{Expr, ExprKind, RollbackCondition};
use lorch_types::plan::{Duration, Metric, Quantity, Threshold, Truth};

use super::Health;
use super::cell::Axis;

/// More combinations of cells than this are not looked through.
const MOST: usize = 100_000;

/// The values of some metrics.
#[derive(Clone, Debug)]
pub(super) struct Space {
    axes: Vec<Axis>,
    durations: Vec<Duration>,
}

/// A cell on each axis, or nothing where the metric was not observed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Values(Vec<Option<usize>>);

/// For how long the values have been what they are.
#[derive(Clone, Copy, Debug)]
pub(super) enum Held {
    /// They have just become so.
    Now,
    /// For so long, and no longer.
    For(Duration),
    /// For longer than anything asks for.
    Forever,
    /// Nobody says.
    Unknown,
}

impl Held {
    /// Whether it is at least `duration`.
    pub(super) fn for_at_least(self, duration: Duration) -> Truth {
        match self {
            Self::Now => (duration.nanos() == 0).into(),
            Self::For(held) => (held.nanos() >= duration.nanos()).into(),
            Self::Forever => Truth::True,
            Self::Unknown => Truth::Unknown,
        }
    }
}

impl Values {
    pub(super) fn cell(&self, axis: usize) -> Option<usize> {
        self.0.get(axis).copied().flatten()
    }
}

impl Space {
    /// That of all metrics which `exprs` and `health` name; `None` when it is too large.
    pub(super) fn of<'e>(
        exprs: impl IntoIterator<Item = &'e Expr>,
        health: &Health,
    ) -> Option<Self> {
        let mut space = Self { axes: Vec::new(), durations: Vec::new() };
        for check in &health.checks {
            space.take_metric(&check.metric, check.threshold.map(|it| it.quantity));
        }
        exprs.into_iter().for_each(|expr| space.take_in(expr));
        let sizes = space.axes.iter().map(|axis| axis.cells().count());
        let size = sizes.fold(1_usize, usize::saturating_mul);
        (size <= MOST).then_some(space)
    }

    fn take_in(&mut self, expr: &Expr) {
        match &expr.kind {
            ExprKind::Flag(metric) => self.take_metric(metric, None),
            ExprKind::Compare { metric, quantity, held_for, .. } => {
                self.take_metric(metric, Some(*quantity));
                self.durations.extend(held_for);
            }
            ExprKind::Not(inner) => self.take_in(inner),
            ExprKind::All(operands) | ExprKind::Any(operands) => {
                operands.iter().for_each(|operand| self.take_in(operand));
            }
        }
    }

    /// Takes in a metric, cut at `quantity` where it is compared with one.
    fn take_metric(&mut self, metric: &Metric, quantity: Option<Quantity>) {
        if self.axis(metric).is_none() {
            self.axes.push(Axis::new(metric));
        }
        let axis = self.axes.iter_mut().find(|axis| axis.metric == *metric);
        if let (Some(axis), Some(quantity)) = (axis, quantity) {
            axis.cut(quantity);
        }
    }

    pub(super) fn axis(&self, metric: &Metric) -> Option<usize> {
        self.axes.iter().position(|axis| axis.metric == *metric)
    }

    pub(super) fn axes(&self) -> impl Iterator<Item = usize> {
        0..self.axes.len()
    }

    /// The lengths of time that the conditions name.
    pub(super) fn durations(&self) -> impl Iterator<Item = Duration> + '_ {
        self.durations.iter().copied()
    }

    /// The axes that health checks look at.
    pub(super) fn checked(&self, health: &Health) -> Vec<usize> {
        let is_checked = |axis: &usize| {
            let metric = self.axes.get(*axis).map(|axis| &axis.metric);
            health.checks.iter().any(|check| Some(&check.metric) == metric)
        };
        self.axes().filter(is_checked).collect()
    }

    /// Those of `axes` that `condition` names.
    pub(super) fn named_by(&self, condition: &RollbackCondition, axes: &[usize]) -> Vec<usize> {
        let named = condition.metrics();
        let named: Vec<usize> = named.into_iter().filter_map(|metric| self.axis(metric)).collect();
        axes.iter().copied().filter(|axis| named.contains(axis)).collect()
    }

    /// Every combination of cells.
    pub(super) fn all(&self) -> impl Iterator<Item = Values> {
        self.of_axes(&self.axes().collect::<Vec<_>>())
    }

    /// Every combination of cells of some axes, of the others nothing.
    pub(super) fn of_axes(&self, axes: &[usize]) -> impl Iterator<Item = Values> + use<> {
        let cells: Vec<Vec<Option<usize>>> = self
            .axes
            .iter()
            .enumerate()
            .map(|(at, axis)| match axes.contains(&at) {
                true => axis.cells().map(Some).collect(),
                false => vec![None],
            })
            .collect();
        let size = cells.iter().map(Vec::len).product::<usize>();
        (0..size).map(move |mut number| {
            let digit = |cells: &Vec<Option<usize>>| {
                let cell = cells.get(number % cells.len().max(1)).copied().flatten();
                number /= cells.len().max(1);
                cell
            };
            Values(cells.iter().map(digit).collect())
        })
    }

    /// Whether the value on `axis` keeps `threshold`; of a flag, whether it is true.
    pub(super) fn judge(
        &self,
        axis: usize,
        threshold: Option<Threshold>,
        values: &Values,
    ) -> Truth {
        match (self.axes.get(axis), values.cell(axis)) {
            (Some(axis), Some(cell)) => axis.judge(threshold, cell),
            _ => Truth::Unknown,
        }
    }

    pub(super) fn judge_metric(
        &self,
        metric: &Metric,
        threshold: Option<Threshold>,
        values: &Values,
    ) -> Truth {
        self.axis(metric).map_or(Truth::Unknown, |axis| self.judge(axis, threshold, values))
    }

    /// The values on `axes` in words: of one axis alone all that are like it by `is_alike`.
    pub(super) fn describe(
        &self,
        values: &Values,
        axes: &[usize],
        is_alike: &impl Fn(&Values) -> bool,
    ) -> String {
        let said: Vec<String> = axes
            .iter()
            .filter_map(|axis| {
                let cell = values.cell(*axis)?;
                let last = if axes.len() == 1 { self.run(values, *axis, is_alike) } else { cell };
                Some(self.axes.get(*axis)?.describe(cell, last))
            })
            .collect();
        said.join(" with ")
    }

    /// The last cell of the run on `axis` that begins at `values` and is alike.
    fn run(&self, values: &Values, axis: usize, is_alike: &impl Fn(&Values) -> bool) -> usize {
        let first = values.cell(axis).unwrap_or(0);
        let with = |cell: usize| {
            let mut values = values.clone();
            if let Some(place) = values.0.get_mut(axis) {
                *place = Some(cell);
            }
            values
        };
        let cells =
            self.axes.get(axis).map(|it| it.cells().collect::<Vec<_>>()).unwrap_or_default();
        let alike =
            cells.into_iter().filter(|cell| *cell > first).take_while(|it| is_alike(&with(*it)));
        alike.last().unwrap_or(first)
    }

    /// Ascending cells of `axis`: each run of neighbours, from its first to its last, and in words.
    pub(super) fn describe_runs(
        &self,
        axis: usize,
        cells: &[usize],
    ) -> Vec<((usize, usize), String)> {
        let Some(axis) = self.axes.get(axis) else { return Vec::new() };
        let runs = cells.chunk_by(|left, right| left + 1 == *right);
        let described = runs.filter_map(|run| {
            let (first, last) = (*run.first()?, *run.last()?);
            Some(((first, last), axis.describe(first, last)))
        });
        described.collect()
    }

    /// The quantity that a cell of `axis` is, if it is one alone.
    pub(super) fn point(&self, axis: usize, cell: usize) -> Option<Quantity> {
        self.axes.get(axis)?.point(cell)
    }

    /// The values of which only that on `axis` is known.
    pub(super) fn at(&self, axis: usize, cell: usize) -> Values {
        Values(self.axes().map(|it| (it == axis).then_some(cell)).collect())
    }
}
