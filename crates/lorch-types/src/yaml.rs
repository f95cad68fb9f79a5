//! YAML 1.2 with the core schema, read as strictly as JSON.
//!
//! What a document says must be plain to see: anchors, aliases, merge keys, tags and further
//! documents are refused, scalars are resolved by the core schema alone (`no` and `1_000` are
//! strings), and every key is the text that stands there (`1:` and `"1":` are the same key).
//! Directives are passed over: without tags there is nothing that they could change.

mod mistake;
mod scalar;

use granit_parser::{
    ErrorKind, Event, Marker, Parser, ScalarStyle, ScanError, StrInput, StructureStyle,
};
use smol_str::SmolStr;

use crate::json::{
    Limits, Object, Outline, OutlineBuilder, ReadError, ReadErrorKind, Track, Value, checked_text,
};

/// Reads one YAML document; the limits are those of JSON.
///
/// A byte order mark at the start is passed over, as YAML 1.2 (section 5.2) asks.
///
/// # Errors
/// The first thing wrong, with its place. Text that YAML reads as something else than was probably
/// meant (`key: @ctx.a`, `if: !has(@ctx.a)`) is answered with the form that says it.
pub fn read(text: &[u8], limits: Limits) -> Result<Value, ReadError> {
    let text = checked_text(text, limits)?;
    Reader::new(text, &mut ()).document()
}

/// Where each value of a YAML text stands, as far as it can be read.
pub fn outline(text: &str) -> Outline {
    let mut builder = OutlineBuilder::default();
    // An error only ends the outline early: what was read so far keeps its places.
    let _ = Reader::new(text, &mut builder).document();
    builder.finish(text.len())
}

/// Builds a value from the parser's events; `T` learns where each value stands.
struct Reader<'t, 'k, T> {
    text: &'t str,
    events: Parser<'t, StrInput<'t>>,
    depth: usize,
    /// Where the last scalar or closing bracket ended.
    end: usize,
    track: &'k mut T,
}

type Spanned<'t> = (Event<'t>, granit_parser::Span);

impl<'t, 'k, T: Track> Reader<'t, 'k, T> {
    fn new(text: &'t str, track: &'k mut T) -> Self {
        let mut options = granit_parser::options! {
            strict_indentation: true,
            emit_unresolved_aliases: true,
            emit_anchor_events: true,
            flow_nesting_limit: Limits::MAX_DEPTH,
            block_nesting_limit: Limits::MAX_DEPTH,
        };
        options.set_emit_comments(false);
        let events = Parser::new_from_str_with_options(text, options);
        Self { text, events, depth: 0, end: 0, track }
    }

    fn document(mut self) -> Result<Value, ReadError> {
        self.refuse_controls()?;
        loop {
            match self.next()? {
                (Event::StreamStart, _) => {}
                (Event::DocumentStart(..), _) => break,
                (_, _) => {
                    let kind = ReadErrorKind::UnexpectedEnd { expected: "a value" };
                    return Err(self.error(self.text.len(), kind));
                }
            }
        }
        let value = self.next_node()?;
        loop {
            match self.next()? {
                (Event::DocumentEnd, _) => {}
                (Event::DocumentStart(..), span) => {
                    let error = self.refused(offset(span.start), "further documents");
                    return Err(error.with_help("put each document into a file of its own"));
                }
                (_, _) => return Ok(value),
            }
        }
    }

    /// Refuses control characters: they are no part of YAML, and a NUL would end the text unseen.
    fn refuse_controls(&self) -> Result<(), ReadError> {
        let is_control = |byte: &u8| *byte < 0x20 && !matches!(byte, b'\t' | b'\n' | b'\r');
        match self.text.bytes().position(|byte| is_control(&byte)) {
            None => Ok(()),
            Some(at) => {
                let found = self.text.get(at..).and_then(|rest| rest.chars().next());
                let found = format!("`{}`", found.unwrap_or_default().escape_debug());
                let kind = ReadErrorKind::Unexpected { found, expected: "a printable character" };
                let help = "write it as an escape in double quotes, such as `\"\\0\"`";
                Err(self.error(at, kind).with_help(help))
            }
        }
    }

    fn next_node(&mut self) -> Result<Value, ReadError> {
        let event = self.next()?;
        self.node(event)
    }

    fn node(&mut self, (event, span): Spanned<'t>) -> Result<Value, ReadError> {
        self.refuse_properties(&event, &span)?;
        let start = match event {
            Event::Scalar(_, ScalarStyle::Literal | ScalarStyle::Folded, ..) => {
                self.block_header(offset(span.start))
            }
            _ => offset(span.start),
        };
        self.track.begin(start);
        self.end = offset(span.end);
        let value = match event {
            Event::Scalar(text, style, ..) => scalar::resolve(text.into(), style)
                .map_err(|kind| self.error(start, kind).with_help(scalar::NUMBER_HELP))?,
            Event::SequenceStart(style, ..) => {
                self.nested(start, |reader| reader.sequence(style))?
            }
            Event::MappingStart(style, ..) => self.nested(start, |reader| reader.mapping(style))?,
            _ => return Err(self.error(start, not_a_node())),
        };
        self.track.end(self.end);
        Ok(value)
    }

    /// Where the `|` or `>` stands of the block scalar whose text begins at `content`.
    fn block_header(&self, content: usize) -> usize {
        let between = self.text.get(self.end..content).unwrap_or_default();
        let before = between.trim_end();
        let line = before.rfind('\n').map_or(0, |newline| newline + 1);
        let header = before.get(line..).and_then(|line| line.find(['|', '>']));
        header.map_or(content, |header| self.end + line + header)
    }

    /// Refuses what may stand at a node beside its content, or instead of it.
    fn refuse_properties(
        &mut self,
        event: &Event<'t>,
        span: &granit_parser::Span,
    ) -> Result<(), ReadError> {
        if let Some(start) = span.tag_start().filter(|_| event.tag().is_some()) {
            return Err(self.misread(offset(start)).unwrap_or_else(|| {
                self.refused(offset(start), "tags")
                    .with_help("leave the tag out; a value in quotes is a string")
            }));
        }
        if matches!(event, Event::Alias(_) | Event::UnresolvedAlias(_)) {
            return Err(self.refused_or_text(offset(span.start), "aliases"));
        }
        if event.anchor_id().is_some() {
            let start = match self.next()? {
                (Event::Anchor(..), anchor) => anchor.start,
                _ => span.start,
            };
            return Err(self.refused_or_text(offset(start), "anchors"));
        }
        Ok(())
    }

    fn nested(
        &mut self,
        start: usize,
        inner: impl FnOnce(&mut Self) -> Result<Value, ReadError>,
    ) -> Result<Value, ReadError> {
        if self.depth == Limits::MAX_DEPTH {
            return Err(self.error(start, ReadErrorKind::TooDeep { limit: Limits::MAX_DEPTH }));
        }
        self.depth += 1;
        let value = inner(self);
        self.depth -= 1;
        value
    }

    fn sequence(&mut self, style: StructureStyle) -> Result<Value, ReadError> {
        let mut items = Vec::new();
        loop {
            match self.next()? {
                (Event::SequenceEnd, span) => {
                    self.close(style, span.end);
                    return Ok(Value::Array(items));
                }
                event => items.push(self.node(event)?),
            }
        }
    }

    fn mapping(&mut self, style: StructureStyle) -> Result<Value, ReadError> {
        let mut entries = Vec::new();
        let mut keys = Vec::new();
        loop {
            let (event, span) = self.next()?;
            if matches!(event, Event::MappingEnd) {
                self.close(style, span.end);
                break;
            }
            let start = offset(span.start);
            let key = self.key((event, span))?;
            keys.push((key.clone(), start));
            entries.push((key, self.next_node()?));
        }
        Object::from_entries(entries).map(Value::Object).map_err(|key| {
            let second = keys.iter().filter(|(name, _)| *name == key).nth(1);
            let at = second.map_or(self.end, |(_, at)| *at);
            self.error(at, ReadErrorKind::DuplicateKey { key })
        })
    }

    fn key(&mut self, (event, span): Spanned<'t>) -> Result<SmolStr, ReadError> {
        self.refuse_properties(&event, &span)?;
        let (start, end) = (offset(span.start), offset(span.end));
        match event {
            // A key that is left out comes as an empty `~`.
            Event::Scalar(..) if start == end => {
                let error = self.refused(start, "keys that are left out");
                Err(error.with_help("write `\"\"` for a key that is empty"))
            }
            Event::Scalar(text, style, ..) => {
                if text == "<<" && scalar::is_plain(style) {
                    let error = self.refused(start, "merge keys (`<<`)");
                    return Err(error.with_help("write the members out"));
                }
                let key = SmolStr::from(text);
                self.track.key(&key, start..end);
                self.end = end;
                Ok(key)
            }
            // `{{ name }}` is a mapping whose key is one: what was meant begins one bracket before.
            _ => Err(self.misread(start.saturating_sub(1)).unwrap_or_else(|| {
                self.refused(start, "keys that are arrays or objects")
                    .with_help("put the text in quotes if it is meant as text")
            })),
        }
    }

    /// A block collection ends with its last item; only a bracket ends later.
    fn close(&mut self, style: StructureStyle, end: Marker) {
        if style == StructureStyle::Flow {
            self.end = offset(end);
        }
    }

    fn next(&mut self) -> Result<Spanned<'t>, ReadError> {
        match self.events.next_event() {
            Some(Ok(event)) => Ok(event),
            Some(Err(error)) => Err(self.scan_error(&error)),
            None => Ok((Event::StreamEnd, granit_parser::Span::default())),
        }
    }

    fn scan_error(&self, error: &ScanError) -> ReadError {
        let at = offset(*error.marker()).min(self.text.len());
        match error.kind() {
            ErrorKind::RecursionLimitExceeded => {
                self.error(at, ReadErrorKind::TooDeep { limit: Limits::MAX_DEPTH })
            }
            kind => self.misread(at).unwrap_or_else(|| {
                let message = kind.to_string();
                let error = self.error(at, ReadErrorKind::Yaml { message });
                match mistake::advice(self.text, at, kind) {
                    Some(help) => error.with_help(help),
                    None => error,
                }
            }),
        }
    }

    /// The error about a value around `at` that begins with a character which YAML keeps for
    /// itself, if that is so.
    fn misread(&self, at: usize) -> Option<ReadError> {
        let meant = mistake::misread(self.text, at)?;
        let kind = match meant.indicator {
            '!' => ReadErrorKind::Refused { feature: "tags" },
            '&' => ReadErrorKind::Refused { feature: "anchors" },
            '*' => ReadErrorKind::Refused { feature: "aliases" },
            other => {
                let message = format!("a value without quotes cannot begin with `{other}`");
                ReadErrorKind::Yaml { message }
            }
        };
        Some(self.error(meant.start, kind).with_help(meant.help))
    }

    fn refused_or_text(&self, at: usize, feature: &'static str) -> ReadError {
        self.misread(at).unwrap_or_else(|| {
            let error = self.refused(at, feature);
            error.with_help("write the value again where it is needed, or quote it if it is text")
        })
    }

    fn refused(&self, at: usize, feature: &'static str) -> ReadError {
        self.error(at, ReadErrorKind::Refused { feature })
    }

    fn error(&self, at: usize, kind: ReadErrorKind) -> ReadError {
        ReadError::at(self.text.as_bytes(), at, kind)
    }
}

fn not_a_node() -> ReadErrorKind {
    ReadErrorKind::Yaml { message: "a value is missing".to_owned() }
}

/// The byte at which a marker stands; the parser knows it for texts in memory.
fn offset(marker: Marker) -> usize {
    marker.byte_offset().unwrap_or_default()
}
