//! Null servers: none does anything, so nothing they say is right for the right reason.
//!
//! A suite that such a server passes tests nothing. Whoever measures the harness plays it against
//! each of [`Kind::ALL`].

mod plausible;

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::catalogue::Catalogue;
use crate::wire::{CONTENT_TYPE, Request, Response};

/// Bytes of a request that are read; what is longer is no request.
const MOST: usize = 8 << 20;

/// How long a connection may be idle.
const IDLE: Duration = Duration::from_secs(5);

/// What a null server answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// 418 and a text.
    Teapot,
    /// One error that most operations declare.
    Refusing,
    /// 200 and `{}`.
    Empty,
    /// 200 and the request's own body.
    Echo,
    /// A success whose output fits the operation's shape, and that has nothing to do with what was
    /// asked or done before.
    Plausible,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 5] =
        [Self::Teapot, Self::Refusing, Self::Empty, Self::Echo, Self::Plausible];

    /// Returns the name that reports use.
    pub fn name(self) -> &'static str {
        match self {
            Self::Teapot => "teapot",
            Self::Refusing => "refusing",
            Self::Empty => "empty",
            Self::Echo => "echo",
            Self::Plausible => "plausible",
        }
    }

    /// Returns what it answers to a request.
    pub fn answer(self, catalogue: &Catalogue, request: &Request) -> Response {
        match self {
            Self::Teapot => response(418, "text/plain", "short and stout"),
            Self::Refusing => {
                let code = "InvalidParameterException";
                let body = format!(r#"{{"__type":"{code}","message":"no"}}"#);
                let mut refusal = response(400, CONTENT_TYPE, body);
                refusal.headers.push(("x-amzn-errortype".into(), format!("{code}:")));
                refusal
            }
            Self::Empty => response(200, CONTENT_TYPE, "{}"),
            Self::Echo => response(200, CONTENT_TYPE, request.body.clone()),
            Self::Plausible => plausible::answer(catalogue, request),
        }
    }
}

fn response(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Response {
    let headers = vec![("content-type".into(), content_type.into())];
    Response { status, headers, body: body.into().into() }
}

/// A null server on a loopback port, until it is dropped.
#[derive(Debug)]
pub struct NullServer {
    addr: SocketAddr,
    ended: Arc<AtomicBool>,
}

impl NullServer {
    /// Starts a server of this kind on a free port.
    ///
    /// # Errors
    /// No port is free.
    pub fn start(kind: Kind, catalogue: Arc<Catalogue>) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let addr = listener.local_addr()?;
        let ended = Arc::new(AtomicBool::new(false));
        let over = ended.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if over.load(Ordering::SeqCst) {
                    return;
                }
                let catalogue = catalogue.clone();
                std::thread::spawn(move || converse(stream, kind, &catalogue));
            }
        });
        Ok(Self { addr, ended })
    }

    /// Returns its URL.
    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }
}

impl Drop for NullServer {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::SeqCst);
        // Whoever waits for the next connection gets one, and sees that it was the last.
        let _ = TcpStream::connect(self.addr);
    }
}

/// Answers the requests of one connection; each is read to its end first.
fn converse(mut stream: TcpStream, kind: Kind, catalogue: &Catalogue) {
    let _ = stream.set_read_timeout(Some(IDLE));
    let _ = stream.set_nodelay(true);
    let mut pending = Vec::new();
    while let Some(request) = next_request(&mut stream, &mut pending) {
        let answer = kind.answer(catalogue, &request);
        let headers = answer.headers.iter().map(|(name, value)| format!("{name}: {value}\r\n"));
        let headers: String = headers.collect();
        let (status, length) = (answer.status, answer.body.len());
        let head = format!("HTTP/1.1 {status} -\r\n{headers}content-length: {length}\r\n\r\n");
        if stream.write_all(&[head.as_bytes(), &answer.body].concat()).is_err() {
            return;
        }
    }
}

/// Reads the next request; `pending` holds what came after the one before.
fn next_request(stream: &mut impl Read, pending: &mut Vec<u8>) -> Option<Request> {
    let mut chunk = [0; 8192];
    loop {
        if let Some((request, length)) = request(pending) {
            pending.drain(..length);
            return Some(request);
        }
        match stream.read(&mut chunk) {
            Ok(count) if count > 0 && pending.len() < MOST => {
                pending.extend_from_slice(&chunk[..count]);
            }
            _ => return None,
        }
    }
}

/// Returns the request at the start of `bytes`, and its length, if it is whole.
fn request(bytes: &[u8]) -> Option<(Request, usize)> {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(&bytes[..end]);
    let mut lines = head.split("\r\n");
    let mut first = lines.next().unwrap_or_default().split(' ').map(str::to_owned);
    let (method, path) = (first.next().unwrap_or_default(), first.next().unwrap_or_default());
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_lowercase(), value.trim().to_owned()))
        .collect();
    let mut request = Request { method, path, headers, body: Vec::new() };
    let length = request.header("content-length").and_then(|length| length.parse().ok());
    let whole = (end + 4).checked_add(length.unwrap_or(0))?;
    request.body = bytes.get(end + 4..whole)?.to_vec();
    Some((request, whole))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_read_one_after_the_other() {
        let bytes = b"POST /a HTTP/1.1\r\nContent-Length: 2\r\nX-Amz-Target: A.B\r\n\r\n{}GET /b HTTP/1.1\r\n\r\nrest";
        let mut pending = Vec::new();
        let mut source = &bytes[..];
        let first = next_request(&mut source, &mut pending).expect("a request");
        assert_eq!((first.method.as_str(), first.path.as_str()), ("POST", "/a"));
        assert_eq!(first.header("x-amz-target"), Some("A.B"));
        assert_eq!(first.body, b"{}");
        let second = next_request(&mut source, &mut pending).expect("another");
        assert_eq!((second.path.as_str(), second.body.len()), ("/b", 0));
        assert!(next_request(&mut source, &mut pending).is_none());
    }

    #[test]
    fn a_broken_head_is_no_request() {
        #[track_caller]
        fn check(bytes: &str) {
            assert!(request(bytes.as_bytes()).is_none(), "{bytes}");
        }
        check("");
        check("POST / HTTP/1.1\r\n");
        check("POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\n{}");
        check("POST / HTTP/1.1\r\nContent-Length: 18446744073709551615\r\n\r\n{}");
    }
}
