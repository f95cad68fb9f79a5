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
    Reader::new(text, &mut ()).document().map_err(|failure| *failure)
}

/// Where each value of a YAML text stands, as far as it can be read.
pub fn outline(text: &str) -> Outline {
    let mut builder = OutlineBuilder::default();
    // An error only ends the outline early: what was read so far keeps its places.
    let _ = Reader::new(text, &mut builder).document();
    builder.finish(text)
}

/// Builds a value from the parser's events; `T` learns where each value stands.
struct Reader<'t, 'k, T> {
    text: &'t str,
    events: Parser<'t, StrInput<'t>>,
    /// Where the last scalar or closing bracket ended.
    end: usize,
    track: &'k mut T,
}

/// An error on its way out: a pointer, so that results stay small on the stack.
type Failure = Box<ReadError>;

type Spanned<'t> = (Event<'t>, granit_parser::Span);

/// What begins with an event.
enum Begun {
    /// A scalar.
    Whole(Value),
    /// An array or object.
    Open(Open),
}

/// An array or object that is open.
struct Open {
    style: StructureStyle,
    content: Content,
}

enum Content {
    Array(Vec<Value>),
    Object(Members),
}

#[derive(Default)]
struct Members {
    entries: Vec<(SmolStr, Value)>,
    /// Where the key of each stands.
    places: Vec<usize>,
    /// The key whose value comes next.
    key: Option<SmolStr>,
}

impl Open {
    fn wants_key(&self) -> bool {
        matches!(&self.content, Content::Object(members) if members.key.is_none())
    }

    fn add(&mut self, value: Value) {
        match &mut self.content {
            Content::Array(items) => items.push(value),
            Content::Object(members) => {
                members.entries.extend(members.key.take().map(|key| (key, value)));
            }
        }
    }
}

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
        Self { text, events, end: 0, track }
    }

    fn document(mut self) -> Result<Value, Failure> {
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
        let value = self.value()?;
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
    fn refuse_controls(&self) -> Result<(), Failure> {
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

    /// The next value, read without recursion: how deep it nests costs no stack.
    fn value(&mut self) -> Result<Value, Failure> {
        let mut open: Vec<Open> = Vec::new();
        loop {
            let (event, span) = self.next()?;
            let whole = match event {
                Event::SequenceEnd | Event::MappingEnd => match open.pop() {
                    Some(innermost) => self.close(innermost, span.end)?,
                    None => return Err(self.no_value(offset(span.start))),
                },
                event if open.last().is_some_and(Open::wants_key) => {
                    let key = self.key(&event, &span)?;
                    if let Some(Open { content: Content::Object(object), .. }) = open.last_mut() {
                        object.places.push(offset(span.start));
                        object.key = Some(key);
                    }
                    continue;
                }
                event => match self.begin(event, &span, open.len())? {
                    Begun::Whole(value) => value,
                    Begun::Open(innermost) => {
                        open.push(innermost);
                        continue;
                    }
                },
            };
            self.track.end(self.end);
            match open.last_mut() {
                Some(around) => around.add(whole),
                None => return Ok(whole),
            }
        }
    }

    /// The scalar, array or object that begins with `event`, at `depth` levels within others.
    fn begin(
        &mut self,
        event: Event<'t>,
        span: &granit_parser::Span,
        depth: usize,
    ) -> Result<Begun, Failure> {
        self.refuse_properties(&event, span)?;
        let start = match event {
            Event::Scalar(_, ScalarStyle::Literal | ScalarStyle::Folded, ..) => {
                self.block_header(offset(span.start))
            }
            _ => offset(span.start),
        };
        self.track.begin(start);
        self.end = offset(span.end);
        let (style, content) = match event {
            Event::Scalar(text, style, ..) => {
                let value = scalar::resolve(text.into(), style);
                let refused = |kind| self.error(start, kind).with_help(scalar::NUMBER_HELP);
                return value.map(Begun::Whole).map_err(refused);
            }
            Event::SequenceStart(style, ..) => (style, Content::Array(Vec::new())),
            Event::MappingStart(style, ..) => (style, Content::Object(Members::default())),
            _ => return Err(self.no_value(start)),
        };
        if depth == Limits::MAX_DEPTH {
            return Err(self.error(start, ReadErrorKind::TooDeep { limit: Limits::MAX_DEPTH }));
        }
        Ok(Begun::Open(Open { style, content }))
    }

    /// A block collection ends with its last item; only a bracket ends later.
    fn close(&mut self, innermost: Open, end: Marker) -> Result<Value, Failure> {
        if innermost.style == StructureStyle::Flow {
            self.end = offset(end);
        }
        match innermost.content {
            Content::Array(items) => Ok(Value::Array(items)),
            Content::Object(Members { entries, places, .. }) => {
                let keys: Vec<SmolStr> = entries.iter().map(|(key, _)| key.clone()).collect();
                Object::from_entries(entries).map(Value::Object).map_err(|key| {
                    let mut same = keys.iter().zip(places).filter(|(name, _)| **name == key);
                    let at = same.nth(1).map_or(self.end, |(_, at)| at);
                    self.error(at, ReadErrorKind::DuplicateKey { key })
                })
            }
        }
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
    ) -> Result<(), Failure> {
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

    fn key(&mut self, event: &Event<'t>, span: &granit_parser::Span) -> Result<SmolStr, Failure> {
        self.refuse_properties(event, span)?;
        let (start, end) = (offset(span.start), offset(span.end));
        match event {
            // A key that is left out comes as an empty `~`.
            Event::Scalar(..) if start == end => {
                let error = self.refused(start, "keys that are left out");
                Err(error.with_help("write `\"\"` for a key that is empty"))
            }
            Event::Scalar(text, style, ..) => {
                if text == "<<" && scalar::is_plain(*style) {
                    let error = self.refused(start, "merge keys (`<<`)");
                    return Err(error.with_help("write the members out"));
                }
                let key = SmolStr::from(text.as_ref());
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

    fn next(&mut self) -> Result<Spanned<'t>, Failure> {
        match self.events.next_event() {
            Some(Ok(event)) => Ok(event),
            Some(Err(error)) => Err(self.scan_error(&error)),
            None => Ok((Event::StreamEnd, granit_parser::Span::default())),
        }
    }

    fn scan_error(&self, error: &ScanError) -> Failure {
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
    fn misread(&self, at: usize) -> Option<Failure> {
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

    fn refused_or_text(&self, at: usize, feature: &'static str) -> Failure {
        self.misread(at).unwrap_or_else(|| {
            let error = self.refused(at, feature);
            error.with_help("write the value again where it is needed, or quote it if it is text")
        })
    }

    fn no_value(&self, at: usize) -> Failure {
        self.error(at, ReadErrorKind::Yaml { message: "a value is missing".to_owned() })
    }

    fn refused(&self, at: usize, feature: &'static str) -> Failure {
        self.error(at, ReadErrorKind::Refused { feature })
    }

    fn error(&self, at: usize, kind: ReadErrorKind) -> Failure {
        Box::new(ReadError::at(self.text.as_bytes(), at, kind))
    }
}

/// The byte at which a marker stands; the parser knows it for texts in memory.
fn offset(marker: Marker) -> usize {
    marker.byte_offset().unwrap_or_default()
}
