//! Numbers: small integers at once, everything else through its decimal text.

use super::{Failure, Parser};
use crate::json::build::Build;
use crate::json::decimal::decimal;
use crate::json::outline::Track;
use crate::json::{Number, ReadError};

impl<'t, B: Build<'t>, T: Track> Parser<'t, B, T> {
    pub(super) fn number(&mut self) -> Result<Number, Failure> {
        let start = self.at;
        let negative = self.eat(b'-');
        let digits = self.at;
        let mut value: u64 = 0;
        while let Some(digit @ b'0'..=b'9') = self.peek() {
            value = value.wrapping_mul(10).wrapping_add(u64::from(digit - b'0'));
            self.at += 1;
        }
        let count = self.at - digits;
        if count == 0 {
            return Err(self.unexpected("a digit"));
        }
        if count > 1 && self.bytes.get(digits) == Some(&b'0') {
            self.at = digits + 1;
            return Err(self.unexpected("no digit after a leading `0`"));
        }
        let is_integer = !matches!(self.peek(), Some(b'.' | b'e' | b'E'));
        if is_integer && count <= 18 {
            let integer = i64::try_from(value).unwrap_or_default();
            return Ok(if negative { (-integer).into() } else { value.into() });
        }
        if self.eat(b'.') {
            self.digits("a digit after `.`")?;
        }
        if self.eat(b'e') || self.eat(b'E') {
            let _ = self.eat(b'+') || self.eat(b'-');
            self.digits("a digit of the exponent")?;
        }
        let text = self.slice(start);
        decimal(text).map_err(|kind| Box::new(ReadError::at(self.bytes, start, kind)))
    }

    fn digits(&mut self, expected: &'static str) -> Result<(), Failure> {
        let start = self.at;
        while let Some(b'0'..=b'9') = self.peek() {
            self.at += 1;
        }
        if self.at == start { Err(self.unexpected(expected)) } else { Ok(()) }
    }
}
