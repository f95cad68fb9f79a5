//! Reads conditions by recursive descent, as deep as they may nest.

use smol_str::format_smolstr;

use super::{ConditionError, ConditionErrorKind, Expr, ExprKind, RollbackCondition};
use crate::plan::scan::{Failure, Scan};
use crate::plan::{Duration, Metric, MetricType, Metrics, quantity};

/// The expression that `text` writes as a whole.
pub(super) fn parse(text: &str, metrics: &Metrics) -> Result<Expr, Failure> {
    let mut parser = Parser { scan: Scan::new(text)?, metrics, depth: 0 };
    if parser.scan.rest().is_empty() {
        let kind = ConditionErrorKind::Empty;
        return Err(Box::new(ConditionError { kind, span: 0..text.len() }));
    }
    let expr = parser.or()?;
    if parser.scan.rest().is_empty() { Ok(expr) } else { Err(parser.stray("`and` or `or`")) }
}

struct Parser<'t> {
    scan: Scan<'t>,
    metrics: &'t Metrics,
    depth: usize,
}

impl Parser<'_> {
    fn or(&mut self) -> Result<Expr, Failure> {
        self.joined("or", "||", Self::and, ExprKind::Any)
    }

    fn and(&mut self) -> Result<Expr, Failure> {
        self.joined("and", "&&", Self::not, ExprKind::All)
    }

    /// Operands joined by `word` or `sign`; one alone is itself.
    fn joined(
        &mut self,
        word: &str,
        sign: &str,
        operand: fn(&mut Self) -> Result<Expr, Failure>,
        kind: fn(Vec<Expr>) -> ExprKind,
    ) -> Result<Expr, Failure> {
        let start = self.scan.at();
        let first = operand(self)?;
        let mut operands = Vec::new();
        while self.scan.eat_word(word) || self.scan.eat(sign) {
            operands.push(operand(self)?);
        }
        if operands.is_empty() {
            return Ok(first);
        }
        operands.insert(0, first);
        Ok(self.finish(kind(operands), start))
    }

    fn not(&mut self) -> Result<Expr, Failure> {
        let start = self.scan.at();
        if !self.scan.eat_word("not") && !self.scan.eat("!") {
            return self.atom();
        }
        self.enter(start)?;
        let inner = self.atom()?;
        self.depth -= 1;
        Ok(self.finish(ExprKind::Not(Box::new(inner)), start))
    }

    fn atom(&mut self) -> Result<Expr, Failure> {
        let start = self.scan.at();
        if self.scan.eat("(") {
            self.enter(start)?;
            let inner = self.or()?;
            self.depth -= 1;
            if !self.scan.eat(")") {
                return Err(self.stray("`)`"));
            }
            return Ok(self.finish(inner.kind, start));
        }
        if self.scan.number_follows() {
            return Err(self.reversed());
        }
        let word = self.scan.word();
        if word.eq_ignore_ascii_case("not") && word != "not" {
            return Err(self.scan.foreign(word.len(), "`not`"));
        }
        if word.is_empty() || ["and", "or", "for", "not"].contains(&word) {
            return Err(self.scan.unexpected("a metric or `(`"));
        }
        self.metric(word)
    }

    /// A metric named `name`, and what it is compared with.
    fn metric(&mut self, name: &str) -> Result<Expr, Failure> {
        let start = self.scan.at();
        let (Some(of), Ok(metric)) = (self.metrics.get(name), name.parse::<Metric>()) else {
            let meant = self.metrics.nearest(name).cloned();
            let known = self.metrics.iter().map(|(metric, _)| metric.clone()).collect();
            let kind = ConditionErrorKind::UnknownMetric { found: name.into(), meant, known };
            return Err(self.scan.error(kind, name.len()));
        };
        self.scan.skip(name.len());
        let span = start..self.scan.end();
        let error = |kind| Err(Box::new(ConditionError { kind, span }));
        let comparison = self.scan.comparison();
        if of == MetricType::Flag {
            return match comparison {
                Ok(None) => Ok(self.finish(ExprKind::Flag(metric), start)),
                Ok(Some(_)) | Err(_) => error(ConditionErrorKind::FlagCompared { metric }),
            };
        }
        match comparison? {
            None if self.scan.number_follows() => {
                Err(self.scan.unexpected("a comparison such as `>`"))
            }
            None => error(ConditionErrorKind::NoComparison { metric, of }),
            Some(comparison) => {
                let quantity = quantity::quantity(&mut self.scan, of)?;
                let held_for = self.held_for()?;
                let kind = ExprKind::Compare { metric, comparison, quantity, held_for };
                Ok(self.finish(kind, start))
            }
        }
    }

    fn held_for(&mut self) -> Result<Option<Duration>, Failure> {
        if !self.scan.eat_word("for") {
            return Ok(None);
        }
        let text = self.scan.leading(|c| !c.is_whitespace() && !matches!(c, '(' | ')' | '&' | '|'));
        if text.is_empty() {
            return Err(self.scan.unexpected("a duration such as `5m`"));
        }
        let start = self.scan.at();
        let duration = text.parse().map_err(|error| ConditionError::duration(error, start))?;
        self.scan.skip(text.len());
        Ok(Some(duration))
    }

    /// A quantity stands where a metric should, perhaps on the wrong side of its comparison.
    fn reversed(&mut self) -> Failure {
        let unexpected = self.scan.unexpected("a metric or `(`");
        let start = self.scan.at();
        let quantity = quantity::token(&mut self.scan);
        let comparison = match self.scan.comparison() {
            Ok(Some(comparison)) => comparison.mirrored(),
            Ok(None) => return unexpected,
            Err(error) => return error,
        };
        let metric = self.scan.word();
        if metric.parse::<Metric>().is_err() {
            return unexpected;
        }
        let instead = format_smolstr!("{metric} {comparison} {quantity}");
        self.scan.skip(metric.len());
        let span = start..self.scan.end();
        Box::new(ConditionError { kind: ConditionErrorKind::Reversed { instead }, span })
    }

    /// What comes next neither goes on with a condition nor ends it.
    fn stray(&self, expected: &'static str) -> Failure {
        let word = self.scan.word();
        match word.to_ascii_lowercase().as_str() {
            "and" => return self.scan.foreign(word.len(), "`and`"),
            "or" => return self.scan.foreign(word.len(), "`or`"),
            "for" if word != "for" => return self.scan.foreign(word.len(), "`for`"),
            "for" => return self.scan.error(ConditionErrorKind::StrayFor, word.len()),
            _ => {}
        }
        match self.scan.rest().chars().next() {
            Some('&') => self.scan.foreign(1, "`&&`"),
            Some('|') => self.scan.foreign(1, "`||`"),
            _ => self.scan.unexpected(expected),
        }
    }

    /// Goes one level deeper, behind the sign or word that was read last and begins at `start`.
    fn enter(&mut self, start: usize) -> Result<(), Failure> {
        self.depth += 1;
        if self.depth > RollbackCondition::MAX_DEPTH {
            let kind = ConditionErrorKind::TooDeep;
            return Err(Box::new(ConditionError { kind, span: start..self.scan.end() }));
        }
        Ok(())
    }

    /// An expression that begins at the byte `start` and has just been read.
    fn finish(&self, kind: ExprKind, start: usize) -> Expr {
        Expr { kind, span: start..self.scan.end() }
    }
}
