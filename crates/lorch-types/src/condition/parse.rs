//! Reads conditions by recursive descent.
//!
//! ```text
//! any      = all *("||" all)
//! all      = relation *("&&" relation)
//! relation = unary *(("==" | "!=" | "<" | "<=" | ">" | ">=" | "in") unary)
//! unary    = "!" unary | primary
//! primary  = literal | reference | "has(" reference ")" | "size(" any ")" | "(" any ")"
//! ```

use smol_str::SmolStr;

use super::literal::{number, string};
use super::{Comparison, Condition, ConditionError, ConditionErrorKind, Expr, ExprKind};
use crate::json::Value;
use crate::place::Span;
use crate::reference::{Origin, Reference, ReferenceErrorKind, Segment, Setting, scan};

/// An error on its way out: a pointer, so that results are no larger than expressions.
pub(super) type Failure = Box<ConditionError>;

/// The expression that `text` writes as a whole.
pub(super) fn parse(text: &str) -> Result<Expr, Failure> {
    let mut parser = Parser { text, at: 0, depth: 0 };
    parser.skip_space();
    if parser.rest().is_empty() {
        let kind = ConditionErrorKind::Empty;
        return Err(Box::new(ConditionError { kind, span: 0..text.len() }));
    }
    let expr = parser.any()?;
    match parser.peek() {
        None => Ok(expr),
        Some(_) => Err(parser.unexpected("an operator")),
    }
}

/// Whether a condition can write the name after a dot: CEL's identifiers without its keywords.
pub(super) fn is_plain_name(name: &str) -> bool {
    let mut bytes = name.bytes();
    bytes.next().is_some_and(|byte| byte.is_ascii_alphabetic() || byte == b'_')
        && bytes.all(is_name_byte)
        && !is_keyword(name)
}

fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// The words that CEL does not allow after a dot.
fn is_keyword(name: &str) -> bool {
    matches!(name, "true" | "false" | "null" | "in")
}

struct Parser<'t> {
    text: &'t str,
    at: usize,
    depth: usize,
}

impl<'t> Parser<'t> {
    fn any(&mut self) -> Result<Expr, Failure> {
        self.joined("||", Self::all, ExprKind::Any)
    }

    fn all(&mut self) -> Result<Expr, Failure> {
        self.joined("&&", Self::relation, ExprKind::All)
    }

    /// Operands joined by `operator`; one alone is itself.
    fn joined(
        &mut self,
        operator: &str,
        operand: fn(&mut Self) -> Result<Expr, Failure>,
        kind: fn(Vec<Expr>) -> ExprKind,
    ) -> Result<Expr, Failure> {
        let first = operand(self)?;
        if !self.rest().starts_with(operator) {
            return Ok(first);
        }
        let start = first.span.start;
        let mut operands = vec![first];
        while self.eat(operator) {
            operands.push(operand(self)?);
        }
        let end = operands.last().map_or(start, |last| last.span.end);
        Ok(Expr { kind: kind(operands), span: start..end })
    }

    fn relation(&mut self) -> Result<Expr, Failure> {
        let depth = self.depth;
        let mut left = self.unary()?;
        while let Some(comparison) = self.comparison()? {
            let right = self.unary()?;
            let span = left.span.start..right.span.end;
            let start = span.start;
            left = Expr { kind: ExprKind::Compare(comparison, Box::new((left, right))), span };
            self.enter(start)?;
        }
        self.depth = depth;
        Ok(left)
    }

    fn comparison(&mut self) -> Result<Option<Comparison>, Failure> {
        let (comparison, length) = match self.rest().as_bytes() {
            [b'=', b'=', b'=', ..] => return Err(self.foreign(3, "`==`")),
            [b'!', b'=', b'=', ..] => return Err(self.foreign(3, "`!=`")),
            [b'=', b'~', ..] | [b'~', ..] => {
                return Err(self.unsupported(1, "regular expressions"));
            }
            [b'=', b'=', ..] => (Comparison::Equal, 2),
            [b'!', b'=', ..] => (Comparison::NotEqual, 2),
            [b'<', b'>', ..] => return Err(self.foreign(2, "`!=`")),
            [b'<', b'=', ..] => (Comparison::LessOrEqual, 2),
            [b'>', b'=', ..] => (Comparison::GreaterOrEqual, 2),
            [b'<', ..] => (Comparison::Less, 1),
            [b'>', ..] => (Comparison::Greater, 1),
            [b'=', ..] => return Err(self.foreign(1, "`==`")),
            [b'&', second, ..] if *second != b'&' => return Err(self.foreign(1, "`&&`")),
            [b'|', second, ..] if *second != b'|' => return Err(self.foreign(1, "`||`")),
            [b'+' | b'-' | b'*' | b'/' | b'%', ..] => {
                return Err(self.unsupported(1, "arithmetic"));
            }
            [b'?', ..] => return Err(self.unsupported(1, "`?:`")),
            [byte, ..] if byte.is_ascii_alphabetic() => return self.word_operator(),
            _ => return Ok(None),
        };
        self.at += length;
        self.skip_space();
        Ok(Some(comparison))
    }

    fn word_operator(&mut self) -> Result<Option<Comparison>, Failure> {
        let word = self.word();
        if word == "in" {
            self.at += word.len();
            self.skip_space();
            return Ok(Some(Comparison::In));
        }
        let instead = match word.to_ascii_lowercase().as_str() {
            "and" => "`&&`",
            "or" => "`||`",
            "is" | "eq" | "equals" => "`==`",
            "ne" => "`!=`",
            "lt" => "`<`",
            "le" => "`<=`",
            "gt" => "`>`",
            "ge" => "`>=`",
            "in" => "`in`",
            "not" => "`!(... in ...)`",
            "contains" | "matches" => "`value in list`",
            _ => return Ok(None),
        };
        Err(self.foreign(word.len(), instead))
    }

    fn unary(&mut self) -> Result<Expr, Failure> {
        let start = self.at;
        if self.peek() != Some(b'!') {
            return self.primary();
        }
        self.eat("!");
        self.enter(start)?;
        let inner = self.unary()?;
        self.depth -= 1;
        let span = start..inner.span.end;
        Ok(Expr { kind: ExprKind::Not(Box::new(inner)), span })
    }

    fn primary(&mut self) -> Result<Expr, Failure> {
        let start = self.at;
        match self.peek() {
            Some(b'(') => {
                self.eat("(");
                self.enter(start)?;
                let mut inner = self.any()?;
                self.depth -= 1;
                self.close(")", "`)`")?;
                inner.span = start..self.end();
                Ok(inner)
            }
            Some(b'@') => {
                let reference = self.reference()?;
                Ok(self.finish(ExprKind::Reference(reference), start))
            }
            Some(b'"' | b'\'' | b'[' | b'-' | b'0'..=b'9') => {
                let literal = self.literal()?;
                Ok(self.finish(ExprKind::Literal(literal), start))
            }
            Some(byte) if byte.is_ascii_alphabetic() || byte == b'_' => self.name(),
            Some(b'.') => Err(self.number_error(1, "a digit comes before the `.`")),
            Some(b'$') if self.rest().starts_with("${") => {
                Err(self.foreign(2, "the reference alone, as in `@ctx.region`"))
            }
            Some(b'`') => Err(self.foreign(1, "`'` or `\"` around a string")),
            _ => Err(self.unexpected("a value")),
        }
    }

    /// An expression of this kind that has just been read, its end and the space after it.
    fn finish(&mut self, kind: ExprKind, start: usize) -> Expr {
        let span = start..self.at;
        self.skip_space();
        Expr { kind, span }
    }

    fn literal(&mut self) -> Result<Value, Failure> {
        match self.peek() {
            Some(b'"' | b'\'') => {
                let (text, end) = string(self.text, self.at)?;
                self.at = end;
                Ok(Value::String(text))
            }
            Some(b'[') => {
                let start = self.at;
                self.eat("[");
                self.enter(start)?;
                let items = self.items()?;
                self.depth -= 1;
                Ok(Value::Array(items))
            }
            Some(b'-') if !matches!(self.byte(self.at + 1), Some(b'0'..=b'9')) => {
                Err(self.unsupported(1, "arithmetic"))
            }
            Some(b'-' | b'0'..=b'9') => {
                let (value, end) = number(self.text, self.at)?;
                self.at = end;
                Ok(value)
            }
            _ => {
                let literal = match self.word() {
                    "true" => Value::Bool(true),
                    "false" => Value::Bool(false),
                    "null" => Value::Null,
                    "" if self.peek() != Some(b'@') => return Err(self.unexpected("a literal")),
                    _ => return Err(self.error(ConditionErrorKind::ListItem, 1)),
                };
                self.at += self.word().len();
                Ok(literal)
            }
        }
    }

    /// The items of a list whose bracket has been read, and the closing one.
    fn items(&mut self) -> Result<Vec<Value>, Failure> {
        let mut items = Vec::new();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(items);
        }
        loop {
            items.push(self.literal()?);
            self.skip_space();
            match self.peek() {
                Some(b',') => self.eat(","),
                Some(b']') => break,
                _ => return Err(self.unexpected("`,` or `]`")),
            };
        }
        self.at += 1;
        Ok(items)
    }

    fn name(&mut self) -> Result<Expr, Failure> {
        let start = self.at;
        let word = self.word();
        let literal = match word {
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            "null" => Value::Null,
            "has" | "size" if self.after_word(word).starts_with('(') => return self.call(word),
            _ => return Err(self.unknown_name(word)),
        };
        self.at += word.len();
        Ok(self.finish(ExprKind::Literal(literal), start))
    }

    fn call(&mut self, function: &str) -> Result<Expr, Failure> {
        let start = self.at;
        self.at += function.len();
        self.skip_space();
        self.eat("(");
        self.enter(start)?;
        let kind = if function == "has" {
            ExprKind::Has(self.has_argument()?)
        } else {
            ExprKind::Size(Box::new(self.any()?))
        };
        self.depth -= 1;
        self.close(")", "`)`")?;
        let span = start..self.end();
        Ok(Expr { kind, span })
    }

    fn has_argument(&mut self) -> Result<Reference, Failure> {
        let start = self.at;
        if self.peek() != Some(b'@') {
            return Err(self.error(ConditionErrorKind::HasArgument, 1));
        }
        let reference = self.reference()?;
        let end = self.at;
        self.skip_space();
        let ends_in_name = self.byte(end - 1) != Some(b']');
        if !ends_in_name || self.peek() != Some(b')') {
            let kind = ConditionErrorKind::HasArgument;
            return Err(Box::new(ConditionError { kind, span: start..end }));
        }
        Ok(reference)
    }

    fn reference(&mut self) -> Result<Reference, Failure> {
        let start = self.at;
        let (reference, end) = scan(self.text, start, Setting::Condition, Origin::Authored)
            .map_err(|error| self.reference_error(start, error))?;
        self.at = end;
        let source = self.text.get(start..end).unwrap_or_default();
        let has_keyword = reference.path().iter().any(|it| it.as_key().is_some_and(is_keyword));
        if let Some(name) = has_keyword.then(|| dotted_keyword(source)).flatten() {
            return Err(self.not_a_name(name, &reference, start..end));
        }
        if self.hyphen_follows() {
            return Err(self.hyphenated(&reference, start));
        }
        if source.contains('\\') && has_foreign_escape(source) {
            let kind = ConditionErrorKind::KeyEscape { key: source.into() };
            return Err(Box::new(ConditionError { kind, span: start..end }));
        }
        Ok(reference)
    }

    fn reference_error(&self, start: usize, error: crate::reference::ReferenceError) -> Failure {
        let span = match error.kind {
            ReferenceErrorKind::NotAReference => start..self.whole(start + 1),
            _ => error.span.clone(),
        };
        Box::new(ConditionError { kind: ConditionErrorKind::Reference(error), span })
    }

    /// Whether a hyphen and a letter come right after a name: `@ctx.a-b`.
    fn hyphen_follows(&self) -> bool {
        let after_name = self.at > 0 && self.byte(self.at - 1).is_some_and(is_name_byte);
        let letter = self.byte(self.at + 1).is_some_and(is_name_byte);
        after_name && self.peek() == Some(b'-') && letter
    }

    fn hyphenated(&mut self, reference: &Reference, start: usize) -> Failure {
        let more = self.rest().bytes().take_while(|byte| is_name_byte(*byte) || *byte == b'-');
        let more = self.rest().get(..more.count()).unwrap_or_default();
        let mut path = reference.path().to_vec();
        let name = match path.pop() {
            Some(Segment::Key(name)) => smol_str::format_smolstr!("{name}{more}"),
            _ => more.into(),
        };
        path.push(Segment::Key(name.clone()));
        let meant = Reference::new(reference.root(), path);
        self.not_a_name(&name, &meant, start..self.at + more.len())
    }

    /// `meant` is written as conditions write references, with such a name quoted.
    fn not_a_name(&self, name: &str, meant: &Reference, span: Span) -> Failure {
        let meant = Expr { kind: ExprKind::Reference(meant.clone()), span: 0..0 };
        let meant = smol_str::format_smolstr!("{meant}");
        let kind = ConditionErrorKind::NotAName { name: name.into(), meant };
        Box::new(ConditionError { kind, span })
    }

    fn unknown_name(&self, word: &str) -> Failure {
        let lower = word.to_ascii_lowercase();
        match lower.as_str() {
            "not" => return self.foreign(word.len(), "`!`"),
            "true" | "yes" | "on" => return self.foreign(word.len(), "`true`"),
            "false" | "no" | "off" => return self.foreign(word.len(), "`false`"),
            "none" | "nil" | "null" | "undefined" => return self.foreign(word.len(), "`null`"),
            "exists" | "defined" => {
                return self.foreign(word.len(), "`has(...)` around a reference");
            }
            "len" | "length" | "count" => {
                return self.foreign(word.len(), "`size(...)`");
            }
            _ => {}
        }
        if self.after_word(word).starts_with('(') {
            let what = smol_str::format_smolstr!("function `{word}`; they have `has` and `size`");
            return self.error(ConditionErrorKind::Unsupported { what }, word.len());
        }
        let is_part = |c: char| c.is_ascii_alphanumeric() || "_.[]".contains(c);
        let length = self.rest().find(|c| !is_part(c)).unwrap_or(self.rest().len());
        let found = self.rest().get(..length).unwrap_or_default().trim_end_matches('.');
        let is_root = matches!(word, "ctx" | "payload") && found.len() > word.len();
        let meant = if is_root {
            smol_str::format_smolstr!("@{found}")
        } else {
            smol_str::format_smolstr!("'{found}'")
        };
        let kind = ConditionErrorKind::UnknownName { found: found.into(), meant };
        self.error(kind, found.len())
    }

    /// Goes one level deeper, into what begins at the byte `start`.
    fn enter(&mut self, start: usize) -> Result<(), Failure> {
        self.depth += 1;
        if self.depth > Condition::MAX_DEPTH {
            let kind = ConditionErrorKind::TooDeep;
            return Err(Box::new(ConditionError { kind, span: start..start + 1 }));
        }
        Ok(())
    }

    fn close(&mut self, closing: &str, expected: &'static str) -> Result<(), Failure> {
        if self.eat(closing) { Ok(()) } else { Err(self.unexpected(expected)) }
    }

    /// Where the token read last ends, without the space after it.
    fn end(&self) -> usize {
        self.text.get(..self.at).map_or(self.at, |read| read.trim_end().len())
    }

    /// The letters, digits and `_` that come next.
    fn word(&self) -> &'t str {
        let rest = self.rest();
        let length = rest.bytes().position(|byte| !is_name_byte(byte)).unwrap_or(rest.len());
        rest.get(..length).unwrap_or_default()
    }

    fn after_word(&self, word: &str) -> &'t str {
        self.rest().get(word.len()..).unwrap_or_default().trim_start()
    }

    /// Reads `token` and the space after it, if it comes next.
    fn eat(&mut self, token: &str) -> bool {
        let found = self.rest().starts_with(token);
        if found {
            self.at += token.len();
            self.skip_space();
        }
        found
    }

    fn skip_space(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    fn peek(&self) -> Option<u8> {
        self.byte(self.at)
    }

    fn byte(&self, at: usize) -> Option<u8> {
        self.text.as_bytes().get(at).copied()
    }

    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn unexpected(&self, expected: &'static str) -> Failure {
        let word = self.word();
        let (found, length): (SmolStr, usize) = match self.rest().chars().next() {
            None => ("the end".into(), 0),
            Some(_) if !word.is_empty() => (smol_str::format_smolstr!("`{word}`"), word.len()),
            Some(found) => {
                (smol_str::format_smolstr!("`{}`", found.escape_debug()), found.len_utf8())
            }
        };
        self.error(ConditionErrorKind::Unexpected { found, expected }, length)
    }

    fn foreign(&self, length: usize, instead: &str) -> Failure {
        let found = self.rest().get(..length).unwrap_or_default().into();
        self.error(ConditionErrorKind::Foreign { found, instead: instead.into() }, length)
    }

    fn unsupported(&self, length: usize, what: &str) -> Failure {
        self.error(ConditionErrorKind::Unsupported { what: what.into() }, length)
    }

    fn number_error(&self, length: usize, reason: &'static str) -> Failure {
        let found = self.rest().get(..length).unwrap_or_default().into();
        self.error(ConditionErrorKind::Number { found, reason }, length)
    }

    /// An error at the next `length` bytes.
    fn error(&self, kind: ConditionErrorKind, length: usize) -> Failure {
        Box::new(ConditionError { kind, span: self.at..self.whole(self.at + length) })
    }

    /// `end`, or the end of the character that it lies in.
    fn whole(&self, end: usize) -> usize {
        let length = self.text.len();
        (end..length).find(|at| self.text.is_char_boundary(*at)).unwrap_or(length)
    }
}

/// The first keyword that stands after a dot of the reference `source`.
fn dotted_keyword(source: &str) -> Option<&str> {
    if !source.contains('"') {
        return source.split(['.', '[']).skip(1).find(|name| is_keyword(name));
    }
    let mut rest = source;
    while let Some(at) = rest.find(['.', '"']) {
        let (dot, after) = (rest.as_bytes().get(at) == Some(&b'.'), rest.get(at + 1..)?);
        let length = if dot {
            let name = after.split(['.', '[']).next()?;
            if is_keyword(name) {
                return Some(name);
            }
            name.len()
        } else {
            let mut escaped = false;
            1 + after.bytes().position(|byte| {
                let closes = byte == b'"' && !escaped;
                escaped = byte == b'\\' && !escaped;
                closes
            })?
        };
        rest = after.get(length..)?;
    }
    None
}

/// Whether an escape of JSON that CEL does not have stands in `source`: `\/`, or half a character.
fn has_foreign_escape(source: &str) -> bool {
    let mut rest = source;
    while let Some(at) = rest.find('\\') {
        let escape = rest.get(at + 1..).unwrap_or_default();
        let digits = escape.strip_prefix('u').and_then(|digits| digits.get(..4));
        let unit = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok());
        let is_half = unit.is_some_and(|unit| (0xD800..0xE000).contains(&unit));
        if escape.starts_with('/') || is_half {
            return true;
        }
        let mut characters = escape.chars();
        characters.next();
        rest = characters.as_str();
    }
    false
}
