//! As much of HTTP as an asset of the example speaks.

use std::io::{self, Read as _, Write as _};
use std::net::TcpStream;

use lorch_types::json::{Limits, Value, read};

/// A request.
pub(super) struct Request {
    pub(super) method: String,
    pub(super) path: String,
    /// The idempotency key, if it has one.
    pub(super) key: Option<String>,
    pub(super) body: Option<Value>,
}

/// The most that a request may be.
const MOST_BYTES: usize = 64 * 1024;

impl Request {
    pub(super) fn read(stream: &mut TcpStream) -> io::Result<Self> {
        let mut bytes = Vec::new();
        let end = loop {
            if let Some(at) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
                break at;
            }
            more(stream, &mut bytes)?;
        };
        let head = String::from_utf8_lossy(bytes.get(..end).unwrap_or_default()).into_owned();
        let header = |name: &str| {
            let lines = head.lines().filter_map(|line| line.split_once(':'));
            let mut found = lines.filter(|(key, _)| key.eq_ignore_ascii_case(name));
            found.next().map(|(_, value)| value.trim().to_owned())
        };
        let length = header("content-length").and_then(|text| text.parse::<usize>().ok());
        let (begin, length) = (end + 4, length.unwrap_or(0));
        while bytes.len() < begin.saturating_add(length) {
            more(stream, &mut bytes)?;
        }
        let body = bytes.get(begin..begin.saturating_add(length)).unwrap_or_default();
        let mut words = head.split(' ').map(str::to_owned);
        Ok(Self {
            method: words.next().unwrap_or_default(),
            path: words.next().unwrap_or_default(),
            key: header("idempotency-key"),
            body: read(body, Limits::default()).ok(),
        })
    }
}

fn more(stream: &mut TcpStream, bytes: &mut Vec<u8>) -> io::Result<()> {
    let mut piece = [0; 4096];
    let count = stream.read(&mut piece)?;
    if count == 0 || bytes.len() > MOST_BYTES {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    bytes.extend_from_slice(piece.get(..count).unwrap_or_default());
    Ok(())
}

/// Answers with a JSON body.
pub(super) fn respond(stream: &mut TcpStream, status: u16, body: &Value) -> io::Result<()> {
    let body = body.to_string();
    let head = format!(
        "HTTP/1.1 {status} {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\
         Connection: close\r\n\r\n",
        if status == 200 { "OK" } else { "Error" },
        body.len()
    );
    stream.write_all(format!("{head}{body}").as_bytes())
}
