//! A real HTTP server on loopback that answers from a script and keeps what it was sent.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// What came in over one connection.
#[derive(Clone, Debug, Default)]
pub(crate) struct Received {
    /// `GET /path?query`.
    pub(crate) line: String,
    /// `name: value`, names in lower case, as they came.
    pub(crate) headers: Vec<String>,
    pub(crate) body: String,
}

impl Received {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find_map(|header| header.strip_prefix(name)?.strip_prefix(": "))
    }
}

/// A server that gives its answers in order, one a connection, and then none.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    received: Arc<Mutex<Vec<Received>>>,
}

impl Server {
    pub(crate) fn start(answers: impl IntoIterator<Item = String>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let received = Arc::new(Mutex::new(Vec::new()));
        let answers: Vec<String> = answers.into_iter().collect();
        let kept = Arc::clone(&received);
        std::thread::spawn(move || {
            for answer in answers {
                let Ok((stream, _)) = listener.accept() else { return };
                let request = receive(&stream);
                kept.lock().unwrap().push(request);
                let mut stream = stream;
                let _ = stream.write_all(answer.as_bytes());
            }
        });
        Self { address, received }
    }

    /// `http://127.0.0.1:PORT` and a path.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(crate) fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }
}

fn receive(stream: &TcpStream) -> Received {
    let mut reader = BufReader::new(stream);
    let mut received = Received::default();
    let mut line = || {
        let mut text = String::new();
        reader.read_line(&mut text).unwrap_or_default();
        text.trim_end().to_owned()
    };
    received.line = line().trim_end_matches(" HTTP/1.1").to_owned();
    loop {
        let header = line();
        match header.split_once(':') {
            None => break,
            Some((name, value)) => {
                received.headers.push(format!("{}: {}", name.to_lowercase(), value.trim()));
            }
        }
    }
    let length = received.header("content-length").and_then(|text| text.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    received.body = String::from_utf8(body).unwrap();
    received
}

/// An answer with a body.
pub(crate) fn answer(status: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n{body}"
    )
}

pub(crate) fn json_answer(body: &str) -> String {
    answer("200 OK", "Content-Type: application/json\r\n", body)
}
