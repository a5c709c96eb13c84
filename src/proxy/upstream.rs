//! The endpoint behind the proxy: requests go out as they came in.

use std::sync::Arc;

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper::header::{CONNECTION, HOST, HeaderMap, HeaderName, HeaderValue};
use hyper::http::request::Parts;
use hyper::{Request, Response, StatusCode, Uri};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use tokio::sync::OnceCell;

use crate::catalogue::Catalogue;
use crate::target::fingerprint::Fingerprints;
use crate::target::http::{Http, Limits, as_text, innermost, millis, tls, within};
use crate::wire::{self, TransportError};

/// Headers that are about one connection only.
const HOP_BY_HOP: [&str; 10] = [
    "connection",
    "expect",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// An endpoint that is passed on to.
pub struct Upstream {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    http: Http,
    catalogue: Arc<Catalogue>,
    /// How it declines what it does not have.
    faces: OnceCell<Fingerprints>,
}

/// What came back.
pub(super) struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

impl Upstream {
    /// Returns the endpoint that `http` talks to; nothing is sent yet.
    pub fn new(http: Http, catalogue: Arc<Catalogue>) -> Self {
        let mut connector = HttpConnector::new();
        connector.enforce_http(false);
        connector.set_nodelay(true);
        connector.set_connect_timeout(Some(http.limits().connect));
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(tls())
            .https_or_http()
            .enable_http1()
            .wrap_connector(connector);
        let client = Client::builder(TokioExecutor::new()).build(connector);
        Self { client, http, catalogue, faces: OnceCell::new() }
    }

    /// Returns its URL, without a slash at the end.
    pub fn url(&self) -> &str {
        self.http.url()
    }

    /// Returns the bounds of one exchange.
    pub fn limits(&self) -> &Limits {
        self.http.limits()
    }

    /// Sends a request as it came and returns the response, all of it.
    pub(super) async fn exchange(
        &self,
        parts: &Parts,
        body: Bytes,
    ) -> Result<Answer, TransportError> {
        let total = self.limits().total;
        let timed_out = TransportError::Timeout(millis(total));
        tokio::time::timeout(total, self.attempt(parts, body)).await.unwrap_or(Err(timed_out))
    }

    async fn attempt(&self, parts: &Parts, body: Bytes) -> Result<Answer, TransportError> {
        let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
        let unsendable =
            |what: &dyn std::fmt::Display| TransportError::Unsendable(what.to_string());
        let uri: Uri = format!("{}{path}", self.url()).parse().map_err(|e| unsendable(&e))?;
        let authority = uri.authority().map(|authority| authority.as_str().to_owned());
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = parts.method.clone();
        *request.uri_mut() = uri;
        *request.headers_mut() = passing(&parts.headers);
        let authority = HeaderValue::from_str(&authority.unwrap_or_default());
        request.headers_mut().insert(HOST, authority.map_err(|e| unsendable(&e))?);
        let sent = self.client.request(request).await.map_err(|error| {
            let words = innermost(&error);
            match error.is_connect() {
                true => TransportError::Connect(words),
                false => TransportError::Broken(words),
            }
        })?;
        let (head, body) = sent.into_parts();
        let limits = self.limits();
        within(&head.headers, limits.header_bytes)?;
        let body = Limited::new(body, limits.body_bytes).collect().await.map_err(|error| {
            match error.downcast_ref::<http_body_util::LengthLimitError>() {
                Some(_) => TransportError::TooLarge(limits.body_bytes as u64),
                None => TransportError::Broken(innermost(&*error)),
            }
        })?;
        let headers = passing(&head.headers);
        Ok(Answer { status: head.status, headers, body: body.to_bytes() })
    }

    /// Asks once, when it is up, how it declines operations. The service itself has them all.
    pub(super) async fn learn_faces(&self) {
        let host = self.url().trim_end_matches('/');
        if host.ends_with(".amazonaws.com") {
            return;
        }
        let probe = || Fingerprints::probe(&self.http, self.catalogue.services.keys());
        let _ = self.faces.get_or_try_init(probe).await;
    }

    /// Tells whether a response says that the endpoint lacks the operation.
    pub(super) fn declines(
        &self,
        service: &str,
        operation: &str,
        response: &wire::Response,
    ) -> bool {
        let faces = self.faces.get();
        faces.is_some_and(|faces| faces.declines(&self.catalogue, service, operation, response))
    }
}

impl Answer {
    /// Returns it as the checks read it.
    pub(super) fn readable(&self) -> wire::Response {
        wire::Response {
            status: self.status.as_u16(),
            headers: as_text(&self.headers),
            body: self.body.to_vec().into(),
        }
    }

    /// Returns it as it goes to the application.
    pub(super) fn into_response(self) -> Response<Full<Bytes>> {
        let mut response = Response::new(Full::new(self.body));
        *response.status_mut() = self.status;
        *response.headers_mut() = self.headers;
        response
    }
}

/// Returns the headers that pass on: all but those of the connection.
fn passing(headers: &HeaderMap) -> HeaderMap {
    let named = headers.get_all(CONNECTION).iter().filter_map(|value| value.to_str().ok());
    let named: Vec<String> = named
        .flat_map(|names| names.split(','))
        .map(|name| name.trim().to_ascii_lowercase())
        .collect();
    let stays = |name: &HeaderName| {
        HOP_BY_HOP.contains(&name.as_str()) || named.iter().any(|other| other == name.as_str())
    };
    let mut passing = HeaderMap::with_capacity(headers.len());
    for (name, value) in headers.iter().filter(|(name, _)| !stays(name)) {
        passing.append(name.clone(), value.clone());
    }
    passing
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_of_the_connection_stay_behind() {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("connection", "close, X-Mine"),
            ("x-mine", "1"),
            ("transfer-encoding", "chunked"),
            ("x-amz-target", "a.B"),
            ("set-cookie", "a=1"),
            ("set-cookie", "b=2"),
        ] {
            let name: HeaderName = name.parse().expect("a header name");
            headers.append(name, HeaderValue::from_static(value));
        }
        let passed = as_text(&passing(&headers));
        let passed: Vec<_> = passed.iter().map(|(n, v)| format!("{n}: {v}")).collect();
        assert_eq!(passed, ["x-amz-target: a.B", "set-cookie: a=1", "set-cookie: b=2"]);
    }
}
