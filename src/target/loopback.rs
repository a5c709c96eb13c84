//! Plain HTTP to this machine, without the hops of a pooled client.
//!
//! A client with a pool hands each request to a task of its own and waits for it: two thread
//! switches that cost more than a local server's whole answer. Here whoever waits for an answer
//! drives the connection too. Protocol and limits are hyper's.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use super::http::{Limits, innermost, readable};
use crate::wire::{Response, TransportError};

/// An idle connection is not used again after this time: below the five seconds after which
/// Node's servers hang up, so that no request meets a connection that is being closed.
pub(super) const MOST_IDLE: Duration = Duration::from_secs(3);

type Sending = Full<Bytes>;

/// Connections to one address, kept open between exchanges.
#[derive(Debug)]
pub(super) struct Loopback {
    /// Host and port.
    address: String,
    idle: Mutex<Vec<Connection>>,
}

/// A connection and the way to send on it.
#[derive(Debug)]
struct Connection {
    sender: SendRequest<Sending>,
    /// `None` once it has ended.
    driver: Option<http1::Connection<TokioIo<TcpStream>, Sending>>,
    since: Instant,
}

impl Loopback {
    /// Returns connections to `address`, a host and a port; none is open yet.
    pub(super) fn new(address: String) -> Self {
        Self { address, idle: Mutex::default() }
    }

    /// Sends a request, its target in origin form, and returns the response, all of it.
    ///
    /// # Errors
    /// No complete response came within the limits of size; time is the caller's to bound.
    pub(super) async fn exchange(
        &self,
        mut request: http::Request<Sending>,
        limits: &Limits,
    ) -> Result<Response, TransportError> {
        while let Some(mut connection) = self.take_idle() {
            if !connection.is_ready().await {
                continue;
            }
            match self.send(connection, request, limits).await {
                // Nothing of it was sent: the server has hung up in this moment.
                Err(Failure::Unsent(back)) => request = *back,
                Err(Failure::Sent(error)) => return Err(error),
                Ok(response) => return Ok(response),
            }
        }
        let connection = self.connect(limits).await?;
        self.send(connection, request, limits).await.map_err(|failure| match failure {
            Failure::Unsent(_) => TransportError::Broken("the server hung up at once".into()),
            Failure::Sent(error) => error,
        })
    }

    async fn connect(&self, limits: &Limits) -> Result<Connection, TransportError> {
        let refused = |e: std::io::Error| TransportError::Connect(e.to_string());
        let stream = tokio::time::timeout(limits.connect, TcpStream::connect(&self.address)).await;
        let stream = stream.map_err(|_| TransportError::Connect("timed out".into()))?;
        let stream = stream.map_err(refused)?;
        stream.set_nodelay(true).map_err(refused)?;
        let (sender, driver) = http1::handshake(TokioIo::new(stream)).await.map_err(broken)?;
        Ok(Connection { sender, driver: Some(driver), since: Instant::now() })
    }

    async fn send(
        &self,
        mut connection: Connection,
        request: http::Request<Sending>,
        limits: &Limits,
    ) -> Result<Response, Failure> {
        let Connection { sender, driver, .. } = &mut connection;
        let answer = sender.try_send_request(request);
        let answer = async {
            let answer = answer.await.map_err(|mut error| match error.take_message() {
                Some(request) => Failure::Unsent(request.into()),
                None => Failure::Sent(broken(error.into_error())),
            })?;
            read(answer, limits).await.map_err(Failure::Sent)
        };
        let response = {
            let mut answer = pin!(answer);
            poll_fn(|cx| {
                if let Poll::Ready(done) = answer.as_mut().poll(cx) {
                    return Poll::Ready(done);
                }
                drive(driver, cx);
                answer.as_mut().poll(cx)
            })
            .await?
        };
        if connection.is_ready().await {
            connection.since = Instant::now();
            self.idle().push(connection);
        }
        Ok(response)
    }

    fn take_idle(&self) -> Option<Connection> {
        let mut idle = self.idle();
        while let Some(connection) = idle.pop() {
            if connection.since.elapsed() < MOST_IDLE {
                return Some(connection);
            }
        }
        None
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Connection {
    /// Tells whether a request can be sent now; waits for nothing.
    async fn is_ready(&mut self) -> bool {
        poll_fn(|cx| {
            drive(&mut self.driver, cx);
            Poll::Ready(self.driver.is_some() && self.sender.is_ready())
        })
        .await
    }
}

/// Moves bytes as far as they go now.
fn drive(
    driver: &mut Option<http1::Connection<TokioIo<TcpStream>, Sending>>,
    cx: &mut Context<'_>,
) {
    // What breaks a connection is told to whoever waits for the answer.
    if let Some(running) = driver
        && running.poll_unpin(cx).is_ready()
    {
        *driver = None;
    }
}

/// Why there is no response.
enum Failure {
    /// The connection had ended before the request, which this is, went out.
    Unsent(Box<http::Request<Sending>>),
    /// It may have reached the server.
    Sent(TransportError),
}

async fn read(
    mut answer: http::Response<Incoming>,
    limits: &Limits,
) -> Result<Response, TransportError> {
    let headers = readable(answer.headers(), limits.header_bytes)?;
    let status = answer.status().as_u16();
    let too_large = || TransportError::TooLarge(limits.body_bytes as u64);
    let length = hyper::body::Body::size_hint(answer.body()).exact();
    if length.is_some_and(|length| length > limits.body_bytes as u64) {
        return Err(too_large());
    }
    let mut body = Vec::new();
    while let Some(frame) = answer.body_mut().frame().await {
        let Ok(chunk) = frame.map_err(broken)?.into_data() else { continue };
        if body.len() + chunk.len() > limits.body_bytes {
            return Err(too_large());
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Response { status, headers, body: body.into() })
}

/// Says what broke.
fn broken(error: hyper::Error) -> TransportError {
    TransportError::Broken(innermost(&error))
}
