//! A proxy between an application and its endpoint: every exchange passes as it is, is looked at
//! by the universal checks, and is recorded without its secrets.
//!
//! What is looked at never changes what passes. Of an exchange only hop-by-hop headers and `Host`
//! differ on the other side; bodies pass whole, within the limits of [`crate::target::http::Limits`].

mod ledger;
mod personal;
mod recording;
mod upstream;

use std::convert::Infallible;
use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};

pub use ledger::{Ledger, Summary};
pub use recording::{Recording, RecordingError};
pub use upstream::Upstream;

use crate::target::http::as_text;
use crate::wire;

/// How long exchanges under way may take to end once the proxy is asked to stop.
const GRACE: Duration = Duration::from_secs(5);

/// A proxy that is set up.
#[derive(Clone)]
pub struct Proxy {
    upstream: Arc<Upstream>,
    ledger: Arc<Ledger>,
}

impl Proxy {
    /// Returns a proxy in front of an endpoint.
    pub fn new(upstream: Upstream, ledger: Arc<Ledger>) -> Self {
        Self { upstream: Arc::new(upstream), ledger }
    }

    /// Passes on what comes to `listener` until `stop` is done and what is under way has ended, or
    /// has taken five seconds more.
    pub async fn serve(&self, listener: TcpListener, stop: impl Future<Output = ()>) {
        let (stopping, stopped) = watch::channel(false);
        // Whoever is under way holds a sender: when all are gone, the receiver ends.
        let (busy, mut idle) = mpsc::channel::<()>(1);
        tokio::pin!(stop);
        loop {
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                () = &mut stop => break,
            };
            let Ok((stream, _)) = accepted else {
                // Too many open files, say: what is open may end meanwhile.
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            };
            let _ = stream.set_nodelay(true);
            let (proxy, busy, mut stopped) = (self.clone(), busy.clone(), stopped.clone());
            tokio::spawn(async move {
                let answering = service_fn(|request| {
                    let (proxy, busy) = (proxy.clone(), busy.clone());
                    // On a task of its own: it is recorded even where the caller hangs up.
                    let exchange = tokio::spawn(async move {
                        let _busy = busy;
                        proxy.pass(request).await
                    });
                    async move {
                        let broke =
                            |_| refusal(StatusCode::INTERNAL_SERVER_ERROR, "the proxy broke");
                        Ok::<_, Infallible>(exchange.await.unwrap_or_else(broke))
                    }
                });
                let connection = http1::Builder::new()
                    .auto_date_header(false)
                    .timer(TokioTimer::new())
                    .serve_connection(TokioIo::new(stream), answering);
                tokio::pin!(connection);
                tokio::select! {
                    _ = &mut connection => return,
                    _ = stopped.wait_for(|stopped| *stopped) => {}
                }
                connection.as_mut().graceful_shutdown();
                let _ = connection.await;
            });
        }
        let _ = stopping.send(true);
        drop(busy);
        let _ = tokio::time::timeout(GRACE, idle.recv()).await;
    }

    async fn pass(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let (parts, body) = request.into_parts();
        let limits = *self.upstream.limits();
        let read = Limited::new(body, limits.body_bytes).collect();
        let body = match tokio::time::timeout(limits.total, read).await {
            Ok(Ok(body)) => body.to_bytes(),
            Ok(Err(cause)) => {
                let text = format!("the request cannot be read: {cause}");
                return refusal(StatusCode::PAYLOAD_TOO_LARGE, &text);
            }
            Err(_) => return refusal(StatusCode::REQUEST_TIMEOUT, "the request does not end"),
        };
        let started = Instant::now();
        let answer = self.upstream.exchange(&parts, body.clone()).await;
        let elapsed = started.elapsed();
        self.upstream.learn_faces().await;
        let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
        let request = wire::Request {
            method: parts.method.to_string(),
            path: path.to_owned(),
            headers: as_text(&parts.headers),
            body: body.to_vec(),
        };
        let reply = answer.as_ref().map_err(Clone::clone).map(upstream::Answer::readable);
        self.ledger.take(&self.upstream, request, reply, elapsed);
        match answer {
            Ok(answer) => answer.into_response(),
            Err(cause) => {
                let text = format!("{} gave no answer: {cause}", self.upstream.url());
                refusal(StatusCode::BAD_GATEWAY, &text)
            }
        }
    }
}

/// Returns an answer of the proxy's own, which says that it is.
fn refusal(status: StatusCode, text: &str) -> Response<Full<Bytes>> {
    let message = format!("cognito-conformance proxy: {text}");
    let body = json!({"__type": "ProxyException", "message": message}).to_string();
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert("content-type", wire::CONTENT_TYPE.parse().expect("a constant header"));
    headers.insert("x-amzn-errortype", "ProxyException".parse().expect("a constant header"));
    response
}
