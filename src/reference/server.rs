//! The HTTP shell of the reference: a socket, a thread and a body limit around `shell.rs`.

use std::fmt;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use tokio::sync::oneshot;

use super::functions::Functions;
use super::middleware::Middleware;
use super::shell::Shell;
use super::{Millis, Reference};
use crate::wire::{Request, Response};

/// Bytes a request body may have. Ours: the service's limit is not known.
const BODY_LIMIT: usize = 1 << 20;

/// Where the reference reads the time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Clock {
    /// The machine's clock, plus what the control endpoint moved it forward.
    #[default]
    Real,
    /// Stands still at this time unless the control endpoint moves it.
    Virtual(Millis),
}

/// How a reference is served.
#[derive(Clone, Default)]
pub struct ServeOptions {
    /// Where the time comes from.
    pub clock: Clock,
    /// Seed that a reset starts over from, and that request ids follow from.
    pub seed: u64,
    /// Stands between callers and the reference: how a named fault is put in.
    pub middleware: Option<Arc<dyn Middleware>>,
    /// Where the functions behind the pools' triggers are called; without it, none can be.
    pub functions: Option<Functions>,
}

impl fmt::Debug for ServeOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServeOptions")
            .field("clock", &self.clock)
            .field("seed", &self.seed)
            .field("middleware", &self.middleware.is_some())
            .field("functions", &self.functions)
            .finish()
    }
}

/// A reference that answers HTTP requests until it is shut down or dropped.
#[derive(Debug)]
pub struct Server {
    addr: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Serves `reference` on `listener`, on a thread with a runtime of its own.
    ///
    /// # Errors
    /// The listener cannot be used, or the thread or its runtime cannot be started.
    pub fn start(
        reference: Reference,
        listener: TcpListener,
        options: ServeOptions,
    ) -> io::Result<Self> {
        listener.set_nonblocking(true)?;
        let addr = listener.local_addr()?;
        let reference = reference.served_at(&format!("http://{addr}"));
        let shell = Arc::new(Shell::new(reference, options));
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("reference")
            .enable_all()
            .build()?;
        let (stop, stopped) = oneshot::channel();
        let run = move || {
            runtime.block_on(async {
                tokio::select! {
                    () = serve(shell, listener) => {}
                    _ = stopped => {}
                }
            });
            runtime.shutdown_timeout(Duration::from_secs(1));
        };
        let thread = std::thread::Builder::new().name("reference".into()).spawn(run)?;
        Ok(Self { addr, stop: Some(stop), thread: Some(thread) })
    }

    /// Serves `reference` on a free port of the loopback address.
    ///
    /// # Errors
    /// As [`Server::start`], or no port is free.
    pub fn on_loopback(reference: Reference, options: ServeOptions) -> io::Result<Self> {
        Self::start(reference, TcpListener::bind(("127.0.0.1", 0))?, options)
    }

    /// Returns the address it listens at.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Returns the URL it listens at.
    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// Stops answering and waits until the thread has ended.
    pub fn shutdown(mut self) {
        self.end();
    }

    /// Waits until the server ends by itself, which it does not unless its socket breaks.
    pub fn wait(mut self) {
        if let Some(thread) = self.thread.take() {
            // The thread's own panic has been reported by the panic hook already.
            let _ = thread.join();
        }
    }

    fn end(&mut self) {
        if let Some(stop) = self.stop.take() {
            // Fails only when the thread has ended already.
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.end();
    }
}

async fn serve(shell: Arc<Shell>, listener: TcpListener) {
    let Ok(listener) = tokio::net::TcpListener::from_std(listener) else { return };
    let answer = move |request: axum::extract::Request| {
        let shell = shell.clone();
        async move { respond(&shell, request).await }
    };
    // `axum::serve` returns only when the listener breaks.
    let _ = axum::serve(listener, Router::new().fallback(answer)).await;
}

async fn respond(shell: &Shell, request: axum::extract::Request) -> axum::response::Response {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
    let text = |value: &axum::http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into();
    let headers = parts.headers.iter().map(|(name, value)| (name.to_string(), text(value)));
    let headers: Vec<(String, String)> = headers.collect();
    let Ok(body) = to_bytes(body, BODY_LIMIT).await else {
        return status_only(413);
    };
    let method = parts.method.to_string();
    let request = Request { method, path, headers, body: body.to_vec() };
    // On this thread: handing a call to another one costs more than most calls.
    into_http(shell.respond(&request))
}

fn into_http(response: Response) -> axum::response::Response {
    let mut builder = axum::response::Response::builder().status(response.status);
    for (name, value) in &response.headers {
        builder = builder.header(name, value);
    }
    builder.body(Body::from(response.body.into_bytes())).unwrap_or_else(|_| status_only(500))
}

fn status_only(status: u16) -> axum::response::Response {
    let mut response = axum::response::Response::new(Body::empty());
    *response.status_mut() = axum::http::StatusCode::from_u16(status)
        .unwrap_or(axum::http::StatusCode::INTERNAL_SERVER_ERROR);
    response
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpStream;

    use super::super::middleware::Mutate;
    use super::*;
    use crate::catalogue::{Catalogue, Source};

    fn exchange(server: &Server, request: &str) -> String {
        let mut stream = TcpStream::connect(server.addr()).expect("the server listens");
        stream.write_all(request.as_bytes()).expect("the request is sent");
        let mut response = String::new();
        stream.read_to_string(&mut response).expect("a complete response");
        response
    }

    #[test]
    fn requests_are_answered_over_a_socket() {
        let catalogue = Catalogue::load(&Source::Embedded).expect("the embedded catalogue loads");
        let reference = Reference::new(Arc::new(catalogue), 1);
        let mutate: Mutate = Arc::new(|_, operation, response| {
            response.headers.push(("x-seen".into(), operation.unwrap_or("none").into()));
        });
        let options =
            ServeOptions { middleware: Some(Arc::new(mutate)), ..ServeOptions::default() };
        let server = Server::on_loopback(reference, options).expect("a free port");
        let request = |line: &str, headers: &str, body: &str| {
            format!(
                "{line} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {}\r\n{headers}\r\n{body}",
                body.len()
            )
        };
        let target = "x-amz-target: AWSCognitoIdentityProviderService.ListUserPools\r\n";
        let response = exchange(&server, &request("POST /", target, "{}"));
        assert!(response.starts_with("HTTP/1.1 400"), "{response}");
        assert!(response.contains("x-seen: ListUserPools"), "{response}");
        assert!(response.contains("\r\ndate: "), "{response}");
        let outbox = exchange(&server, &request("GET /_reference/outbox", "", ""));
        assert!(outbox.ends_with("[]"), "{outbox}");
        let moved = request("POST /_reference/clock", "", r#"{"advance_seconds":60}"#);
        assert!(exchange(&server, &moved).contains("\"now\""));
        let reset = exchange(&server, &request("POST /_reference/reset", "", ""));
        assert!(reset.starts_with("HTTP/1.1 200"), "{reset}");
        server.shutdown();
    }
}
