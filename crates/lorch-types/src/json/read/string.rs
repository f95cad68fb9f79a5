//! Strings: plain ones are slices of the text, escapes are decoded, half surrogate pairs refused.

use super::{Failure, Parser};
use crate::json::ReadErrorKind;
use crate::json::build::Build;
use crate::json::outline::Track;
use crate::json::scan::plain_prefix;

impl<'t, B: Build<'t>, T: Track> Parser<'t, B, T> {
    /// Reads the rest of a string whose opening quote has been read.
    #[inline]
    pub(super) fn string(&mut self) -> Result<B::Text, Failure> {
        let start = self.at;
        self.at += plain_prefix(self.rest());
        if self.peek() == Some(b'"') {
            self.at += 1;
            let quoted = self.slice(start - 1);
            return Ok(self.build.plain(quoted));
        }
        let text = self.escaped(start)?;
        Ok(self.build.decoded(text))
    }

    /// The rest of a string that begins at `start` and is not plain from here on.
    fn escaped(&mut self, start: usize) -> Result<String, Failure> {
        let mut text = self.slice(start).to_owned();
        loop {
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(text);
                }
                Some(b'\\') => text.push(self.escape()?),
                Some(_) => {
                    let error = self.unexpected("a character of the string");
                    return Err(
                        error.with_help("write control characters as escapes, such as `\\n`")
                    );
                }
                None => return Err(self.unexpected("the closing `\"`")),
            }
            let start = self.at;
            self.at += plain_prefix(self.rest());
            text.push_str(self.slice(start));
        }
    }

    fn escape(&mut self) -> Result<char, Failure> {
        let start = self.at;
        self.at += 1;
        let character = match self.peek() {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => {
                self.at += 1;
                return self.unicode_escape(start);
            }
            _ => return Err(self.unexpected("one of `\"\\/bfnrtu` after `\\`")),
        };
        self.at += 1;
        Ok(character)
    }

    fn unicode_escape(&mut self, start: usize) -> Result<char, Failure> {
        let unit = self.hex4()?;
        if let Some(character) = char::from_u32(unit) {
            return Ok(character);
        }
        if unit < 0xDC00 && self.rest().starts_with(b"\\u") {
            let end_of_first = self.at;
            self.at += 2;
            let low = self.hex4()?;
            if (0xDC00..0xE000).contains(&low) {
                let code = 0x1_0000 + ((unit - 0xD800) << 10) + (low - 0xDC00);
                return char::from_u32(code).ok_or_else(|| self.unexpected("a character"));
            }
            self.at = end_of_first;
        }
        let escape = self.slice(start).to_owned();
        self.at = start;
        Err(self.error(ReadErrorKind::LoneSurrogate { escape }))
    }

    fn hex4(&mut self) -> Result<u32, Failure> {
        let mut unit = 0;
        for _ in 0..4 {
            let digit = self.peek().and_then(|byte| char::from(byte).to_digit(16));
            let digit = digit.ok_or_else(|| self.unexpected("four hexadecimal digits"))?;
            unit = unit * 16 + digit;
            self.at += 1;
        }
        Ok(unit)
    }
}
