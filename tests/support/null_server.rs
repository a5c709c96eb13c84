//! Servers that give one answer to everything: nothing they say is right for the right reason.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

/// A server on a loopback port, ending with the process.
pub(crate) struct NullServer {
    addr: SocketAddr,
}

impl NullServer {
    /// Answers every request with `status`, these headers and this body.
    pub(crate) fn start(status: &'static str, headers: &'static str, body: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let addr = listener.local_addr().expect("a bound listener has an address");
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                std::thread::spawn(move || answer(stream, status, headers, body));
            }
        });
        Self { addr }
    }

    /// 418 and a text.
    pub(crate) fn teapot() -> Self {
        Self::start("418 I'm a teapot", "content-type: text/plain\r\n", "short and stout")
    }

    /// 200 and `{}`.
    pub(crate) fn empty() -> Self {
        Self::start("200 OK", "content-type: application/x-amz-json-1.1\r\n", "{}")
    }

    /// 400 and an error that most operations declare.
    pub(crate) fn refusing() -> Self {
        Self::start(
            "400 Bad Request",
            "content-type: application/x-amz-json-1.1\r\nx-amzn-errortype: InvalidParameterException:\r\n",
            r#"{"__type":"InvalidParameterException","message":"no"}"#,
        )
    }

    /// Returns its URL.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.addr)
    }
}

/// Answers the requests of one connection; a request is read to its end first.
fn answer(mut stream: TcpStream, status: &str, headers: &str, body: &str) {
    let _ = stream.set_read_timeout(Some(Duration::from_secs(5)));
    let _ = stream.set_nodelay(true);
    let mut pending = Vec::new();
    while let Some(length) = request_length(&mut stream, &mut pending) {
        pending.drain(..length);
        let response =
            format!("HTTP/1.1 {status}\r\n{headers}content-length: {}\r\n\r\n{body}", body.len());
        if stream.write_all(response.as_bytes()).is_err() {
            return;
        }
    }
}

/// Reads until `pending` holds a whole request and returns its length.
fn request_length(stream: &mut TcpStream, pending: &mut Vec<u8>) -> Option<usize> {
    let mut chunk = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(pending).to_lowercase();
        if let Some(end) = text.find("\r\n\r\n") {
            let length = text[..end].lines().find_map(|line| line.strip_prefix("content-length:"));
            let total = end + 4 + length.and_then(|n| n.trim().parse::<usize>().ok()).unwrap_or(0);
            if pending.len() >= total {
                return Some(total);
            }
        }
        match stream.read(&mut chunk) {
            Ok(0) | Err(_) => return None,
            Ok(count) => pending.extend_from_slice(&chunk[..count]),
        }
    }
}
